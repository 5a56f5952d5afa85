"""A NATS cluster: what its servers or one of its accounts tell, as the draft of a source."""

import asyncio
import contextlib
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from obs.clients.http import Http
from obs.clients.nats import denied_subjects
from obs.clients.nats_session import Connected, NatsSession, NobodyAnswers
from obs.durations import format_duration
from obs.errors import BadInput, SourceError
from obs.first_spec.draft import Draft, Field, Unseen, Value
from obs.first_spec.hints import with_hint
from obs.first_spec.nats_slos import proposed
from obs.first_spec.options import Options
from obs.first_spec.validated import validated
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats import subjects
from obs.sources.nats.opened import open_cluster
from obs.sources.nats.permissions import rights
from obs.sources.nats.varz import decode_varz
from obs.spec.nats import NatsSource
from obs.spec.nats_login import NatsLogin

EXAMPLE: Final = """\
  # nats:
  #   main:                               # a name that you choose: the label nats="main"
  #     monitor: [http://localhost:8222]  # the servers' monitoring port"""

LOCAL: Final = "http://127.0.0.1:8222"
"""Where a server on this machine has its monitoring port, unless it says otherwise."""

_NAME: Final = "main"
_MONITORING: Final = ("http", "https")
_CLIENT: Final = ("nats", "tls")
_GLOBAL: Final = "$G"  # the account of servers without accounts
_USER_INFO: Final = "$SYS.REQ.USER.INFO"
_NO_MONITORING: Final = (
    "a server has a monitoring port where it is started with -m 8222 or has http_port; otherwise "
    "give its client address, nats://HOST:4222"
)
_SIGN_IN: Final = (
    "check --user and --password-file, --token-file, --credentials-file or --nkey-file"
)
_PERMISSIONS: Final = "obs nats permissions"
_PATIENCE: Final = 2.0  # seconds to wait for an answer that only the system account gets
_MOST_NOTES: Final = 40
_Fields = dict[str, Any]


def look(options: Options) -> Iterator[Draft]:
    """The source for the addresses, if any are given.

    Raises BadInput for what cannot be an address, and SourceError where nothing answers.
    """
    if options.nats:
        yield _draft(*_ways(options))


def _ways(options: Options) -> tuple[_Fields, _Fields]:
    """The fields of the monitoring addresses, and those of a login with the client addresses."""
    monitor = [each for each in options.nats if urlsplit(each).scheme in _MONITORING]
    client = [each for each in options.nats if urlsplit(each).scheme in _CLIENT]
    for each in options.nats:
        if each not in monitor and each not in client:
            raise BadInput(
                f"--nats {each}: write the monitoring address, http://HOST:8222, or the client "
                "address, nats://HOST:4222"
            )
    tls: _Fields = {"tls": dict(options.tls)} if options.tls else {}
    if client:
        fields = {"servers": client, **options.login, **tls}
        return ({"monitor": monitor} if monitor else {}), fields
    login = {"monitor_login": dict(options.login)} if options.login else {}
    return {"monitor": monitor, **login, **tls}, {}


def _draft(monitor: _Fields, login: _Fields) -> Draft:
    fields = dict(monitor)
    unseen: list[Unseen] = []
    if login:
        way, lacking = _signed_in(login, alone=not monitor)
        fields |= way
        unseen += lacking
    spec = validated(NatsSource, fields, "--nats")
    snapshot = _polled(spec, unseen)
    if snapshot is not None:
        unseen += _incomplete(snapshot)
    return Draft(
        "nats",
        _NAME,
        (*_written(fields), *_further(fields, snapshot)),
        _saw(snapshot) if snapshot else "nothing could be read: see what `obs init` said",
        tuple(proposed(_NAME, snapshot, hears=spec.heard_accounts)) if snapshot else (),
        tuple(unseen),
    )


def _polled(spec: NatsSource, unseen: Sequence[Unseen]) -> NatsSnapshot | None:
    """One poll; None where a right is missing that it needs."""
    with closing(open_cluster(_NAME, spec, time.time)) as cluster:
        try:
            return cluster.poll()
        except SourceError as error:
            if error.reason == "auth" and unseen:
                return None
            if spec.monitor:
                raise with_hint(error, "connection", _NO_MONITORING) from None
            raise


