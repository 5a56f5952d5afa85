"""PromQL of others as SLIs of ours.

Theirs may be any function of a window; ours counts events, minute by minute, and adds them up. So a
query is taken for a count only where it is a sum of what adds up over time. Any other query still
gives a ratio for each minute, as seen over some minutes before its end.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from obs.durations import format_duration
from obs.spec.promql import WINDOW, balanced, is_selector
from obs.spec.quantity import parse_duration

DEFAULT_RANGE: Final = 300.0
"""Seconds that $window stands for where nothing says otherwise."""

_PLACEHOLDER: Final = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")
_TEXT: Final = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`"
_TOKEN: Final = re.compile(
    rf"(?P<skip>\s+|\#[^\n]*)|(?P<text>{_TEXT})|(?P<range>\[[^\[\]]*\])"
    rf"|(?P<braces>\{{(?:{_TEXT}|[^{{}}\"'`])*\}})"
    r"|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+|(?:ms|[smhdwy]))*)"
    r"|(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<mark>[=!<>]=|[=!]~|.)",
    re.DOTALL,
)
_ADD_UP: Final = ("increase", "sum_over_time", "count_over_time")
_AGGREGATES: Final = ("sum", "count", "avg", "min", "max")
_ONE: Final = "one series"
_MATCHING: Final = ("on", "ignoring", "group_left", "group_right")
_LISTS: Final = ("by", "without", *_MATCHING)
_BINARY: Final = frozenset(
    (
        *("+", "-", "*", "/", "%", "^", "<", ">", "@", "==", "!=", "<=", ">=", "=~", "!~"),
        *("and", "or", "unless", "atan2", "offset", "bool", *_MATCHING),
    )
)


class NoCount(Exception):  # noqa: N818  says what is the case
    """Why a query does not count events that add up; the message follows the query's name."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Two queries that count events with $window, or by selectors.

    `alone`: whether each gives a single series, so that nothing is measured series by series.
    """

    counted: str
    total: str
    alone: bool
    seconds: float = DEFAULT_RANGE


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def with_window(query: str) -> str:
    """The query with $window for the template's `{{.window}}`. Raises NoCount for any other
    template, and for brackets or quotes that are not closed.
    """
    found = _PLACEHOLDER.sub(WINDOW, query).strip()
    if "{{" in found:
        raise NoCount("has a template other than {{.window}}; write out what it stands for")
    if not balanced(found):
        raise NoCount("has a bracket or a quote that is not closed")
    return found


def at(query: str, seconds: float) -> str:
    """The query over a window of so many seconds."""
    return query.replace(WINDOW, format_duration(seconds))


def counts(counted: str, total: str) -> Counts:
    """Both queries as counts of events. Raises NoCount.

    `rate` becomes `increase` in both, so their ratio stays. A fixed range that all of them have
    becomes $window.
    """
    seconds = DEFAULT_RANGE
    if WINDOW not in counted + total:
        counted, total, seconds = _unfixed(counted, total)
    forms = [_Form(query) for query in (counted, total)]
    used = {name for form in forms for name in form.functions}
    if "rate" in used and used != {"rate"}:
        others = ", ".join(sorted(used - {"rate"}))
        raise NoCount(f"has rate(…), which is per second, beside {others}(…), which is not")
    alone = all(form.alone for form in forms)
    return Counts(forms[0].counting, forms[1].counting, alone, seconds)


def by_selectors(found: Counts) -> Counts | None:
    """The same events, counted by the plain selectors of two counters; None where a query is more
    than the sum of a counter's increase.
    """
    selectors = [_summed_selector(query) for query in (found.counted, found.total)]
    if selectors[0] and selectors[1]:
        return replace(found, counted=selectors[0], total=selectors[1])
    return None


def ratio_parts(query: str) -> tuple[str, str, bool] | None:
    """Numerator and denominator of a query that is one division, and whether it was subtracted
    from 1; None for any other.
    """
    tokens, query = _unwrapped(query)
    subtracted = [token.text for token in tokens[:2]] == ["1", "-"]
    if subtracted:
        tokens, query = _unwrapped(query[tokens[1].start + 1 :])
    marks = [token for token in _outermost(tokens) if token.text in _BINARY]
    if [mark.text for mark in marks] != ["/"]:
        return None
    over = marks[0].start
    return query[:over].strip(), query[over + 1 :].strip(), subtracted


def counter_of(query: str) -> str | None:
    """The selector in `SELECTOR` or `sum(SELECTOR)`; None for any other query."""
    if is_selector(query):
        return query
    tokens = _tokens(query)
    if [token.text for token in tokens[:2]] != ["sum", "("] or _closing(tokens, 1) + 1 != len(
        tokens
    ):
        return None
    inner = query[tokens[1].start + 1 : tokens[-1].start].strip()
    return inner if is_selector(inner) else None


def _unfixed(counted: str, total: str) -> tuple[str, str, float]:
    ranges = {
        token.text for query in (counted, total) for token in _tokens(query) if _ranged(token)
    }
    if not ranges:
        raise NoCount("has no range such as [{{.window}}]")
    if len(ranges) > 1:
        raise NoCount(f"has several ranges: {', '.join(sorted(ranges))}")
    (written,) = ranges
    try:
        seconds = parse_duration(written[1:-1].strip())
    except ValueError:
        raise NoCount(f"has the range {written}, which is no single duration") from None
    if seconds % 60 or not 60 <= seconds <= 3600:
        raise NoCount(f"has the range {written}; obs counts over whole minutes, up to 1h")
    window = f"[{WINDOW}]"
    return counted.replace(written, window), total.replace(written, window), seconds


def _ranged(token: _Token) -> bool:
    return token.kind == "range"


class _Form:
    """What a query is made of: functions of the window, and what is around them."""

    def __init__(self, query: str) -> None:
        self._query = query
        tokens = _tokens(query)
        spans = self._spans(tokens)
        self.functions = {tokens[first].text for first, _ in spans}
        self.counting = _renamed(query, [tokens[first] for first, _ in spans])
        around = _reduced(tokens, spans)
        _check_sum(around)
        self.alone = _is_alone(around)

    def _spans(self, tokens: Sequence[_Token]) -> list[tuple[int, int]]:
        """First and last token of each function of the window."""
        spans: list[tuple[int, int]] = []
        for index, token in enumerate(tokens):
            if not (_ranged(token) and WINDOW in token.text):
                continue
            opening = _opening(tokens, index)
            name = tokens[opening - 1] if opening > 0 else None
            if name is None or name.kind != "word":
                raise NoCount("has a range outside of any function")
            if name.text not in (*_ADD_UP, "rate"):
                raise NoCount(f"has {name.text}(…), which does not count events that add up")
            span = (opening - 1, _closing(tokens, opening))
            if span not in spans:
                spans.append(span)
        if not spans:
            raise NoCount("has no {{.window}}")
        return spans


def _tokens(query: str) -> list[_Token]:
    found = ((match.lastgroup or "", match) for match in _TOKEN.finditer(query))
    return [_Token(kind, match[0], match.start()) for kind, match in found if kind != "skip"]


def _opening(tokens: Sequence[_Token], index: int) -> int:
    """The index of the bracket that is open at a token; -1 for none."""
    depth = 0
    for before in range(index - 1, -1, -1):
        depth += (tokens[before].text == ")") - (tokens[before].text == "(")
        if depth < 0:
            return before
    return -1


def _closing(tokens: Sequence[_Token], opening: int) -> int:
    depth = 0
    for index in range(opening, len(tokens)):
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
        if not depth:
            return index
    return len(tokens) - 1


def _outermost(tokens: Sequence[_Token]) -> Iterator[_Token]:
    depth = 0
    for token in tokens:
        if token.text == ")":
            depth -= 1
        if not depth:
            yield token
        if token.text == "(":
            depth += 1


def _unwrapped(query: str) -> tuple[list[_Token], str]:
    """The query without brackets around all of it."""
    query = query.strip()
    tokens = _tokens(query)
    while tokens and tokens[0].text == "(" and _closing(tokens, 0) == len(tokens) - 1:
        query = query[tokens[0].start + 1 : tokens[-1].start].strip()
        tokens = _tokens(query)
    return tokens, query


def _renamed(query: str, names: Sequence[_Token]) -> str:
    for name in sorted(names, key=lambda each: -each.start):
        if name.text == "rate":
            query = f"{query[: name.start]}increase{query[name.start + len(name.text) :]}"
    return query


def _reduced(tokens: Sequence[_Token], spans: Sequence[tuple[int, int]]) -> list[_Token]:
    """The tokens, with one of the kind `events` for each function of the window."""
    ends = dict(spans)
    around: list[_Token] = []
    index = 0
    while index < len(tokens):
        if index in ends:
            span = tokens[index : ends[index] + 1]
            around.append(_Token("events", _ONE if _is_one(span) else "", span[0].start))
            index = ends[index]
        elif tokens[index].text in _LISTS and tokens[index + 1 : index + 2]:
            around.append(tokens[index])
            if tokens[index + 1].text == "(":
                index = _closing(tokens, index + 1)
        else:
            around.append(tokens[index])
        index += 1
    return around


def _check_sum(around: Sequence[_Token]) -> None:
    """Raises NoCount unless it is a sum of events, perhaps times a number."""
    texts = ["events" if token.kind == "events" else token.text.lower() for token in around]
    for index, (token, text) in enumerate(zip(around, texts, strict=True)):
        if token.kind == "events" or text in ("sum", "(", ")", "+", "-", "or", *_LISTS):
            continue
        before = texts[index - 1] if index else ""
        after = texts[index + 1] if index + 1 < len(texts) else ""
        if text in ("*", "/"):
            kinds = [each.kind for each in around[max(index - 1, 0) : index + 2]]
            if kinds[-1] == "number" or (text == "*" and kinds[0] == "number"):
                continue
            raise NoCount(f"has {text} between what is no number")
        if token.kind == "number" and ({before, after} & {"*", "/"}):
            continue
        if text == "vector" and texts[index + 1 : index + 4] == ["(", "0", ")"]:
            continue
        if text == "0" and texts[index - 2 : index] == ["vector", "("]:
            continue
        raise NoCount(f"has {token.text} beside the sums of events, so that it does not add up")


def _is_one(span: Sequence[_Token]) -> bool:
    """Whether a function of the window is over a subquery of an aggregate without labels."""
    words = [token.text for token in span if token.kind == "word"]
    return len(words) > 1 and words[1] in _AGGREGATES and not {"by", "without"} & {*words}


def _is_alone(around: Sequence[_Token]) -> bool:
    """Whether all events are within a sum that keeps no labels."""
    stack: list[bool] = []
    alone = True
    for index, token in enumerate(around):
        if token.text == "(":
            by = index > 1 and around[index - 1].text in ("by", "without")
            summed = index > 0 and around[index - 1].text == "sum" and not by
            stack.append(summed and not _followed_by_labels(around, index))
        elif token.text == ")" and stack:
            stack.pop()
        elif token.kind == "events":
            alone = alone and (token.text == _ONE or any(stack))
    return alone


def _followed_by_labels(around: Sequence[_Token], opening: int) -> bool:
    after = _closing(around, opening) + 1
    return after < len(around) and around[after].text in ("by", "without")


def _summed_selector(query: str) -> str | None:
    tokens = _tokens(query)
    opened = ["sum", "(", "increase", "("]
    closed = [f"[{WINDOW}]", ")", ")"]
    texts = [token.text for token in tokens]
    if texts[:4] != opened or texts[-3:] != closed:
        return None
    inner = query[tokens[3].start + 1 : tokens[-3].start].strip()
    return inner if is_selector(inner) else None
