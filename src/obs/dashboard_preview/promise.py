"""What the preview promises to draw: the panels that our builders make, from Prometheus."""

from collections.abc import Iterator
from typing import Final

from obs.dashboard_preview.board import Json
from obs.dashboards.kinds import EXPRESSION, PROMETHEUS, Datasource, Kinds, datasource

DRAWN_TYPES: Final = frozenset(
    (
        *("bargauge", "gauge", "heatmap", "stat", "state-timeline", "status-history", "table"),
        *("text", "timeseries"),
    )
)
_WORDS: Final = {
    EXPRESSION: "Grafana's own expressions",
    **dict.fromkeys(("datasource", "dashboard", "-- Dashboard --"), "another panel's results"),
    **dict.fromkeys(("grafana", "-- Grafana --"), "Grafana itself"),
    **dict.fromkeys(("mixed", "-- Mixed --"), "a data source that it does not name"),
}


def prometheus_targets(panel: Json, kinds: Kinds) -> list[Json]:
    """The queries of a panel that are sent to Prometheus."""
    return [
        target
        for target in _asked(panel)
        if target.get("expr") and _kind(panel, target, kinds) == PROMETHEUS
    ]


def reason_against(panel: Json, kinds: Kinds) -> str:
    """Why a panel is not drawn; empty where it is."""
    kind = str(panel.get("type") or "")
    if panel.get("libraryPanel"):
        return "it is in Grafana's library of panels, not in the dashboard"
    if kind not in DRAWN_TYPES:
        return f"panels of type {kind or 'none'}"
    if kind == "text" or prometheus_targets(panel, kinds):
        return ""
    if not panel.get("targets"):
        return "it has no query"
    if not _asked(panel):
        return "all its queries are hidden"
    others = sorted(set(_others(panel, kinds)))
    return f"it queries {', '.join(others)}" if others else "its query is empty"


def partly(panel: Json, kinds: Kinds) -> Iterator[str]:
    """What is left out of a panel that is drawn."""
    if others := sorted(set(_others(panel, kinds))):
        yield f"The preview leaves out queries of {', '.join(others)}"
    for name in ("timeFrom", "timeShift"):
        if panel.get(name):
            yield f"The preview ignores the panel's own time range ({name} {panel[name]})"


def _asked(panel: Json) -> list[Json]:
    return [target for target in panel.get("targets") or [] if not target.get("hide")]


def _others(panel: Json, kinds: Kinds) -> Iterator[str]:
    for target in _asked(panel):
        kind = _kind(panel, target, kinds)
        if kind and kind != PROMETHEUS:
            yield _WORDS.get(kind, kind)
        elif not kind:
            yield "a data source of unknown type"


def _kind(panel: Json, target: Json, kinds: Kinds) -> str:
    own = datasource(target.get("datasource"))
    source = own if own != Datasource() else datasource(panel.get("datasource"))
    return kinds.of_query(source, str(target.get("expr") or ""))