def _signed_in(login: _Fields, *, alone: bool) -> tuple[_Fields, list[Unseen]]:
    """The fields of the source for this login, and the rights that its user lacks.

    `alone`: there is no monitoring address. Raises SourceError where nobody can sign in.
    """
    spec = validated(NatsLogin, login, "--nats")
    asked = (subjects.SERVERS, _USER_INFO)
    denied = _denied(spec, asked, (subjects.INBOX,))
    account = ""
    if subjects.INBOX not in denied:
        with closing(NatsSession(spec, "obs init")) as session:
            if alone and subjects.SERVERS not in denied and session.run(_is_system, _PATIENCE + 1):
                return {"system": login}, []
            if _USER_INFO not in denied:
                account = _account(session)
    named = {"account": account} if account not in ("", _GLOBAL) else {}
    return _with_rights({**login, **named}, alone=alone)


def _denied(login: NatsLogin, publish: Sequence[str], subscribe: Sequence[str]) -> set[str]:
    try:
        by_deed = asyncio.run(denied_subjects(login, "obs init", publish, subscribe))
    except SourceError as error:
        raise with_hint(error, "auth", _SIGN_IN) from None
    return {subject for those in by_deed.values() for subject in those}


async def _is_system(on: Connected) -> bool:
    """Whether servers answer what only the system account may ask."""
    try:
        return bool(await on.gather(subjects.SERVERS, b"", lambda _, number: True, _PATIENCE))
    except NobodyAnswers:
        return False


class _User(msgspec.Struct, frozen=True):
    account: str = ""


class _UserInfo(msgspec.Struct, frozen=True):
    data: _User = _User()


def _account(session: NatsSession) -> str:
    """The account of the user that signed in; empty where the server does not tell."""
    with contextlib.suppress(SourceError, msgspec.DecodeError):
        reply = session.run(lambda on: on.request(_USER_INFO), _PATIENCE)
        return msgspec.json.decode(reply, type=_UserInfo).data.account
    return ""


def _with_rights(connection: _Fields, *, alone: bool) -> tuple[_Fields, list[Unseen]]:
    """The connection without what its user may not do and the rest can do without; what it lacks.

    One right that is missing would cost the whole connection.
    """
    beside: _Fields = {} if alone else {"monitor": [LOCAL]}
    spec = validated(NatsSource, {**beside, "connection": connection}, "--nats")
    (user,) = rights(_NAME, spec)
    own = spec.every_connection[0]
    by_deed = asyncio.run(denied_subjects(own, "obs init", user.publish, user.subscribe))
    denied = {subject for those in by_deed.values() for subject in those}
    fields: _Fields = {"connection": connection}
    optional: dict[str, set[str]] = {}
    for subject, event, _ in subjects.events(own):
        if subject in denied and subject not in subjects.DEAD_LETTERS:
            optional.setdefault(f"events {event}", set()).add(subject)
            fields["connection"] = {**connection, "events": _without(own.events, optional)}
    info = subjects.account_info(own.api)
    if alone and info in denied:
        optional["what the account uses"] = {info}
        fields["collect"] = [each for each in spec.collect if each != "accounts"]
    return fields, [*_lacking(by_deed, optional), *_left_out(optional)]


def _without(events: Sequence[str], optional: Collection[str]) -> list[str]:
    return [each for each in events if f"events {each}" not in optional]


def _lacking(
    by_deed: Mapping[str, Sequence[str]], optional: Mapping[str, Collection[str]]
) -> Iterator[Unseen]:
    """The rights that the spec needs."""
    spared = {subject for those in optional.values() for subject in those}
    for deed, those in by_deed.items():
        if needed := [each for each in those if each not in spared]:
            why = f"the user lacks the permission to {deed} to {', '.join(needed)}"
            yield Unseen("everything of NATS", why, _PERMISSIONS)


def _left_out(optional: Mapping[str, Collection[str]]) -> Iterator[Unseen]:
    """The rights without which the spec leaves something out."""
    for what, those in optional.items():
        why = f"left out: the user lacks the permission for {', '.join(sorted(those))}"
        yield Unseen(what, why)


