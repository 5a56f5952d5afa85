"""SLOs of pyrra: `kind: ServiceLevelObjective` of pyrra.dev, also in a List."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.durations import format_duration
from obs.imports.findings import Findings, Section
from obs.imports.imported import (
    EXHAUSTED,
    FAST,
    SLOW,
    Imported,
    ImportedSlo,
    Options,
    alert_labels,
    as_name,
    valid_slos,
)
from obs.imports.ownership import linked, owned
from obs.imports.pyrra_windows import tiers_of
from obs.spec.promql import WINDOW, is_selector, named_series
from obs.spec.quantity import parse_duration
from obs.spec.tree import Fields, Items, Scalar

ABSENT: Final = "SloNoData"
_API: Final = "pyrra.dev/"
_KIND: Final = "ServiceLevelObjective"
_LISTS: Final = ("List", f"{_KIND}List")
_OF_ALERTS: Final = "pyrra.dev/"
"""Labels and annotations with this prefix go to pyrra's rules."""
_WITHOUT_SERVICE: Final = "pyrra"


def is_pyrra(document: Fields) -> bool:
    """Whether a document is one of pyrra's, or a list of some."""
    return bool(_objects(document))


def _objects(document: Fields) -> list[Fields]:
    if _told(document, "kind") in _LISTS:
        items = document.fields.get("items")
        found = items.items if isinstance(items, Items) else ()
        return [each for each in found if isinstance(each, Fields) and _is_slo(each)]
    return [document] if _is_slo(document) else []


def _is_slo(document: Fields) -> bool:
    api = str(_told(document, "apiVersion") or "")
    return api.startswith(_API) and _told(document, "kind") == _KIND


def _told(document: Fields, key: str) -> object:
    value = document.fields.get(key)
    return value.value if isinstance(value, Scalar) else None


def read_pyrra(documents: Sequence[Fields], options: Options, findings: Findings) -> Imported:
    """The SLOs of these documents; documents that are none of pyrra's are told."""
    found: list[ImportedSlo | None] = []
    for document in documents:
        objects = _objects(document)
        if not objects:
            findings.lost(document.place, "is no SLO of pyrra; left out")
        found += [_slo(Section(each, findings), options) for each in objects]
    valid = tuple(valid_slos([slo for slo in found if slo is not None], findings))
    return Imported(valid, {}, len(found) - len(valid))


def _slo(document: Section, options: Options) -> ImportedSlo | None:
    before = document.findings.losses
    document.known("apiVersion", "kind", "status")
    metadata, spec = document.section("metadata"), document.section("spec")
    document.tell_unread()
    name = metadata.text("name") if metadata else None
    target = _target(spec) if spec else None
    seconds = spec.seconds("window") if spec else None
    if not (metadata and spec and name and target is not None and seconds):
        document.lost("", "is left out: it needs a name, spec.target and spec.window")
        return None
    named = _named(metadata)
    description = spec.text("description")
    sli = _indicator(spec, options)
    tuning = _alerting(spec, named.labels)
    _tell_rules(spec)
    spec.tell_unread()
    if sli is None:
        return None
    tiers = tiers_of(spec, seconds)
    fields: dict[str, Any] = {
        "name": as_name(metadata, "name", name),
        "service": named.service,
        **({"description": description} if description else {}),
        "objective": target,
        "window": format_duration(seconds),
        **({"tiers": tiers} if tiers else {}),
        "sli": sli,
        **named.fields,
    }
    return ImportedSlo(fields, document.place(), document.findings.losses == before, (), tuning)


def _target(spec: Section) -> float | None:
    """In percent; pyrra writes it as a text."""
    text = spec.text("target")
    try:
        return float(text) if text else None
    except ValueError:
        spec.lost("target", f"{text!r} is no number")
        return None


@dataclass(frozen=True, slots=True)
class _Named:
    """Whose an SLO is. `labels` are those that its alerts alone can have."""

    service: str
    fields: Mapping[str, Any]
    labels: Mapping[str, Any]


def _named(metadata: Section) -> _Named:
    metadata.known("name", "creationTimestamp", "generation", "resourceVersion", "uid")
    namespace = metadata.text("namespace")
    labels = metadata.labels("labels")
    ours = {
        key.removeprefix(_OF_ALERTS): value
        for key, value in labels.items()
        if key.startswith(_OF_ALERTS)
    }
    service = next((ours.pop(key)[0] for key in ("service", "app") if key in ours), namespace)
    if not service:
        metadata.note(
            "",
            f"has no namespace and no label pyrra.dev/service: {_WITHOUT_SERVICE} is "
            "its service now; write yours",
        )
    found = owned(ours)
    links = linked(metadata, "annotations", "obs writes the annotations, with the links of the SLO")
    metadata.tell_unread()
    return _Named(
        as_name(metadata, "namespace", service or _WITHOUT_SERVICE),
        {**found.fields, **links},
        found.others,
    )


def _indicator(spec: Section, options: Options) -> dict[str, Any] | None:
    indicator = spec.section("indicator")
    if indicator is None:
        spec.lost("indicator", "the SLO is left out: it has none")
        return None
    for key, read in _INDICATORS.items():
        below = indicator.section(key)
        if below is not None:
            indicator.known(*_INDICATORS)
            indicator.tell_unread()
            grouping = ", ".join(_texts(below, "grouping"))
            if grouping:
                below.lost(
                    "grouping",
                    f"pyrra has an SLO for each {grouping}; obs counts all of them together: write "
                    "one SLO for each that matters",
                )
            found = read(below, options)
            below.tell_unread()
            return found
    indicator.lost("", f"the SLO is left out: it has none of {', '.join(_INDICATORS)}")
    return None


