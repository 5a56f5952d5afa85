"""Good minutes: those in which the lag of a consumer was within the target."""

from typing import Final

from obs.slis.consumers import ConsumerNumbers, ConsumerTracker, observation_of_minutes
from obs.slis.kind import Measurement, Observation
from obs.slo.minutes import MinuteShare
from obs.spec.slos import NatsLagSli


class LagMeasurement(Measurement[NatsLagSli, ConsumerTracker]):
    """Each minute is one event; good is the share of its polls in which the lag was in target.

    Of several consumers, all have to be within the target. A poll does not count where no consumer
    is beyond it and the lag of one is unknown. A minute in which the consumer did not exist, or in
    which its server did not tell, is no event; one that a restart interrupts is lost.
    """

    def __init__(self, sli: NatsLagSli) -> None:
        super().__init__(sli)
        self._share = MinuteShare()

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


def is_within(sli: NatsLagSli, consumer: ConsumerNumbers) -> bool | None:
    """Whether the consumer's lag is within every target that the SLI gives; None: unknown."""
    if sli.max_messages is not None and consumer.lag_messages > sli.max_messages:
        return False
    if sli.max_seconds is None:
        return True
    return None if consumer.lag_seconds is None else consumer.lag_seconds <= sli.max_seconds


MEASUREMENT: Final = LagMeasurement