def _incomplete(snapshot: NatsSnapshot) -> Iterator[Unseen]:
    for each in snapshot.incomplete:
        server = each.name or each.address
        why = each.words or each.why.replace("_", " ")
        yield Unseen(
            f"server {server}", why, "add its monitoring address to the spec: http://HOST:8222"
        )


def _written(fields: Mapping[str, Any]) -> Iterator[Field]:
    comments = {
        "monitor": "the monitoring port; other servers of the cluster are discovered",
        "system": "the system account: tells of every server of the cluster",
        "connection": "dead letters and exact lag; `obs nats permissions` prints its rights",
        "collect": "without accounts, which this user may not ask for",
    }
    for name, value in fields.items():
        yield Field(name, _value(value), comments.get(name, ""))


def _value(value: Any) -> Value:
    if isinstance(value, Mapping):
        return {name: _value(each) for name, each in value.items()}
    return tuple(map(_value, value)) if isinstance(value, list | tuple) else str(value)


def _further(fields: Mapping[str, Any], snapshot: NatsSnapshot | None) -> Iterator[Field]:
    """What may be added, and what was found."""
    if "connection" not in fields:
        of_system = fields.get("system", {}).get("servers")
        host = urlsplit((of_system or fields["monitor"])[0]).hostname or "localhost"
        yield Field(
            "connection",
            {"servers": (f"nats://{host}:4222",)},
            "adds dead letters and exact lag; or run obs init with this address too",
            off=True,
        )
    if snapshot is not None:
        include: Value = {"include": ("*",), "exclude": ()}
        yield Field("streams", include, "which to watch (default: all)", _notes(snapshot), off=True)


def _notes(snapshot: NatsSnapshot) -> tuple[str, ...]:
    """The streams and their consumers, a line each."""
    streams = sorted(snapshot.streams, key=lambda each: (each.account, each.name))
    lines = ["what is there now:"] if streams else ["there is no stream yet"]
    for stream in streams:
        lines.append(f"  {_stream(stream)}")
        lines += [f"    {_consumer(each)}" for each in snapshot.consumers if _is_on(each, stream)]
    if len(lines) > _MOST_NOTES:
        lines[_MOST_NOTES:] = [f"  … and {len(lines) - _MOST_NOTES} lines more"]
    return tuple(lines)


def _is_on(consumer: Consumer, stream: Stream) -> bool:
    return (consumer.account, consumer.stream) == (stream.account, stream.name)


def _stream(stream: Stream) -> str:
    age = stream.config.max_age
    kept = f", max_age {format_duration(age)}" if age else ""
    of = "" if stream.account == _GLOBAL else f" of account {stream.account}"
    return f"{stream.name}{of}: {stream.messages} message{'s' * (stream.messages != 1)}{kept}"


def _consumer(consumer: Consumer) -> str:
    config = consumer.config
    tries = f", max_deliver {config.max_deliver}" if config.max_deliver > 0 else ""
    behind = consumer.pending + consumer.ack_pending
    messages = f"{behind} message{'s' * (behind != 1)}"
    paused = ", paused" if consumer.paused else ""
    wait = format_duration(config.ack_wait)
    return f"{consumer.name}: ack_wait {wait}{tries}, {messages} behind{paused}"


def _saw(snapshot: NatsSnapshot) -> str:
    servers = [each for each in snapshot.servers if each.up and not each.is_account]
    versions = sorted({each.version for each in servers if each.version})
    of = f" (nats-server {', '.join(versions)})" if versions else ""
    parts = [f"{_number(len(servers), 'server')}{of}"] if servers else []
    parts.append(_number(len(snapshot.streams), "stream"))
    parts.append(_number(len(snapshot.consumers), "consumer"))
    return ", ".join(parts)


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def answers_at(url: str) -> bool:
    """Whether a NATS server has its monitoring port there; does not wait long."""
    http = Http(None, timeout=1.0, max_bytes=1 << 20)
    try:
        decode_varz(http.get(f"{url}/varz"), url)
    except SourceError:
        return False
    finally:
        http.close()
    return True
