"""The JSON of another system, decoded once for every client."""

from typing import Any, Final

import msgspec

from obs.errors import SourceError

MAX_DEPTH: Final = 100  # levels of nesting; what these systems send has fewer than 30
_CONTAINERS: Final = (dict, list)


def decode_json(body: bytes, where: str) -> Any:
    """The value of a JSON text in UTF-8. Of a key that is there twice, the last counts.

    Raises SourceError(decode), beginning with `where`, for anything else: NaN, numbers beyond
    those of a double, half of a surrogate pair, and what is nested deeper than MAX_DEPTH.
    """
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise _too_deep(where) from None
    except (msgspec.DecodeError, ValueError):
        raise SourceError("decode", f"{where}: response is not JSON") from None
    if _is_deep(value):
        raise _too_deep(where)
    return value


def _too_deep(where: str) -> SourceError:
    return SourceError("decode", f"{where}: response is JSON nested deeper than {MAX_DEPTH} levels")


def _is_deep(value: Any) -> bool:
    """Goes down level by level: whoever reads the value afterwards may call itself for each."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for each in level
            if isinstance(each, _CONTAINERS)
            for item in (each.values() if isinstance(each, dict) else each)
            if isinstance(item, _CONTAINERS)
        ]
        if not level:
            return False
    return True
