"""What obs reads of nats-server's /jsz, /varz and /healthz. Absent fields have their Go zero value.

Servers from 2.9 on; fields that are not declared are skipped by the decoder, which makes it fast.
"""

from datetime import datetime
from typing import Final, TypeVar

import msgspec

from obs.errors import SourceError
from obs.snapshot import ConsumerConfig, StreamConfig

_PER_SECOND: Final = 1e9  # nanoseconds
_T = TypeVar("_T")


class Replica(msgspec.Struct, frozen=True, gc=False):
    """A follower, as the report's server sees it; only the leader sees it truly."""

    current: bool = False
    offline: bool = False
    lag: int = 0
    name: str = ""


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """Where the replicas of a stream or a consumer are; absent on a server without a cluster."""

    leader: str = ""
    replicas: tuple[Replica, ...] = ()


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """A position, counted in the consumer's deliveries and in the stream's messages."""

    consumer_seq: int = 0
    stream_seq: int = 0
    last_active: datetime | None = None


class Floor(msgspec.Struct, frozen=True, gc=False):
    """Below which everything is acknowledged."""

    stream_seq: int = 0


class ConsumerSettings(msgspec.Struct, frozen=True, gc=False):
    """Durations in nanoseconds."""

    durable_name: str = ""
    deliver_subject: str = ""
    ack_policy: str = "none"
    ack_wait: int = 0
    max_deliver: int = -1
    max_ack_pending: int = -1
    backoff: tuple[int, ...] | None = None
    filter_subject: str = ""
    filter_subjects: tuple[str, ...] | None = None
    num_replicas: int = 0  # 0: as many as its stream


class ConsumerReport(msgspec.Struct, frozen=True, gc=False):
    """One consumer as one server sees it."""

    name: str
    created: str
    delivered: Delivered = Delivered()
    ack_floor: Floor = Floor()
    num_ack_pending: int = 0
    num_redelivered: int = 0
    num_waiting: int = 0
    num_pending: int = 0
    push_bound: bool = False
    paused: bool = False
    cluster: Cluster | None = None
    config: ConsumerSettings | None = None


class StreamState(msgspec.Struct, frozen=True, gc=False):
    """What a stream holds."""

    messages: int = 0
    bytes: int = 0
    first_seq: int = 0
    first_ts: datetime | None = None
    last_seq: int = 0
    last_ts: datetime | None = None
    consumer_count: int = 0


class StreamSettings(msgspec.Struct, frozen=True, gc=False):
    """`max_age` in nanoseconds; 0 or −1: no limit."""

    discard: str = "old"
    max_age: int = 0
    max_bytes: int = -1
    max_msgs: int = -1
    num_replicas: int = 1


class StreamReport(msgspec.Struct, frozen=True, gc=False):
    """One stream as one server sees it."""

    name: str
    created: str = ""
    state: StreamState = StreamState()
    cluster: Cluster | None = None
    config: StreamSettings | None = None
    consumer_detail: tuple[ConsumerReport, ...] | None = None


class AccountReport(msgspec.Struct, frozen=True, gc=False):
    """One JetStream account as one server sees it."""

    name: str
    stream_detail: tuple[StreamReport, ...] | None = None
    id: str = ""


class Jsz(msgspec.Struct, frozen=True, gc=False):
    """What a server's JetStream holds, and how many streams that is by its own count.

    `now` is the server's clock before it gathered the rest. `disabled`: JetStream is off.
    """

    server_id: str
    account_details: tuple[AccountReport, ...] | None = None
    now: datetime | None = None
    disabled: bool = False
    streams: int = 0


class ApiStats(msgspec.Struct, frozen=True, gc=False):
    """Requests to the JetStream API of one server."""

    errors: int = 0


class JetStreamStats(msgspec.Struct, frozen=True, gc=False):
    """Bytes in use."""

    memory: int = 0
    storage: int = 0
    api: ApiStats = ApiStats()


class JetStreamLimits(msgspec.Struct, frozen=True, gc=False):
    """Bytes allowed."""

    max_memory: int = 0
    max_storage: int = 0


class JetStreamVarz(msgspec.Struct, frozen=True, gc=False):
    """The JetStream part of /varz; empty where JetStream is off."""

    config: JetStreamLimits | None = None
    stats: JetStreamStats | None = None


