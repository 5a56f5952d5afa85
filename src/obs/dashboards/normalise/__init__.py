"""A dashboard of grafanalib as Grafana 12 itself would keep it.

grafanalib 0.7.1 writes the shapes of years ago under schema version 12. Grafana migrates such a
dashboard whenever it is opened, and asks to save it. Here is the outcome of that migration: the
shapes of today, nothing that means nothing, always the same bytes.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from grafanalib.core import Dashboard

from obs.dashboards.normalise.datasources import kinds, reference
from obs.dashboards.normalise.panels import panel
from obs.dashboards.normalise.plain import Json, canonical, plain
from obs.dashboards.normalise.rows import regrouped, rows_as_panels
from obs.dashboards.normalise.variables import variable
from obs.errors import BadInput
from obs.ids import panel_id

SCHEMA_VERSION: Final = 42

_DROPPED: Final = ("hideControls", "id", "rows", "sharedCrosshair", "style", "version")
_REFRESH_INTERVALS: Final = ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d"]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A dashboard of grafanalib whose JSON is normalised: what a `*.dashboard.py` file defines."""

    dashboard: Dashboard

    def to_json_data(self) -> Json:
        """What grafanalib's `generate-dashboard` writes."""
        return normalised(self.dashboard.to_json_data())


def normalised(board: Mapping[str, Any]) -> Json:
    """The dashboard in Grafana's classic model of schema version 42, keys sorted, nulls gone.

    `board` is what `to_json_data` gives, read from JSON or not. Keys unknown here stay. A panel
    without an id gets one from its title. Raises BadInput where two panels have one id, and where
    a value is not JSON.
    """
    given: Json = plain(board)
    whole = {name: value for name, value in given.items() if name not in _DROPPED}
    templates = (whole.get("templating") or {}).get("list") or []
    known = kinds(templates)
    panels = regrouped([*(given.get("panels") or ()), *rows_as_panels(given.get("rows") or [])])
    whole |= {
        "annotations": _annotations(whole.get("annotations") or {}, known),
        "graphTooltip": whole.get("graphTooltip") or int(bool(given.get("sharedCrosshair"))),
        "links": whole.get("links") or [],
        "panels": _identified([panel(each, known) for each in panels], whole),
        "refresh": whole["refresh"] if isinstance(whole.get("refresh"), str) else "",
        "schemaVersion": max(SCHEMA_VERSION, whole.get("schemaVersion") or 0),
        "templating": {"list": [variable(each, known) for each in templates]},
        "timepicker": _timepicker(whole.get("timepicker") or {}) or None,
    }
    for name in ("__inputs", "description"):
        if not whole.get(name):
            whole.pop(name, None)
    result: Json = canonical(whole)
    return result


def every_panel(panels: list[Json]) -> Iterator[Json]:
    """All panels, those inside collapsed rows included."""
    for each in panels:
        yield each
        yield from every_panel(each.get("panels") or [])


def _annotations(given: Json, known: Mapping[str, str]) -> Json:
    listed = [
        {**each, "datasource": reference(each.get("datasource"), known)}
        for each in given.get("list") or ()
    ]
    return {**given, "list": listed}


def _timepicker(given: Json) -> Json:
    """Without what is so anyway, and without `time_options`, that Grafana has not."""
    whole = {name: value for name, value in given.items() if name != "time_options"}
    for name, unset in (("hidden", False), ("refresh_intervals", _REFRESH_INTERVALS)):
        if whole.get(name) == unset:
            del whole[name]
    return {name: value for name, value in whole.items() if value is not None}


def _identified(panels: list[Json], board: Json) -> list[Json]:
    """Ids do not come from positions: one panel put in would change those of all below it."""
    name = board.get("uid") or board.get("title")
    for each in every_panel(panels):
        if each.get("id") is None:
            each["id"] = panel_id(f"{name}/{each.get('type')} {each.get('title')}")
    numbers = Counter(each["id"] for each in every_panel(panels))
    doubled = [each for each in every_panel(panels) if numbers[each["id"]] > 1]
    if doubled:
        titles = ", ".join(repr(each.get("title") or each.get("type")) for each in doubled)
        raise BadInput(f"dashboard {name}: panels {titles} have the same id; set unique ids")
    return panels
