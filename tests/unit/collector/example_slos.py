"""An SLO of each kind, and what the trackers of their sources know after a poll."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.slis.consumers import ConsumerNumbers
from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.aws import AwsSnapshot, Rule
from obs.snapshot.nats import NatsSnapshot
from obs.spec.slos import Slo

START = 1_800_000_000 // 900 * 900
PAID = Rule("orders", "paid")
SENT = Rule("orders", "sent")

DELIVERY = Slo.model_validate(
    {
        "name": "delivery",
        "service": "orders",
        "objective": 99.9,
        "window": "30d",
        "sli": {"eventbridge": {"source": "aws", "bus": "orders", "rules": ["pa*"]}},
    }
)
KEEPS_UP = Slo.model_validate(
    {
        "name": "keeps-up",
        "service": "orders",
        "objective": 99,
        "sli": {
            "nats_lag": {"source": "main", "stream": "S", "consumer": "c", "max_seconds": "30s"}
        },
    }
)
PROCESSED = Slo.model_validate(
    {
        "name": "processed",
        "service": "orders",
        "objective": 99,
        "sli": {"nats_delivery": {"source": "main", "stream": "S", "consumer": "c"}},
    }
)
AVAILABLE = Slo.model_validate(
    {
        "name": "available",
        "service": "orders",
        "objective": 99,
        "sli": {"prometheus": {"source": "metrics", "bad": "errors_total", "total": "all_total"}},
    }
)
REACHED = Slo.model_validate(
    {
        "name": "reached",
        "service": "orders",
        "objective": 99,
        "sli": {"prometheus_minutes": {"source": "metrics", "holds": "min(probe_success)"}},
    }
)
ANSWERED = Slo.model_validate(
    {
        "name": "answered",
        "service": "orders",
        "objective": 99,
        "sli": {"nats_service": {"source": "main", "service": "orders", "endpoints": ["g*"]}},
    }
)
ORDERED = Slo.model_validate(
    {
        "name": "ordered",
        "service": "orders",
        "objective": 99,
        "sli": {
            "cloudwatch": {
                "source": "aws",
                "bad": {
                    "namespace": "AWS/Lambda",
                    "name": "Errors",
                    "dimensions": {"FunctionName": "orders-*"},
                },
                "total": {
                    "namespace": "AWS/Lambda",
                    "name": "Invocations",
                    "dimensions": {"FunctionName": "orders-*"},
                },
            }
        },
    }
)
QUICK = Slo.model_validate(
    {
        "name": "quick",
        "service": "orders",
        "objective": 99,
        "sli": {
            "cloudwatch_minutes": {
                "source": "aws",
                "metric": {
                    "namespace": "AWS/Lambda",
                    "name": "Duration",
                    "dimensions": {"FunctionName": "orders-paid"},
                    "statistic": "p99",
                },
                "at_most": 800,
            }
        },
    }
)
FAST = Slo.model_validate(
    {
        "name": "fast",
        "service": "orders",
        "objective": 99,
        "sli": {
            "prometheus_latency": {"source": "metrics", "histogram": "a_seconds", "below": "500ms"}
        },
    }
)
ALWAYS = (HeardSpan(START - 60, START + 1e6),)
"""Dead letters are known."""
SMALL = Slo.model_validate(
    {
        "name": "small",
        "service": "orders",
        "objective": 99,
        "sli": {
            "metric": {
                "source": "main",
                "metric": "nats_stream_bytes",
                "where": {"stream": "S"},
                "below": "10GB",
            }
        },
    }
)
BOTH = Slo.model_validate(
    {
        "name": "both",
        "service": "orders",
        "objective": 99,
        "sli": {"composite": {"of": ["keeps-up", "small"]}},
    }
)
ALWAYS = (HeardSpan(START - 60, START + 1e6),)
"""Dead letters are known."""

PROBED = Slo.model_validate(
    {
        "name": "probed",
        "service": "orders",
        "objective": 99,
        "sli": {"probe": {"source": "edge", "targets": ["api*"], "below": "500ms"}},
    }
)

CARRIED = Slo.model_validate(
    {
        "name": "carried",
        "service": "orders",
        "objective": 99,
        "sli": {"canary": {"source": "canary", "below": "5s"}},
    }
)

EXAMPLES = (
    *(DELIVERY, KEEPS_UP, PROCESSED, ANSWERED, AVAILABLE, REACHED, ORDERED, QUICK),
    *(SMALL, BOTH, FAST, PROBED, CARRIED),
)
"""One for each kind of SLI."""


def numbers(
    *,
    lag_messages: int = 0,
    lag_seconds: float | None = 0.0,
    account: str = "A",
    done: int = 0,
    dead: DeadLetterCounts | None = None,
    heard: tuple[HeardSpan, ...] = ALWAYS,
) -> ConsumerNumbers:
    """A consumer that has acknowledged or given up `done` messages, and has nothing in flight."""
    config = ConsumerConfig(max_deliver=3)
    consumer = Consumer(account, "S", "c", "first", config, done, done, done, 0, 0, 0, 1)
    stream = Stream(account, "S", "then", StreamConfig(), done, 0, 1, done, None, None, 1)
    return ConsumerNumbers(
        *(account, "S", "c", lag_messages, lag_seconds, consumer, stream),
        dead or DeadLetterCounts(),
        heard,
    )


def aws_snapshot(at: float, points: Mapping[tuple[Rule, str], dict[int, float]]) -> AwsSnapshot:
    settled = int(at - 120) // 60 * 60
    return AwsSnapshot(at, settled - 10_800, settled, (PAID, SENT), (), dict(points), ())


@dataclass(frozen=True)
class Rules:
    """The tracker of an AWS source after a poll."""

    snapshot: AwsSnapshot


class Consumers:
    """The tracker of a NATS source after a poll at `at`."""

    def __init__(self, at: float, *consumers: ConsumerNumbers) -> None:
        self.snapshot = NatsSnapshot(at, (), (), ())
        self._consumers = consumers

    def numbers(self, sli: object) -> tuple[ConsumerNumbers, ...]:
        return self._consumers
