"""Which of a consumer's delivered messages are settled: acknowledged, terminated or given up.

The acknowledgement floor alone cannot say. Once a message ran out of deliveries the floor stays
below it until nothing at all is in flight, which under steady traffic never happens. And the server
does not name what is in flight. But it redelivers, and that can be seen:

- With nothing in flight, everything delivered is settled.
- A message in flight is delivered again at the latest one ack wait after its last delivery, as soon
  as a puller is there. So when deliveries could be told apart and none was a redelivery for one
  longest ack wait, everything delivered before that is settled.
- Whatever happens, a message is given up when it was delivered `max_deliver` times: after the sum
  of its ack waits, everything delivered before that is settled.

All of these hold only while a puller is there, because nothing is redelivered or given up without
one: time is measured on a clock that runs only then. Where there were deliveries while nobody
polled, a puller is taken to have been there all along, which is no certainty. Two client calls
stretch an ack wait at will, progress (+WPI) and a negative acknowledgement with a delay; the age of
a message kept in flight that way is underestimated once it is longer in flight than the sum of its
ack waits.
"""

from array import array
from bisect import bisect_right
from math import inf
from typing import Final

from obs.lag.observed import NEVER, ConsumerConfig

MARKS: Final = 48  # kept of the deliveries of one consumer
UNSEEN_MARKS: Final = 16  # of a time in which nobody polled

InFlightState = tuple[int, int, float, float, float, float, float, list[float], list[int]]


class RedeliverySchedule:
    """How long the server waits for acknowledgements under one configuration, in seconds."""

    __slots__ = ("longest", "max_deliver", "retried", "shortest", "total")

    def __init__(self, config: ConsumerConfig) -> None:
        """Backoff replaces the ack wait; its last step repeats up to `max_deliver` deliveries."""
        steps = config.backoff or (config.ack_wait,)
        self.max_deliver = config.max_deliver
        self.longest = max(steps)
        self.shortest = max(min(steps), 0.001)
        if config.max_deliver <= 0:
            self.total = self.retried = inf
            return
        used = steps[: config.max_deliver]
        self.total = sum(used) + (config.max_deliver - len(used)) * used[-1]
        self.retried = max(self.total - used[0], self.longest)  # from its first redelivery on


class InFlight:
    """What is known of one consumer's messages in flight. Times are of its active clock."""

    __slots__ = (
        "_back", "_delivered", "_marks", "_unseen", "active", "certain", "doubt", "retried",
        "settled",
    )  # fmt: skip

    def __init__(self, state: InFlightState | None = None) -> None:
        certain, settled, active, retried, doubt, unseen, back, marks, delivered = state or (
            0, 0, 0.0, NEVER, 0.0, 0.0, 0.0, [], [],
        )  # fmt: skip
        self.certain = certain  # every stream sequence up to here is settled
        self.settled = settled  # and up to here if pullers were there when they were needed
        self.active = active  # seconds during which a puller was there
        self.retried = retried  # when a redelivery was last seen
        self.doubt = doubt  # when one may last have gone unseen, or was seen
        self._unseen = unseen  # seconds of the clock that nobody saw, while older marks are kept
        self._back = back  # when they ended
        self._marks = array("d", marks)
        self._delivered = array("q", delivered)  # the sequence delivered by each mark

    def pass_unseen(self, seconds: float, delivered: int) -> None:
        """Let the clock run for a time in which nobody polled; `delivered` is its last sequence.

        Deliveries are taken to have come evenly.
        """
        if self._marks:
            first = self._delivered[-1]
            for i in range(1, UNSEEN_MARKS):
                self._marks.append(self.active + seconds * i / UNSEEN_MARKS)
                self._delivered.append(first + (delivered - first) * i // UNSEEN_MARKS)
        self.active += seconds
        self._unseen += seconds
        self._back = self.active

    def observe(
        self,
        delivered: int,
        floor: int,
        in_flight: int,
        patience: RedeliverySchedule,
        interval: float,
    ) -> None:
        """Learn from one poll, after the clock and the signs of redelivery were brought up to it.

        `delivered` and `floor` are stream sequences; `interval` lies between polls, in seconds.
        """
        self.certain = max(self.certain, floor if in_flight else delivered)
        if in_flight == 0:
            del self._marks[:], self._delivered[:]
        elif patience.total < inf:
            self._mark(delivered, patience)
            # A puller that comes and goes between polls keeps each redelivery waiting.
            absence = 2 * interval
            unseen = self._unseen
            given_up = self.active - patience.total
            redelivered = self.active - patience.longest
            oldest = given_up - absence * patience.max_deliver - unseen
            self.certain = max(
                self.certain,
                self._delivered_by(oldest),
                self._delivered_by(redelivered - absence - unseen, since=self.doubt),
            )
            self.settled = max(
                self.settled,
                self._delivered_by(given_up),
                self._delivered_by(redelivered, since=self.doubt),
            )
            self._forget(oldest, patience)
        if not self._marks or self._marks[0] >= self._back:
            self._unseen = 0.0
        self.settled = max(self.settled, self.certain)

    def _mark(self, delivered: int, patience: RedeliverySchedule) -> None:
        if not self._marks or self.active - self._marks[-1] >= patience.longest / 8:
            self._marks.append(self.active)
            self._delivered.append(delivered)

    def _delivered_by(self, time: float, since: float = NEVER) -> int:
        """What had been delivered by the last mark up to `time`; 0 if that is before `since`."""
        i = bisect_right(self._marks, time) - 1
        return self._delivered[i] if i >= 0 and self._marks[i] >= since else 0

    def _forget(self, time: float, patience: RedeliverySchedule) -> None:
        """Drop the marks before the one that `time` needs; beyond MARKS, thin the older ones."""
        marks, delivered = self._marks, self._delivered
        needless = bisect_right(marks, time) - 1
        if needless > 0:
            del marks[:needless], delivered[:needless]
        if len(marks) <= MARKS:
            return
        kept = [0]
        for i in range(1, len(marks)):
            recent = marks[i] > self.active - 2 * patience.longest
            if recent or marks[i] - marks[kept[-1]] >= (self.active - time) / (MARKS / 2):
                kept.append(i)
        self._marks = array("d", [marks[i] for i in kept])
        self._delivered = array("q", [delivered[i] for i in kept])

    def recent(self, patience: RedeliverySchedule) -> int:
        """How many sequences at least were delivered too recently to be given up."""
        by = self.active - patience.total
        for mark, delivered in zip(self._marks, self._delivered, strict=True):
            if mark > by:
                return self._delivered[-1] - delivered
        return 0

    def quiet(self, patience: RedeliverySchedule) -> bool:
        """Whether nothing is being retried, as far as can be seen."""
        if self.active - self.doubt >= patience.longest:
            return True
        return self.active - max(self.retried, 0.0) >= patience.retried

    def to_state(self) -> InFlightState:
        """Plain values; `InFlight(state)` goes on from them."""
        return (
            self.certain, self.settled, self.active, self.retried, self.doubt, self._unseen,
            self._back, list(self._marks), list(self._delivered),
        )  # fmt: skip
