"""Events of accounts as counts, as a connection hands them over."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

import msgspec

from obs.catalogue.nats_events import PROCESSING
from obs.families.histogram import Observations
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Count, Nanoseconds
from obs.spec.nats import Event

MOST_SAMPLED: Final = 1_000
"""Consumers of a source that have a histogram of their processing time."""
_MOST_COUNTED: Final = 20_000  # keys counted in one interval
_PER_SECOND: Final = 1e9
_LATE: Final = 0.8  # of ack_wait

Key = tuple[str, ...]
"""An account, and tokens of the subject: ("$G", "CONSUMER", "MSG_NAKED", "ORDERS", "billing")."""
Consumer = tuple[str, str, str]  # account, stream, consumer


class _AckSample(msgspec.Struct, frozen=True, gc=False):
    """`ack_time` in nanoseconds, from the last delivery on."""

    ack_time: Nanoseconds
    deliveries: Count = 1


_SAMPLE: Final = msgspec.json.Decoder(_AckSample)


class Samples:
    """Ack samples of one consumer."""

    __slots__ = ("deliveries", "late", "processing")

    def __init__(self) -> None:
        self.processing = Observations(PROCESSING.buckets)
        self.deliveries = 0
        self.late = 0


@dataclass(slots=True)
class HeardEvents:
    """What a connection counted since it was last asked.

    `samples` are by consumer, `dropped` the number of those of too many consumers. `paused`: for
    how many seconds a kind of event of an account was not counted.
    """

    counts: Counter[Key] = field(default_factory=Counter)
    samples: dict[Consumer, Samples] = field(default_factory=dict)
    dropped: int = 0
    paused: dict[tuple[str, Event], float] = field(default_factory=lambda: defaultdict(float))

    def count(self, key: Key) -> None:
        """Count one; a key of too many counts as nothing."""
        if key in self.counts or len(self.counts) < _MOST_COUNTED:
            self.counts[key] += 1

    def sample(self, consumer: Consumer, data: bytes, ack_wait: float | None = None) -> None:
        """Count an ack sample; one that cannot be read counts as nothing.

        `ack_wait`: seconds until the consumer redelivers; None where that is not known.
        """
        try:
            sample = _SAMPLE.decode(data)
        except tolerant.ODD:
            return
        samples = self.samples.get(consumer)
        if samples is None:
            if len(self.samples) >= MOST_SAMPLED:
                self.dropped += 1
                return
            samples = self.samples[consumer] = Samples()
        took = sample.ack_time / _PER_SECOND
        samples.processing.add(took)
        samples.deliveries += max(sample.deliveries, 1)
        if sample.deliveries > 1 or (ack_wait and took > _LATE * ack_wait):
            samples.late += 1
