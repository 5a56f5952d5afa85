"""Indicators and data sources of OpenSLO as SLIs of ours."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from obs.durations import format_duration
from obs.imports.findings import Section
from obs.imports.imported import Options, events_of, events_sli, ratio_sli
from obs.imports.queries import NoCount, at, counter_of, counts, with_window
from obs.spec.promql import WINDOW, is_selector
from obs.spec.report import did_you_mean

_LIKE_PROMETHEUS: Final = (
    *("prometheus", "amazonprometheus", "thanos", "mimir", "cortex", "victoriametrics", "sloth"),
)
_OPERATORS: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_COUNTERS: Final = ("_total", "_count", "_bucket", "_sum")
_MINUTE: Final = 60.0
_LENGTHS: Final = (60.0, 300.0, 900.0)
_BUDGETING: Final = ("Occurrences", "Timeslices", "RatioTimeslices")

Sli = dict[str, Any]


class DataSources:
    """The DataSource documents by name, and the URLs of those that were used."""

    def __init__(self, documents: Mapping[str, Section], options: Options) -> None:
        self.urls: dict[str, str] = {}
        self._documents = documents
        self._options = options

    def source(self, metric: Section) -> str | None:
        """The name of the Prometheus source that a metric is read from; None for others, told."""
        reference = metric.text("metricSourceRef")
        kind = metric.text("type") or metric.text("source")
        name = self._options.source
        if reference:
            document = self._documents.get(reference)
            if document is None:
                hint = did_you_mean(reference, self._documents) or "; give the file that has it too"
                metric.note("metricSourceRef", f"there is no DataSource {reference}{hint}")
            else:
                spec = document.section("spec")
                kind = kind or (spec.text("type") if spec else None)
                name = self._named(reference, spec)
        if kind is None and not reference:
            metric.note("type", "is not given: taken for Prometheus")
        elif kind is not None and kind.lower() not in _LIKE_PROMETHEUS:
            where = "type" if metric.has("type") else "metricSourceRef"
            metric.lost(
                where,
                f"the SLO is left out: obs reads no metrics of {kind} for it, only of servers "
                "like Prometheus",
            )
            return None
        return name

    def _named(self, reference: str, spec: Section | None) -> str:
        """A data source with a URL is a source of its own, unless the user gave one URL for all."""
        details = spec.section("connectionDetails") if spec else None
        if details is None or self._options.url:
            return self._options.source
        url = details.text("url")
        others = ", ".join(key for key in details.node.fields if key != "url")
        if others:
            details.lost(
                "", f"{others} of data source {reference}: write credentials into the spec's source"
            )
        if url is None or "@" in url or not url.startswith(("http://", "https://")):
            return self._options.source
        self.urls[reference] = url
        return reference


@dataclass(frozen=True, slots=True)
class Objective:
    """What an indicator is measured for."""

    section: Section
    budgeting: str
    sources: DataSources
    options: Options

    def of(self, source: str) -> "Objective":
        """The same, read from a source of this name."""
        return replace(self, options=replace(self.options, source=source))


def sli_of(objective: Objective, indicator: Section | None) -> Sli | None:
    """The SLI of one objective; None where there is none, which is told."""
    holder = objective.section if objective.section.has("ratioMetrics") else indicator
    if holder is None:
        objective.section.lost("", "is left out: it has no indicator")
        return None
    holder.known("description")
    threshold = holder.section("thresholdMetric")
    ratio = holder.section("ratioMetric") or holder.section("ratioMetrics")
    if threshold:
        return _threshold(threshold, objective)
    if ratio is None:
        holder.lost("", "is left out: it has neither ratioMetric nor thresholdMetric")
        return None
    return _raw(ratio, objective) if ratio.has("raw") else _ratio(ratio, objective)


def _ratio(ratio: Section, objective: Objective) -> Sli | None:
    kind = "bad" if ratio.has("bad") else "good"
    counted = _metric(ratio, kind, objective.sources)
    total = _metric(ratio, "total", objective.sources)
    counter = ratio.truth("counter")
    counter = ratio.truth("incremental") if counter is None else counter
    if counted is None or total is None:
        return None
    if counted[1] != total[1]:
        ratio.lost("total", f"both queries go to source {counted[1]} now")
    queries, here = (counted[0], total[0]), objective.of(counted[1])
    if _has_slices(objective.section, objective.budgeting):
        events = _events_of_slices(queries, here.options, counter=counter, good=kind == "good")
        if events:
            return events
    if objective.budgeting == "Occurrences":
        return _occurrences(ratio, queries, here.options, counter=counter, good=kind == "good")
    if counter is None and any("[" not in query for query in queries):
        ratio.note("counter", "is not given: taken for true")
    if counter is not False:
        counted_over = _over_slices(here, queries)
        if counted_over is None:
            return None
        queries = counted_over
    return _sliced(f"({queries[0]}) / ({queries[1]})", here, good=kind == "good")


def _metric(ratio: Section, key: str, sources: DataSources) -> tuple[str, str] | None:
    """The query of a metric and its source."""
    metric = ratio.section(key)
    if metric is None:
        ratio.lost(key, "the SLO is left out: this metric is missing")
        return None
    return _query(metric, sources)


def _query(metric: Section, sources: DataSources) -> tuple[str, str] | None:
    """The query and its source: below metricSource in v1, in the metric itself in v1alpha."""
    source = metric.section("metricSource") or metric
    name = sources.source(source)
    if name is None:
        return None
    spec = source.section("spec") or source
    spec.known("queryType", "type", "metricSourceRef", "source")
    key = "promql" if spec.has("promql") else "query"
    text = spec.text(key)
    spec.tell_unread()
    if not text:
        spec.lost(key, "the SLO is left out: the query is missing")
        return None
    try:
        return with_window(text), name
    except NoCount as error:
        spec.lost(key, f"the SLO is left out: the query {error}")
        return None


def _occurrences(
    ratio: Section, queries: tuple[str, str], options: Options, *, counter: bool | None, good: bool
) -> Sli | None:
    if WINDOW in "".join(queries) or any("[" in query for query in queries):
        return events_sli(ratio, queries, options, good=good)
    selectors = [counter_of(query) for query in queries]
    named = [(each or "").partition("{")[0].strip().endswith(_COUNTERS) for each in selectors]
    if counter is None and all(named):
        ratio.note("counter", "is not given: taken for true, as the metrics are named as counters")
        counter = True
    kind = "good" if good else "bad"
    if counter:
        if selectors[0] and selectors[1]:
            both = {kind: selectors[0], "total": selectors[1]}
            return {"prometheus": {"source": options.source, **both}}
        ratio.lost(
            "",
            "the SLO is left out: a query is more than the sum of a counter; write "
            "increase(…[{{.window}}]) around each counter",
        )
        return None
    ratio.note("", "the values of a gauge are counted once a minute")
    both = {
        name: f"sum(sum_over_time(({query})[{WINDOW}:1m]))"
        for name, query in zip((kind, "total"), queries, strict=True)
    }
    return {"prometheus": {"source": options.source, **both}}


def _has_slices(section: Section, budgeting: str) -> bool:
    """Whether obs has such slices of events."""
    section.known("timeSliceTarget", "timeSliceWindow")
    of, target = section.seconds("timeSliceWindow") or _MINUTE, section.number("timeSliceTarget")
    return budgeting == "Timeslices" and of in _LENGTHS and target is not None and 0 < target <= 1


def slices_of(section: Section, budgeting: str, sli: Sli) -> dict[str, Any]:
    """The field of an SLO whose SLI counts events in time slices."""
    if "prometheus" not in sli or not _has_slices(section, budgeting):
        return {}
    length = format_duration(section.seconds("timeSliceWindow") or _MINUTE)
    share = 100 * (section.number("timeSliceTarget") or 1.0)
    return {"slices": {"of": length, "good_above": f"{share:.12g}%"}}


def _events_of_slices(
    queries: tuple[str, str], options: Options, *, counter: bool | None, good: bool
) -> Sli | None:
    """The SLI that counts the events of slices; None where a query counts none that add up."""
    kind, selectors = "good" if good else "bad", [counter_of(query) for query in queries]
    if counter is not False and selectors[0] and selectors[1]:
        both = {kind: selectors[0], "total": selectors[1]}
        return {"prometheus": {"source": options.source, **both}}
    try:
        found = counts(*queries)
    except NoCount:
        return None
    return {"prometheus": events_of(found, kind, options)} if found.alone else None


def _slices(objective: Objective) -> float:
    """Seconds of a time slice."""
    seconds = objective.section.seconds("timeSliceWindow")
    if objective.budgeting == "Occurrences" or seconds is None:
        return _MINUTE
    if seconds != _MINUTE:
        objective.section.lost(
            "timeSliceWindow",
            f"obs judges each minute, here by the {format_duration(seconds)} before its end",
        )
    return max(seconds, _MINUTE)


def _over_slices(objective: Objective, queries: tuple[str, str]) -> tuple[str, str] | None:
    """Both queries as counts over a slice; None where a counter is not to be found, told."""
    if all("[" in query for query in queries):
        return queries
    counters = [counter_of(query) for query in queries]
    if not all(counters):
        message = "the SLO is left out: a query has no range over which to count"
        objective.section.lost("", message)
        return None
    return (
        f"sum(increase({counters[0]}[{WINDOW}]))",
        f"sum(increase({counters[1]}[{WINDOW}]))",
    )


def _sliced(ratio: str, objective: Objective, *, good: bool) -> Sli | None:
    """The minutes of a ratio: those above the slices' target, or the average."""
    section, source = objective.section, objective.options.source
    slices = _slices(objective)
    if objective.budgeting == "RatioTimeslices":
        return ratio_sli(ratio, objective.options, good=good, seconds=slices)
    if objective.budgeting != "Timeslices":
        hint = did_you_mean(objective.budgeting, _BUDGETING)
        section.lost("", f"is left out: no budgetingMethod {objective.budgeting!r}{hint}")
        return None
    target = section.number("timeSliceTarget")
    if target is None:
        section.lost("timeSliceTarget", "the SLO is left out: it needs one for Timeslices")
        return None
    success = ratio if good else f"1 - {ratio}"
    return _holds(f"{at(success, slices)} >= bool {target:.12g}", source)


