"""A payload as it is published, read as JSON, text or bytes."""

import json
from typing import Any, Final

from obs.bounded_json import UnreadableJson, load_json

MOST_BYTES: Final = 4_000_000
"""Of a payload that is changed or judged as a whole."""


def as_json(text: str | bytes) -> Any:
    """The object or list of a text. Raises UnreadableJson, also where an object has a name twice:
    JSON's reader would hide one of the values, which would be published all the same."""
    begin = text.lstrip()[:1]
    if begin not in ("{", "[", b"{", b"["):
        raise UnreadableJson("is no object and no list")
    return load_json(text, pairs=_each_once)


def written(value: Any) -> str:
    """The value as JSON in one line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(value, separators=(",", ":"))
    return text


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableJson("has a name twice")
    return found
