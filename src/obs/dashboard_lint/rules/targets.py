"""Rules on what panels ask."""

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
from obs.dashboard_lint.subject import Asked, Remark, Subject
from obs.dashboard_lint.substitute import AUTO, INTERVAL, RANGE, RATE_INTERVAL, free, stand_in

_RATES: Final = ("rate", "irate")
_OF_COUNTERS: Final = (
    *("rate", "irate", "increase", "resets", "changes", "timestamp", "count", "group"),
    *("count_values", "absent", "absent_over_time", "present_over_time", "count_over_time"),
)
_ALERTS: Final = ("ALERTS", "ALERTS_FOR_STATE")
_LEGEND: Final = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


def _promql(subject: Subject) -> Iterator[Remark]:
    for panel, target, _, problem in subject.asked:
        if not has_queries(panel):
            continue
        if not target.expr.strip():
            yield Remark("asks nothing; write a query, or remove the target", panel, target)
        elif problem:
            yield Remark(f"is no PromQL: {problem}", panel, target)


def _logql(subject: Subject) -> Iterator[Remark]:
    for panel, target, _, problem in subject.logs:
        if problem:
            yield Remark(f"is no LogQL: {problem}", panel, target)


def _logql_auto(subject: Subject) -> Iterator[Remark]:
    for panel, target, ranges, _ in subject.logs:
        fixed = [each for each in ranges if each != f"{AUTO}s"]
        if fixed:
            written = _as_written(fixed[0])
            yield Remark(f"counts over [{written}]; write [$__auto]", panel, target)


def _as_written(duration: str) -> str:
    names = {RATE_INTERVAL: "$__rate_interval", INTERVAL: "$__interval", RANGE: "$__range"}
    return names.get(int(duration[:-1]) if duration[:-1].isdigit() else 0, duration)


def _rate_interval(subject: Subject) -> Iterator[Remark]:
    for panel, target, query, _ in subject.asked:
        for selector in query.selectors:
            if problem := _wrong_range(selector, target):
                yield Remark(problem, panel, target)
                break


def _wrong_range(selector: Selector, target: QueryTarget) -> str:
    function = selector.within[0] if selector.within else ""
    if selector.seconds in (None, RATE_INTERVAL):
        return ""
    if function in _RATES and not (selector.seconds == RANGE and target.json.get("instant")):
        return f"{function} over a range of its own; write [$__rate_interval], which fits the step"
    if function == "increase" and selector.seconds == INTERVAL:
        return "increase over $__interval misses what happens between; write [$__rate_interval]"
    return ""


def _job(subject: Subject) -> Iterator[Remark]:
    return _chosen_by(subject, "job")


def _instance(subject: Subject) -> Iterator[Remark]:
    return _chosen_by(subject, "instance")


def _chosen_by(subject: Subject, name: str) -> Iterator[Remark]:
    """Without the variable there is nothing to choose by; another rule tells that."""
    variable = subject.dashboard.variable(name)
    if variable is None:
        return
    signs = ("=~", "=") if is_chosen_once(variable) else ("=~",)
    for asked in subject.asked:
        missing = [
            each.metric or "a selector"
            for each in asked.query.selectors
            if not _is_derived(each.metric) and not _chooses(each, name, signs)
        ]
        if missing:
            what = ", ".join(dict.fromkeys(missing))
            message = f'{what} without {name}=~"${name}"'
            yield Remark(message, asked.panel, asked.target)


def _is_derived(metric: str) -> bool:
    """Alerts, and series recorded by a rule, have the labels that the rule left them."""
    return metric in _ALERTS or ":" in metric


def _chooses(selector: Selector, name: str, signs: tuple[str, ...]) -> bool:
    return any(
        each.label == name and each.sign in signs and stand_in(name) in each.value
        for each in selector.matchers
    )


def _counters(subject: Subject) -> Iterator[Remark]:
    def problem(asked: Asked) -> Iterator[str]:
        for each in asked.query.selectors:
            if _is_counter(each.metric) and not any(
                around in _OF_COUNTERS for around in each.within
            ):
                yield f"{each.metric} only ever grows; ask for its rate or increase"

    return _told(subject, problem)


def _is_counter(metric: str) -> bool:
    known = catalogue.BY_NAME.get(metric)
    return metric.endswith("_total") or (known is not None and known.kind is Kind.COUNTER)


def _metrics(subject: Subject) -> Iterator[Remark]:
    metrics = subject.knowledge.metrics
    used = {each.metric for asked in subject.asked for each in asked.query.selectors}
    unknown = {
        name
        for name in used - metrics.names - {""}
        if metrics.judges(name, used, ours=subject.is_ours)
    }

    def problem(asked: Asked) -> Iterator[str]:
        for each in asked.query.selectors:
            if each.metric in unknown:
                like = metrics.like(each.metric)
                hint = f"did you mean {like}?" if like else "--metrics FILE names others"
                yield f"nobody exports {each.metric}; {hint}"

    return _told(subject, problem)


def _told(subject: Subject, problems: Callable[[Asked], Iterator[str]]) -> Iterator[Remark]:
    for asked in subject.asked:
        for message in dict.fromkeys(problems(asked)):
            yield Remark(message, asked.panel, asked.target)


def _legends(subject: Subject) -> Iterator[Remark]:
    for panel, target, query, problem in subject.asked:
        legend = target.json.get("legendFormat")
        if problem or query.labels is None or not isinstance(legend, str) or free(target.expr):
            continue
        for label in dict.fromkeys(_LEGEND.findall(legend)):
            if label != "__name__" and not query.labels.may_have(label):
                yield Remark(_lost(label, query.labels.names), panel, target)


def _lost(label: str, names: frozenset[str] | None) -> str:
    left = f"; it has {', '.join(sorted(names))}" if names else ""
    return f"the legend says {{{{{label}}}}}, but no result has that label{left}"


RULES: Final = (
    error("target-promql-rule", "What is asked of Prometheus is PromQL.", _promql),
    error("target-rate-interval-rule", "Rates are over $__rate_interval.", _rate_interval),
    error("target-job-rule", 'Each selector has job=~"$job".', _job),
    error("target-instance-rule", 'Each selector has instance=~"$instance".', _instance),
    error("target-counter-agg-rule", "Counters are asked for rate or increase.", _counters),
    error("target-logql-rule", "What is asked of Loki is LogQL.", _logql),
    error("target-logql-auto-rule", "Logs are counted over $__auto.", _logql_auto),
    error("target-metric-rule", "Each metric is one that somebody exports.", _metrics),
    error("target-legend-rule", "Legends name labels that the result can have.", _legends),
)
