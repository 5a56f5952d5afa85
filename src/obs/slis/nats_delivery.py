"""Good messages: those of a consumer that were acknowledged rather than given up."""

from collections.abc import Mapping
from typing import Final

import msgspec

from obs.slis.consumers import ConsumerTracker, consumer_objects
from obs.slis.dead_letters import KEPT
from obs.slis.kind import Measurement, Observation
from obs.slis.settled_minutes import SavedMinutes, SettledMinutes
from obs.slo.cumulative import Counts
from obs.slo.windows import MINUTE
from obs.spec.slis import NatsDeliverySli

_CORRECTED: Final = 10 * MINUTE  # a clock may be set back by less without a minute counting twice


class SavedDelivery(msgspec.Struct, frozen=True, array_like=True):
    """The consumers by account, stream and name, and the last minutes of all of them together."""

    consumers: dict[str, SavedMinutes]
    minutes: dict[int, Counts]


class DeliveryMeasurement(Measurement[NatsDeliverySli, ConsumerTracker]):
    """Total events are messages that left a consumer, however often it tried; bad ones are dead
    letters.

    Several consumers are summed minute by minute, also where they settle it at different times.
    Minutes in which dead letters cannot be known have no events of that consumer.
    """

    def __init__(self, sli: NatsDeliverySli) -> None:
        super().__init__(sli)
        self._consumers: dict[str, SettledMinutes] = {}
        self._minutes: dict[int, Counts] = {}

    @classmethod
    def objects(
        cls, sli: NatsDeliverySli, tracker: ConsumerTracker
    ) -> Mapping[str, NatsDeliverySli] | None:
        """Each consumer."""
        return consumer_objects(sli, tracker)

    def observe(self, tracker: ConsumerTracker) -> Observation | None:
        """The minutes that this poll settled, of all the SLI's consumers together."""
        if tracker.snapshot is None:
            return None
        at, before, changed = tracker.snapshot.at, self._counted(), set[int]()
        for numbers in tracker.numbers(self.sli):
            key = "/".join((numbers.account, numbers.stream, numbers.consumer))
            consumer = self._consumers.setdefault(key, SettledMinutes())
            for minute, (good, total) in consumer.observe(numbers, at).items():
                good_before, total_before = self._minutes.get(minute, (0.0, 0.0))
                self._minutes[minute] = (good_before + good, total_before + total)
                changed.add(minute)
        counted = self._counted()
        if not changed and counted == before:
            return None
        minutes = {minute: self._minutes[minute] for minute in sorted(changed)}
        self._forget(counted)
        return Observation(minutes, counted, min(changed, default=counted))

    def saved(self) -> bytes:
        """The consumers' counters, and the minutes that another consumer may still add to."""
        consumers = {
            key: state
            for key, consumer in self._consumers.items()
            if (state := consumer.to_state()) is not None
        }
        return msgspec.msgpack.encode(SavedDelivery(consumers, self._minutes))

    def restore(self, saved: bytes) -> None:
        """Count on from there."""
        state = msgspec.msgpack.decode(saved, type=SavedDelivery)
        self._consumers = {key: SettledMinutes(each) for key, each in state.consumers.items()}
        self._minutes = state.minutes

    def _counted(self) -> int:
        """The end of the last minute that any consumer settled."""
        return max((consumer.counted for consumer in self._consumers.values()), default=0)

    def _forget(self, counted: int) -> None:
        kept = {k: each for k, each in self._consumers.items() if each.counted >= counted - KEPT}
        oldest = min((each.counted for each in kept.values()), default=counted) - _CORRECTED
        self._consumers = {
            key: each for key, each in self._consumers.items() if key in kept or not each.counted
        }
        self._minutes = {start: each for start, each in self._minutes.items() if start >= oldest}


MEASUREMENT: Final = DeliveryMeasurement
