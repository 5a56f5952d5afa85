"""What can be read of an answer in which a value is odd.

The decoder refuses an answer as a whole where one value in it is not of its type or out of range.
Here the answer is taken apart instead, so that what is odd is left out and nothing else. That is
slower: it is for answers that the decoder refused.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, TypeVar, get_args

import msgspec

from obs.errors import SourceError

ODD: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises for an answer that it cannot read."""

MAX_DEPTH: Final = 64  # levels of nesting; an answer of nats-server has fewer than 20
_ABSENT: Final = msgspec.Raw()
_ESCAPES: Final = re.compile(
    rb"\\(?:(?P<pair>u[dD][89abAB]..\\u[dD][c-fC-F]..)|(?P<half>u[dD][89a-fA-F]..)|.)", re.DOTALL
)
_TOKENS: Final = re.compile(rb'"[^"]*"?|[\[{]|[\]}]')
"""In a body without escapes."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)
Parts = dict[str, msgspec.Raw]


def decode(
    decoder: msgspec.json.Decoder[_Struct],
    body: bytes,
    server: str,
    tolerantly: Callable[[bytes], _Struct] | None = None,
) -> _Struct:
    """An answer of a server; where the decoder refuses it, what `tolerantly` makes of it.

    By default that leaves out the fields that cannot be read. Raises SourceError(decode) where it
    raises one of ODD.
    """
    with contextlib.suppress(*ODD):
        return decoder.decode(body)
    read = tolerantly or (lambda text: lenient(decoder.type, text))
    try:
        try:
            return read(body)
        except msgspec.ValidationError:
            raise
        except ODD:
            return read(_flat(_ESCAPES.sub(_escape, body)))
    except ODD as error:
        raise SourceError("decode", f"{server}: not a response of nats-server: {error}") from None


def lenient(kind: type[_Struct], body: bytes | msgspec.Raw) -> _Struct:
    """A `kind` from the fields that can be read; the others have their defaults.

    Raises one of ODD where it is no object, or a field without a default cannot be read.
    """
    return kind(**dict(_readable(kind, parts(kind, body))))


def strict(kind: type[msgspec.Struct], found: Parts) -> dict[str, Any]:
    """The fields of a `kind`; raises ValidationError that names the first that cannot be read."""
    fields = msgspec.structs.fields(kind)
    wanted = [each.name for each in fields if each.required or each.name in found]
    return {name: value(kind, name, found) for name in wanted}


def value(kind: type[msgspec.Struct], name: str, found: Parts) -> Any:
    """One field of a `kind`. Raises ValidationError that names it."""
    try:
        return _types(kind)[name].decode(found[name])
    except KeyError:
        raise msgspec.ValidationError(f"{name}: missing") from None
    except ODD as error:
        problem, _, path = str(error).partition(" - at `$")
        raise msgspec.ValidationError(f"{name}{path.rstrip('`')}: {problem}") from None


def parts(kind: type[msgspec.Struct], body: bytes | msgspec.Raw) -> Parts:
    """The fields of a `kind` that are there, undecoded. Raises one of ODD where it is no object."""
    each = msgspec.structs.asdict(_undecoded(kind).decode(body))
    return {name: raw for name, raw in each.items() if raw is not _ABSENT}


def items(raw: msgspec.Raw | None) -> tuple[msgspec.Raw, ...]:
    """The undecoded items of a list; none where it is null or absent."""
    return msgspec.json.decode(raw, type=tuple[msgspec.Raw, ...] | None) or () if raw else ()


def _readable(kind: type[msgspec.Struct], found: Parts) -> Iterator[tuple[str, object]]:
    for field in msgspec.structs.fields(kind):
        try:
            if field.required or field.name in found:
                yield field.name, value(kind, field.name, found)
        except msgspec.ValidationError:
            inner = _struct_in(field.type)
            if field.required:
                raise
            if inner is not None and bytes(found[field.name]).startswith(b"{"):
                yield field.name, lenient(inner, found[field.name])


def _struct_in(kind: object) -> type[msgspec.Struct] | None:
    """The struct that a field holds, or may hold."""
    for each in (kind, *get_args(kind)):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None


@cache
def _types(kind: type[msgspec.Struct]) -> dict[str, msgspec.json.Decoder[object]]:
    return {each.name: msgspec.json.Decoder(each.type) for each in msgspec.structs.fields(kind)}


@cache
def _undecoded(kind: type[msgspec.Struct]) -> msgspec.json.Decoder[msgspec.Struct]:
    """Decodes the fields of `kind` to Raw; unlike a dict, it skips keys that are not UTF-8."""
    names = [(name, msgspec.Raw, _ABSENT) for name in kind.__struct_fields__]
    return msgspec.json.Decoder(msgspec.defstruct(f"Undecoded{kind.__name__}", names))


def _escape(found: re.Match[bytes]) -> bytes:
    """An escape in a string; half of a surrogate pair, which is no character, as Go writes it."""
    return b"\\ufffd" if found["half"] else found[0]


def _flat(body: bytes) -> bytes:
    """The body with null instead of whatever is nested deeper than MAX_DEPTH.

    The decoder calls itself for each level, and so cannot even skip what is nested deeply.
    """
    kept: list[bytes] = []
    depth = begin = 0
    # As long as the body. A pattern that takes escapes too would keep a place for each of them.
    plain = body.replace(rb"\\", b"__").replace(rb"\"", b"__")
    for token in _TOKENS.finditer(plain):
        first = body[token.start()]
        if first in b"[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept += [body[begin : token.start()], b"null"]
        elif first in b"]}":
            depth -= 1
            if depth == MAX_DEPTH:
                begin = token.end()
    return b"".join([*kept, body[begin:]]) if depth <= MAX_DEPTH else b""
