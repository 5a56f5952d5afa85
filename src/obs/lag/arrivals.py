"""When the messages that match a filtered consumer arrived, by count.

A filter hides which sequences match, so arrivals are counted instead: from poll to poll, pending
grows by what arrived and shrinks by what was delivered.
"""

from typing import Final

from obs.lag.timeline import Timeline, TimelineState

MAX_ARRIVAL_KNOTS: Final = 48

ArrivalsState = tuple[TimelineState, int, int, int | None]


class Arrivals:
    """A curve of (matching messages arrived since first seen, time) of one consumer."""

    __slots__ = ("_count", "_curve", "_exact_from", "_settled")

    def __init__(self, state: ArrivalsState | None = None) -> None:
        curve, count, exact_from, settled = state or (None, 0, -1, None)
        self._curve = Timeline(curve, exact=False)
        self._count = count
        self._exact_from = exact_from
        self._settled = settled  # None: something has been in flight at every poll

    def observe(
        self, arrived: int, exact: bool, backlog: int | None, now: float, tolerance: float
    ) -> None:
        """Record that `arrived` messages arrived since the last poll (not `exact`: about so many).

        `backlog` is the number pending where nothing is in flight, so that everything before is
        settled; else None. `now` is in Unix seconds, `tolerance` in seconds.
        """
        self._count += arrived
        if not exact and len(self._curve):
            self._exact_from = self._count
        self._curve.observe(self._count, now, now, tolerance)
        if backlog is not None:
            self._settled = self._count - backlog
            self._curve.forget_below(self._settled + 1)
        self._curve.thin(MAX_ARRIVAL_KNOTS)

    def newest(self, outstanding: int) -> tuple[float, float, bool] | None:
        """Arrival of the oldest of the newest `outstanding` messages: (Unix seconds, the most by
        which that may be off in seconds, whether the count is exact).

        None where it arrived before the consumer was first seen.
        """
        return self._lookup(self._count - outstanding + 1)

    @property
    def known_from(self) -> float | None:
        """The time (Unix seconds) by which all messages of unknown arrival time had arrived.

        None where arrivals since then went uncounted.
        """
        count, time = self._curve.begin
        return time if self._exact_from < count else None

    def first_unsettled(self) -> tuple[float, float, bool] | None:
        """Arrival of the first message after those settled when nothing was last in flight, as in
        `newest`.

        None where it arrived before the consumer was first seen, or is unknown.
        """
        return None if self._settled is None else self._lookup(self._settled + 1)

    def _lookup(self, index: int) -> tuple[float, float, bool] | None:
        found = self._curve.lookup(index)
        if found is None or index <= (self._curve.first or 0):
            return None
        return (*found, index > self._exact_from)

    def to_state(self) -> ArrivalsState:
        """Plain values; `Arrivals(state)` goes on from them."""
        return (self._curve.to_state(), self._count, self._exact_from, self._settled)
