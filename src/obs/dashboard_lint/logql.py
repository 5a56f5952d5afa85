"""Whether a query is LogQL, and over which ranges it counts: a parser of its grammar.

After Loki's reference of its query language; it keeps nothing but the ranges.
"""

import re
from collections.abc import Callable
from typing import Final

from obs.dashboard_lint.model import Dashboard
from obs.dashboard_lint.substitute import STAND_IN, is_open, substituted

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    |(?P<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`)
    |(?P<quantity>\d+(?:\.\d+)?(?:e[+-]?\d+)?(?:[a-zµ]+\d*(?:\.\d+)?)*)
    |(?P<name>[a-z_][\w.]*)
    |(?P<flag>--[a-z-]+)
    |(?P<sign>\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[|=<>{}()\[\],+\-*/%^:])""",
    re.IGNORECASE | re.VERBOSE,
)
_FILTERS: Final = ("|=", "!=", "|~", "!~", "|>", "!>")
_MATCHERS: Final = ("=", "!=", "=~", "!~")
_COMPARISONS: Final = ("=", "==", "!=", ">", ">=", "<", "<=", "=~", "!~")
_OPERATORS: Final = (*"+-*/%^", "==", "!=", ">", ">=", "<", "<=", "and", "or", "unless")
_AGGREGATIONS: Final = frozenset(
    [
        "sum",
        "avg",
        "min",
        "max",
        "count",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "sort",
        "sort_desc",
        "approx_topk",
    ]
)
_OVER_RANGES: Final = frozenset(
    [
        "rate",
        "rate_counter",
        "count_over_time",
        "bytes_rate",
        "bytes_over_time",
        "absent_over_time",
        "sum_over_time",
        "avg_over_time",
        "min_over_time",
        "max_over_time",
        "first_over_time",
        "last_over_time",
        "stdvar_over_time",
        "stddev_over_time",
        "quantile_over_time",
    ]
)
_DEEPEST: Final = 50


class InvalidLogql(ValueError):  # noqa: N818  reads as a sentence where it is raised
    """The query is no LogQL; the message says why."""


def read_logql(query: str, dashboard: Dashboard) -> tuple[str, ...]:
    """The ranges that the query counts over, as they are written. Raises InvalidLogql."""
    first: InvalidLogql | None = None
    for candidate in substituted(query, dashboard):
        try:
            return _Parser(candidate).ranges()
        except InvalidLogql as error:
            first = first or error
    if is_open(query, dashboard):
        return ()
    raise InvalidLogql(str(first).replace(STAND_IN, "$"))


def _tokens(query: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while at < len(query):
        found = _TOKEN.match(query, at)
        if found is None:
            kind = "a string that does not end" if query[at] in '"`' else "what LogQL has not"
            raise InvalidLogql(f"{kind}: {query[at : at + 20]}")
        if found.lastgroup != "space":
            tokens.append((str(found.lastgroup), found[0]))
        at = found.end()
    return [*tokens, ("end", "the end")]


class _Parser:
    """Recursive descent; `_at` is the token looked at."""

    def __init__(self, query: str) -> None:
        self._tokens = _tokens(query)
        self._at = 0
        self._depth = 0
        self._ranges: list[str] = []

    def ranges(self) -> tuple[str, ...]:
        self._expression()
        if self._kind != "end":
            raise self._unexpected("the end")
        return tuple(self._ranges)

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _text(self) -> str:
        kind, text = self._tokens[self._at]
        return text.lower() if kind == "name" else text

    def _unexpected(self, wanted: str) -> InvalidLogql:
        return InvalidLogql(f"{wanted} expected, found {self._tokens[self._at][1]}")

    def _next(self) -> str:
        text = self._text
        self._at += self._kind != "end"
        return text

    def _take(self, *texts: str) -> bool:
        """Goes past the token if it is one of these signs or words."""
        found = self._kind in ("sign", "name") and self._text in texts
        self._at += found
        return found

    def _want(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(text)

    def _want_kind(self, *kinds: str, wanted: str) -> str:
        if self._kind not in kinds:
            raise self._unexpected(wanted)
        return self._next()

    def _listed(self, item: Callable[[], None], end: str = "") -> None:
        """Items with commas between them, up to `end` where one is given."""
        while not (end and self._take(end)):
            item()
            if not self._take(","):
                if end:
                    self._want(end)
                return

    def _expression(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidLogql(f"nested deeper than {_DEEPEST} levels")
        self._term()
        while self._take(*_OPERATORS):
            self._take("bool")
            if self._take("on", "ignoring"):
                self._label_list()
            if self._take("group_left", "group_right") and self._text == "(":
                self._label_list()
            self._term()
        self._depth -= 1

    def _term(self) -> None:
        while self._take("-", "+"):
            pass
        if self._kind == "quantity":
            self._next()
        elif self._text == "{":
            self._log_query()
        elif self._take("("):
            self._expression()
            self._want(")")
            if self._tokens[self._at + 1 :][:1] and self._tokens[self._at + 1][0] == "string":
                self._pipeline()  # else != compares numbers
        elif self._kind == "name":
            self._function(self._next())
        else:
            raise self._unexpected("a stream selector or a function")

    def _function(self, name: str) -> None:
        if name in _AGGREGATIONS:
            self._aggregation()
        elif name in _OVER_RANGES:
            self._over_range()
        elif name == "vector":
            self._want("(")
            self._want_kind("quantity", wanted="a number")
            self._want(")")
        elif name == "label_replace":
            self._want("(")
            self._expression()
            for _ in range(4):
                self._want(",")
                self._want_kind("string", wanted="a string")
            self._want(")")
        elif name.startswith(STAND_IN):
            raise InvalidLogql(f"a stream selector or a function expected, found {name}")
        else:
            raise InvalidLogql(f"no function {name}")

    def _aggregation(self) -> None:
        grouped = self._grouping()
        self._want("(")
        if self._kind == "quantity" and self._tokens[self._at + 1][1] == ",":
            self._next()
            self._next()
        self._expression()
        self._want(")")
        if not grouped:
            self._grouping()

    def _grouping(self) -> bool:
        if not self._take("by", "without"):
            return False
        self._label_list()
        return True

    def _label_list(self) -> None:
        self._want("(")
        self._listed(self._name, ")")

    def _name(self) -> None:
        self._want_kind("name", wanted="a label")

    def _over_range(self) -> None:
        self._want("(")
        if self._kind == "quantity":
            self._next()
            self._want(",")
        before = len(self._ranges)
        wrapped = self._take("(")
        self._log_query()
        if wrapped:
            self._want(")")
            self._range()
        if len(self._ranges) == before:
            raise InvalidLogql("a range expected, for example [$__auto]")
        self._want(")")
        self._grouping()

    def _log_query(self) -> None:
        self._want("{")
        self._listed(self._matcher, "}")
        self._range()
        self._pipeline()
        self._range()

    def _matcher(self) -> None:
        self._name()
        if not self._take(*_MATCHERS):
            raise self._unexpected("=, !=, =~ or !~")
        self._want_kind("string", wanted="a string")

    def _range(self) -> None:
        if self._take("["):
            self._ranges.append(self._want_kind("quantity", wanted="a duration"))
            self._want("]")
        if self._take("offset"):
            self._take("-")
            self._want_kind("quantity", wanted="a duration")

    def _pipeline(self) -> None:
        while True:
            if self._take(*_FILTERS):
                self._line_filter()
            elif self._take("|"):
                self._stage()
            else:
                return

    def _line_filter(self) -> None:
        self._pattern()
        while self._take("or"):
            self._pattern()

    def _pattern(self) -> None:
        if self._take("ip"):
            self._want("(")
            self._want_kind("string", wanted="a string")
            self._want(")")
        else:
            self._want_kind("string", wanted="a string")

    def _stage(self) -> None:
        name = self._text if self._kind == "name" else ""
        if name in ("regexp", "pattern", "line_format"):
            self._next()
            self._want_kind("string", wanted="a string")
        elif name in ("json", "logfmt"):
            self._next()
            while self._kind == "flag":
                self._next()
            if self._kind == "name" and self._text != "offset":
                self._listed(self._extraction)
        elif name in ("unpack", "decolorize"):
            self._next()
        elif name == "unwrap":
            self._next()
            self._name()
            if self._take("("):
                self._name()
                self._want(")")
        elif name in ("label_format", "drop", "keep"):
            self._next()
            self._listed(self._labelled)
        else:
            self._label_filter()

    def _extraction(self) -> None:
        self._name()
        if self._take("="):
            self._want_kind("string", wanted="a string")

    def _labelled(self) -> None:
        self._name()
        if self._take(*_MATCHERS):
            self._want_kind("string", "name", wanted="a label or a string")

    def _label_filter(self) -> None:
        self._condition()
        while self._take("and", "or", ",") or self._kind == "name":
            self._condition()

    def _condition(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidLogql(f"nested deeper than {_DEEPEST} levels")
        if self._take("("):
            self._label_filter()
            self._want(")")
        else:
            self._want_kind("name", wanted="a stage or a label")
            if not self._take(*_COMPARISONS):
                raise self._unexpected("a comparison")
            self._take("-")
            if self._text == "ip":
                self._pattern()
            else:
                self._want_kind("string", "quantity", wanted="a value")
        self._depth -= 1
