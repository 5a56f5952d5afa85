"""The selectors of a PromQL query and the labels its result can have, from its syntax tree."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple

import promql_parser as syntax

from obs.dashboard_lint.model import Dashboard
from obs.dashboard_lint.substitute import STAND_IN, is_open, substituted, with_durations
from obs.dashboards.json_values import unquoted

_OPERATORS: Final = re.compile(r"[-+*/%^(\[=<>]|\b(?:and|or|unless|atan2)\b")
_MOST_OPERATORS: Final = 300  # the parser, written in Rust, overflows its stack from some 2 000 on
_LONGEST: Final = 20_000
_KEEPS_LABELS: Final = ("topk", "bottomk", "limitk", "limit_ratio")
_SIGNS: Final = {
    "MatchOp.Equal": "=",
    "MatchOp.NotEqual": "!=",
    "MatchOp.Re": "=~",
    "MatchOp.NotRe": "!~",
}


class InvalidPromql(ValueError):  # noqa: N818  the name reads well in an except clause
    """The query is not valid PromQL; the message says why."""


class Matcher(NamedTuple):
    """How a label is compared: =, !=, =~ or !~."""

    label: str
    sign: str
    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """Series that a query selects.

    `metric` is empty where a variable or a regular expression names it. `seconds`: its range, None
    for an instant. `within`: the functions and aggregations around it, innermost first.
    """

    metric: str
    matchers: tuple[Matcher, ...]
    seconds: float | None
    within: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels that a result can have: `names`, or where that is None all but `gone`."""

    names: frozenset[str] | None = None
    gone: frozenset[str] = frozenset()

    def may_have(self, label: str) -> bool:
        """Whether a series of the result can have this label."""
        return label not in self.gone if self.names is None else label in self.names

    def only(self, labels: frozenset[str]) -> "Labels":
        """These labels, as far as the result can have them."""
        return Labels(frozenset(label for label in labels if self.may_have(label)))

    def less(self, labels: frozenset[str]) -> "Labels":
        """All but these labels."""
        if self.names is None:
            return Labels(None, self.gone | labels)
        return Labels(self.names - labels)

    def more(self, labels: frozenset[str]) -> "Labels":
        """These labels as well."""
        if self.names is None:
            return Labels(None, self.gone - labels)
        return Labels(self.names | labels)

    def shared(self, other: "Labels") -> "Labels":
        """The labels that both have."""
        if self.names is not None:
            return other.only(self.names)
        return self.only(other.names) if other.names is not None else self.less(other.gone)

    def joined(self, other: "Labels") -> "Labels":
        """The labels that either has."""
        if self.names is not None:
            return other.more(self.names)
        return (
            self.more(other.names)
            if other.names is not None
            else Labels(None, self.gone & other.gone)
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; `labels` are those of its result, None for a scalar."""

    selectors: tuple[Selector, ...]
    labels: Labels | None


def read_promql(query: str, dashboard: Dashboard) -> Query:
    """The parsed query, whatever the values of the dashboard's variables.

    Empty where its syntax depends on them. Raises InvalidPromql.
    """
    if len(query) > _LONGEST:
        raise InvalidPromql(f"longer than {_LONGEST} characters; use recording rules for parts")
    if len(_OPERATORS.findall(unquoted(query))) > _MOST_OPERATORS:
        raise InvalidPromql(
            f"more than {_MOST_OPERATORS} operators; use recording rules for parts of it"
        )
    first: ValueError | None = None
    for candidate in substituted(query, dashboard):
        try:
            tree = syntax.parse(with_durations(candidate))
        except ValueError as error:
            first = first or error
            continue
        selectors: list[Selector] = []
        labels = _labels(tree, (), selectors)
        return Query(tuple(selectors), labels)
    if is_open(query, dashboard):
        return Query((), Labels())
    raise InvalidPromql(str(first).replace(STAND_IN, "$").strip().replace("\n", " "))


def _labels(node: Any, within: tuple[str, ...], found: list[Selector]) -> Labels | None:
    """The labels that a node's result can have; adds the selectors below it to `found`."""
    match node:
        case syntax.VectorSelector():
            found.append(_selector(node, None, within))
            return Labels()
        case syntax.MatrixSelector(range=range_):
            found.append(_selector(node.vector_selector, range_, within))
            return Labels()
        case syntax.ParenExpr() | syntax.UnaryExpr() | syntax.SubqueryExpr():
            return _labels(node.expr, within, found)
        case syntax.AggregateExpr():
            return _aggregated(node, within, found)
        case syntax.Call():
            return _called(node, within, found)
        case syntax.BinaryExpr():
            return _combined(node, within, found)
        case _:
            return None


def _selector(node: Any, span: timedelta | None, within: tuple[str, ...]) -> Selector:
    seconds = None if span is None else span.total_seconds()
    if node.matchers.or_matchers:  # an extension of other databases
        raise InvalidPromql('"or" between the matchers of a selector; write =~ or two selectors')
    matchers = tuple(
        Matcher(each.name, _SIGNS[str(each.op)], each.value) for each in node.matchers.matchers
    )
    named = [each.value for each in matchers if each[:2] == ("__name__", "=")]
    metric = node.name or (named[0] if named else "")
    return Selector("" if STAND_IN in metric else metric, matchers, seconds, within)


def _aggregated(node: Any, within: tuple[str, ...], found: list[Selector]) -> Labels:
    operator = str(node.op)
    inner = _labels(node.expr, (operator, *within), found) or Labels(frozenset())
    if node.param is not None:
        _labels(node.param, within, found)
    if operator in _KEEPS_LABELS:
        return inner
    modifier = node.modifier
    if modifier is None:
        kept = Labels(frozenset())
    elif modifier.type == syntax.AggModifierType.By:
        kept = inner.only(frozenset(modifier.labels))
    else:
        kept = inner.less(frozenset(modifier.labels))
    if operator == "count_values" and isinstance(node.param, syntax.StringLiteral):
        return kept.more(frozenset((node.param.val,)))
    return kept


def _called(node: Any, within: tuple[str, ...], found: list[Selector]) -> Labels | None:
    name = node.func.name
    arguments = [_labels(each, (name, *within), found) for each in node.args]
    if node.func.return_type == syntax.ValueType.Scalar:
        return None
    series = next((each for each in arguments if each is not None), Labels(frozenset()))
    if name in ("label_replace", "label_join"):
        return series.more(frozenset((getattr(node.args[1], "val", ""),)))
    if name == "histogram_quantile":
        return series.less(frozenset(("le",)))
    if name in ("absent", "absent_over_time", "info"):
        return Labels()
    return Labels(frozenset()) if name == "vector" else series


def _combined(node: Any, within: tuple[str, ...], found: list[Selector]) -> Labels | None:
    left, right = _labels(node.lhs, within, found), _labels(node.rhs, within, found)
    if left is None or right is None:
        return right if left is None else left
    operator, modifier = str(node.op), node.modifier
    if operator in ("and", "unless"):
        return left
    if operator == "or":
        return left.joined(right)
    card = syntax.VectorMatchCardinality.OneToOne if modifier is None else modifier.card
    if card != syntax.VectorMatchCardinality.OneToOne:
        many = left if card == syntax.VectorMatchCardinality.ManyToOne else right
        return many.more(frozenset(modifier.group_labels or ()))
    if modifier is None or modifier.matching is None:
        return left.shared(right)
    matching = frozenset(modifier.matching.labels)
    if modifier.matching.type == syntax.LabelModifierType.Include:
        return left.shared(right).only(matching)
    return left.less(matching).shared(right.less(matching))
