"""What pyrra's rules record: its generic rules, and burn rates and increases by metric.

Pyrra names the latter after the SLI's counter. They exist for SLIs that are plain selectors; an
increase, which has the counter's labels, only where rules read that counter anyway.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from obs.alerts.slo_names.subject import RecordingRule, Subject, length, rule
from obs.catalogue import slo as metrics
from obs.spec.prometheus_slis import PrometheusSli
from obs.spec.promql import is_selector, named_series

NAMES: Final = (
    *("pyrra_objective", "pyrra_window", "pyrra_availability"),
    *("pyrra_requests:rate5m", "pyrra_errors:rate5m"),
)
BY_METRIC: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*:(burnrate|increase)[0-9a-z]+")

_FIVE_MINUTES: Final = 300
_ENDINGS: Final = ("_total", "_count", "_bucket")
_MATCHER: Final = re.compile(
    r"\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')\s*,?"
)


def rules(of: Subject) -> Iterator[RecordingRule]:
    """An SLO under pyrra's names and labels."""
    labels = {**dict(of.slo.info_labels), "slo": of.slo.name}
    good, events = (
        f"rate({of.series(each, _FIVE_MINUTES)})" for each in (metrics.GOOD_EVENTS, metrics.EVENTS)
    )
    values = (
        f"vector({of.objective})",
        f"vector({of.period.seconds})",
        f"1 - {of.value(metrics.ERROR_RATIO, window=of.period.label)}",
        f"max({events})",
        f"max({events} - {good})",
    )
    for name, value in zip(NAMES, values, strict=True):
        yield rule(name, value, labels)
    yield from _by_metric(of, labels)


def _by_metric(of: Subject, labels: Mapping[str, str]) -> Iterator[RecordingRule]:
    sli = of.slo.sli.measured
    if not isinstance(sli, PrometheusSli) or not is_selector(sli.total):
        return
    name, matchers = named_series(sli.total)
    if not name:
        return
    found = {label: (how, text[1:-1]) for label, how, text in _MATCHER.findall(matchers)}
    fixed = {label: text for label, (how, text) in found.items() if how == "="}
    base = _base(name)
    for span, ratio in of.error_ratios():
        yield rule(f"{base}:burnrate{length(span.seconds)}", ratio, {**fixed, **labels})
    counted = sli.bad or sli.good
    if not of.slo.by_rules or counted is None or not is_selector(counted):
        return
    yield from _increases(of, sli.total, counted, {**fixed, **labels})


def _increases(
    of: Subject, total: str, counted: str, labels: Mapping[str, str]
) -> Iterator[RecordingRule]:
    """Of all events by the labels that tell the counted ones, and of these if counted elsewhere."""
    (name, matchers), (other, others) = named_series(total), named_series(counted)
    grouped = sorted(
        {label for label, how, _ in _MATCHER.findall(matchers) if how in ("=~", "!~")}
        | ({label for label, *_ in _MATCHER.findall(others)} - labels.keys())
    )
    by = f"sum by ({', '.join(grouped)})" if grouped else "sum"
    window = length(of.period.seconds)
    kept = {label: text for label, text in labels.items() if label not in grouped}
    for metric, query in {other: counted, name: total}.items():
        yield rule(f"{_base(metric)}:increase{window}", f"{by} (increase({query}[{window}]))", kept)


def _base(metric: str) -> str:
    for ending in _ENDINGS:
        metric = metric.removesuffix(ending)
    return metric
