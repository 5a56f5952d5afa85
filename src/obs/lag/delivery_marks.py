"""Marks of what one consumer was delivered, and how much was redelivered, by when."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from obs.lag.observed import NEVER

MAX_MARKS: Final = 48  # of one consumer


class DeliveryMarks:
    """By time: the stream sequence delivered by then, and the redeliveries seen by then.

    All three rise. Times are of the consumer's active clock.
    """

    __slots__ = ("delivered", "retries", "times")

    def __init__(
        self, times: Sequence[float], delivered: Sequence[int], retries: Sequence[int]
    ) -> None:
        self.times = array("d", times)
        self.delivered = array("q", delivered)
        self.retries = array("q", retries)

    def append(self, time: float, delivered: int, retries: int) -> None:
        """A mark that is not before the last one."""
        self.times.append(time)
        self.delivered.append(delivered)
        self.retries.append(retries)

    def clear(self) -> None:
        """Drop all marks."""
        del self.times[:], self.delivered[:], self.retries[:]

    def drop_below(self, sequence: int) -> None:
        """Drop the marks that delivered no more than `sequence`, but for the last of them."""
        needless = bisect_right(self.delivered, sequence) - 1
        if needless > 0:
            del self.times[:needless], self.delivered[:needless], self.retries[:needless]

    def thin(self, now: float, recent: float, needed: float) -> None:
        """Keep all of the last `recent` seconds, fewer of the last `needed` seconds, and of older
        ones the fewer the older they are: MAX_MARKS or a few more.
        """
        times = self.times
        remaining = [0]
        for i in range(1, len(times)):
            age = now - times[i]
            if age <= recent:
                step = 0.0
            elif age <= 1.2 * needed + recent:
                step = needed / (MAX_MARKS / 2.4)
            else:
                step = age
            if times[i] - times[remaining[-1]] >= step:
                remaining.append(i)
        self.times = array("d", [times[i] for i in remaining])
        self.delivered = array("q", [self.delivered[i] for i in remaining])
        self.retries = array("q", [self.retries[i] for i in remaining])

    def delivered_by(self, time: float, since: float = NEVER) -> int:
        """The sequence delivered by the last mark up to `time`; 0 if that is before `since`."""
        i = bisect_right(self.times, time) - 1
        return self.delivered[i] if i >= 0 and self.times[i] >= since else 0

    def delivered_at(self, sequence: int) -> float | None:
        """The time of the first mark that delivered more than `sequence`; None: none did."""
        i = bisect_right(self.delivered, sequence)
        return self.times[i] if i < len(self.times) else None

    def delivered_before_retries(self, retries: int) -> int:
        """The sequence delivered when so many redeliveries had been seen; 0 before the marks."""
        i = bisect_right(self.retries, retries) - 1
        if i < 0:
            return 0
        if i + 1 == len(self.retries):
            return self.delivered[i]
        low, high = self.retries[i], self.retries[i + 1]
        share = (retries - low) / (high - low)
        return self.delivered[i] + int(share * (self.delivered[i + 1] - self.delivered[i]))
