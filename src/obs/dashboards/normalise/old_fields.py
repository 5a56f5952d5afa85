"""What the panel types of before have in common, and how the types of today say it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from obs.dashboards.normalise.plain import Json
from obs.errors import BadInput

WITHOUT_ALERTS: Final = "alerts in panels were removed in Grafana 11; make an alert rule of it"

_OF_EVERY_PANEL: Final = (
    *("cacheTimeout", "datasource", "description", "gridPos", "height", "hideTimeOverride", "id"),
    *("interval", "libraryPanel", "links", "maxDataPoints", "maxPerRow", "repeat"),
    *("repeatDirection", "span", "targets", "timeFrom", "timeShift", "title", "transformations"),
    "transparent",
)


def base(
    panel: Json, kind: str, defaults: Json, options: Json, overrides: Sequence[Json] = ()
) -> Json:
    """The panel as one of another type: what every panel has, and the given fields and options.

    Overrides that the panel has in the form of today stay, behind the given ones.
    """
    config = panel.get("fieldConfig") or {}
    own = [each for each in config.get("overrides") or () if isinstance(each, dict)]
    links = (config.get("defaults") or {}).get("links")
    whole: Json = {name: panel[name] for name in _OF_EVERY_PANEL if name in panel}
    return {
        **whole,
        "type": kind,
        "fieldConfig": {
            "defaults": {"links": links, **defaults},
            "overrides": [*overrides, *own],
        },
        "options": options,
    }


def refused(panel: Json, why: str) -> BadInput:
    """The reason why a panel cannot become one of today."""
    return BadInput(f"panel {panel.get('title') or panel.get('type')!r}: {why}")


def steps_of(panel: Json, values: Sequence[float], colours: Sequence[str]) -> list[Json]:
    """Threshold steps: the first colour is that below the first value."""
    if values and len(colours) <= len(values):
        raise refused(panel, f"{len(values)} thresholds need {len(values) + 1} colors")
    if not colours:
        return []
    steps: list[Json] = [{"color": colours[0], "value": None}]
    pairs = zip(colours[1:], values, strict=False)
    return [*steps, *({"color": colour, "value": value} for colour, value in pairs)]


def by_alias(alias: str, properties: Mapping[str, Any]) -> Json:
    """An override of the series of this name, or of those that /a regular expression/ matches."""
    pattern = len(alias) > 1 and alias.startswith("/") and alias.rstrip("gimsuy").endswith("/")
    return {
        "matcher": {"id": "byRegexp" if pattern else "byName", "options": alias},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def fixed_colours(aliases: Mapping[str, Any] | None) -> list[Json]:
    """An override for each series with a colour of its own."""
    return [
        by_alias(str(name), {"color": {"fixedColor": colour, "mode": "fixed"}})
        for name, colour in (aliases or {}).items()
    ]
