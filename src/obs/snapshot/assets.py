"""Streams and consumers of a NATS cluster, as their leaders report them."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import msgspec


class OddThreshold(NamedTuple):
    """A key of metadata that cannot be used: `why` completes the key to a sentence; `example` is a
    value that could be, empty where nothing has such a key."""

    key: str
    why: str
    example: str = ""


class Thresholds(msgspec.Struct, frozen=True, gc=False):
    """Thresholds that an asset has in its metadata, as `io.nats.monitor.…`.

    `limits` by their names without that prefix; durations in seconds. `odd` cannot be used.
    """

    limits: Mapping[str, float] = {}
    odd: tuple[OddThreshold, ...] = ()


class ConsumerConfig(msgspec.Struct, frozen=True, gc=False):
    """The part of a consumer's configuration that obs judges by."""

    durable: bool = True
    push: bool = False
    ack_policy: str = "explicit"
    ack_wait: float = 30.0
    max_deliver: int = -1  # −1: no limit
    max_ack_pending: int = -1  # −1: no limit
    backoff: tuple[float, ...] = ()
    filters: tuple[str, ...] = ()
    deliver_policy: str = "all"
    replicas: int | None = None  # None: as many as its stream
    metadata: tuple[str, ...] = ()  # values of the spec's metadata_labels; empty: it has none
    thresholds: Thresholds = Thresholds()
    sampled: bool = False  # the server publishes samples of its acknowledgements
    priority_policy: str = ""
    pause_until: float | None = None  # Unix seconds
    inactive_threshold: float | None = None  # None: it stays without clients
    headers_only: bool = False

    @property
    def first_wait(self) -> float:
        """Seconds after which what is not acknowledged is first delivered again."""
        return self.backoff[0] if self.backoff else self.ack_wait

    @property
    def pins_clients(self) -> bool:
        """Whether each of its priority groups pins one client."""
        return self.priority_policy == "pinned_client"


class PriorityGroup(NamedTuple):
    """A priority group of a consumer; `since` is when a client was pinned (Unix seconds)."""

    name: str
    pinned: bool
    since: float | None


class Consumer(msgspec.Struct, frozen=True, gc=False):
    """A consumer as its own leader reports it.

    `leader` false: no leader's report is there, because the consumer has none or, where
    `leader_unreachable`, because the leader that the others name did not answer. `at` is when its
    numbers were true, by the collector's clock; None: at the snapshot's time.
    """

    account: str
    stream: str
    name: str
    created: str  # as the server writes it: an identity, not a time
    config: ConsumerConfig
    delivered_consumer_seq: int
    delivered_stream_seq: int
    ack_floor_stream_seq: int
    pending: int
    ack_pending: int
    redelivered: int
    waiting: int
    last_delivery: float | None = None
    paused: bool = False
    push_bound: bool = False
    leader: bool = True
    replicas_behind: int = 0
    leader_unreachable: bool = False
    server: str = ""  # name of the server that reported it
    at: float | None = None
    account_id: str = ""  # differs from `account`, its label, where the server has an operator
    last_ack: float | None = None
    groups: tuple[PriorityGroup, ...] = ()


class Bucket(NamedTuple):
    """What a stream holds where it is no plain one: values by key, or objects."""

    kind: Literal["kv", "objects"]
    name: str


class StreamTraits(msgspec.Struct, frozen=True, gc=False):
    """Settings of a stream that nothing is judged by; a number is None where there is no limit."""

    storage: str
    compression: str = "none"
    sealed: bool = False
    deny_delete: bool = False
    deny_purge: bool = False
    allow_direct: bool = False
    duplicate_window: float | None = None
    max_message_bytes: int | None = None
    max_consumers: int | None = None
    bucket: Bucket | None = None


class StreamConfig(msgspec.Struct, frozen=True, gc=False):
    """Limits of a stream; None where there is none.

    `discard_new`: at a limit it refuses messages rather than discard its oldest; None where that
    is not known yet. `rolls_up`: a message may replace all before it on its subject, or all there
    are. `mirrors`: its messages, with their times and the gaps between them, are another stream's.
    `traits`: None where they are not known yet.
    """

    max_age: float | None = None
    max_bytes: int | None = None
    max_messages: int | None = None
    replicas: int = 1
    discard_new: bool | None = None
    max_per_subject: int | None = None
    retention: str = "limits"
    rolls_up: bool = False
    mirrors: bool = False
    metadata: tuple[str, ...] = ()  # as for a consumer
    traits: StreamTraits | None = None
    thresholds: Thresholds = Thresholds()

    @property
    def storage(self) -> str:
        """Where its messages are: file or memory."""
        return self.traits.storage if self.traits else "file"


class Origin(msgspec.Struct, frozen=True, gc=False):
    """A stream that another one copies, as its mirror or one of its sources.

    `lag` messages are not copied yet; `inactive` seconds nothing was heard of it, inf: never yet.
    `filters`: the subjects that are copied; none: all. `error`: why it cannot be copied for now,
    in the server's words.
    """

    name: str
    lag: int
    inactive: float
    filters: tuple[str, ...] = ()
    error: str = ""


class Stream(msgspec.Struct, frozen=True, gc=False):
    """A stream as its own leader reports it; `leader`, `leader_unreachable`, `server` and `at` as
    for a consumer.

    Its times are of that server's clock, which is `clock_ahead` seconds ahead of the collector's.
    """

    account: str
    name: str
    created: str
    config: StreamConfig
    messages: int
    bytes: int
    first_seq: int
    last_seq: int
    first_time: float | None  # None: the stream is empty
    last_time: float | None
    consumers: int
    leader: bool = True
    replicas_behind: int = 0
    replica_lag: int | None = 0  # None: a replica tells no number
    ephemeral_consumers: int = 0
    ephemeral_lag: int = 0
    leader_unreachable: bool = False
    server: str = ""
    at: float | None = None
    clock_ahead: float = 0.0
    holders: tuple[str, ...] = ()  # names of the servers that have a replica of it
    mirror: Origin | None = None
    sources: tuple[Origin, ...] = ()
    subjects: int | None = None  # different ones of its messages; None: not told
    deleted: int | None = None  # messages missing between its first and its last
    replica_silent: float | None = None  # seconds since the quietest replica was heard; None: none


class SubjectMessages(NamedTuple):
    """How many messages of a stream match a filter; `account` is its label."""

    account: str
    stream: str
    filter: str
    messages: int
