"""Good deliveries: those of a consumer that did not end as dead letters."""

from typing import Final

from obs.slis.consumers import ConsumerTracker, observation_of
from obs.slis.kind import Measurement, Observation, SavedCounters
from obs.slo.minutes import Minute, MinuteCounts
from obs.spec.slos import NatsDeliverySli


class DeliveryMeasurement(Measurement[NatsDeliverySli, ConsumerTracker]):
    """Total events are messages delivered, bad ones dead letters, minute by minute.

    What happened while no collector ran counts into the first minute after it. Nothing is counted
    while dead letters cannot be known.
    """

    def __init__(self, sli: NatsDeliverySli) -> None:
        super().__init__(sli)
        self._counts: dict[str, MinuteCounts] = {}

    def observe(self, tracker: ConsumerTracker) -> Observation | None:
        """The minute that this poll ended, of all the SLI's consumers together."""
        if tracker.snapshot is None:
            return None
        at, ended = tracker.snapshot.at, list[Minute]()
        for consumer in tracker.numbers(self.sli):
            if consumer.dead_letters is None:
                continue
            key = "/".join((consumer.account, consumer.stream, consumer.consumer))
            counts = self._counts.setdefault(key, MinuteCounts())
            if minute := counts.observe(at, consumer.delivered, consumer.dead_letters):
                ended.append(minute)
        if not ended:
            return None
        good, total = sum(each.good for each in ended), sum(each.total for each in ended)
        return observation_of(Minute(ended[0].start, good, total), at)

    def saved(self) -> SavedCounters:
        """Deliveries and dead letters up to the last whole minute, by consumer."""
        return {key: counts.state for key, counts in self._counts.items() if counts.state}

    def restore(self, saved: SavedCounters) -> None:
        """Count on from there."""
        self._counts = {consumer: MinuteCounts(counters) for consumer, counters in saved.items()}


MEASUREMENT: Final = DeliveryMeasurement
