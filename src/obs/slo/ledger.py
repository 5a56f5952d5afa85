"""Good and total events by event time, kept for an SLO's window.

The ledger is a cumulative count of all events up to a moment, sampled every minute, every 5 and
every 15 minutes, each for as long as windows need that resolution. A window's count is the
difference of two samples, so that reading costs the same however long the window is; a correction
shifts the samples after it on every level, so that levels cannot disagree.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from obs.slo.cumulative import Counts, CountSpan, CumulativeCounts, checked
from obs.slo.windows import DAY, HOUR, MINUTE

_FINE: Final = ((MINUTE, 6 * HOUR), (5 * MINUTE, 3 * DAY))  # step, longest window, in seconds
_COARSE_STEP: Final = 15 * MINUTE
_SLACK: Final = HOUR  # how far the watermark may trail the newest minute without losing a level


class Bucket(NamedTuple):
    """The events of [start, start + step); what is stored in the state file."""

    step: int
    start: int
    good: float
    total: float


class Ledger:
    """Counts of one SLO in 1-minute buckets for 6 h, 5-minute for 3 d, 15-minute for its window.

    Counts are set, not added: setting a minute again replaces it on every level. Sums are exact:
    of whole numbers up to 2⁵³, of fractions, which are rounded to 2⁻²⁰ of an event, up to 2³³.
    What a level keeps is counted back from the newest minute set.
    """

    __slots__ = ("_changed", "_end", "_levels", "dropped")

    def __init__(self, period_seconds: float) -> None:
        """An empty ledger for an SLO's window of this length."""
        self._levels = tuple(
            CumulativeCounts(step, longest + _SLACK)
            for step, longest in (*_FINE, (_COARSE_STEP, period_seconds))
        )
        self._changed: tuple[set[int], ...] = tuple(set() for _ in self._levels)
        self._end = 0
        self.dropped = 0
        """Minutes not set because their level is no longer kept: corrections after 6 h."""

    @property
    def known_until(self) -> int | None:
        """End of the newest minute set (Unix seconds); None while empty."""
        return self._end or None

    def set(self, minute_start: int, good: float, total: float) -> None:
        """Set the events of the minute that starts at `minute_start` (Unix seconds).

        A minute older than those kept is not set but counted in `dropped`.
        Raises ValueError unless it is a full minute and 0 ≤ good ≤ total < ∞.
        """
        if minute_start % MINUTE or minute_start < 0:
            raise ValueError(f"{minute_start} is not the start of a minute")
        good, total = checked(good, total)
        end = minute_start + MINUTE
        self._advance(end)
        minute, minutes = minute_start // MINUTE, self._levels[0]
        if minute < minutes.oldest:
            self.dropped += 1
            return
        good_before, total_before = minutes.bucket(minute)
        more_good, more_total = good - good_before, total - total_before
        if more_good or more_total:
            for level, changed in zip(self._levels, self._changed, strict=True):
                level.shift(end, more_good, more_total)
                changed.add(minute_start // level.step)

    def counts(self, window_seconds: float, watermark: float) -> Counts:
        """Good and total events of the window that ends at `watermark` (Unix seconds).

        The watermark counts as the full minute at or before it. Windows of up to 6 h hold exactly
        their minutes. The start of a longer one is rounded down to 5 minutes (up to 3 d) or to
        15 minutes (above), so that it is longer by less than that, never shorter. A watermark more
        than an hour behind the newest minute may find only the next coarser level.
        """
        end = int(watermark // MINUTE) * MINUTE
        return self._between(int((end - window_seconds) // MINUTE) * MINUTE, end)

    def past(self) -> tuple[int, list[float], list[float]]:
        """Start (Unix seconds), good and total events of each 15 minutes; the newest may go on.

        May be called from another thread than the one that sets minutes.
        """
        level = self._levels[-1]
        while True:
            newest, oldest, size = level.newest, level.oldest, level.size
            counts = level.good[:], level.total[:]
            ends = self._at(self._end)
            if newest == level.newest:
                break
        turn = oldest % size
        good, total = (
            [after - before for before, after in pairwise([*ring[turn:], *ring[:turn], end])]
            for ring, end in zip(counts, ends, strict=True)
        )
        return oldest * level.step, good, total

    def backfill(self, step_seconds: int, points: Mapping[int, Counts]) -> int:
        """Fill in history: {start: (good, total)} of buckets of `step_seconds`.

        Only spans without any event are filled, so that a repeated call never overwrites. A bucket
        is spread evenly over the finer levels; several within one bucket of the level that still
        reaches back to them fill it together, and have to be given in one call. Returns how many
        spans were filled. Raises ValueError unless the step is 1, 5 or a multiple of 15 minutes,
        starts are multiples of it and 0 ≤ good ≤ total < ∞.
        """
        if step_seconds not in (MINUTE, 5 * MINUTE) and (
            step_seconds <= 0 or step_seconds % _COARSE_STEP
        ):
            raise ValueError(f"history in steps of {step_seconds} s does not fit the ledger")
        history: dict[int, Counts] = {}
        for start, (good, total) in points.items():
            if start % step_seconds or start < 0:
                raise ValueError(f"{start} is not the start of a bucket of {step_seconds} s")
            history[start] = checked(good, total)
        if not history:
            return 0
        self._advance(max(history) + step_seconds)
        spans = self._empty_spans(step_seconds, history)
        self._fill(spans)
        return len(spans)

    def add(self, step_seconds: int, points: Mapping[int, Counts]) -> None:
        """Add {start: (good, total)} of buckets of `step_seconds` to what is there.

        Each is spread evenly over the finer levels, however old it is. Starts are multiples of the
        step, which is 1, 5 or a multiple of 15 minutes.
        """
        if not points:
            return
        self._advance(max(points) + step_seconds)
        self._fill(
            [
                CountSpan(start, step_seconds, *checked(good, total))
                for start, (good, total) in sorted(points.items())
            ]
        )

    def changed(self) -> list[Bucket]:
        """The buckets set or changed since the last call, to be written to the state file.

        Each replaces the stored one of its step and start. The next call does not return them
        again: the caller has to write them.
        """
        buckets: list[Bucket] = []
        for level, changed in zip(self._levels, self._changed, strict=True):
            for index in sorted(changed):
                if index >= level.oldest:
                    start = index * level.step
                    buckets.append(
                        Bucket(level.step, start, *self._between(start, start + level.step))
                    )
            changed.clear()
        return buckets

    def kept(self) -> list[Bucket]:
        """Every bucket with events, and the newest: what a new state file needs."""
        for level, changed in zip(self._levels, self._changed, strict=True):
            changed.update(
                index for index in range(level.oldest, level.newest) if level.bucket(index)[1]
            )
            if self._end:
                changed.add((self._end - 1) // level.step)
        return self.changed()

    def kept_from(self) -> dict[int, int]:
        """By step, the start of the oldest bucket kept: stored ones before it can be deleted."""
        return {level.step: max(level.oldest, 0) * level.step for level in self._levels}

    def restore(self, buckets: Iterable[Bucket]) -> None:
        """Load an empty ledger with stored buckets; those it would not keep are left out.

        Buckets that a level lacks are taken from the finer one, which has them after the SLO's
        window was made longer.
        """
        by_step: dict[int, dict[int, Counts]] = {level.step: {} for level in self._levels}
        for step, start, good, total in buckets:
            if step in by_step:
                by_step[step][start] = checked(good, total)
        minutes = by_step[MINUTE]
        if minutes:
            end = max(minutes) + MINUTE
        else:
            end = max((max(held) + step for step, held in by_step.items() if held), default=0)
        self._end = end
        finer: dict[int, Counts] = {}
        for level in self._levels:
            held = _summed(level.step, finer) | by_step[level.step]
            level.load(end, held)
            finer = held

    def _fill(self, spans: Sequence[CountSpan]) -> None:
        for level, changed in zip(self._levels, self._changed, strict=True):
            level.fill(spans)
            for start, width, _, _ in spans:
                first, last = start // level.step, (start + width - 1) // level.step
                changed.update(range(max(first, level.oldest), last + 1))

    def _advance(self, end: int) -> None:
        if end <= self._end:
            return
        good, total = self._at(self._end)
        for level, changed in zip(self._levels, self._changed, strict=True):
            level.advance(end, good, total)
            changed.add((end - 1) // level.step)  # also without events: known until here
        self._end = end

    def _between(self, start: int, end: int) -> Counts:
        good_before, total_before = self._at(start)
        good, total = self._at(end)
        return good - good_before, total - total_before

    def _at(self, moment: int) -> Counts:
        """The cumulative counts at a moment, from the finest level that reaches back to it."""
        moment = moment if moment < self._end else self._end  # min() takes a tenth of `evaluate`
        for level in self._levels:
            index = moment // level.step
            if index >= level.oldest:
                break
        else:
            index = level.oldest
        slot = index % level.size
        return level.good[slot], level.total[slot]

    def _empty_spans(self, step: int, points: Mapping[int, Counts]) -> list[CountSpan]:
        """What can be filled in: points summed for the level that holds them, where it is empty."""
        spans: dict[tuple[int, int], Counts] = {}
        for start, (good, total) in points.items():
            for level in self._levels:
                if start // level.step >= level.oldest:
                    width = max(step, level.step)
                    key = (start // width * width, width)
                    sum_good, sum_total = spans.get(key, (0.0, 0.0))
                    spans[key] = (sum_good + good, sum_total + total)
                    break
        return [
            CountSpan(start, width, good, total)
            for (start, width), (good, total) in sorted(spans.items())
            if total and not self._between(start, start + width)[1]
        ]


def _summed(step: int, finer: Mapping[int, Counts]) -> dict[int, Counts]:
    sums: dict[int, Counts] = {}
    for start, (good, total) in finer.items():
        key = start // step * step
        sum_good, sum_total = sums.get(key, (0.0, 0.0))
        sums[key] = (sum_good + good, sum_total + total)
    return sums
