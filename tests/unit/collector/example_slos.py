"""An SLO of each kind, and what the trackers of their sources know after a poll."""

from collections.abc import Mapping
from dataclasses import dataclass

from obs.slis.consumers import ConsumerNumbers
from obs.snapshot import AwsSnapshot, NatsSnapshot, Rule
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


def numbers(
    *,
    lag_messages: int = 0,
    lag_seconds: float = 0.0,
    delivered: int = 0,
    dead_letters: int | None = 0,
) -> ConsumerNumbers:
    return ConsumerNumbers("A", "S", "c", lag_messages, lag_seconds, delivered, dead_letters)


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
