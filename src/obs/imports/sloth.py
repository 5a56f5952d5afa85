"""Specs of sloth: `version: prometheus/v1`, and PrometheusServiceLevel for Kubernetes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.durations import format_duration
from obs.imports.findings import Findings, Labels, Section
from obs.imports.imported import (
    EXHAUSTED,
    FAST,
    MONTH,
    SLOW,
    Imported,
    ImportedSlo,
    Options,
    alert_labels,
    as_name,
    events_sli,
    ratio_sli,
    valid_slos,
)
from obs.imports.ownership import linked, owned
from obs.imports.queries import NoCount, counts, ratio_parts, with_window
from obs.imports.sloth_windows import read_windows
from obs.spec.tree import Fields, Scalar

_VERSION: Final = "prometheus/v1"
_KUBERNETES: Final = "sloth.slok.dev/v1"
_WRITTEN: Final = "obs writes the annotations, with the links of the SLO"
_CAPITAL: Final = re.compile(r"_([a-z])")


def is_sloth(document: Fields) -> bool:
    """Whether a document is one of sloth's."""
    return (
        _told(document, "version") == _VERSION
        or _has_windows(document)
        or (
            _told(document, "apiVersion") == _KUBERNETES
            and _told(document, "kind") == "PrometheusServiceLevel"
        )
    )


def _has_windows(document: Fields) -> bool:
    kind = _told(document, "apiVersion"), _told(document, "kind")
    return kind == (_KUBERNETES, "AlertWindows")


def _told(document: Fields, key: str) -> object:
    value = document.fields.get(key)
    return value.value if isinstance(value, Scalar) else None


def read_sloth(documents: Sequence[Fields], options: Options, findings: Findings) -> Imported:
    """The SLOs of these documents; documents that are none of sloth's are told."""
    found: list[ImportedSlo | None] = []
    windows = read_windows([Section(each, findings) for each in documents if _has_windows(each)])
    for document in documents:
        if _has_windows(document):
            continue
        if is_sloth(document):
            found += _slos(Section(document, findings), options, windows)
        else:
            findings.lost(document.place, "is no SLO of sloth; left out")
    read = [slo for slo in found if slo is not None]
    if not found:
        findings.lost(documents[0].place, "there is no SLO among these documents")
    valid = tuple(valid_slos(read, findings))
    return Imported(valid, {}, len(found) - len(valid))


@dataclass(frozen=True, slots=True)
class _Group:
    """What the SLOs of a document share. `camel`: keys are as in Kubernetes."""

    section: Section
    service: str
    labels: Labels
    camel: bool
    windows: Mapping[str, Any]

    def key(self, name: str) -> str:
        """A key as this form writes it: error_query or errorQuery."""
        return _CAPITAL.sub(lambda found: found[1].upper(), name) if self.camel else name


def _slos(
    document: Section, options: Options, windows: Mapping[str, Any]
) -> Iterator[ImportedSlo | None]:
    camel = document.has("apiVersion")
    document.known("version", "apiVersion", "kind", "metadata", "status")
    section = document.section("spec") if camel else document
    if section is None:
        document.lost("", "has no spec; left out")
        return
    service = section.text("service")
    if not service:
        section.lost("service", "is missing, so that no SLO of it is taken over; write it")
    group = _Group(
        section,
        as_name(section, "service", service or ""),
        section.labels("labels"),
        camel,
        windows,
    )
    slos = section.sections("slos")
    _tell_plugins(section, group.key("slo_plugins"))
    section.tell_unread()
    if camel:
        document.tell_unread()
    if not slos:
        section.lost("slos", "has no SLO")
    for slo in slos:
        yield _slo(slo, group, options) if service else None


def _slo(slo: Section, group: _Group, options: Options) -> ImportedSlo | None:
    before = slo.findings.losses
    name, objective = slo.text("name"), slo.number("objective")
    if not name or objective is None:
        slo.lost("", "is left out: it needs a name and an objective")
        return None
    found = owned({**group.labels, **slo.labels("labels")})
    _tell_plugins(slo, "plugins")
    description = slo.text("description")
    sli = _sli(slo, group, options)
    tuning, links = _alerting(slo, group, found.others)
    slo.tell_unread()
    if sli is None:
        return None
    fields: dict[str, Any] = {
        "name": as_name(slo, "name", name),
        "service": group.service,
        **({"description": description} if description else {}),
        "objective": objective,
        "window": format_duration(MONTH),
        **group.windows,
        "sli": sli,
        **found.fields,
        **links,
    }
    return ImportedSlo(fields, slo.place(), slo.findings.losses == before, (), tuning)


