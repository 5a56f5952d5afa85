"""Metadata that the owners of streams and consumers give them: labels, and thresholds."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

import msgspec

from obs.redaction.text import one_line
from obs.sources.nats import tolerant

MONITOR: Final = b"io.nats.monitor."

_LONGEST: Final = 200  # characters of a value
_METADATA: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)
_VALUE: Final = msgspec.json.Decoder(str)


def chosen(metadata: msgspec.Raw, keys: Sequence[str]) -> tuple[str, ...]:
    """The values of these keys, empty where there is none; nothing where none of them is there.

    Secrets are replaced, and control characters shown as escapes. What cannot be read is not there.
    """
    if not keys:
        return ()
    try:
        found = _METADATA.decode(metadata) or {}
    except tolerant.ODD:
        return ()
    values = tuple(_text(found.get(key)) for key in keys)
    return values if any(values) else ()


def _text(raw: msgspec.Raw | None) -> str:
    return one_line((raw is not None and _string(raw)) or "", _LONGEST)


MOST_KEYS: Final = 64
LONGEST_KEY: Final = 256
LONGEST_VALUE: Final = 1_024


def thresholds_in(metadata: msgspec.Raw) -> dict[str, str]:
    """Metadata in which there are thresholds, within bounds; empty where there are none."""
    if MONITOR not in bytes(metadata):
        return {}
    try:
        found = _METADATA.decode(metadata) or {}
    except tolerant.ODD:
        return {}
    return bounded({key: text for key, raw in found.items() if (text := _string(raw)) is not None})


def bounded(metadata: Mapping[str, str]) -> dict[str, str]:
    """The first MOST_KEYS in the order of their names; without what is too long."""
    fitting = (
        (key, value)
        for key, value in sorted(metadata.items())
        if len(key) <= LONGEST_KEY and len(value) <= LONGEST_VALUE
    )
    return dict(islice(fitting, MOST_KEYS))


def _string(raw: msgspec.Raw) -> str | None:
    try:
        return _VALUE.decode(raw)
    except tolerant.ODD:
        return None
