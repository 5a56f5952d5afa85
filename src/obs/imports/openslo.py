"""OpenSLO v1 and v1alpha. Documents refer to each other by name, also between files."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import available_timezones

from obs.durations import format_duration
from obs.imports.findings import Findings, Section
from obs.imports.imported import (
    FAST,
    MONTH,
    SLOW,
    Imported,
    ImportedSlo,
    Options,
    alert_labels,
    as_name,
    percent,
    valid_slos,
)
from obs.imports.openslo_indicators import DataSources, Objective, sli_of, slices_of
from obs.imports.ownership import linked, owned
from obs.spec.report import did_you_mean
from obs.spec.tree import Fields, Scalar

_VERSIONS: Final = ("openslo/v1", "openslo/v1alpha")
_KINDS: Final = (
    *("SLO", "SLI", "Service", "DataSource"),
    *("AlertPolicy", "AlertCondition", "AlertNotificationTarget"),
)
_ALERTING: Final = {
    "AlertPolicy": "obs has burn-rate alerts of its own; tune them under alerts",
    "AlertCondition": "obs has burn-rate alerts of its own; tune them under alerts",
    "AlertNotificationTarget": "write a receiver under notify",
}
_SPAN: Final = re.compile(r"(\d{1,6})([mhdwMQY])")
_DAYS: Final = {"m": 1 / 1440, "h": 1 / 24, "d": 1, "w": 7, "M": 30, "Q": 90, "Y": 365}
_UNITS: Final = {
    **{"minute": "m", "hour": "h", "day": "d", "week": "w"},
    **{"month": "M", "quarter": "Q", "year": "Y"},
}
_CALENDAR: Final = {"1w": "week", "1M": "month", "1Q": "quarter", "1Y": "year"}
_MIDNIGHT: Final = re.compile(r"\d([T ]00:00(:00)?Z?)?$")
_LONGEST: Final = 400
_COMPARING: Final = ("op", "value", "timeSliceTarget", "timeSliceWindow")


def is_openslo(document: Fields) -> bool:
    """Whether a document is one of OpenSLO, of a version that is read."""
    version = document.fields.get("apiVersion")
    return isinstance(version, Scalar) and version.value in _VERSIONS


@dataclass(frozen=True, slots=True)
class _Documents:
    """All documents by kind and name."""

    by_name: Mapping[tuple[str, str], Section]
    options: Options
    sources: DataSources


def read_openslo(documents: Sequence[Fields], options: Options, findings: Findings) -> Imported:
    """The SLOs of these documents, and the URLs of the data sources that they use."""
    sections: list[tuple[str, Section]] = []
    by_name: dict[tuple[str, str], Section] = {}
    for document in documents:
        section = Section(document, findings)
        kind = section.text("kind") or ""
        if not is_openslo(document) or kind not in _KINDS:
            hint = did_you_mean(kind, _KINDS) if is_openslo(document) else ""
            section.lost("kind", f"is no document of OpenSLO v1 or v1alpha{hint}; left out")
            continue
        sections.append((kind, section))
        by_name[kind, _name_of(section)] = section
    sources = DataSources(
        {name: each for (kind, name), each in by_name.items() if kind == "DataSource"}, options
    )
    whole = _Documents(by_name, options, sources)
    found = [slo for kind, each in sections if kind == "SLO" for slo in _slos(each, whole)]
    for kind, section in sections:
        if kind in _ALERTING:
            section.lost("", f"{kind} is not taken over: {_ALERTING[kind]}")
    if not found:
        findings.lost(documents[0].place, "there is no SLO among these documents")
    read = [slo for slo in found if slo is not None]
    valid = tuple(valid_slos(read, findings))
    return Imported(valid, sources.urls, len(found) - len(valid))


def _name_of(section: Section) -> str:
    metadata = section.section("metadata")
    return (metadata.text("name") if metadata else None) or ""


def _slos(document: Section, whole: _Documents) -> Iterator[ImportedSlo | None]:
    before = document.findings.losses
    metadata, spec = document.section("metadata"), document.section("spec")
    document.known("apiVersion", "kind")
    document.tell_unread()
    name = metadata.text("name") if metadata else None
    service = spec.text("service") if spec else None
    if metadata is None or spec is None or not name or not service:
        document.lost("", "is left out: it needs metadata.name and spec.service")
        yield None
        return
    common = _common(metadata, spec)
    indicator = _indicator(spec, whole)
    budgeting = spec.text("budgetingMethod") or "Occurrences"
    objectives = spec.sections("objectives")
    spec.tell_unread()
    if not objectives:
        spec.lost("objectives", "is left out: it has no objective")
        yield None
    if len(objectives) > 1 and any(_is_composite(each) for each in objectives):
        spec.lost(
            "objectives", "each objective is an SLO of its own now; join them in sli.composite"
        )
    shared = document.findings.losses - before
    for number, objective in enumerate(objectives, 1):
        before = document.findings.losses
        own = _indicator(objective, whole) or indicator
        sli = sli_of(Objective(objective, budgeting, whole.sources, whole.options), own)
        fields = _objective(objective, common.fields)
        objective.tell_unread()
        if sli is None or fields is None:
            yield None
            continue
        title = f"{name}-{number}" if len(objectives) > 1 else name
        sliced = slices_of(objective, budgeting, sli)
        fields = {"name": as_name(metadata, "name", title), **fields, "sli": sli, **sliced}
        lost = shared + document.findings.losses - before
        yield ImportedSlo(
            fields, objective.place(), not lost, _remarks(metadata, objective), common.tuning
        )


@dataclass(frozen=True, slots=True)
class _Common:
    """What all objectives of an SLO share: fields, and settings of its alerts."""

    fields: Mapping[str, Any]
    tuning: Mapping[str, Mapping[str, Any]]


def _common(metadata: Section, spec: Section) -> _Common:
    description = spec.text("description")
    if spec.sections("alertPolicies"):
        spec.lost("alertPolicies", _ALERTING["AlertPolicy"])
    links = linked(metadata, "annotations", "of annotations an SLO has an owner and links only")
    found = owned(metadata.labels("labels"))
    metadata.known("displayName")
    metadata.tell_unread()
    fields = {
        "service": as_name(spec, "service", spec.text("service") or ""),
        **({"description": description} if description else {}),
        **_window(spec),
        **found.fields,
        **links,
    }
    others = {alert: alert_labels(metadata.findings, found.others, alert) for alert in (FAST, SLOW)}
    return _Common(fields, others)


def _window(spec: Section) -> dict[str, str]:
    """The fields of the window that comes closest."""
    found = spec.sections("timeWindow") or spec.sections("timeWindows")
    spec.known("timeWindow", "timeWindows")
    if not found:
        spec.note("", "has no time window: 30d")
        return _rolling(MONTH)
    window = found[0]
    span = _span(window)
    calendar, rolling = window.has("calendar"), window.truth("isRolling")
    zone = _zone(window)
    window.tell_unread()
    if span is None:
        window.lost("", "is no time window such as duration: 30d; it is 30d now")
        return _rolling(MONTH)
    days, text = span
    if (calendar or rolling is False) and text in _CALENDAR:
        return {"calendar": _CALENDAR[text], **({"timezone": zone} if zone else {})}
    kept = min(max(days, 1), _LONGEST)
    if kept != days:
        window.lost("", f"obs has windows of 1d to {_LONGEST}d: {text} is {kept:g}d now")
    elif calendar or rolling is False:
        window.lost("", f"obs has no calendar periods of {text}: it is a rolling {kept:g}d now")
    elif text[-1] in "MQY":
        window.note("", f"{text} is {kept:g}d")
    return _rolling(kept * 86_400.0)


def _rolling(seconds: float) -> dict[str, str]:
    return {"window": format_duration(seconds)}


def _zone(window: Section) -> str:
    """The time zone of a calendar window; empty where there is none that obs knows."""
    calendar = window.section("calendar")
    if calendar is None:
        return ""
    zone, start = calendar.text("timeZone") or "", calendar.text("startTime") or ""
    if start and not _MIDNIGHT.search(start):
        calendar.lost("startTime", "obs has periods that begin at midnight")
    if zone and zone not in available_timezones():
        calendar.lost("timeZone", f"{zone} is not a time zone; it is UTC now")
        return ""
    return zone


def _span(window: Section) -> tuple[float, str] | None:
    """Days, and the text."""
    text = window.text("duration")
    if text is None and window.has("count"):
        unit = (window.text("unit") or "").lower().removesuffix("s")
        text = f"{window.text('count')}{_UNITS.get(unit, '?')}"
    if window.has("calendar") and (text or "").endswith("m"):
        text = f"{(text or '')[:-1]}M"  # nobody aligns minutes to a calendar
    found = _SPAN.fullmatch(text or "")
    return (int(found[1]) * _DAYS[found[2]], found[0]) if found else None


def _indicator(section: Section, whole: _Documents) -> Section | None:
    """The spec of the SLI, which is inline or a document of its own."""
    inline = section.section("indicator")
    if inline is not None:
        inline.known("metadata")
        below = inline.section("spec") or inline  # v1alpha has no spec in between
        if below is not inline:
            inline.tell_unread()
        return below
    reference = section.text("indicatorRef")
    if reference is None:
        return None
    known = [name for kind, name in whole.by_name if kind == "SLI"]
    if reference not in known:
        hint = did_you_mean(reference, known) or "; give the file that has it too"
        section.lost("indicatorRef", f"there is no SLI {reference}{hint}")
        return None
    return whole.by_name["SLI", reference].section("spec")


def _objective(objective: Section, common: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fields of an SLO beside name and SLI."""
    objective.known("displayName", "labels", "compositeWeight", *_COMPARING)
    ratio, target = objective.number("target"), objective.number("targetPercent")
    if target is None and ratio is not None:
        target = percent(ratio)
    if target is None:
        objective.lost("target", "is left out: it has neither target nor targetPercent")
        return None
    return {**common, "objective": target}


def _is_composite(objective: Section) -> bool:
    return objective.has("indicator") or objective.has("indicatorRef")


def _remarks(metadata: Section, objective: Section) -> tuple[str, ...]:
    names = (metadata.text("displayName"), objective.text("displayName"))
    text = ": ".join(name for name in names if name)
    return (text,) if text else ()
