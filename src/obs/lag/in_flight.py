"""Which of a consumer's delivered messages are settled: acknowledged, terminated or given up.

The ack floor alone cannot say. Once a message ran out of deliveries the floor stays below it until
nothing at all is in flight, which under steady traffic never happens. And the server does not list
what is in flight. But it redelivers, and redeliveries are visible:

- With nothing in flight, everything delivered is settled.
- A message in flight is delivered again at most one ack wait after its last delivery, as soon as a
  client is pulling. So where redeliveries can be recognised and there was none for one longest ack
  wait, everything delivered before that is settled.
- In any case a message is given up once it was delivered `max_deliver` times: after the sum of its
  ack waits, everything delivered before that is settled.

All of these hold only while a client is pulling, because without one nothing is redelivered or
given up: time is measured on the active clock, which runs only then. Where there were deliveries
while obs did not poll, a client is assumed to have been pulling all along, which is not certain.
Two client calls extend an ack wait at will: progress (+WPI) and a negative acknowledgement with a
delay. The age of a message held in flight that way is underestimated once it is in flight for
longer than the sum of its ack waits.
"""

from array import array
from bisect import bisect_right
from math import inf
from typing import Final

from obs.lag.observed import NEVER, ObservedConsumerConfig

MAX_POINTS: Final = 48  # of one consumer's deliveries over time
UNPOLLED_POINTS: Final = 16  # for one stretch without polls

InFlightState = tuple[int, int, float, float, float, float, float, list[float], list[int]]


class RedeliverySchedule:
    """How long the server waits for acknowledgements under one configuration, in seconds.

    `longest` and `shortest` are single ack waits, `total` is their sum over all deliveries (inf
    without a limit), `after_redelivery` the most that may pass between the first redelivery of a
    message and giving it up.
    """

    __slots__ = ("after_redelivery", "longest", "max_deliver", "shortest", "total")

    def __init__(self, config: ObservedConsumerConfig) -> None:
        """Backoff replaces the ack wait; its last step repeats up to `max_deliver` deliveries."""
        steps = config.backoff or (config.ack_wait,)
        self.max_deliver = config.max_deliver
        self.longest = max(steps)
        self.shortest = max(min(steps), 0.001)
        if config.max_deliver <= 0:
            self.total = self.after_redelivery = inf
            return
        used = steps[: config.max_deliver]
        self.total = sum(used) + (config.max_deliver - len(used)) * used[-1]
        self.after_redelivery = max(self.total - used[0], self.longest)