def _sli(slo: Section, group: _Group, options: Options) -> dict[str, Any] | None:
    sli = slo.section("sli")
    events = sli.section("events") if sli else None
    raw = sli.section("raw") if sli else None
    plugin = sli.section("plugin") if sli else None
    if sli:
        sli.tell_unread()
    if events:
        return _events(events, group, options)
    if raw:
        return _raw(raw, group, options)
    if plugin:
        plugin.lost(
            "id",
            f"the SLO is left out: plugin {plugin.text('id')} makes its query in Go; run "
            "`sloth generate` and write the query that it makes as events or raw",
        )
        return None
    slo.lost("sli", "is left out: it has neither events nor raw")
    return None


def _events(events: Section, group: _Group, options: Options) -> dict[str, Any] | None:
    queries = [_query(events, group.key(key)) for key in ("error_query", "total_query")]
    events.tell_unread()
    if queries[0] is None or queries[1] is None:
        return None
    return events_sli(events, (queries[0], queries[1]), options, good=False)


def _raw(raw: Section, group: _Group, options: Options) -> dict[str, Any] | None:
    key = group.key("error_ratio_query")
    query = _query(raw, key)
    raw.tell_unread()
    if query is None:
        return None
    if parts := ratio_parts(query):
        counted, total, subtracted = parts
        try:
            counts(counted, total)
        except NoCount:
            pass
        else:
            raw.note(key, "is a ratio of counts: its events are counted")
            return events_sli(raw, (counted, total), options, good=subtracted)
    raw.lost(
        key,
        "is no ratio of two counts: minutes count, each with the ratio over its last 5m; better "
        "write the queries of its events",
    )
    return ratio_sli(query, options, good=False)


def _query(section: Section, key: str) -> str | None:
    text = section.text(key)
    if not text:
        section.lost(key, "the SLO is left out: this query is missing")
        return None
    try:
        return with_window(text)
    except NoCount as error:
        section.lost(key, f"the SLO is left out: the query {error}")
        return None


def _alerting(
    slo: Section, group: _Group, labels: Labels
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The settings of our alerts that say what theirs say; owner and links of the SLO."""
    alerting = slo.section("alerting")
    if alerting is None:
        return {alert: alert_labels(slo.findings, labels, alert) for alert in (FAST, SLOW)}, {}
    if name := alerting.text("name"):
        alerting.lost("name", f"the alerts are {FAST} and {SLOW}, not {name}; route by slo")
    links = linked(alerting, "annotations", _WRITTEN)
    labels = {**labels, **alerting.labels("labels")}
    found = {
        FAST: _alert(alerting, group.key("page_alert"), labels, FAST),
        SLOW: _alert(alerting, group.key("ticket_alert"), labels, SLOW),
    }
    alerting.tell_unread()
    if all(each == {"enabled": False} for each in found.values()):
        found[EXHAUSTED] = {"enabled": False}
    return found, links


def _alert(alerting: Section, key: str, labels: Labels, alert: str) -> dict[str, Any]:
    own = alerting.section(key)
    if own is None:
        return alert_labels(alerting.findings, labels, alert)
    disabled = own.truth("disable")
    own_labels = own.labels("labels")
    _tell_annotations(own)
    own.tell_unread()
    if disabled:
        return {"enabled": False}
    return alert_labels(own.findings, {**labels, **own_labels}, alert)


def _tell_annotations(section: Section) -> None:
    if names := ", ".join(section.labels("annotations")):
        section.lost("annotations", f"{names}: {_WRITTEN}; those of one alert are left out")


def _tell_plugins(section: Section, key: str) -> None:
    plugins = section.section(key)
    if plugins is None:
        return
    ids = ", ".join(str(each.text("id")) for each in plugins.sections("chain"))
    section.lost(key, f"{ids or 'plugins'}: obs has no plugins for rules; left out")
