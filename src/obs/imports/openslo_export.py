"""The SLOs of a spec as OpenSLO v1, and what OpenSLO cannot say.

Queries have fixed ranges, for OpenSLO knows no window in a query; `obs import openslo` reads them
back.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from obs.artifacts import yaml_text
from obs.durations import format_duration
from obs.imports.queries import at
from obs.slis.event_queries import holding
from obs.spec.load import Spec
from obs.spec.prometheus import PrometheusSource
from obs.spec.prometheus_slis import PrometheusLatencySli, PrometheusMinutesSli, PrometheusSli
from obs.spec.promql import is_selector
from obs.spec.report import Problem, problem_at
from obs.spec.slos import Slo
from obs.spec.system import System
from obs.spec.tree import locate

_VERSION: Final = "openslo/v1"

_PERIODS: Final = {"week": "1w", "month": "1M", "quarter": "1Q", "year": "1Y"}
_BEGIN: Final = "2024-01-01 00:00:00"  # of a week too: a Monday
_UNSAID: Final = ("start", "maintenance", "missing", "tiers")

Document = dict[str, Any]


def openslo_text(spec: Spec) -> tuple[str, list[Problem]]:
    """The documents, empty where no SLO can be said, and what was left out."""
    lost: list[Problem] = []
    slos = []
    for index, slo in enumerate(spec.system.slos):
        document = _slo(slo)
        if document is None:
            message = (
                f"is left out: OpenSLO refers to queries, and obs itself measures {slo.sli.kind}"
            )
            lost.append(problem_at(locate(spec.tree, ("slos", index)), message))
        else:
            slos.append((slo, document))
            for field in _UNSAID:
                if getattr(slo, field):
                    place = locate(spec.tree, ("slos", index, field))
                    lost.append(problem_at(place, "is left out: OpenSLO has no such field"))
    if spec.system.alerts and slos:
        message = "OpenSLO has no such settings; alerts are left out"
        lost.append(problem_at(locate(spec.tree, ("alerts",)), message))
    used = {slo.sli.measured.source for slo, _ in slos}
    services = dict.fromkeys(slo.service for slo, _ in slos)
    documents = [
        *_sources(spec.system, used),
        *(_document("Service", name, {}) for name in services),
        *(document for _, document in slos),
    ]
    return "---\n".join(yaml_text(each) for each in documents), lost


def _document(kind: str, name: str, spec: Mapping[str, Any]) -> Document:
    return {"apiVersion": _VERSION, "kind": kind, "metadata": {"name": name}, "spec": dict(spec)}


def _sources(system: System, used: set[str]) -> Iterator[Document]:
    """Addresses, and never credentials."""
    for name, source in system.sources.prometheus.items():
        if name in used:
            yield _document("DataSource", name, _connection(source))


def _connection(source: PrometheusSource) -> dict[str, Any]:
    return {"type": "Prometheus", "connectionDetails": {"url": source.url}}


def _slo(slo: Slo) -> Document | None:
    sli = slo.sli.measured
    if isinstance(sli, PrometheusLatencySli):
        sli = sli.counted
    if isinstance(sli, PrometheusSli):
        indicator, method, objective = _events(sli)
    elif isinstance(sli, PrometheusMinutesSli):
        indicator, method, objective = _minutes(sli)
    else:
        return None
    slices: Document = {}
    if slo.slices is not None:
        method = "Timeslices"
        length = f"{slo.slices.length / 60:g}m"
        slices = {"timeSliceTarget": slo.slices.good_above, "timeSliceWindow": length}
    document = _document(
        "SLO",
        slo.name,
        {
            **({"description": slo.description} if slo.description else {}),
            "service": slo.service,
            "indicator": {"metadata": {"name": slo.name}, "spec": indicator},
            "timeWindow": [_window(slo)],
            "budgetingMethod": method,
            "objectives": [{**objective, **slices, "targetPercent": slo.objective}],
        },
    )
    document["metadata"] |= _ownership(slo)
    return document


def _ownership(slo: Slo) -> Document:
    """Labels, and what OpenSLO has no field for as annotations."""
    labels = {"labels": dict(slo.alert_labels)} if slo.alert_labels else {}
    annotations = {"annotations": dict(slo.annotations)} if slo.annotations else {}
    return {**labels, **annotations}


def _window(slo: Slo) -> Document:
    if slo.calendar is None:
        return {"duration": _days(slo.window), "isRolling": True}
    calendar = {"startTime": _BEGIN, "timeZone": slo.timezone}
    return {"duration": _PERIODS[slo.calendar], "isRolling": False, "calendar": calendar}


def _days(seconds: float) -> str:
    """OpenSLO has one unit in a duration."""
    for unit, length in (("d", 86_400), ("h", 3_600)):
        if not seconds % length:
            return f"{seconds / length:g}{unit}"
    return f"{seconds / 60:g}m"


def _events(sli: PrometheusSli) -> tuple[Document, str, Document]:
    kind, counted = ("good", sli.good) if sli.good else ("bad", sli.bad or "")
    counter = is_selector(counted) and is_selector(sli.total)
    queries = {
        name: _metric(sli.source, f"sum({query})" if counter else _ranged(query, sli.range))
        for name, query in ((kind, counted), ("total", sli.total))
    }
    return {"ratioMetric": {"counter": counter, **queries}}, "Occurrences", {}


def _ranged(query: str, seconds: float) -> str:
    """A selector beside an expression has to be counted over the same range."""
    text = format_duration(seconds)
    return f"sum(increase({query}[{text}]))" if is_selector(query) else at(query, seconds)


def _minutes(sli: PrometheusMinutesSli) -> tuple[Document, str, Document]:
    slices = {"timeSliceWindow": "1m"}
    if sli.holds:
        metric = {"thresholdMetric": _metric(sli.source, holding(sli.holds))}
        return metric, "Timeslices", {"op": "gte", "value": 1, "timeSliceTarget": 1.0, **slices}
    raw = {"rawType": "failure", "raw": _metric(sli.source, sli.error_ratio or "")}
    return {"ratioMetric": raw}, "RatioTimeslices", slices


def _metric(source: str, query: str) -> Document:
    return {
        "metricSource": {
            "metricSourceRef": source,
            "type": "Prometheus",
            "spec": {"query": query},
        }
    }
