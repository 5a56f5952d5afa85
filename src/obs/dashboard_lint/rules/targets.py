"""Rules on the queries of panels."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from obs import catalogue
from obs.catalogue.metric import Kind
from obs.dashboard_lint.model import QueryTarget
from obs.dashboard_lint.promql import Selector
from obs.dashboard_lint.rules.datasources import has_queries
from obs.dashboard_lint.rules.rule import error
from obs.dashboard_lint.rules.templates import is_chosen_once
from obs.dashboard_lint.subject import PanelQuery, Remark, Subject
from obs.dashboard_lint.substitute import INTERVAL, RANGE, RATE_INTERVAL, free, stand_in

_RATES: Final = ("rate", "irate")
_OF_COUNTERS: Final = (
    *("rate", "irate", "increase", "resets", "changes", "timestamp", "count", "group"),
    *("count_values", "absent", "absent_over_time", "present_over_time", "count_over_time"),
)
_ALERTS: Final = ("ALERTS", "ALERTS_FOR_STATE")
_LEGEND: Final = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


def _promql(subject: Subject) -> Iterator[Remark]:
    for panel, target, _, problem in subject.queries:
        if not has_queries(panel):
            continue
        if not target.expr.strip():
            yield Remark("has an empty query; write one, or remove the target", panel, target)
        elif problem:
            yield Remark(f"is not valid PromQL: {problem}", panel, target)


def _rate_interval(subject: Subject) -> Iterator[Remark]:
    for panel, target, parsed, _ in subject.queries:
        for selector in parsed.selectors:
            if problem := _wrong_range(selector, target):
                yield Remark(problem, panel, target)
                break


def _wrong_range(selector: Selector, target: QueryTarget) -> str:
    function = selector.within[0] if selector.within else ""
    if selector.seconds in (None, RATE_INTERVAL):
        return ""
    if function in _RATES and not (selector.seconds == RANGE and target.json.get("instant")):
        return f"{function} over a fixed range; write [$__rate_interval], which fits the step"
    if function == "increase" and selector.seconds == INTERVAL:
        return "increase over $__interval misses increases between points; write [$__rate_interval]"
    return ""


def _job(subject: Subject) -> Iterator[Remark]:
    return _chosen_by(subject, "job")


def _instance(subject: Subject) -> Iterator[Remark]:
    return _chosen_by(subject, "instance")


def _chosen_by(subject: Subject, name: str) -> Iterator[Remark]:
    """Selectors that ignore the variable; another rule reports that the variable is missing."""
    variable = subject.dashboard.variable(name)
    if variable is None:
        return
    signs = ("=~", "=") if is_chosen_once(variable) else ("=~",)
    for query in subject.queries:
        missing = [
            each.metric or "a selector"
            for each in query.parsed.selectors
            if not _is_derived(each.metric) and not _chooses(each, name, signs)
        ]
        if missing:
            what = ", ".join(dict.fromkeys(missing))
            message = f'{what} without {name}=~"${name}"'
            yield Remark(message, query.panel, query.target)


def _is_derived(metric: str) -> bool:
    """Whether it is of alerts or recording rules, whose series have the labels of the rule."""
    return metric in _ALERTS or ":" in metric


def _chooses(selector: Selector, name: str, signs: tuple[str, ...]) -> bool:
    return any(
        each.label == name and each.sign in signs and stand_in(name) in each.value
        for each in selector.matchers
    )


def _counters(subject: Subject) -> Iterator[Remark]:
    def problem(query: PanelQuery) -> Iterator[str]:
        for each in query.parsed.selectors:
            if _is_counter(each.metric) and not any(
                around in _OF_COUNTERS for around in each.within
            ):
                yield f"{each.metric} is a counter; query its rate or increase"

    return _remarks(subject, problem)


def _is_counter(metric: str) -> bool:
    known = catalogue.BY_NAME.get(metric)
    return metric.endswith("_total") or (known is not None and known.kind is Kind.COUNTER)


def _metrics(subject: Subject) -> Iterator[Remark]:
    metrics = subject.knowledge.metrics
    used = {each.metric for query in subject.queries for each in query.parsed.selectors}
    unknown = {
        name
        for name in used - metrics.names - {""}
        if metrics.reports(name, used, ours=subject.is_ours)
    }

    def problem(query: PanelQuery) -> Iterator[str]:
        for each in query.parsed.selectors:
            if each.metric in unknown:
                closest = metrics.closest(each.metric)
                hint = f"did you mean {closest}?" if closest else "--metrics FILE adds names"
                yield f"unknown metric {each.metric}; {hint}"

    return _remarks(subject, problem)


def _exported(subject: Subject) -> Iterator[Remark]:
    """Without a spec, what is exported on request may be."""
    exported = subject.knowledge.exported

    def problem(query: PanelQuery) -> Iterator[str]:
        if exported is None:
            return
        used = (catalogue.BY_NAME.get(each.metric) for each in query.parsed.selectors)
        for why in exported.lacking(metric for metric in used if metric):
            yield f"queries {why}"

    return _remarks(subject, problem)


def _remarks(subject: Subject, problems: Callable[[PanelQuery], Iterator[str]]) -> Iterator[Remark]:
    for query in subject.queries:
        for message in dict.fromkeys(problems(query)):
            yield Remark(message, query.panel, query.target)


def _legends(subject: Subject) -> Iterator[Remark]:
    for panel, target, parsed, problem in subject.queries:
        legend = target.json.get("legendFormat")
        if problem or parsed.labels is None or not isinstance(legend, str) or free(target.expr):
            continue
        for label in dict.fromkeys(_LEGEND.findall(legend)):
            if label != "__name__" and not parsed.labels.may_have(label):
                yield Remark(_missing_label(label, parsed.labels.names), panel, target)


def _missing_label(label: str, names: frozenset[str] | None) -> str:
    left = f"; its labels: {', '.join(sorted(names))}" if names else ""
    return f"the legend has {{{{{label}}}}}, but the result has no such label{left}"


RULES: Final = (
    error("target-promql-rule", "Prometheus queries are valid PromQL.", _promql),
    error("target-rate-interval-rule", "Rates are over $__rate_interval.", _rate_interval),
    error("target-job-rule", 'Each selector has job=~"$job".', _job),
    error("target-instance-rule", 'Each selector has instance=~"$instance".', _instance),
    error("target-counter-agg-rule", "Counters are queried by rate or increase.", _counters),
    error("target-metric-rule", "Each metric is known.", _metrics),
    error("target-exported-rule", "Each metric is one that the spec exports.", _exported),
    error("target-legend-rule", "Legends use labels that the result can have.", _legends),
)
