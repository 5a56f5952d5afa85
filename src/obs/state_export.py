"""A state file as lines of JSON: to keep, to compare, and to move to another machine.

The first line says what it is; then one for each entry, its value in base64, and one for each
ledger of an SLO with its buckets. What is damaged in the file is left out.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Final

import msgspec

from obs.errors import BadInput
from obs.state import BucketRow, State, is_bucket

FORMAT: Final = 1
_FEWEST: Final = 2  # lines: the head, and something


class _Head(msgspec.Struct, tag="obs-state", forbid_unknown_fields=True):
    format: int


class _Entry(msgspec.Struct, tag="entry", forbid_unknown_fields=True):
    kind: Annotated[str, msgspec.Meta(max_length=256)]
    key: Annotated[str, msgspec.Meta(max_length=4_096)]
    value: str


class _Ledger(msgspec.Struct, tag="ledger", forbid_unknown_fields=True):
    slo: Annotated[str, msgspec.Meta(max_length=4_096)]
    buckets: list[BucketRow]


_Line = _Head | _Entry | _Ledger
_DECODER: Final[msgspec.json.Decoder[_Line]] = msgspec.json.Decoder(_Line)


SLO: Final = "slo"
"""The kind of what belongs to a ledger."""

Wanted = Callable[[str, str], bool]
"""Whether to take what is under a kind and a key; of a ledger, SLO and its name."""


def _everything(_: str, __: str) -> bool:
    return True


def exported(state: State, wanted: Wanted = _everything) -> Iterator[bytes]:
    """The lines of a state, each with its line end; the same bytes for the same state."""
    yield _line(_Head(FORMAT))
    for kind in state.kinds():
        for key, value in sorted(state.entries(kind).items()):
            if wanted(kind, key):
                yield _line(_Entry(kind, key, base64.b64encode(value).decode()))
    for slo in state.ledgers():
        if wanted(SLO, slo):
            yield _line(_Ledger(slo, sorted(state.buckets(slo))))


def take(
    state: State, lines: Iterable[bytes], where: str, wanted: Wanted = _everything
) -> tuple[int, int]:
    """Put what is exported into a state; gives how many entries and ledgers that were.

    Raises BadInput naming the line of `where` that is none; nothing is flushed then.
    """
    entries = ledgers = number = 0
    for number, line in enumerate(lines, 1):
        found = _decoded(line, f"{where}:{number}")
        if number == 1:
            if not isinstance(found, _Head) or found.format != FORMAT:
                raise BadInput(f"{where}:1: no export of `obs state export`, or of a later version")
        elif isinstance(found, _Entry):
            value = _value(found, f"{where}:{number}")
            if wanted(found.kind, found.key):
                state.put(found.kind, found.key, value)
                entries += 1
        elif isinstance(found, _Ledger):
            if wrong := next((each for each in found.buckets if not is_bucket(*each)), None):
                raise BadInput(f"{where}:{number}: {list(wrong)} cannot be a bucket")
            if wanted(SLO, found.slo):
                state.put_buckets(found.slo, found.buckets)
                ledgers += 1
        else:
            raise BadInput(f"{where}:{number}: a second head; is the file two exports?")
    if number < _FEWEST:
        raise BadInput(f"{where}: holds no state")
    return entries, ledgers


def _line(each: _Line) -> bytes:
    return msgspec.json.encode(each) + b"\n"


def _decoded(line: bytes, where: str) -> _Line:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{where}: no line of an export: {error}") from None


def _value(entry: _Entry, where: str) -> bytes:
    try:
        return base64.b64decode(entry.value, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput(f"{where}: the value is no base64") from None
