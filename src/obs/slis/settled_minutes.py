"""Messages of one consumer that were acknowledged or given up, minute by minute."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from obs.lag.acknowledged import (
    Acknowledged,
    AcknowledgedState,
    DeliveryCount,
    DeliverySums,
    LastPoll,
)
from obs.slis.consumers import ConsumerNumbers
from obs.slis.dead_letters import DeadLetterCounts, HeardSpan, knows
from obs.slo.cumulative import Counts
from obs.slo.minutes import BACKWARDS, minute_of
from obs.slo.windows import HOUR, MINUTE

_WAITING: Final = 360  # minutes that wait until their dead letters are known
_SPREAD: Final = 5 * HOUR  # over how long at most the messages between two polls are spread


class SavedMinutes(msgspec.Struct, frozen=True, array_like=True):
    """What goes on after a restart: nothing counts twice, and no minute in between is lost."""

    last: LastPoll
    sums: DeliverySums
    acknowledged: AcknowledgedState | None
    begun: float
    counted: int
    lost: int


class _Sample(NamedTuple):
    at: float
    sums: DeliverySums


class SettledMinutes:
    """(good, total) by minute: good are messages acknowledged, the others dead letters.

    A minute is settled once a later poll was seen and its dead letters are known. One whose dead
    letters cannot be known any more has no events. Messages between two polls that are minutes
    apart are spread evenly.
    """

    __slots__ = ("_acknowledged", "_begun", "_count", "_lost", "_samples", "counted")

    def __init__(self, saved: SavedMinutes | None = None) -> None:
        self._samples: dict[int, _Sample] = {}  # the last of each minute that is not settled
        self._acknowledged: Acknowledged | None = None
        if saved is None:
            self._count = DeliveryCount()
            self._begun, self.counted, self._lost = 0.0, 0, 0
            return
        self._count = DeliveryCount(saved.last, saved.sums)
        if saved.acknowledged is not None:
            self._acknowledged = Acknowledged.from_state(saved.acknowledged)
        self._begun, self.counted, self._lost = saved.begun, saved.counted, saved.lost
        # `counted` is the end of the last minute that was settled, and 0 before the first.

    def observe(self, numbers: ConsumerNumbers, at: float) -> dict[int, Counts]:
        """The minutes that are settled now; `at` is the time of the poll (Unix seconds)."""
        if numbers.polled.leader:
            self._note(numbers, at if numbers.polled.at is None else numbers.polled.at)
        if numbers.heard and self._samples:
            if not self.counted:
                self._begin(numbers)
            return dict(self._settle(numbers.dead_letters, numbers.heard))
        return {}

    def to_state(self) -> SavedMinutes | None:
        """Plain values, to go on from; None before the first poll."""
        if self._count.last is None:
            return None
        acknowledged = self._acknowledged
        return SavedMinutes(
            self._count.last,
            self._count.sums,
            acknowledged.to_state() if acknowledged else None,
            self._begun,
            self.counted,
            self._lost,
        )

    def _note(self, numbers: ConsumerNumbers, at: float) -> None:
        last = self._count.last
        if last is not None and last.at == at:  # the leader has not answered since
            return
        self._count.observe(numbers.polled, numbers.of_stream, at)
        minute = minute_of(at)
        newest = next(reversed(self._samples), max(self.counted - MINUTE, 0))
        if minute < newest - BACKWARDS:  # the clock was set back: its minutes come again
            self._samples.clear()
            self.counted = min(self.counted, minute)
        else:
            minute = max(minute, newest)
        self._samples[minute] = _Sample(at, self._count.sums)
        if len(self._samples) > _WAITING:
            del self._samples[next(iter(self._samples))]

    def _begin(self, numbers: ConsumerNumbers) -> None:
        """Begin with the present poll, at the first of them that is heard."""
        minute, sample = next(reversed(self._samples.items()))
        if sample.at < numbers.heard[-1].since:
            return
        dead = numbers.dead_letters
        self._acknowledged = Acknowledged(sample.sums, dead.total, dead.deliveries)
        self._begun, self.counted, self._lost = sample.at, minute, dead.total
        self._samples = {minute: sample}

    def _settle(
        self, dead: DeadLetterCounts, heard: tuple[HeardSpan, ...]
    ) -> Iterator[tuple[int, Counts]]:
        """The waiting minutes, except for the last one, which may still be going on."""
        for minute, sample in list(self._samples.items())[:-1]:
            end = minute + MINUTE
            known = knows(heard, max(self.counted, self._begun), end)
            if known is None or not self.counted:
                return
            del self._samples[minute]
            if known and self._acknowledged is not None:
                yield from self._counts(minute, sample, dead)
            else:
                self._begin_again(sample, dead, heard)
            self.counted, self._lost = end, dead.by(end)[0]

    def _counts(
        self, minute: int, sample: _Sample, dead: DeadLetterCounts
    ) -> Iterator[tuple[int, Counts]]:
        assert self._acknowledged is not None
        end = minute + MINUTE
        # Those of a minute more: an advisory may come a little later than the poll.
        good = self._acknowledged.observe(sample.sums, *dead.by(end + MINUTE))
        first = min(max(self.counted, end - _SPREAD), minute)
        minutes = range(first, end, MINUTE)
        for each in minutes:
            lost = dead.by(each + MINUTE)[0]
            share = good / len(minutes)
            yield each, (share, share + max(lost - self._lost, 0))
            self._lost = max(lost, self._lost)

    def _begin_again(
        self, sample: _Sample, dead: DeadLetterCounts, heard: tuple[HeardSpan, ...]
    ) -> None:
        """Count on from here: dead letters before it went unheard."""
        self._acknowledged = None
        if knows(heard, sample.at, sample.at):
            self._acknowledged = Acknowledged(sample.sums, *dead.by(minute_of(sample.at)))
