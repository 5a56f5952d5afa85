"""Parts of a dashboard's JSON."""

from collections.abc import Mapping
from typing import Any, Final

Json = Mapping[str, Any]

COLUMNS: Final = 24


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
