"""Parts of a dashboard's JSON."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

COLUMNS: Final = 24


def panels(board: Json) -> Iterator[Json]:
    """Every panel, those of collapsed rows included, rows too."""
    for panel in board.get("panels") or []:
        yield panel
        if panel.get("type") == "row":
            yield from panel.get("panels") or []


def targets(panel: Json) -> list[Json]:
    """The queries of a panel that are sent to Prometheus."""
    return [
        target
        for target in panel.get("targets") or []
        if target.get("expr") and not target.get("hide")
    ]


def variables(board: Json) -> list[Json]:
    """The variables of a dashboard, in order."""
    return list((board.get("templating") or {}).get("list") or [])


def defaults(panel: Json) -> Json:
    """The field defaults of a panel."""
    found: Json = (panel.get("fieldConfig") or {}).get("defaults") or {}
    return found


def empty_text(panel: Json) -> str:
    """The text of a panel without data."""
    return str(defaults(panel).get("noValue") or "No data")
