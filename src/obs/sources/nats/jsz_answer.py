"""An answer of /jsz, decoded; what is odd in it stands in it as unreadable."""

import contextlib
from typing import Final, TypeVar

import msgspec

from obs.errors import SourceError
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import (
    AccountReport,
    ConsumerReport,
    Jsz,
    StreamReport,
    UnreadableConsumer,
    UnreadableStream,
)

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

MOST_OBJECTS: Final = 2_000_000  # 100 000 consumers of three replicas have fewer than 1 000 000
_LARGE: Final = 16 << 20  # bytes; shorter answers are not looked through
_JSZ: Final = msgspec.json.Decoder(Jsz)
_ACCOUNT: Final = msgspec.json.Decoder(AccountReport)
_STREAM: Final = msgspec.json.Decoder(StreamReport)
_CONSUMER: Final = msgspec.json.Decoder(ConsumerReport)


def decode_jsz(body: bytes, server: str) -> Jsz:
    """Raises SourceError(decode) where it is not an answer of /jsz, or has too many objects."""
    check_objects(body, server)
    return tolerant.decode(_JSZ, body, server, _jsz)


def check_objects(body: bytes, server: str) -> None:
    """Raises SourceError(decode) where there are too many objects: in memory each is many times as
    large as the shortest one in the answer."""
    if len(body) > _LARGE and body.count(b"{") > MOST_OBJECTS:
        raise SourceError(
            "decode",
            f"{server}: more than {MOST_OBJECTS} objects in {len(body) / 1e6:.0f} MB; those of "
            "nats-server are longer: look at what answers there",
        )


def _jsz(body: bytes) -> Jsz:
    details = tolerant.items(tolerant.parts(Jsz, body).get("account_details"))
    accounts = tuple(_account(i, each) for i, each in enumerate(details, 1))
    return msgspec.structs.replace(tolerant.lenient(Jsz, body), account_details=accounts)


def _account(number: int, raw: msgspec.Raw) -> AccountReport:
    """The account; where its own values are odd, all its streams are unreadable."""
    with contextlib.suppress(*tolerant.ODD):
        return _ACCOUNT.decode(raw)
    name = _nameless(number)
    streams: tuple[StreamReport, ...] = (UnreadableStream(_nameless(1)),)
    try:
        found = tolerant.parts(AccountReport, raw)
        name = _name(AccountReport, found) or name
        details = tolerant.items(found.pop("stream_detail", None))
        streams = tuple(stream_report(i, each) for i, each in enumerate(details, 1))
        return AccountReport(**tolerant.strict(AccountReport, found), stream_detail=streams)
    except tolerant.ODD as error:
        why = f"account: {error}"
    unread = (UnreadableStream(s.name, consumer_detail=s.consumer_detail, why=why) for s in streams)
    return AccountReport(name, stream_detail=tuple(unread))


def stream_report(number: int, raw: msgspec.Raw) -> StreamReport:
    """The stream; where a value in it is odd, what stands for it. `number` is its place."""
    with contextlib.suppress(*tolerant.ODD):
        return _STREAM.decode(raw)
    name = _nameless(number)
    try:
        found = tolerant.parts(StreamReport, raw)
        name = _name(StreamReport, found) or name
        details = tolerant.items(found.pop("consumer_detail", None))
    except tolerant.ODD as error:
        return UnreadableStream(name, why=f"consumer_detail: {error}")
    consumers = tuple(consumer_report(i, each) for i, each in enumerate(details, 1))
    return _report(StreamReport, UnreadableStream, name, found, consumer_detail=consumers)


def consumer_report(number: int, raw: msgspec.Raw) -> ConsumerReport:
    """The consumer; where a value in it is odd, what stands for it. `number` is its place."""
    with contextlib.suppress(*tolerant.ODD):
        return _CONSUMER.decode(raw)
    try:
        found = tolerant.parts(ConsumerReport, raw)
    except tolerant.ODD as error:
        return UnreadableConsumer(_nameless(number), "", why=str(error))
    name = _name(ConsumerReport, found) or _nameless(number)
    return _report(ConsumerReport, UnreadableConsumer, name, found)


def _report(
    kind: type[_Struct],
    unreadable: type[_Struct],
    name: str,
    found: tolerant.Parts,
    **details: object,
) -> _Struct:
    """The report, or what stands for it where a value in it is odd."""
    try:
        return kind(**tolerant.strict(kind, found), **details)
    except msgspec.ValidationError as error:
        why = str(error)
    settings = found.pop("config", None)
    with contextlib.suppress(msgspec.ValidationError):
        if settings is not None:
            return unreadable(**tolerant.strict(kind, found), **details, why=why)
    cluster = None
    with contextlib.suppress(msgspec.ValidationError):  # without it, any server may lead
        cluster = tolerant.value(kind, "cluster", found)
    return unreadable(name, created="", cluster=cluster, **details, why=why)


def _name(kind: type[msgspec.Struct], found: tolerant.Parts) -> str:
    with contextlib.suppress(msgspec.ValidationError):
        return str(tolerant.value(kind, "name", found))
    return ""


def _nameless(number: int) -> str:
    """What stands for the name of the n-th of a list; no name of NATS has a space."""
    return f"(nameless {number})"
