"""What one poll of one source saw. Immutable values; times are Unix seconds, durations seconds.

Sources make these, the collector judges them against its history, `series` turns them into samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import msgspec

from obs.errors import SourceError


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


class StreamConfig(msgspec.Struct, frozen=True, gc=False):
    """Limits of a stream; None where there is none.

    `discard_new`: at a limit it refuses messages rather than discard its oldest; None where that
    is not known yet. `rolls_up`: a message may replace all before it on its subject, or all there
    are. `mirrors`: its messages, with their times and the gaps between them, are another stream's.
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


class Origin(msgspec.Struct, frozen=True, gc=False):
    """A stream that another one copies, as its mirror or one of its sources.

    `lag` messages are not copied yet; `inactive` seconds nothing was heard of it, inf: never yet.
    """

    name: str
    lag: int
    inactive: float


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


Incompleteness = Literal["unreachable", "recovering", "jetstream_off", "incomplete"]
"""Why a server's answer does not tell all that it holds: it did not answer; it is still reading
its streams after a start; its JetStream is off, or has disabled itself; its answer lacks assets
that it counts itself."""


class IncompleteServer(msgspec.Struct, frozen=True, gc=False):
    """A server whose answer does not tell all that it holds; `words` is its own reason.

    `address` is empty where only other servers name it. `only`: the streams, as (account, stream),
    of which it does not tell all, and of all others it does; a stream "" is all of the account's,
    which is named by its label. None: it may hold anything.
    """

    address: str
    name: str  # empty where it has never answered
    why: Incompleteness
    words: str = ""
    only: frozenset[tuple[str, str]] | None = None


class Link(msgspec.Struct, frozen=True, gc=False):
    """A leaf node, or another cluster behind a gateway; `account` is empty for a gateway.

    `received` and `sent` count messages; `round_trip` is in seconds.
    """

    account: str
    name: str
    received: int
    sent: int
    received_bytes: int
    sent_bytes: int
    subscriptions: int
    round_trip: float | None


class NatsServer(msgspec.Struct, frozen=True, gc=False):
    """One server, at its address; the numbers are None where it did not answer.

    `is_account`: not a server, but an account that is read with its own rights.
    """

    address: str  # host:port and path of the monitoring endpoint: the series' identity
    up: bool
    name: str = ""
    version: str = ""
    connections: int | None = None
    slow_consumers: int | None = None
    memory: int | None = None
    memory_limit: int | None = None
    store: int | None = None
    store_limit: int | None = None
    api_errors: int | None = None
    id: str = ""  # new after each start
    healthy: bool | None = None  # by its own verdict; None where it gives none
    unhealthy_because: str = ""  # in its own words
    is_account: bool = False
    facts: Mapping[str, float] = {}  # what it tells of itself, by the metric's name
    slow_connections: Mapping[str, int] = {}  # closed because they read too slowly, by kind
    leaf_nodes: tuple[Link, ...] = ()
    gateways: tuple[Link, ...] = ()


class Unwatched(NamedTuple):
    """A stream, or a consumer where its name is not empty, that exists but has no series."""

    account: str
    stream: str
    consumer: str = ""


@dataclass(frozen=True, slots=True)
class NatsSnapshot:
    """One NATS cluster at `at`, the moment its answers arrived (Unix seconds).

    `left_out` counts consumers without a series of their own by reason (excluded, ephemeral, cap,
    new, unreadable), and unreadable streams.
    What is not in the snapshot was deleted only where no server is `incomplete`: an answer in part
    says nothing about what it leaves out. `fault`: why nothing at all can be told, although a
    server answered. `steady` is `at` by a clock that is never set (seconds); None: not known.
    `credentials`: when those of connections expire (Unix seconds), of those that do.
    """

    at: float
    servers: tuple[NatsServer, ...]
    streams: tuple[Stream, ...]
    consumers: tuple[Consumer, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    incomplete: tuple[IncompleteServer, ...] = ()
    fault: SourceError | None = None
    unwatched: tuple[Unwatched, ...] = ()
    steady: float | None = None
    credentials: Mapping[str, float] = field(default_factory=dict)

    @property
    def tells_all(self) -> bool:
        """Whether what is not in it does not exist."""
        every_server = all(server.up for server in self.servers)
        return every_server and not self.incomplete and self.fault is None


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """An EventBridge rule; the default bus is named `default`."""

    bus: str
    name: str


@dataclass(frozen=True, slots=True)
class RuleTarget:
    """Where a rule sends its events; `dead_letter_queue` is the queue's ARN."""

    rule: Rule
    target_id: str
    arn: str
    max_retries: int | None = None
    max_event_age: float | None = None
    dead_letter_queue: str | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue. `oldest_age` is None where AWS has not said and the queue is not empty."""

    name: str
    visible: int
    oldest_age: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """How long events took from the bus to their target, where they were delivered."""

    average: float
    maximum: float


@dataclass(frozen=True, slots=True)
class AwsNames:
    """What exists in an account and region, of the buses and queues that the spec is about.

    `disabled` are rules that are not enabled. `queues_like` has for each glob or name of a queue
    that no queue matches the names that begin like it; `queues_denied` are those that could not
    be listed.
    """

    buses: tuple[str, ...] = ()
    rules: frozenset[Rule] = frozenset()
    disabled: frozenset[Rule] = frozenset()
    queues_like: dict[str, tuple[str, ...]] = field(default_factory=dict)
    queues_denied: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AwsSnapshot:
    """Rules, their data points and queues of one AWS account and region at `at`.

    `points`: by rule and CloudWatch metric name, {start of the minute in Unix seconds: sum}. A
    minute without a point is not in it. Points between `since` and `settled` are final but for
    late corrections; minutes from `settled` on are still filling. `left_out` counts queues that
    could not be read by reason (elsewhere, denied, missing). `latencies` has the rules that
    delivered anything lately. `listed` is when the rules were listed, None where that is not
    known, and `names` what the listing told. `missed` has the points from before `since` that no
    poll has seen, because the one before was long ago: by the start of their minute or their hour.
    """

    at: float
    since: float
    settled: float
    rules: tuple[Rule, ...]
    targets: tuple[RuleTarget, ...]
    points: dict[tuple[Rule, str], dict[int, float]]
    queues: tuple[Queue, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    latencies: dict[Rule, Latency] = field(default_factory=dict)
    listed: float | None = None
    names: AwsNames | None = None
    missed: dict[tuple[Rule, str], dict[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that ran out of deliveries or was terminated, after `deliveries` of them."""

    account: str
    stream: str
    consumer: str
    stream_seq: int
    at: float
    kind: str  # max_deliveries | terminated
    deliveries: int = 1


class Question(NamedTuple):
    """Which message of a stream is the first at `seq` or after it that matches one of `filters`?

    Without filters every message matches. With `last_before` (Unix seconds of the server's clock)
    one that arrived by then matches only if it was the last of its subject then.
    """

    stream: str
    seq: int
    filters: tuple[str, ...]
    last_before: float | None = None


class StoredMessage(NamedTuple):
    """A message's sequence, and when it arrived by the server's clock (Unix seconds).

    Not `sure`: the message asked for is this one or a later one.
    """

    seq: int
    at: float
    sure: bool = True
