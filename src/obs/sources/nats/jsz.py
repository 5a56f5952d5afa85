"""What obs reads of /jsz, /routez and /healthz. Absent fields have their Go zero value.

Servers from 2.9 on; fields that are not declared are skipped by the decoder, which makes it fast.
A stream or a consumer in which a value is odd is not read, but stands in the answer as such.
"""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from obs.sources.nats import tolerant

_PER_SECOND: Final = 1e9  # nanoseconds
MOST: Final = 2**53  # the largest whole number that every sink can write

# nats-server's counters are unsigned: one that falls below zero is close to 2^64.
Count = Annotated[int, Meta(ge=0, le=MOST)]
Sequence = Annotated[int, Meta(ge=0, le=2**62)]  # a stream may begin at any sequence
Setting = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Nanoseconds = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[datetime, Meta(tz=True)]
AssetName = Annotated[str, Meta(min_length=1)]
NOTHING: Final = msgspec.Raw(b"null")


class Replica(msgspec.Struct, frozen=True, gc=False):
    """A follower, as the report's server sees it; only the leader sees it truly."""

    current: bool = False
    offline: bool = False
    lag: int = 0
    name: str = ""
    active: int | None = None  # nanoseconds since it was heard


class Cluster(msgspec.Struct, frozen=True, gc=False):
    """Where the replicas of a stream or a consumer are; absent on a server without a cluster."""

    leader: str = ""
    replicas: tuple[Replica, ...] = ()


class Delivered(msgspec.Struct, frozen=True, gc=False):
    """A position, counted in the consumer's deliveries and in the stream's messages."""

    consumer_seq: Count = 0
    stream_seq: Sequence = 0
    last_active: Moment | None = None


class Floor(msgspec.Struct, frozen=True, gc=False):
    """Below which everything is acknowledged."""

    stream_seq: Sequence = 0
    last_active: Moment | None = None


class ConsumerSettings(msgspec.Struct, frozen=True, gc=False):
    """Durations in nanoseconds."""

    durable_name: str = ""
    deliver_subject: str = ""
    ack_policy: str = "none"
    deliver_policy: str = "all"
    ack_wait: Nanoseconds = 0
    max_deliver: Setting = -1
    max_ack_pending: Setting = -1
    backoff: tuple[Nanoseconds, ...] | None = None
    filter_subject: str = ""
    filter_subjects: tuple[str, ...] | None = None
    num_replicas: int = 0  # 0: as many as its stream
    metadata: msgspec.Raw = NOTHING
    sample_freq: str = ""
    priority_policy: str = ""
    pause_until: Moment | None = None
    inactive_threshold: Nanoseconds = 0
    headers_only: bool = False


class PriorityGroupReport(msgspec.Struct, frozen=True, gc=False):
    """A priority group; its id says which client is pinned to it, and changes with each."""

    group: str = ""
    pinned_client_id: str = ""
    pinned_ts: Moment | None = None


class ConsumerReport(msgspec.Struct, frozen=True, gc=False):
    """One consumer as one server sees it."""

    name: AssetName
    created: str
    delivered: Delivered = Delivered()
    ack_floor: Floor = Floor()
    num_ack_pending: Count = 0
    num_redelivered: Count = 0
    num_waiting: Count = 0
    num_pending: Count = 0
    push_bound: bool = False
    paused: bool = False
    cluster: Cluster | None = None
    config: ConsumerSettings | None = None
    priority_groups: tuple[PriorityGroupReport, ...] | None = None


class UnreadableConsumer(ConsumerReport, frozen=True, gc=False):
    """A consumer in whose report a value is odd; `why` names it.

    Behind any report that can be read. `created` is empty unless only its configuration is odd.
    """

    delivered: Delivered = Delivered(-1)
    why: str = ""


class StreamState(msgspec.Struct, frozen=True, gc=False):
    """What a stream holds."""

    messages: Count = 0
    bytes: Count = 0
    first_seq: Sequence = 0
    first_ts: Moment | None = None
    last_seq: Sequence = 0
    last_ts: Moment | None = None
    consumer_count: Count = 0
    num_subjects: int = 0
    num_deleted: int = 0


class Upstream(msgspec.Struct, frozen=True, gc=False):
    """The stream that a mirror copies."""

    name: str = ""


