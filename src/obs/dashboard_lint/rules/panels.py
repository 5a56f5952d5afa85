"""Rules on the texts, units, types and thresholds of panels."""

import re
from collections.abc import Iterator
from math import isclose
from typing import Final

from obs.catalogue.query import number as in_full
from obs.dashboard_lint.model import ROW, Panel
from obs.dashboard_lint.rules.datasources import has_queries
from obs.dashboard_lint.rules.rule import error, warning
from obs.dashboard_lint.subject import Remark, Subject
from obs.dashboard_lint.units import closest, is_unit
from obs.dashboards.json_values import Json, mapping, mappings, number, text
from obs.dashboards.removed_types import SUCCESSORS
from obs.ids import dashboard_uid, panel_id

_OF_NUMBERS: Final = (
    *("timeseries", "stat", "gauge", "bargauge", "barchart", "table", "heatmap", "histogram"),
    *("piechart", "trend", "state-timeline", "status-history", "graph", "singlestat", "table-old"),
)
_OF_FIELDS: Final = (*_OF_NUMBERS[:12], "logs", "candlestick", "xychart", "geomap", "canvas")
_WORD: Final = re.compile(r"\w+")
_FILLERS: Final = (
    "a an and are as at by for from how in is it its many much of on or per show shown shows "
    "that the this to what which with panel graph chart number current"
)
_SAYS_NOTHING: Final = frozenset(_FILLERS.split())
_NOTHING: Final = 1e-6
_SCALES: Final = {
    ("ratio", "percent"): 100.0,
    ("percent", "percentunit"): 0.01,
    ("seconds", "ms"): 1000.0,
    ("seconds", "m"): 1 / 60,
    ("seconds", "h"): 1 / 3600,
}


def _title_and_description(subject: Subject) -> Iterator[Remark]:
    for panel in subject.dashboard.panels:
        if panel.in_library or (panel.type != ROW and not has_queries(panel)):
            continue  # a text needs no words about it
        if not panel.title.strip():
            yield Remark("has no title", panel)
        if panel.type != ROW and not text(panel.json.get("description")).strip():
            yield Remark("has no description; write what it shows, and which values are bad", panel)


def _repeats_title(subject: Subject) -> Iterator[Remark]:
    for panel in subject.dashboard.panels:
        words = _words(text(panel.json.get("description")))
        if words and words <= _words(panel.title) | _SAYS_NOTHING:
            yield Remark("has a description that only repeats the title", panel)


def _words(sentence: str) -> frozenset[str]:
    return frozenset(_WORD.findall(sentence.lower()))


def _units(subject: Subject) -> Iterator[Remark]:
    for panel in subject.dashboard.panels:
        if panel.type not in _OF_NUMBERS or panel.in_library:
            continue
        units = [unit for unit in _unit_fields(panel) if unit]
        if not units and not _needs_no_unit(panel):
            yield Remark("has no unit; use short for counts", panel)
        for unit in dict.fromkeys(units):
            if not is_unit(unit):
                near = closest(unit)
                hint = (
                    f"did you mean {near}?"
                    if near
                    else f"for text after the number write suffix:{unit}"
                )
                yield Remark(f"{unit} is not a unit of Grafana; {hint}", panel)


def _unit_fields(panel: Panel) -> Iterator[str]:
    yield text(panel.defaults.get("unit"))
    yield from (text(each.get("value")) for each in panel.overrides if each.get("id") == "unit")
    if panel.type in ("graph", "singlestat", "table-old", "heatmap"):  # as they were before
        yield text(panel.json.get("format"))
        yield text(mapping(panel.json.get("yAxis")).get("format"))
        axes = mappings(panel.json.get("yaxes"))
        yield from (text(axis.get("format")) for axis in axes if axis.get("show") is not False)
        yield from (text(each.get("unit")) for each in mappings(panel.json.get("styles")))
    yield text(mapping(panel.options.get("yAxis")).get("unit"))
    yield text(mapping(panel.options.get("cellValues")).get("unit"))


