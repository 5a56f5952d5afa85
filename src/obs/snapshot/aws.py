"""EventBridge rules and queues of one AWS account and region at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from obs.snapshot.aws_services import ServiceData
from obs.snapshot.aws_tags import ResourceTags
from obs.snapshot.cloudwatch import Readings
from obs.snapshot.sqs import QueueRole, Sqs


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """An EventBridge rule; the default bus is named `default`."""

    bus: str
    name: str


RuleKey = tuple[Rule, str]
"""A rule, and the name of a CloudWatch metric of it."""


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
    """An SQS queue. `oldest_age` is None where AWS has not said and the queue is not empty.

    `redrives`: it has a redrive policy, by which SQS moves messages that are received too often.
    """

    name: str
    visible: int
    oldest_age: float | None
    in_flight: int = 0
    delayed: int = 0
    role: QueueRole = QueueRole.DEAD_LETTER
    redrives: bool = False


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
    be listed. `others` has all names of the other kinds of objects that the spec names, None where
    they could not be listed.
    """

    buses: tuple[str, ...] = ()
    rules: frozenset[Rule] = frozenset()
    disabled: frozenset[Rule] = frozenset()
    queues_like: dict[str, tuple[str, ...]] = field(default_factory=dict)
    queues_denied: frozenset[str] = frozenset()
    others: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)


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
    `services` has what the spec watches beside rules and queues.
    `readings` has the metrics that the spec names itself.
    `sqs` is what else the queues told, `tags` are those of rules and queues.
    `not_asked` are the CloudWatch metrics of rules that were left out to save money.
    """

    at: float
    since: float
    settled: float
    rules: tuple[Rule, ...]
    targets: tuple[RuleTarget, ...]
    points: dict[RuleKey, dict[int, float]]
    queues: tuple[Queue, ...]
    left_out: dict[str, int] = field(default_factory=dict)
    latencies: dict[Rule, Latency] = field(default_factory=dict)
    listed: float | None = None
    names: AwsNames | None = None
    missed: dict[RuleKey, dict[int, float]] = field(default_factory=dict)
    services: ServiceData = field(default_factory=ServiceData)
    readings: Readings = field(default_factory=dict)
    sqs: Sqs = field(default_factory=Sqs)
    tags: ResourceTags = field(default_factory=ResourceTags)
    not_asked: frozenset[str] = frozenset()
