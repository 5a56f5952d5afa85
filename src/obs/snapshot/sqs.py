"""SQS queues at one moment: what they are for, what they count, why dead letters are in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

QueueKey = tuple[str, str]
"""A queue, and the name of a CloudWatch metric of it."""


class QueueRole(StrEnum):
    """What a queue is for."""

    DEAD_LETTER = "dead_letter"
    WORK = "work"


@dataclass(frozen=True, slots=True, order=True)
class Cause:
    """Why messages are in a dead-letter queue; `unknown` where they do not tell.

    `bus` and `rule` are of EventBridge; `target` is what did not accept the event, or the queue
    whose consumers did not process the message.
    """

    error_code: str
    bus: str
    rule: str
    target: str


@dataclass(frozen=True, slots=True)
class QueueCauses:
    """The causes of the messages of one queue that were read, with their number.

    `examples` has what one message said of each cause, for people. `not_read` says why the queue
    is not read; empty where it is.
    """

    messages: Mapping[Cause, int] = field(default_factory=dict)
    examples: Mapping[Cause, str] = field(default_factory=dict)
    not_read: str = ""


@dataclass(frozen=True, slots=True)
class Sqs:
    """What one poll told of queues.

    `points` and `missed`: as those of rules, by queue and CloudWatch metric name; of work queues.
    `causes` by dead-letter queue; empty where they are not read.
    """

    points: dict[QueueKey, dict[int, float]] = field(default_factory=dict)
    missed: dict[QueueKey, dict[int, float]] = field(default_factory=dict)
    causes: dict[str, QueueCauses] = field(default_factory=dict)
