"""A payload as it is published, read as JSON, text or bytes."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, Final

from obs.bounded_json import MOST_LEVELS, UnreadableJson, load_json
from obs.errors import BadInput

MOST_BYTES: Final = 4_000_000
"""Of a payload that is changed or judged as a whole."""


_SIZED: Final = (str, bytes, bytearray, memoryview, dict, list, tuple)
DATA: Final = "data_base64"
"""Where a CloudEvent in JSON has data that is no JSON."""


def as_json(text: str | bytes) -> Any:
    """The object or list of a text. Raises UnreadableJson, also where an object has a name twice:
    JSON's reader would hide one of the values, which would be published all the same."""
    begin = text.lstrip()[:1]
    if begin not in ("{", "[", b"{", b"["):
        raise UnreadableJson("is no object and no list")
    return load_json(text, pairs=_each_once)


def check_size(payload: Any, most: int = MOST_BYTES) -> None:
    """Raises BadInput for a payload of more than `most` bytes, characters or values."""
    size, level = 0, [payload]
    for _ in range(MOST_LEVELS + 1):
        inner: list[Any] = []
        for each in level:
            size += len(each) if isinstance(each, _SIZED) else 1
            if size > most:
                raise BadInput(f"the payload is larger than {most / 1e6:g} MB")
            if isinstance(each, dict):
                inner += (*each, *each.values())
            elif isinstance(each, list | tuple):
                inner += each
        level = inner


def written(value: Any) -> str:
    """The value as JSON in one line."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(value, separators=(",", ":"))
    return text


def event_with_data(
    value: Any, others: Callable[[Any], Any], data: Callable[[bytes], bytes]
) -> Any:
    """A value of JSON changed by `others`; in a CloudEvent, data in base64 by `data`: it is looked
    at as what it is, not as text."""
    plain = _data_of(value)
    if plain is None:
        return others(value)
    changed = data(plain)
    same = value[DATA] if changed == plain else base64.b64encode(changed).decode()
    rest = {name: each for name, each in value.items() if name != DATA}
    return {**others(rest), DATA: same}


def _data_of(value: Any) -> bytes | None:
    if not isinstance(value, dict) or "specversion" not in value:
        return None
    data = value.get(DATA)
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else None
    except (binascii.Error, ValueError):
        return None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableJson("has a name twice")
    return found