class StreamSettings(msgspec.Struct, frozen=True, gc=False):
    """`max_age` and `duplicate_window` in nanoseconds; 0 or −1: no limit."""

    discard: str = "old"
    max_age: Setting = 0
    max_bytes: Setting = -1
    max_msgs: Setting = -1
    max_msgs_per_subject: Setting = -1
    num_replicas: Setting = 1
    retention: str = "limits"
    allow_rollup_hdrs: bool = False
    mirror: Upstream | None = None
    metadata: msgspec.Raw = NOTHING
    storage: str = "file"
    compression: str = "none"
    sealed: bool = False
    deny_delete: bool = False
    deny_purge: bool = False
    allow_direct: bool = False
    duplicate_window: Setting = 0
    max_msg_size: Setting = -1
    max_consumers: Setting = -1
    name: str = ""
    subjects: tuple[str, ...] | None = None


class External(msgspec.Struct, frozen=True, gc=False):
    """Where the origin of a copy is, if it is in another account or domain."""

    api: str = ""


class OriginTransform(msgspec.Struct, frozen=True, gc=False):
    """Subjects that are copied, and renamed."""

    src: str = ""


class OriginError(msgspec.Struct, frozen=True, gc=False):
    """Why a copy fails for now."""

    description: str = ""


class OriginReport(msgspec.Struct, frozen=True, gc=False):
    """The origin of a mirror or a source; `active` in nanoseconds, below zero: never yet."""

    name: AssetName
    lag: Count = 0
    active: Setting = -1
    external: External | None = None
    filter_subject: str = ""
    subject_transforms: tuple[OriginTransform, ...] | None = None
    error: OriginError | None = None


class StreamReport(msgspec.Struct, frozen=True, gc=False):
    """One stream as one server sees it."""

    name: AssetName
    created: str = ""
    state: StreamState = StreamState()
    cluster: Cluster | None = None
    config: StreamSettings | None = None
    consumer_detail: tuple[ConsumerReport, ...] | None = None
    mirror: OriginReport | None = None
    sources: tuple[OriginReport, ...] | None = None


class UnreadableStream(StreamReport, frozen=True, gc=False):
    """A stream in whose report a value is odd; `why` names it.

    Behind any report that can be read. `created` is empty unless only its configuration is odd.
    """

    state: StreamState = StreamState(last_seq=-1)
    why: str = ""


class ElsewhereStream(StreamReport, frozen=True, gc=False):
    """A stream that another shard's collector watches: here nothing is read but its name and how
    many consumers it has, which the account's usage counts."""

    consumers: int = 0


class AccountReport(msgspec.Struct, frozen=True, gc=False):
    """One JetStream account as one server sees it.

    `name` is for people; in operator mode, where `id` is the account's public key, several accounts
    may have the same. What it uses may hold anything: an odd value there is no reason not to read
    its streams (`account_pages`). What is called reserved is its limit.
    """

    name: AssetName
    stream_detail: tuple[StreamReport, ...] | None = None
    id: str = ""
    memory: object = None
    storage: object = None
    reserved_memory: object = None
    reserved_storage: object = None
    api: object = None


class Jsz(msgspec.Struct, frozen=True, gc=False):
    """What a server's JetStream holds, and how much that is by its own count.

    `now` is the server's clock before it gathered the rest. `disabled`: JetStream is off.
    """

    server_id: str
    account_details: tuple[AccountReport, ...] | None = None
    now: datetime | None = None
    disabled: bool = False
    streams: int = 0
    consumers: Count | None = None
    messages: Count | None = None
    bytes: Count | None = None


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


_ROUTEZ: Final = msgspec.json.Decoder(Routez)
_HEALTHZ: Final = msgspec.json.Decoder(Healthz)


def decode_routez(body: bytes, server: str) -> Routez:
    """Raises SourceError(decode) where it is not an answer of /routez."""
    return tolerant.decode(_ROUTEZ, body, server)


def decode_healthz(body: bytes, server: str) -> Healthz:
    """Raises SourceError(decode) where it is not an answer of /healthz."""
    return tolerant.decode(_HEALTHZ, body, server)


def unix_seconds(moment: datetime | None) -> float | None:
    """Seconds since 1970; None for no time.

    Go's zero time is no time: it is written as the year 1, or, once it went through nanoseconds
    since 1970, as a moment in 1754 or as 1970 itself.
    """
    seconds = 0.0 if moment is None else moment.timestamp()
    return seconds if seconds > 0.0 else None


def server_seconds(moment: str) -> float | None:
    """Unix seconds of a time as the server writes it; None where it is none."""
    try:
        return unix_seconds(msgspec.convert(moment, datetime))
    except msgspec.ValidationError:
        return None
