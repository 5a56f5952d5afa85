"""An answer of /jsz, decoded; what is odd in it stands in it as unreadable."""

import contextlib
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from obs.errors import SourceError
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import (
    AccountReport,
    AssetName,
    ConsumerReport,
    Count,
    ElsewhereStream,
    Jsz,
    StreamReport,
    UnreadableConsumer,
    UnreadableStream,
)

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

Wanted = Callable[[str, str], bool]


class _Account(AccountReport, frozen=True, gc=False):
    """An account whose streams are not read yet."""

    stream_detail: tuple[msgspec.Raw, ...] | None = None  # type: ignore[assignment]


class _Partly(Jsz, frozen=True, gc=False):
    """An answer whose streams are not read yet."""

    account_details: tuple[_Account, ...] | None = None


class _Named(msgspec.Struct, frozen=True, gc=False):
    name: AssetName
    state: msgspec.Raw = msgspec.Raw(b"{}")


class _Held(msgspec.Struct, frozen=True, gc=False):
    consumer_count: Count = 0


MOST_OBJECTS: Final = 2_000_000  # 100 000 consumers of three replicas have fewer than 1 000 000
_LARGE: Final = 16 << 20  # bytes; shorter answers are not looked through
_JSZ: Final = msgspec.json.Decoder(Jsz)
_PARTLY: Final = msgspec.json.Decoder(_Partly)
_NAME: Final = msgspec.json.Decoder(_Named)
_HELD: Final = msgspec.json.Decoder(_Held)
_ACCOUNT: Final = msgspec.json.Decoder(AccountReport)
_STREAM: Final = msgspec.json.Decoder(StreamReport)
_CONSUMER: Final = msgspec.json.Decoder(ConsumerReport)


def decode_jsz(body: bytes, server: str, wanted: Wanted | None = None) -> Jsz:
    """Raises SourceError(decode) where it is not an answer of /jsz, or has too many objects: in
    memory each is many times as large as the shortest one in the answer.

    `wanted`: which streams to read, given the account's id and the name; of others only the name
    and the number of consumers are.
    """
    if wanted is not None:
        return _partly(body, server, wanted)
    check_objects(body, server)
    return tolerant.decode(_JSZ, body, server, _jsz)


def check_objects(body: bytes, server: str) -> None:
    """Raises SourceError(decode) where there are too many objects: in memory each is many times as
    large as the shortest one in the answer."""
    if len(body) > _LARGE and body.count(b"{") > MOST_OBJECTS:
        raise _too_many(server, len(body))


def _too_many(server: str, length: int) -> SourceError:
    return SourceError(
        "decode",
        f"{server}: more than {MOST_OBJECTS} objects in {length / 1e6:.0f} MB; those of "
        "nats-server are longer: look at what answers there",
    )


def _partly(body: bytes, server: str, wanted: Wanted) -> Jsz:
    """Where an account or its list is odd, all is read before what is not wanted is dropped."""
    try:
        told = _PARTLY.decode(body)
    except tolerant.ODD:
        whole = decode_jsz(body, server)
        accounts = tuple(_dropped(each, wanted) for each in whole.account_details or ())
        return msgspec.structs.replace(whole, account_details=accounts)
    read = [_read(each, wanted) for each in told.account_details or ()]
    if len(body) > _LARGE:
        mine = (raw for _, streams in read for raw in streams if isinstance(raw, msgspec.Raw))
        if sum(bytes(raw).count(b"{") for raw in mine) > MOST_OBJECTS:
            raise _too_many(server, len(body))
    found = tuple(_report_of(account, streams) for account, streams in read)
    fields = {name: getattr(told, name) for name in Jsz.__struct_fields__}
    return Jsz(**{**fields, "account_details": None if told.account_details is None else found})


_Streams = list[msgspec.Raw | ElsewhereStream]


def _read(account: _Account, wanted: Wanted) -> tuple[_Account, _Streams]:
    """An account with its streams: what is to be read of them, or what stands for them."""
    key, streams = account.id or account.name, _Streams()
    for raw in account.stream_detail or ():
        try:
            named = _NAME.decode(raw)
        except tolerant.ODD:  # what is odd about it is told when it is read
            streams.append(raw)
        else:
            mine = wanted(key, named.name)
            streams.append(raw if mine else _unread(named))
    return account, streams


def _unread(named: _Named) -> ElsewhereStream:
    """What stands for it; without consumers where their number is odd, which its shard tells."""
    with contextlib.suppress(*tolerant.ODD):
        return ElsewhereStream(named.name, consumers=_HELD.decode(named.state).consumer_count)
    return ElsewhereStream(named.name)


def _report_of(account: _Account, streams: _Streams) -> AccountReport:
    reports = tuple(
        each if isinstance(each, ElsewhereStream) else stream_report(number, each)
        for number, each in enumerate(streams, 1)
    )
    fields = {name: getattr(account, name) for name in AccountReport.__struct_fields__}
    told = None if account.stream_detail is None else reports
    return AccountReport(**{**fields, "stream_detail": told})


def _dropped(account: AccountReport, wanted: Wanted) -> AccountReport:
    key = account.id or account.name
    streams = tuple(
        each if wanted(key, each.name) else _elsewhere(each) for each in account.stream_detail or ()
    )
    return msgspec.structs.replace(account, stream_detail=streams)


def _elsewhere(stream: StreamReport) -> ElsewhereStream:
    listed = len(stream.consumer_detail or ())
    return ElsewhereStream(stream.name, consumers=max(stream.state.consumer_count, listed))


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