class ClusterVarz(msgspec.Struct, frozen=True, gc=False):
    """The cluster's name, empty where there is none, and the configured routes."""

    urls: tuple[str, ...] | None = None
    name: str = ""


class Varz(msgspec.Struct, frozen=True, gc=False):
    """Facts of one server."""

    server_id: str
    server_name: str = ""
    version: str = ""
    connections: int = 0
    slow_consumers: int = 0
    cluster: ClusterVarz = ClusterVarz()
    connect_urls: tuple[str, ...] | None = None
    jetstream: JetStreamVarz = JetStreamVarz()
    now: datetime | None = None
    start: datetime | None = None
    http_port: int = 0
    https_port: int = 0


class Route(msgspec.Struct, frozen=True, gc=False):
    """A connection to another server of the cluster; there are several to each."""

    ip: str = ""
    remote_id: str = ""
    remote_name: str = ""


class Routez(msgspec.Struct, frozen=True, gc=False):
    """The cluster's connections of one server."""

    routes: tuple[Route, ...] | None = None


class HealthError(msgspec.Struct, frozen=True, gc=False):
    """One thing that is wrong. `type` is JETSTREAM, ACCOUNT, STREAM, CONSUMER or CONNECTION.

    `account` is the account's id.
    """

    type: str = ""
    account: str = ""
    stream: str = ""
    error: str = ""


class Healthz(msgspec.Struct, frozen=True, gc=False):
    """A server's own verdict. `errors` from 2.10 on; earlier servers give the first as `error`."""

    status: str = ""
    error: str = ""
    errors: tuple[HealthError, ...] | None = None


_JSZ: Final = msgspec.json.Decoder(Jsz)
_VARZ: Final = msgspec.json.Decoder(Varz)
_ROUTEZ: Final = msgspec.json.Decoder(Routez)
_HEALTHZ: Final = msgspec.json.Decoder(Healthz)


def decode_jsz(body: bytes, server: str) -> Jsz:
    """Raises SourceError(decode) where it is not an answer of /jsz."""
    return _decode(_JSZ, body, server)


def decode_varz(body: bytes, server: str) -> Varz:
    """Raises SourceError(decode) where it is not an answer of /varz."""
    return _decode(_VARZ, body, server)


def decode_routez(body: bytes, server: str) -> Routez:
    """Raises SourceError(decode) where it is not an answer of /routez."""
    return _decode(_ROUTEZ, body, server)


def decode_healthz(body: bytes, server: str) -> Healthz:
    """Raises SourceError(decode) where it is not an answer of /healthz."""
    return _decode(_HEALTHZ, body, server)


def _decode(decoder: msgspec.json.Decoder[_T], body: bytes, server: str) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError("decode", f"{server}: not a response of nats-server: {error}") from None


def unix_seconds(moment: datetime | None) -> float | None:
    """Seconds since 1970; None for Go's zero time and for no time."""
    if moment is None or moment.year <= 1:
        return None
    return moment.timestamp()


def consumer_config(settings: ConsumerSettings) -> ConsumerConfig:
    """Durations in seconds, limits of 0 as none."""
    filters = settings.filter_subjects or (
        (settings.filter_subject,) if settings.filter_subject else ()
    )
    return ConsumerConfig(
        durable=bool(settings.durable_name),
        push=bool(settings.deliver_subject),
        ack_policy=settings.ack_policy,
        ack_wait=settings.ack_wait / _PER_SECOND,
        max_deliver=settings.max_deliver or -1,
        max_ack_pending=settings.max_ack_pending or -1,
        backoff=tuple(step / _PER_SECOND for step in settings.backoff or ()),
        filters=filters,
        replicas=settings.num_replicas or None,
    )


def stream_config(settings: StreamSettings) -> StreamConfig:
    """Limits of 0 or −1 as None."""
    return StreamConfig(
        max_age=settings.max_age / _PER_SECOND if settings.max_age > 0 else None,
        max_bytes=settings.max_bytes if settings.max_bytes > 0 else None,
        max_messages=settings.max_msgs if settings.max_msgs > 0 else None,
        replicas=max(settings.num_replicas, 1),
        discard_new=settings.discard == "new",
    )
