"""Plain JSON values out of what grafanalib's objects give, and what nulls in them mean."""

import math
from collections.abc import Mapping
from typing import Any, Final

from obs.errors import BadInput

Json = dict[str, Any]

_EXACT: Final = 2**53  # whole numbers below it are the same in JavaScript


def plain(value: object) -> Any:
    """A copy of plain dicts, lists, texts and numbers; whole floats become integers.

    Objects tell their JSON by `to_json_data`, as grafanalib's do. Minus infinity, the value of a
    first threshold, becomes null. Raises BadInput for what JSON cannot say.
    """
    if hasattr(value, "to_json_data"):
        return plain(value.to_json_data())
    match value:
        case None | bool() | str() | int():
            return value
        case float():
            return _number(value)
        case Mapping():
            return {str(key): plain(below) for key, below in value.items()}
        case list() | tuple():
            return [plain(below) for below in value]
        case _:
            raise BadInput(f"dashboard: {value!r} is not JSON")


def canonical(value: Any, under: str = "") -> Any:
    """The value with keys sorted and without nulls, save those that say something."""
    match value:
        case dict():
            return {
                key: canonical(below, key)
                for key, below in sorted(value.items())
                if below is not None or _is_said(key, value, under)
            }
        case list():
            return [canonical(below, under) for below in value]
        case _:
            return value


def _number(value: float) -> float | None:
    if value == -math.inf:
        return None
    if not math.isfinite(value):
        raise BadInput(f"dashboard: {value} is not a number in JSON")
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _is_said(key: str, whole: Json, under: str) -> bool:
    """Null is minus infinity in a first threshold, and no bound in a mapping of a range."""
    return (under == "steps" and key == "value") or (key in ("from", "to") and "result" in whole)