class InFlight:
    """Bounds on which of one consumer's messages are in flight. Times are of its active clock."""

    __slots__ = (
        "_delivered", "_polled_again_at", "_times", "_unpolled", "active", "certainly_settled",
        "redelivered_at", "settled", "uncertain_at",
    )  # fmt: skip

    def __init__(self, state: InFlightState | None = None) -> None:
        certain, settled, active, redelivered, uncertain, unpolled, again, times, delivered = (
            state or (0, 0, 0.0, NEVER, 0.0, 0.0, 0.0, [], [])
        )
        self.certainly_settled = certain  # every stream sequence up to here is settled
        self.settled = settled  # and up to here if a client pulled whenever one was needed
        self.active = active  # the clock: seconds during which a client was pulling
        self.redelivered_at = redelivered  # when a redelivery was last seen
        self.uncertain_at = uncertain  # when one was last seen, or may have gone unseen
        self._unpolled = unpolled  # seconds of the clock without polls, since the oldest point
        self._polled_again_at = again  # when they ended
        self._times = array("d", times)
        self._delivered = array("q", delivered)  # stream sequences delivered by each of the times

    def pass_unpolled(self, seconds: float, delivered: int) -> None:
        """Advance the clock over `seconds` without polls, after which `delivered` is the last
        stream sequence delivered.

        The deliveries are assumed to have come at a steady rate.
        """
        if self._times:
            first = self._delivered[-1]
            for i in range(1, UNPOLLED_POINTS):
                self._times.append(self.active + seconds * i / UNPOLLED_POINTS)
                self._delivered.append(first + (delivered - first) * i // UNPOLLED_POINTS)
        self.active += seconds
        self._unpolled += seconds
        self._polled_again_at = self.active

    def observe(
        self,
        delivered: int,
        floor: int,
        ack_pending: int,
        schedule: RedeliverySchedule,
        interval: float,
    ) -> None:
        """Learn from one poll, once `active`, `redelivered_at` and `uncertain_at` include it.

        `delivered` and `floor` are stream sequences; `interval` is that of the polls, in seconds.
        """
        self.certainly_settled = max(self.certainly_settled, floor if ack_pending else delivered)
        if ack_pending == 0:
            del self._times[:], self._delivered[:]
        elif schedule.total < inf:
            self._record(delivered, schedule)
            # A client that comes and goes between polls may delay each redelivery by this much.
            absence = 2 * interval
            unpolled = self._unpolled
            given_up = self.active - schedule.total
            redelivered = self.active - schedule.longest
            oldest = given_up - absence * schedule.max_deliver - unpolled
            self.certainly_settled = max(
                self.certainly_settled,
                self._delivered_by(oldest),
                self._delivered_by(redelivered - absence - unpolled, since=self.uncertain_at),
            )
            self.settled = max(
                self.settled,
                self._delivered_by(given_up),
                self._delivered_by(redelivered, since=self.uncertain_at),
            )
            self._forget_before(oldest, schedule)
        if not self._times or self._times[0] >= self._polled_again_at:
            self._unpolled = 0.0
        self.settled = max(self.settled, self.certainly_settled)

    def _record(self, delivered: int, schedule: RedeliverySchedule) -> None:
        if not self._times or self.active - self._times[-1] >= schedule.longest / 8:
            self._times.append(self.active)
            self._delivered.append(delivered)

    def _delivered_by(self, time: float, since: float = NEVER) -> int:
        """The sequence delivered by the last point up to `time`; 0 if that is before `since`."""
        i = bisect_right(self._times, time) - 1
        return self._delivered[i] if i >= 0 and self._times[i] >= since else 0

    def _forget_before(self, time: float, schedule: RedeliverySchedule) -> None:
        """Drop the points before the one `time` needs; above MAX_POINTS, thin the older ones."""
        times, delivered = self._times, self._delivered
        needless = bisect_right(times, time) - 1
        if needless > 0:
            del times[:needless], delivered[:needless]
        if len(times) <= MAX_POINTS:
            return
        remaining = [0]
        for i in range(1, len(times)):
            recent = times[i] > self.active - 2 * schedule.longest
            if recent or times[i] - times[remaining[-1]] >= (self.active - time) / (MAX_POINTS / 2):
                remaining.append(i)
        self._times = array("d", [times[i] for i in remaining])
        self._delivered = array("q", [delivered[i] for i in remaining])

    def recent(self, schedule: RedeliverySchedule) -> int:
        """How many stream sequences, at least, were delivered too recently to be given up."""
        by = self.active - schedule.total
        for time, delivered in zip(self._times, self._delivered, strict=True):
            if time > by:
                return self._delivered[-1] - delivered
        return 0

    def quiet(self, schedule: RedeliverySchedule) -> bool:
        """Whether nothing is being redelivered, as far as polls can show."""
        if self.active - self.uncertain_at >= schedule.longest:
            return True
        return self.active - max(self.redelivered_at, 0.0) >= schedule.after_redelivery

    def to_state(self) -> InFlightState:
        """Plain values; `InFlight(state)` goes on from them."""
        return (
            self.certainly_settled, self.settled, self.active, self.redelivered_at,
            self.uncertain_at, self._unpolled, self._polled_again_at, list(self._times),
            list(self._delivered),
        )  # fmt: skip