def _ratio(ratio: Section, options: Options) -> dict[str, Any] | None:
    errors, total = _metric(ratio, "errors"), _metric(ratio, "total")
    if errors is None or total is None:
        return None
    return {"prometheus": {"source": options.source, "bad": errors, "total": total}}


def _latency(latency: Section, options: Options) -> dict[str, Any] | None:
    success, total = _metric(latency, "success"), _metric(latency, "total")
    if success is None or total is None:
        return None
    return {"prometheus": {"source": options.source, "good": success, "total": total}}


def _native(native: Section, options: Options) -> dict[str, Any] | None:
    total, limit = _metric(native, "total"), native.text("latency")
    try:
        below = parse_duration(limit or "")
    except ValueError as error:
        native.lost("latency", f"the SLO is left out: {error}")
        return None
    if total is None:
        return None
    name, matchers = named_series(total)
    histogram = f"{name.removesuffix('_count')}{{{matchers}}}" if matchers else name
    return {
        "prometheus_latency": {
            "source": options.source,
            "histogram": histogram,
            "below": format_duration(below),
            "native": True,
        }
    }


def _gauge(gauge: Section, options: Options) -> dict[str, Any] | None:
    selector = _selector(gauge, "metric")
    if selector is None:
        return None
    good, total = (
        f"sum({of}({selector}[{WINDOW}]))" for of in ("sum_over_time", "count_over_time")
    )
    gauge.note("metric", "each scrape of the gauge is an event, good at 1, as pyrra counts")
    return {"prometheus": {"source": options.source, "good": good, "total": total, "range": "1m"}}


_INDICATORS: Final[Mapping[str, Callable[[Section, Options], dict[str, Any] | None]]] = {
    "ratio": _ratio,
    "latency": _latency,
    "latencyNative": _native,
    "bool_gauge": _gauge,
}


def _metric(section: Section, key: str) -> str | None:
    below = section.section(key)
    found = _selector(below, "metric") if below else None
    if below is None:
        section.lost(key, "the SLO is left out: this metric is missing")
    else:
        below.tell_unread()
    return found


def _selector(section: Section, key: str) -> str | None:
    text = section.text(key)
    if text and is_selector(text):
        return text
    section.lost(key, 'the SLO is left out: it is no selector of series such as m{job="a"}')
    return None


def _texts(section: Section, key: str) -> Iterator[str]:
    value = section.node.fields.get(key)
    section.known(key)
    for each in value.items if isinstance(value, Items) else ():
        if isinstance(each, Scalar):
            yield str(each.value)


def _alerting(spec: Section, labels: Any) -> dict[str, dict[str, Any]]:
    """The settings of our alerts that say what theirs say."""
    found = {alert: alert_labels(spec.findings, labels, alert) for alert in (FAST, SLOW)}
    alerting = spec.section("alerting")
    if alerting is None:
        return found
    for key, ours in (("name", f"{FAST} and {SLOW}"), ("absentName", ABSENT)):
        if name := alerting.text(key):
            alerting.lost(key, f"the alerts are {ours}, not {name}; route by the label slo")
    silent = {"enabled": False}
    off = alerting.truth("disabled") is True
    if off or alerting.truth("burnrates") is False:
        found = {FAST: silent, SLOW: silent, EXHAUSTED: silent}
    if off or alerting.truth("absent") is False:
        found[ABSENT] = silent
    alerting.known("disabled", "burnrates", "absent")
    if severities := alerting.section("severities"):
        _severities(severities, found)
    alerting.tell_unread()
    return found


def _severities(severities: Section, found: dict[str, dict[str, Any]]) -> None:
    """Of pyrra's four speeds two each are one of our alerts."""
    for alert, keys in ((FAST, ("fastBurn", "mediumBurn")), (SLOW, ("slowBurn", "longTermBurn"))):
        told = {key: text for key in keys if (text := severities.text(key))}
        for key, text in told.items():
            if text not in ("critical", "warning", "info"):
                severities.lost(key, f"{text!r} is none of critical, warning and info")
            elif len(set(told.values())) > 1:
                severities.lost(key, f"{alert} has one severity for both {' and '.join(keys)}")
            elif found.get(alert) != {"enabled": False}:
                found[alert] = {**found.get(alert, {}), "severity": text}
    if text := severities.text("absent"):
        if text in ("critical", "warning", "info"):
            found.setdefault(ABSENT, {}).setdefault("severity", text)
        else:
            severities.lost("absent", f"{text!r} is none of critical, warning and info")
    severities.tell_unread()


def _tell_rules(spec: Section) -> None:
    """What is about how pyrra writes its rules."""
    told = {
        "partial_response_strategy": "obs' rules have none; set it for the ruler",
        "ruleOutput": "the rules are one file, or one object of `targets.operator`",
        "shortRulesLabels": "write labels of the objects in `targets.operator.labels`",
        "longRulesLabels": "write labels of the objects in `targets.operator.labels`",
        "enableDescriptionAsLabel": "a description is an annotation, and no label",
    }
    if spec.truth("performanceOverAccuracy"):
        spec.note("performanceOverAccuracy", "obs always sums recorded minutes")
    for key, why in told.items():
        spec.known(key)
        if spec.has(key):
            spec.lost(key, f"is left out: {why}")