def _raw(ratio: Section, objective: Objective) -> Sli | None:
    """The query of a ratio that is measured already."""
    found, kind = _metric(ratio, "raw", objective.sources), ratio.text("rawType")
    ratio.known("counter")
    if found is None:
        return None
    if kind not in ("success", "failure"):
        ratio.lost("rawType", "the SLO is left out: write success or failure")
        return None
    query, here, good = found[0], objective.of(found[1]), kind == "success"
    if objective.budgeting != "Occurrences":
        return _sliced(
            f"({query})" if objective.budgeting == "Timeslices" else query, here, good=good
        )
    ratio.lost("raw", "is a ratio, not a count: minutes count, each with its ratio")
    return ratio_sli(query, here.options, good=good)


def _threshold(metric: Section, objective: Objective) -> Sli | None:
    """A metric that is compared with a value: the minutes in which it is as it should be."""
    section = objective.section
    found = _query(metric, objective.sources)
    operator, value = section.text("op") or "", section.number("value")
    if found is None:
        return None
    if operator not in _OPERATORS or value is None:
        hint = did_you_mean(operator, _OPERATORS)
        section.lost("op", f"the SLO is left out: it needs value, and op of lt, lte, gt, gte{hint}")
        return None
    if objective.budgeting == "Occurrences":
        section.note("", "the metric is compared once a minute")
    elif objective.budgeting == "RatioTimeslices" or section.number("timeSliceTarget") not in (
        None,
        1.0,
    ):
        section.lost("timeSliceTarget", "the metric is compared once a minute, at its end")
    query = at(found[0], _slices(objective))
    plain = query if is_selector(query) else f"({query})"
    return _holds(f"{plain} {_OPERATORS[operator]} bool {value:.12g}", found[1])


def _holds(condition: str, source: str) -> Sli:
    return {"prometheus_minutes": {"source": source, "holds": condition}}
