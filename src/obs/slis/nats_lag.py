"""Good minutes: those in which the lag of a consumer was within the target."""

from collections.abc import Mapping
from typing import Final

from obs.slis.consumers import (
    ConsumerNumbers,
    ConsumerTracker,
    consumer_objects,
    observation_of_minutes,
)
from obs.slis.kind import Measurement, Observation
from obs.slo.minutes import MinuteShare, minute_of
from obs.spec.slis import NatsLagSli


class LagMeasurement(Measurement[NatsLagSli, ConsumerTracker]):
    """Each minute is one event; good is the share of its polls in which the lag was in target.

    Of several consumers, all have to be within the target. A poll does not count where no consumer
    is beyond it and the lag of one is unknown. A minute in which the consumer did not exist, or in
    which its server did not tell, is no event; one that a restart interrupts is lost.
    """

    def __init__(self, sli: NatsLagSli) -> None:
        super().__init__(sli)
        self._share = MinuteShare()
        self._gone_at = 0  # the minute in which it was last seen to be gone

    @classmethod
    def objects(cls, sli: NatsLagSli, tracker: ConsumerTracker) -> Mapping[str, NatsLagSli] | None:
        """Each consumer."""
        return consumer_objects(sli, tracker)

    def observe(self, tracker: ConsumerTracker) -> Observation | None:
        """The minutes that this poll ended, if it ended any."""
        consumers = tracker.numbers(self.sli)
        if tracker.snapshot is None or not consumers:
            return None
        at = tracker.snapshot.at
        within = {is_within(self.sli, each) if each.told else None for each in consumers}
        if None in within and False not in within:
            self._share.break_off()
            return None
        ended = self._share.observe(at, False not in within)
        return observation_of_minutes(ended, at) if ended else None

    def silent(self, tracker: ConsumerTracker) -> Observation | None:
        """A poll that tells everything, and has no such consumer: it is gone."""
        snapshot = tracker.snapshot
        if snapshot is None or not snapshot.tells_all or tracker.numbers(self.sli):
            return None
        now = minute_of(snapshot.at)
        if now < self._gone_at:  # the clock was set back: those minutes count already
            return None
        self._gone_at = now
        ended = self._share.stop(snapshot.at)
        events = {minute.start: (minute.good, minute.total) for minute in ended}
        return Observation(events, now, min(events, default=now))


def is_within(sli: NatsLagSli, consumer: ConsumerNumbers) -> bool | None:
    """Whether the consumer's lag is within every target that the SLI gives; None: unknown."""
    if sli.max_messages is not None and consumer.lag_messages > sli.max_messages:
        return False
    if sli.max_seconds is None:
        return True
    return None if consumer.lag_seconds is None else consumer.lag_seconds <= sli.max_seconds


MEASUREMENT: Final = LagMeasurement
