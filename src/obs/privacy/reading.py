"""Payloads in a file or a stream: one JSON document, or one payload a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from obs.bounded_json import UnreadableJson
from obs.privacy.payload import MOST_BYTES, as_json

_BLANK: Final = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Read:
    """A payload; `line` from 1, None where it is the whole document. `whole` is false of a line
    that is longer than a payload may be: it comes in parts."""

    line: int | None
    payload: bytes
    whole: bool = True


def payloads(stream: BinaryIO, most: int = MOST_BYTES) -> Iterator[Read]:
    """The payloads of a stream, as they come; at most `most` bytes are held.

    It is one document where its first line begins one that only all lines together complete.
    """
    first = stream.readline(most + 1)
    begun = first
    if _begins_document(first):
        begun += stream.read(most - len(first)) if len(first) < most else b""
        if _is_json(begun) and not (rest := stream.read(1)):
            yield Read(None, begun.strip(_BLANK))
            return
        begun += rest if _is_json(begun) else b""
    yield from _lines(begun, stream, most)


def _lines(begun: bytes, stream: BinaryIO, most: int) -> Iterator[Read]:
    number = 1
    *complete, last = begun.splitlines(keepends=True) or [b""]
    for line in complete:
        yield Read(number, line.rstrip(b"\r\n"))
        number += 1
    line = last
    if not line.endswith(b"\n"):
        line += stream.readline(max(most + 1 - len(line), 0))
    while line:
        whole = line.endswith(b"\n") or len(line) <= most
        yield Read(number, line.rstrip(b"\r\n"), whole)
        number += line.endswith(b"\n")
        line = stream.readline(most + 1)


def _begins_document(line: bytes) -> bool:
    text = line.strip(_BLANK)  # a log may begin with [INFO]
    opens = text[:1] in (b"{", b"[") and text[-1:] in (b"{", b"[", b",")
    return opens and not _is_json(text)


def _is_json(text: bytes) -> bool:
    try:
        as_json(text)
    except UnreadableJson:
        return False
    return True
