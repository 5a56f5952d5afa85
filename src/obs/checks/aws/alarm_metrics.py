"""Alarms on metrics that are not published: they can never fire.

ListMetrics knows a metric for two weeks after its last data point, and AWS publishes many only
when something happened: a rule without failures has no FailedInvocations. So what is known of AWS'
own metrics is judged by the dimensions they come with, and everything else by what is listed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from obs.checks.advice import aws
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.sources.aws.services.kinds import KINDS

EVENTS: Final = "AWS/Events"
SQS: Final = "AWS/SQS"

Dimensions = frozenset[tuple[str, str]]
Shape = frozenset[str]

_NONE: Final[Shape] = frozenset()
_BUS: Final[Shape] = frozenset({"EventBusName"})
_RULE: Final[Shape] = frozenset({"RuleName"})
_BUS_RULE: Final[Shape] = frozenset({"EventBusName", "RuleName"})
_OF_RULES: Final = (_RULE, _BUS_RULE)
_OF_ALL: Final = (_NONE, _BUS, _RULE, _BUS_RULE)
_PUT: Final = ("PutEvents", "PutPartnerEvents")
_SHAPES: Final[Mapping[str, tuple[Shape, ...]]] = {
    **dict.fromkeys(
        (
            *("FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"),
            "DeadLetterInvocations",
        ),
        _OF_RULES,
    ),
    "Invocations": (_NONE, *_OF_RULES),
    **dict.fromkeys(
        (
            *("RetryInvocationAttempts", "TriggeredRules", "InvocationAttempts"),
            *("SuccessfulInvocationAttempts", "ThrottledRules"),
            *("IngestiontoInvocationStartLatency", "IngestiontoInvocationCompleteLatency"),
            "IngestionToInvocationSuccessLatency",
        ),
        _OF_ALL,
    ),
}
"""With which dimensions EventBridge publishes its metrics: EventBridge user guide, "Monitoring"."""
_SQS_METRICS: Final = frozenset(
    (
        *("ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesDelayed"),
        *("ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesVisible"),
        *("NumberOfEmptyReceives", "NumberOfMessagesDeleted", "NumberOfMessagesReceived"),
        *("NumberOfMessagesSent", "SentMessageSize"),
    )
)
_SERVICES: Final = {
    (metric.aws.namespace, metric.aws.metric): frozenset(name for name, _ in metric.aws.dimensions)
    for kind in KINDS
    for metric in kind.metrics
    if metric.aws is not None
}
"""Metrics that obs reads of other services: those too come only when something happens."""


@dataclass(frozen=True, slots=True)
class WatchedMetric:
    """A metric that an alarm reads."""

    namespace: str
    name: str
    dimensions: Dimensions

    @property
    def shape(self) -> Shape:
        """The names of its dimensions."""
        return frozenset(name for name, _ in self.dimensions)

    def __str__(self) -> str:
        pairs = ", ".join(f"{name}={value}" for name, value in sorted(self.dimensions))
        return f"{self.namespace} {self.name} ({pairs or 'no dimensions'})"


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """What alarms read, and which of it exists.

    `listed`: the dimensions of every metric that AWS lists, by namespace and name. `rules` are all
    of (bus, name), `queues` those of the alarms' queues that exist.
    """

    region: str
    alarms: Mapping[str, tuple[WatchedMetric, ...]]
    listed: Mapping[tuple[str, str], frozenset[Dimensions]]
    rules: frozenset[tuple[str, str]]
    queues: frozenset[str]


def watched(alarm: Mapping[str, Any]) -> tuple[WatchedMetric, ...]:
    """The metrics that an alarm reads in its own account; as AWS describes it."""
    found = [
        query["MetricStat"]["Metric"]
        for query in alarm.get("Metrics") or ()
        if query.get("MetricStat") and not query.get("AccountId")
    ]
    if alarm.get("MetricName"):
        found.append(alarm)
    return tuple(
        WatchedMetric(
            each["Namespace"],
            each["MetricName"],
            frozenset((pair["Name"], pair["Value"]) for pair in each.get("Dimensions") or ()),
        )
        for each in found
        if each.get("Namespace")
    )


def judge(source: str, facts: MetricFacts) -> Iterator[CheckFinding]:
    """Each alarm reads metrics that are published."""
    bad = 0
    for name, metrics in sorted(facts.alarms.items()):
        for metric in metrics:
            finding = _judge(name, metric, facts)
            if finding is not None:
                bad += 1
                yield finding
                break
    if not bad:
        yield right(source, f"alarms that can fire: {len(facts.alarms)}")


def _judge(alarm: str, metric: WatchedMetric, facts: MetricFacts) -> CheckFinding | None:
    known = facts.listed.get((metric.namespace, metric.name), frozenset())
    if metric.dimensions in known:
        return None
    problem = None
    if metric.namespace == EVENTS:
        problem = _events_problem(metric, facts)
    elif metric.namespace == SQS:
        problem = _sqs_problem(metric, facts)
    elif _SERVICES.get((metric.namespace, metric.name)) == metric.shape:
        return None
    else:
        return _unlisted(alarm, metric, known, facts.region)
    if problem is None:
        return None
    return wrong(
        alarm,
        f"can never fire: {problem}",
        "change it to a metric that exists; or, if it is not needed:",
        _delete(alarm, facts.region),
    )


def _events_problem(metric: WatchedMetric, facts: MetricFacts) -> str | None:
    if metric.name.startswith(_PUT):
        return None
    shapes = _SHAPES.get(metric.name)
    if shapes is None:
        return None if metric.name in _OTHERS else f"EventBridge has no metric {metric.name}"
    shape = frozenset(name for name, _ in metric.dimensions)
    if shape not in shapes:
        has = _named(shape)
        return (
            f"AWS publishes {metric.name} with {_either(shapes)}, but the alarm reads it with {has}"
        )
    given = dict(metric.dimensions)
    if "RuleName" not in given:
        return None
    bus = given.get("EventBusName", "default")
    if (bus, given["RuleName"]) in facts.rules:
        return None
    return f"rule {given['RuleName']} does not exist on bus {bus}"


_OTHERS: Final = frozenset(("MatchedEvents", "Events", "InvocationsCreated"))


def _sqs_problem(metric: WatchedMetric, facts: MetricFacts) -> str | None:
    if metric.name not in _SQS_METRICS:
        return f"SQS has no metric {metric.name}"
    given = dict(metric.dimensions)
    if set(given) != {"QueueName"}:
        has = _named(frozenset(given))
        return f"AWS publishes it with QueueName, but the alarm reads it with {has}"
    if given["QueueName"] in facts.queues:
        return None
    return f"queue {given['QueueName']} does not exist"


def _unlisted(
    alarm: str, metric: WatchedMetric, known: frozenset[Dimensions], region: str
) -> CheckFinding:
    """A metric of another service, or a custom one."""
    shape = frozenset(name for name, _ in metric.dimensions)
    shapes = sorted({frozenset(n for n, _ in one) for one in known}, key=sorted)
    if shapes and shape not in shapes:
        return wrong(
            alarm,
            f"can never fire: {metric.namespace} {metric.name} has {_either(shapes)}, but "
            f"the alarm reads it with {_named(shape)}",
            "change it to these dimensions; or, if it is not needed:",
            _delete(alarm, region),
        )
    return doubtful(
        alarm,
        f"{metric} has not been published for two weeks",
        "check that its publisher runs, and check namespace, name and dimensions",
    )


def _delete(alarm: str, region: str) -> str:
    return aws("cloudwatch delete-alarms", region, alarm_names=alarm)


def _named(shape: Shape) -> str:
    return " and ".join(sorted(shape)) or "no dimensions"


def _either(shapes: Iterable[Shape]) -> str:
    return ", or ".join(_named(shape) for shape in shapes)
