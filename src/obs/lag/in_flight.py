"""Which of a consumer's delivered messages are settled: acknowledged, terminated or given up.

The ack floor alone cannot say. Once a message ran out of deliveries the floor stays below it until
nothing at all is in flight, which under steady traffic never happens. And the server does not list
what is in flight. So the first message above the floor is in flight, or was given up: which one?

Proof that it is in flight (`is_held`): a message is given up after `max_deliver` − 1 redeliveries
and counts as redelivered from then on. With too few redeliveries since its first delivery, or with
no message counted as redelivered, or where advisories would have told, it is still in flight.

None of it is a proof once a message was removed from the stream in flight: the floor stays below
it, too (`is_blocked`).

Otherwise the likelier is assumed (`settled`), and the uncertainty reaches the other:

- A message is given up once it was delivered `max_deliver` times, one ack wait after the other.
- Negative acknowledgements make it quicker: redeliveries are counted, and where `max_deliver` for
  each message being redelivered were seen, what was delivered before them is settled.
- Where there was no redelivery for as long as there usually is between two tries of a message,
  none is being retried: messages are settled about in the order they arrived (`is_calm`).
- Progress (+WPI) and negative acknowledgements with a delay extend an ack wait at will: a message
  proven to be in flight for longer than its ack waits is held, and its own pace counts.

Ack waits pass only while a client is pulling, because without one nothing is redelivered or given
up: time is measured on the active clock, which runs only then. Where there were deliveries while
obs did not poll, a client is assumed to have been pulling all along.
"""

from math import inf
from typing import Final

import msgspec

from obs.lag.delivery_marks import MAX_MARKS, DeliveryMarks
from obs.lag.observed import NEVER
from obs.lag.redelivery_schedule import RedeliverySchedule

UNPOLLED_POINTS: Final = 16  # for one stretch without polls
_PACE_SLACK: Final = 1.25  # intervals between tries vary


class InFlightState(msgspec.Struct, frozen=True, array_like=True):
    """What is known of the messages in flight, as plain values."""

    certainly_settled: int = 0
    settled: int = 0
    active: float = 0.0
    redelivered_at: float = NEVER
    uncertain_at: float = 0.0
    unpolled: float = 0.0  # of earlier versions
    polled_again_at: float = 0.0  # of earlier versions
    times: list[float] = []
    delivered: list[int] = []
    retries_then: list[int] = []
    retries: int = 0
    counted_from: int = -1
    lingering: int = 0
    redelivered: int = 0
    held: bool = False
    worked: float = 0.0
    episode: tuple[float, int, int] = (NEVER, 0, 0)
    outlasted: float = 0.0
    removed_by: int = 0


