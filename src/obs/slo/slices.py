"""Minutes that count as good where enough of their events were: time slices, as OpenSLO names them.

Late events change a slice that is over, as they change a minute of a ledger.
"""

from collections.abc import Iterable, Mapping

from obs.slo.cumulative import Counts
from obs.slo.windows import HOUR, MINUTE

_CORRECTED = 6 * HOUR  # how long minutes may still change: as long as a ledger has minutes


def judged(good: float, total: float, enough: float) -> float:
    """1 where at least the share `enough` of the events was good, else 0."""
    return float(total - good <= (1 - enough) * total * (1 + 1e-12))


class Slices:
    """The events of recent minutes, and the slices that they make.

    `length` is in seconds, a multiple of a minute; a slice begins at a multiple of it.
    """

    __slots__ = ("_enough", "_length", "_minutes", "_open")

    def __init__(
        self, length: int, enough: float, minutes: Mapping[int, Counts] | None = None
    ) -> None:
        """`minutes` are those that an earlier run knew."""
        self._length = length
        self._enough = enough
        self._minutes = dict(minutes or {})
        self._open = {start // length * length for start in self._minutes}

    @property
    def minutes(self) -> dict[int, Counts]:
        """The events of recent minutes, to go on from."""
        return dict(self._minutes)

    def end(self, watermark: float) -> float:
        """Up to when slices are complete, where minutes are up to the watermark."""
        return watermark // self._length * self._length

    def update(self, minutes: Mapping[int, Counts], watermark: float) -> dict[int, Counts]:
        """The minutes of each slice that is complete and of which a minute was set.

        Those of a slice without events are no events.
        """
        self._minutes.update(minutes)
        end = self.end(watermark)
        changed = {start // self._length * self._length for start in (*minutes, *self._open)}
        self._open = {start for start in changed if start + self._length > end}
        found = {
            minute: counts
            for start in sorted(changed)
            if start + self._length <= end
            for minute, counts in self._slice(start)
        }
        oldest = max(self._minutes, default=0) - _CORRECTED
        self._minutes = {at: each for at, each in self._minutes.items() if at >= oldest}
        return found

    def of_history(self, step: int, buckets: Mapping[int, Counts]) -> dict[int, Counts]:
        """The same of past buckets of `step` seconds; one that is longer than a slice is one."""
        sums: dict[int, Counts] = {}
        length = max(step, self._length)
        for start, (good, total) in buckets.items():
            before = sums.get(start // length * length, (0.0, 0.0))
            sums[start // length * length] = (before[0] + good, before[1] + total)
        share = {start: judged(*of, self._enough) for start, of in sums.items() if of[1]}
        return {
            start: (share[first] * step / MINUTE, step / MINUTE)
            for start in buckets
            if (first := start // length * length) in share
        }

    def _slice(self, start: int) -> Iterable[tuple[int, Counts]]:
        every = range(start, start + self._length, MINUTE)
        counts = [self._minutes.get(minute, (0.0, 0.0)) for minute in every]
        total = sum(of_all for _, of_all in counts)
        if not total:
            return [(minute, (0.0, 0.0)) for minute in every if minute in self._minutes]
        good = judged(sum(of_good for of_good, _ in counts), total, self._enough)
        return [(minute, (good, 1.0)) for minute in every]
