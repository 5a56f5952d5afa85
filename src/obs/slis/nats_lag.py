"""Good minutes: those in which the lag of a consumer was within the target."""

from typing import Final

from obs.slis.consumers import ConsumerNumbers, ConsumerTracker, observation_of_minutes
from obs.slis.kind import Measurement, Observation
from obs.slo.minutes import MinuteShare
from obs.spec.slos import NatsLagSli


class LagMeasurement(Measurement[NatsLagSli, ConsumerTracker]):
    """Each minute is one event; good is the share of its polls in which the lag was in target.

    Of several consumers, all have to be within the target. A minute in which the consumer did not
    exist, or in which its server did not tell, is no event; one that a restart interrupts is lost.
    """

    def __init__(self, sli: NatsLagSli) -> None:
        super().__init__(sli)
        self._share = MinuteShare()

    def observe(self, tracker: ConsumerTracker) -> Observation | None:
        """The minutes that this poll ended, if it ended any."""
        consumers = tracker.numbers(self.sli)
        if tracker.snapshot is None or not consumers:
            return None
        within = all(is_within(self.sli, each) for each in consumers if each.told)
        if within and not all(each.told for each in consumers):
            return None  # those that are not told may be beyond it
        at = tracker.snapshot.at
        ended = self._share.observe(at, within)
        return observation_of_minutes(ended, at) if ended else None


def is_within(sli: NatsLagSli, consumer: ConsumerNumbers) -> bool:
    """Whether the consumer's lag is within every target that the SLI gives."""
    seconds_ok = sli.max_seconds is None or consumer.lag_seconds <= sli.max_seconds
    return seconds_ok and (sli.max_messages is None or consumer.lag_messages <= sli.max_messages)


MEASUREMENT: Final = LagMeasurement
