"""Lists of alerts and dashboards with their options where they are since Grafana 8."""

from typing import Final

from obs.dashboards.normalise.old_fields import refused
from obs.dashboards.normalise.plain import Json

_OF_ALERTS: Final = (
    *("dashboardTags", "limit", "nameFilter", "onlyAlertsOnDashboard", "show", "sortOrder"),
    "stateFilter",
)
_STATES: Final = {
    **{"alerting": "firing", "pending": "pending", "no_data": "noData"},
    **{"execution_error": "error", "ok": "normal"},
}
_OF_DASHBOARDS: Final = {
    "headings": "showHeadings",
    "limit": "maxItems",
    "query": "query",
    "recent": "showRecentlyViewed",
    "search": "showSearch",
    "starred": "showStarred",
    "tags": "tags",
}


def alert_list(panel: Json) -> Json:
    """The list of firing alerts; since Grafana 11 there is none of changes, or by tags."""
    if not any(name in panel for name in _OF_ALERTS):
        return panel
    if panel.get("show") not in (None, "current"):
        raise refused(panel, "Grafana 12 has no list of recent changes of alerts")
    if panel.get("dashboardTags"):
        raise refused(panel, "Grafana 12 has no list of alerts by the tags of dashboards")
    states = [str(each) for each in panel.get("stateFilter") or ()]
    if unknown := [each for each in states if each not in _STATES]:
        raise refused(panel, f"alerts of Grafana 12 have no state {', '.join(unknown)}")
    options = panel.get("options") or {}
    own: Json = {
        "alertInstanceLabelFilter": "",
        "alertName": options.get("alertName") or panel.get("nameFilter") or "",
        "dashboardAlerts": panel.get("onlyAlertsOnDashboard") is True,
        "groupBy": [],
        "groupMode": "default",
        "maxItems": panel.get("limit") or 10,
        "sortOrder": panel.get("sortOrder") or 1,
        "stateFilter": {new: not states or old in states for old, new in _STATES.items()},
        "viewMode": "list",
    }
    rest = {name: value for name, value in panel.items() if name not in _OF_ALERTS}
    return {**rest, "options": {**own, **{k: v for k, v in options.items() if k not in own}}}


def dashboard_list(panel: Json) -> Json:
    """The list of dashboards with its options among the options."""
    old = [name for name in _OF_DASHBOARDS if name in panel]
    if not old:
        return panel
    options = {_OF_DASHBOARDS[name]: panel[name] for name in old}
    rest = {name: value for name, value in panel.items() if name not in _OF_DASHBOARDS}
    return {**rest, "options": {**options, **(panel.get("options") or {})}}
