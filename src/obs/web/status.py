"""The JSON of /api/v1/status: what the status page and `obs status` show.

Times are Unix seconds, durations seconds, ratios 0 to 1 unless a field says otherwise. JSON has no
infinity: a number that is infinite or not a number is written as null, and each field says what
its null means. Within `api_version` 1 fields may be added; none goes or changes its meaning.
"""

from typing import Literal

import msgspec

Level = Literal["ok", "warning", "critical", "unknown"]
SloState = Literal["ok", "burning", "exhausted", "no_data"]
ConsumerState = Literal["ok", "paused", "slow", "stalled", "stopped", "leaderless"]


class Problem(msgspec.Struct, frozen=True):
    """One thing that somebody should look at, in one sentence."""

    level: Level
    kind: Literal["slo", "consumer", "rule", "queue", "source", "push"]
    name: str
    text: str


class HealthVerdict(msgspec.Struct, frozen=True):
    """Is the system healthy? `problems` are the worst first and may be cut; `found` counts all."""

    level: Level
    headline: str
    problems: tuple[Problem, ...] = ()
    found: int = 0


class SloStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One objective. The mappings are by window label: {"5m": …, "1h": …, "30d": …}."""

    name: str
    service: str
    description: str = ""
    sli: str  # in words: "invocations of oms-events/* that did not fail"
    objective_percent: float
    window: str  # 30d
    state: SloState
    urgent: bool = False  # burning at a pace that pages somebody
    reasons: tuple[str, ...] = ()  # short sentences
    budget_remaining: float | None  # 1: untouched, below 0: overspent; null: no data
    burn_rates: dict[str, float | None]  # null: no events in the window
    error_ratios: dict[str, float | None]  # null: no events in the window
    exhaustion_seconds: float | None  # null: never at the present pace, or no data
    good: float  # events in the SLO's window
    total: float
    watermark: float | None  # end of the windows; null: no data yet
    budget_history: tuple[float | None, ...] = ()  # evenly spaced, oldest first; may be empty


class ConsumerStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One JetStream consumer."""

    nats: str
    account: str
    stream: str
    consumer: str
    status: ConsumerState
    reasons: tuple[str, ...] = ()  # no_puller, push_unbound, paused, ack_pending_full, …
    lag_messages: int
    lag_seconds: float | None  # null: not known yet
    lag_uncertainty_seconds: float | None = None  # null: within one poll
    pending: int
    ack_pending: int
    redelivered: int
    dead_letters: int | None = None  # null: nothing can tell, no NATS connection
    drain_seconds: float | None = None  # null: the lag does not shrink
    eviction_seconds: float | None = None  # null: nothing owed, or no max_age
    at_risk: bool = False  # max_age evicts before the consumer gets there; filled by complete
    lag_history: tuple[float | None, ...] = ()  # messages, evenly spaced, oldest first


class StreamStatus(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One JetStream stream."""

    nats: str
    account: str
    stream: str
    messages: int
    bytes: int
    consumers: int
    last_sequence: int
    last_message: float | None  # null: the stream is empty
    max_age_seconds: float | None = None  # null: no limit
    max_bytes: int | None = None  # null: no limit
    leader: bool = True
    replicas_behind: int = 0


class RuleStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One EventBridge rule over its latest settled minutes. null: no data yet."""

    aws: str
    bus: str
    rule: str
    failing: bool  # failures in the last 5 minutes
    invocations_5m: float | None
    failures_5m: float | None
    error_ratio_5m: float | None  # null also where nothing was invoked
    invocations_1h: float | None
    failures_1h: float | None
    error_ratio_1h: float | None  # null also where nothing was invoked
    last_failure: float | None  # null: none
    dead_lettered_1h: float | None = None
    dead_letter_failures_1h: float | None = None  # events lost


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One SQS queue."""

    aws: str
    queue: str
    dead_letter: bool  # a rule's target sends its dead letters here
    visible: int
    oldest_age_seconds: float | None  # null: AWS has not said


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One system that is polled."""

    name: str
    kind: Literal["nats", "aws"]
    up: bool  # the last poll succeeded
    required: bool
    last_success: float | None  # null: no successful poll yet
    age_seconds: float | None  # of the last success, at generated_at; null: no successful poll yet
    stale_after: float
    poll_seconds: float
    poll_duration_seconds: float | None = None  # of the last poll; null: none finished
    series: int = 0
    error: str | None = None  # of the last poll, without secrets; null: none
    error_reason: str | None = None  # one of obs.errors.REASONS


class PushStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One way out besides /metrics."""

    sink: Literal["otlp", "cloudwatch"]
    target: str  # endpoint or namespace, without secrets
    up: bool  # the last push was accepted
    last_success: float | None  # null: never
    every_seconds: float
    error: str | None = None
    error_reason: str | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at `generated_at`; obs.web.verdict.complete fills `verdict` and the order."""

    api_version: Literal[1] = 1
    system: str
    environment: str
    description: str = ""
    version: str
    generated_at: float
    uptime_seconds: float
    verdict: HealthVerdict = HealthVerdict("unknown", "")
    slos: tuple[SloStatus, ...] = ()
    consumers: tuple[ConsumerStatus, ...] = ()
    streams: tuple[StreamStatus, ...] = ()
    rules: tuple[RuleStatus, ...] = ()
    queues: tuple[QueueStatus, ...] = ()
    sources: tuple[SourceStatus, ...] = ()
    pushes: tuple[PushStatus, ...] = ()
    aws_cost_dollars_per_month: float | None = None  # null: AWS is not used


_ENCODER = msgspec.json.Encoder()


def encode(status: Status) -> bytes:
    """The document as JSON; infinite numbers and NaN become null."""
    return _ENCODER.encode(status)
