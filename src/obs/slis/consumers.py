"""What SLIs over JetStream consumers read of the tracker of a NATS source."""

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.slis.kind import Observation
from obs.slo.minutes import Minute, minute_of
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.nats import NatsSnapshot
from obs.spec.slis import ConsumerSli


class ConsumerNumbers(msgspec.Struct, frozen=True, gc=False):
    """One consumer. `lag_messages` are unprocessed, the oldest of them `lag_seconds` old.

    `polled` and `of_stream` are what its leader last told; `told` false: by an earlier poll. The
    dead letters of its account are known for the periods `heard`, the last of which may still be
    going on.
    """

    account: str
    stream: str
    consumer: str
    lag_messages: int
    lag_seconds: float | None
    polled: Consumer
    of_stream: Stream
    dead_letters: DeadLetterCounts
    heard: tuple[HeardSpan, ...]
    told: bool = True


class NatsTracker(Protocol):
    """The last snapshot of a NATS source."""

    @property
    def snapshot(self) -> NatsSnapshot | None: ...


class ConsumerTracker(NatsTracker, Protocol):
    """The consumers of a NATS source as judged after its last poll."""

    def numbers(self, sli: ConsumerSli) -> Sequence[ConsumerNumbers]:
        """The consumers that an SLI names; several where their stream is in several accounts."""
        ...

    def named_like(self, sli: ConsumerSli) -> Sequence[tuple[str, str]]:
        """Stream and name of each consumer that an SLI's globs match, also of one that is missing
        without anything saying that it was deleted."""
        ...


ConsumerSliT = TypeVar("ConsumerSliT", bound=ConsumerSli)


def consumer_objects(
    sli: ConsumerSliT, tracker: ConsumerTracker
) -> Mapping[str, ConsumerSliT] | None:
    """The SLI of each consumer, by STREAM/CONSUMER; None before the first poll."""
    if tracker.snapshot is None:
        return None
    return {
        f"{stream}/{consumer}": sli.of(stream, consumer)
        for stream, consumer in tracker.named_like(sli)
    }


def observation_of_minutes(minutes: Sequence[Minute], at: float) -> Observation:
    """The minutes that ended by `at` (Unix seconds), oldest first; at least one."""
    events = {minute.start: (minute.good, minute.total) for minute in minutes}
    return Observation(events, minute_of(at), minutes[0].start)