def _needs_no_unit(panel: Panel) -> bool:
    """Whether it shows text: mapped values, names, fields that are not numbers."""
    mapped = [panel.defaults.get("mappings"), panel.json.get("valueMaps")]
    mapped += [each.get("value") for each in panel.overrides if each.get("id") == "mappings"]
    if any(mappings(each) for each in mapped):
        return True
    fields = text(mapping(panel.options.get("reduceOptions")).get("fields"))
    return bool(fields) or panel.options.get("textMode") == "name"


def _no_targets(subject: Subject) -> Iterator[Remark]:
    for panel in subject.dashboard.panels:
        if panel.type in (*_OF_NUMBERS, *_OF_FIELDS) and not panel.in_library and not panel.targets:
            yield Remark("has no query; add one, or remove the panel", panel)


def _no_data(subject: Subject) -> Iterator[Remark]:
    for panel in subject.dashboard.panels:
        if panel.type in _OF_FIELDS and panel.targets and not _says_when_empty(panel.defaults):
            yield Remark("has no text for an empty result; set noValue", panel)


def _says_when_empty(defaults: Json) -> bool:
    return bool(text(defaults.get("noValue")).strip()) or number(defaults.get("noValue")) == 0


def _deprecated(subject: Subject) -> Iterator[Remark]:
    for panel in subject.dashboard.panels:
        if successor := SUCCESSORS.get(panel.type):
            why = "was removed from" if "-panel" not in panel.type else "no longer works in"
            yield Remark(f"panel type {panel.type} {why} Grafana; use {successor}", panel)


def _thresholds(subject: Subject) -> Iterator[Remark]:
    """Alerts on single objects are not checked: one panel cannot show a threshold for each."""
    by_id = {panel.id: panel for panel in subject.dashboard.panels}
    for tuned in subject.knowledge.alerts:
        key, limit = tuned.alert.panel, tuned.when.panel_limit()
        panel = by_id.get(panel_id(key))
        if panel is None and subject.dashboard.uid == _home(subject, key):
            yield Remark(f"alert {tuned.name} links to panel {key}, which does not exist")
        elif panel is not None and limit is not None and not tuned.only:
            value = limit.value * _SCALES.get((limit.unit, text(panel.defaults.get("unit"))), 1)
            steps = _steps(panel)
            if not any(_same(step, value) for step in steps):
                there = ", ".join(map(in_full, sorted(steps))) or "none"
                yield Remark(
                    f"alert {tuned.name} fires at {tuned.when.words().comparison}, so a threshold "
                    f"must be {in_full(value)}; found: {there}",
                    panel,
                )


def _home(subject: Subject, key: str) -> str:
    """The uid of the dashboard that a panel's key names; meaningless without a spec."""
    return dashboard_uid(subject.knowledge.system, key.partition("/")[0])


def _same(step: float, value: float) -> bool:
    """Whether a step is the threshold; for > 0 the step is a little higher than 0."""
    return isclose(step, value, rel_tol=1e-9) or (value == 0 and 0 < step <= _NOTHING)


def _steps(panel: Panel) -> set[float]:
    """The values at which colours change in any field, those of value mappings included."""
    fields = [panel.defaults.get("thresholds"), panel.defaults.get("mappings")]
    fields += [each.get("value") for each in panel.overrides]
    found: set[float] = set()
    for field in fields:
        for step in mappings(mapping(field).get("steps")):
            if (value := number(step.get("value"))) is not None:
                found.add(value)
        for mapped in mappings(field):
            if mapped.get("type") == "value":
                found.update(map(float, filter(str.isdecimal, mapping(mapped.get("options")))))
    return found


RULES: Final = (
    error(
        "panel-title-description-rule",
        "Each panel has a title and a description.",
        _title_and_description,
    ),
    warning(
        "panel-description-rule", "A description does not only repeat the title.", _repeats_title
    ),
    error("panel-units-rule", "Numbers have a unit of Grafana.", _units),
    error("panel-no-targets-rule", "Each data panel has a query.", _no_targets),
    warning("panel-no-data-rule", "Each panel has a text for an empty result.", _no_data),
    error(
        "panel-deprecated-rule", "No panel has a type that was removed from Grafana.", _deprecated
    ),
    error(
        "panel-threshold-rule",
        "Thresholds match the alert that links to the panel (with --spec).",
        _thresholds,
    ),
)