class InFlight:
    """Which of one consumer's messages are in flight. Times are of its active clock."""

    __slots__ = (
        "_ack_pending", "_counted_from", "_episode_at", "_episode_distinct", "_episode_retries",
        "_held", "_idle", "_interval", "_lingering", "_marks", "_outlasted", "_redelivered",
        "_removed_by", "_retries", "_worked", "active", "certainly_settled", "redelivered_at",
        "settled", "uncertain_at",
    )  # fmt: skip

    def __init__(self, state: InFlightState | None = None) -> None:
        known = state or InFlightState()
        self.certainly_settled = known.certainly_settled  # every sequence up to here is settled
        self.settled = known.settled  # and, most likely, up to here
        self.active = known.active  # the clock: seconds during which a client was pulling
        self.redelivered_at = known.redelivered_at  # when a redelivery was last seen
        self.uncertain_at = known.uncertain_at  # when one was last seen, or may have gone unseen
        retries_then = known.retries_then or [0] * len(known.times)
        self._marks = DeliveryMarks(known.times, known.delivered, retries_then)
        self._retries = known.retries  # redeliveries seen
        self._counted_from = known.counted_from  # all were seen of messages after this sequence
        self._lingering = known.lingering  # counted as redelivered, though given up
        self._redelivered = known.redelivered  # as the server counts, at the last poll
        self._held = known.held  # the first above the floor outlasts its ack waits
        self._worked = known.worked  # for so long without a redelivery, as far as proven
        # Since redeliveries began again: when, how many, of how many different messages.
        self._episode_at, self._episode_retries, self._episode_distinct = known.episode
        self._outlasted = known.outlasted  # the longest that tries of one took, if proven
        self._removed_by = known.removed_by  # the last sequence that was removed in flight, at most
        self._ack_pending = 0
        self._interval = 0.0
        # The point when nothing was last in flight.
        self._idle = (self.active, self.certainly_settled, self._retries)

    def pass_unpolled(self, seconds: float, delivered: int) -> None:
        """Advance the clock over `seconds` without polls, after which `delivered` is the last
        stream sequence delivered.

        The deliveries are assumed to have come at a steady rate.
        """
        if self._marks.times:
            first = self._marks.delivered[-1]
            for i in range(1, UNPOLLED_POINTS):
                time = self.active + seconds * i / UNPOLLED_POINTS
                by_then = first + (delivered - first) * i // UNPOLLED_POINTS
                self._marks.append(time, by_then, self._retries)
        self.active += seconds

    def observe(
        self,
        *,
        delivered: int,
        floor: int,
        ack_pending: int,
        redelivered: int,
        schedule: RedeliverySchedule,
        evicted: int = 0,
        removed: bool = False,
        active: float = 0.0,
        retries: int | None = 0,
        retried: bool = False,
        interval: float = 0.0,
    ) -> None:
        """Learn from one poll, `active` seconds of the clock after the last one.

        `delivered` and `floor` are stream sequences, `redelivered` is the server's count. Every
        message up to the sequence `evicted` has left the stream, and where `removed` some in flight
        may have. `retries` are the redeliveries since the last poll; None: they cannot be told from
        first deliveries; `retried` then says whether one was seen. `interval` is that of the polls,
        in seconds.
        """
        self.active += active
        self._interval = interval
        if retries is None or self._counted_from < 0:
            self._counted_from = delivered
        if retries is None and schedule.max_deliver != 1:
            self.uncertain_at = self.active
        if retries or retried or redelivered > self._redelivered:
            self._count_retries(redelivered, schedule, retries, retried=retried)
        acknowledged_late = redelivered < self._redelivered
        self._redelivered, self._ack_pending = redelivered, ack_pending
        if removed:
            self._removed_by = delivered
        if ack_pending == 0:
            self.settled = self.certainly_settled = max(self.certainly_settled, delivered)
            self._marks.clear()
            self._lingering, self._held, self._worked = redelivered, False, 0.0
            self._episode_at = NEVER
            self._idle = (self.active, delivered, self._retries)
            return
        if redelivered < self._lingering or evicted > floor:  # which of them are gone is not known
            self._lingering = 0
        if floor > self.certainly_settled:
            if acknowledged_late:  # most likely that one
                self._learn_outlasted()
            self.certainly_settled = floor
            self._held, self._worked = False, 0.0
        if schedule.total < inf:
            self._record(delivered, schedule)
            if self.active - self._marks.times[0] > schedule.longest:
                self._learn_held(schedule)
        if redelivered <= self._lingering and schedule.max_deliver != 1:
            self.settled = self.certainly_settled  # the shortest way to what likely_settled says
        else:
            self.settled = self.likely_settled(schedule)

    def _count_retries(
        self,
        redelivered: int,
        schedule: RedeliverySchedule,
        retries: int | None,
        *,
        retried: bool,
    ) -> None:
        entered = max(redelivered - self._redelivered, 0)
        pause = schedule.longest
        if retries is None:  # each of them will be redelivered until it is given up
            pause = min(schedule.after_redelivery, schedule.total)
            retries = entered * max(schedule.max_deliver - 1, 0)
        if not (retries or retried):
            return
        pause += 2 * self._interval
        if self._episode_at == NEVER or self.active - self.redelivered_at > pause:
            self._episode_at, self._episode_retries, self._episode_distinct = self.active, 0, 0
        self._retries += retries
        self._episode_retries += retries
        self._episode_distinct += entered
        self.redelivered_at = self.uncertain_at = self.active

    def _record(self, delivered: int, schedule: RedeliverySchedule) -> None:
        marks = self._marks
        if not marks.times:
            marks.append(*self._idle)
        if self.active - marks.times[-1] >= schedule.longest / 8 or len(marks.times) == 1:
            marks.append(self.active, delivered, self._retries)
        if marks.delivered[1] <= self.certainly_settled:
            marks.drop_below(self.certainly_settled)
        if len(marks.times) > MAX_MARKS:
            marks.thin(self.active, 2 * schedule.longest, schedule.total)

    @property
    def is_blocked(self) -> bool:
        """Whether the ack floor may stay where a message was removed in flight, until none is."""
        return self.certainly_settled < self._removed_by

    def is_held(self, schedule: RedeliverySchedule, told: int = 0) -> bool:
        """Whether the first message above the floor is in flight for certain.

        `told` are the messages above the floor that, according to advisories, were given up.
        """
        if schedule.max_deliver <= 0:
            return True
        if schedule.max_deliver == 1:  # given up without a trace
            return False
        if self._redelivered - self._lingering <= told:
            return True
        marks = self._marks
        return (
            bool(marks.times)
            and marks.delivered[0] <= self.certainly_settled
            and self.certainly_settled >= self._counted_from
            and self._retries - marks.retries[0] < schedule.max_deliver - 1
        )

    def retrying(self, told: int = 0) -> int:
        """The most messages that may be in flight after more than one delivery."""
        counted = self._redelivered - self._lingering - told
        return min(max(counted, 0), self._ack_pending)

    def _age(self) -> float:
        """Active seconds, at least, since the first message above the floor was delivered."""
        time = self._marks.delivered_at(self.certainly_settled)
        return 0.0 if time is None else self.active - time

    def _learn_held(self, schedule: RedeliverySchedule) -> None:
        """Whether the first message above the floor is in flight for longer than its ack waits."""
        age = self._age()
        if age <= schedule.longest + self._interval or not self.is_held(schedule):
            return
        if self._retries == self._marks.retries[0]:
            self._worked = age
        else:
            self._learn_outlasted()
        self._held = self._held or age > schedule.total + self._interval

    def _learn_outlasted(self) -> None:
        """How long the first message above the floor was in flight, if it was redelivered."""
        if self._marks.times and self._retries > self._marks.retries[0]:
            self._outlasted = max(self._outlasted, self._age())

    def _is_delayed(self, schedule: RedeliverySchedule) -> bool:
        """Whether the first message above the floor most likely outlasts its ack waits.

        It is proven to, or others did: clients that delay tries do so again.
        """
        if self._held:
            return True
        return self._outlasted > schedule.total + self._interval and self._age() <= self._outlasted

    def _is_worked_on(self, schedule: RedeliverySchedule) -> bool:
        """Whether a client most likely still tells progress of the first message above the floor.

        It did so for a long time, and how long it goes on is unknown: for as long again.
        """
        return self._worked > 0 and self._age() <= 2 * self._worked + schedule.total

    def likely_settled(self, schedule: RedeliverySchedule, told: int = 0) -> int:
        """Every stream sequence up to here is settled, most likely; `told` as in `is_held`."""
        certain, marks = self.certainly_settled, self._marks
        if not marks.times or self._is_delayed(schedule) or self.is_held(schedule, told):
            return certain  # where it is held, only is_calm tells
        settled = max(
            certain,
            marks.delivered_by(self.active - schedule.total),
            marks.delivered_by(self.active - schedule.longest, since=self.uncertain_at),
        )
        if self._retries > 0:
            before = self._episode_at - schedule.first - self._interval
            settled = max(
                settled,
                marks.delivered_by(before),
                marks.delivered_before_retries(
                    self._retries - self._retries_of_a_life(schedule, told)
                ),
            )
        return settled

    @property
    def _counts(self) -> bool:
        """Whether redeliveries can be told from first deliveries."""
        return self._counted_from < self._marks.delivered[-1] and self._retries > 0

    def _retries_of_a_life(self, schedule: RedeliverySchedule, told: int) -> int:
        """How many redeliveries are seen between a message's first delivery and its giving up.

        One being retried alone has them all, and then its last try passes; where all in flight are,
        each has its own share.
        """
        counted = max(self._redelivered - self._lingering - told, 0)
        limit = schedule.max_deliver
        return min(limit * counted, (limit - 1) * self._ack_pending)

    def is_calm(self, schedule: RedeliverySchedule, told: int = 0) -> bool:
        """Whether most likely no message is being retried, as far as polls can show."""
        if told and self.retrying(told) == 0:
            return True
        if not self._marks.times or not self._counts:
            if self.active - self.uncertain_at >= schedule.longest:
                return True
            return self.active - max(self.redelivered_at, 0.0) >= schedule.after_redelivery
        if self._is_worked_on(schedule):
            return False
        retrying = self.retrying(told)
        return retrying == 0 or self.active - self.redelivered_at >= self._patience(
            schedule, retrying
        )

    def _patience(self, schedule: RedeliverySchedule, retrying: int) -> float:
        """Seconds without a redelivery after which none is being retried, most likely."""
        again = self._episode_retries - max(self._episode_distinct, 1)
        if again > 0:
            pace = (self.redelivered_at - self._episode_at) * retrying / again
        elif self._held and len(self._marks.times) > 1:
            pace = self.redelivered_at - self._marks.times[1]
        else:
            return max(schedule.longest, self._outlasted / schedule.max_deliver)
        patience = _PACE_SLACK * pace + self._interval
        return patience if self._is_delayed(schedule) else min(patience, schedule.longest)

    def used_up(self, schedule: RedeliverySchedule, told: int = 0) -> bool:
        """Whether the first message above the floor may have had its last delivery."""
        return bool(self._marks.times) and (
            told > 0 or self._retries - self._marks.retries[0] >= schedule.max_deliver - 1 > 0
        )

    @property
    def rests(self) -> bool:
        """Whether the last poll saw no redelivery."""
        return self.redelivered_at < self.active

    def recent(self, schedule: RedeliverySchedule) -> int:
        """How many stream sequences, at least, were delivered too recently to be given up."""
        by = self.active - schedule.total
        for time, delivered in zip(self._marks.times, self._marks.delivered, strict=True):
            if time > by:
                return self._marks.delivered[-1] - delivered
        return 0

    def to_state(self) -> InFlightState:
        """Plain values; `InFlight(state)` goes on from them."""
        return InFlightState(
            self.certainly_settled,
            self.settled,
            self.active,
            self.redelivered_at,
            self.uncertain_at,
            0.0,
            0.0,
            list(self._marks.times),
            list(self._marks.delivered),
            list(self._marks.retries),
            self._retries,
            self._counted_from,
            self._lingering,
            self._redelivered,
            self._held,
            self._worked,
            (self._episode_at, self._episode_retries, self._episode_distinct),
            self._outlasted,
            self._removed_by,
        )
