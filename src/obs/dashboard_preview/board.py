"""A dashboard's JSON read as the preview needs it."""

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
    """The queries of a panel that are asked."""
    return [
        target
        for target in panel.get("targets") or []
        if target.get("expr") and not target.get("hide")
    ]


def variables(board: Json) -> list[Json]:
    """The variables of a dashboard, in order."""
    return list((board.get("templating") or {}).get("list") or [])


def defaults(panel: Json) -> Json:
    """What holds for all fields of a panel."""
    found: Json = (panel.get("fieldConfig") or {}).get("defaults") or {}
    return found


def empty_text(panel: Json) -> str:
    """What a panel shows where there is nothing."""
    return str(defaults(panel).get("noValue") or "No data")
