"""True counters out of time series that are corrected after the fact."""

from collections.abc import Mapping
from math import fsum, inf
from typing import Final

import msgspec

HORIZON_SECONDS: Final = 3 * 3600


class TotalState(msgspec.Struct, frozen=True):
    """What a CumulativeTotal has to keep over a restart; plain numbers, times in Unix seconds.

    `since`: when the counter began; `floor`: points before it are ignored; `values`: the points
    counted from there on, as last seen. total − deficit is the true sum of all points; the state
    file has the deficit under an older name.
    """

    total: float
    deficit: float = msgspec.field(name="owed")
    since: int
    floor: int
    values: dict[int, float]


class CumulativeTotal:
    """A counter over {start of the minute: count} that neither falls, jumps nor counts twice.

    A point that is late or was corrected adds its difference. A downward correction becomes a
    deficit, which later increments make up for before the total rises again. A point missing from
    a later answer keeps its value: CloudWatch never takes a point back, but does answer in part.
    Points older than the newest one by more than the horizon are forgotten, and ignored if they
    come again. The horizon is counted from the newest point, so that a wrong local clock cannot
    stop the counter.
    """

    __slots__ = ("_changed", "_deficit", "_floor", "_horizon", "_values", "since", "total")

    def __init__(self, since: int, *, horizon_seconds: int = HORIZON_SECONDS) -> None:
        """Starts at 0. Points before `since` (Unix seconds) are taken as counted."""
        self.since = since
        self.total = 0.0
        self._deficit = 0.0
        self._floor = since
        self._values: dict[int, float] = {}
        self._horizon = horizon_seconds
        self._changed = True

    @classmethod
    def restored(
        cls, state: TotalState, *, horizon_seconds: int = HORIZON_SECONDS
    ) -> "CumulativeTotal":
        """The counter that `state` was taken from."""
        counter = cls(state.since, horizon_seconds=horizon_seconds)
        counter.total = state.total
        counter._deficit = state.deficit
        counter._floor = state.floor
        counter._values = dict(state.values)
        counter._changed = False
        return counter

    def begin_by(self, at: int) -> None:
        """Begin at `at` (Unix seconds) if the beginning is later and nothing was counted since.

        A clock that was ahead at the start must not stop the counter until that time comes.
        """
        if at < self._floor and not self._values:
            self.since = self._floor = at
            self._changed = True

    def update(self, points: Mapping[int, float], *, until: float = inf) -> float:
        """Count what is new in `points`; returns by how much the total rose (0 or more).

        Points from `until` (Unix seconds) on are left for later: minutes that are still filling.
        Raises ValueError for a negative or non-finite count; nothing has been counted then.
        """
        new = {
            at: value
            for at, value in points.items()
            if self._floor <= at < until and self._values.get(at) != value
        }
        for at, value in new.items():
            if not 0 <= value < inf:
                raise ValueError(f"{value} at {at} is not a count")
        if not new:
            return 0.0
        self._changed = True
        risen = fsum(value - self._values.get(at, 0.0) for at, value in new.items()) - self._deficit
        self._values.update(new)
        self._forget()
        self._deficit = max(0.0, -risen)
        increase = max(0.0, risen)
        self.total += increase
        return increase

    def changed(self) -> TotalState | None:
        """The state to be written; None if it has not changed since the last call.

        Write it before the total is shown, so that the counter does not fall after a crash.
        """
        if not self._changed:
            return None
        self._changed = False
        return self.state()

    def state(self) -> TotalState:
        """What `restored` makes this counter from again."""
        return TotalState(self.total, self._deficit, self.since, self._floor, dict(self._values))

    def _forget(self) -> None:
        floor = max(self._values) - self._horizon
        if floor > self._floor:
            self._floor = floor
            self._values = {at: value for at, value in self._values.items() if at >= floor}
