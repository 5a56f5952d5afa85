"""When the messages that match a filtered consumer arrived, by count.

A filter hides which sequences concern the consumer, so its arrivals are counted instead: from poll
to poll, what is pending grows by what arrived and shrinks by what was delivered.
"""

from typing import Final

from obs.lag.timeline import Timeline, TimelineState

KNOTS: Final = 48

ArrivalsState = tuple[TimelineState, int, int, int | None]


class Arrivals:
    """A curve of (matching messages arrived since first seen, time) of one consumer."""

    __slots__ = ("_count", "_curve", "_exact_from", "_settled")

    def __init__(self, state: ArrivalsState | None = None) -> None:
        curve, count, exact_from, settled = state or (None, 0, 0, None)
        self._curve = Timeline(curve, exact=False)
        self._count = count
        self._exact_from = exact_from
        self._settled = settled  # None: something was in flight ever since

    def observe(
        self, arrived: int, exact: bool, backlog: int | None, now: float, tolerance: float
    ) -> None:
        """Learn that `arrived` messages came since the last poll (not `exact`: about so many).

        `backlog` is what is pending where nothing is in flight, so that all before is settled;
        else None.
        """
        self._count += arrived
        if not exact:
            self._exact_from = self._count
        self._curve.observe(self._count, now, now, tolerance)
        if backlog is not None:
            self._settled = self._count - backlog
            self._curve.forget_below(self._settled + 1)
        self._curve.thin(KNOTS)

    def newest(self, owed: int) -> tuple[float, float, bool] | None:
        """Arrival of the owed-th newest: (time, how far off at most, whether the count is exact).

        None where it came before the consumer was first seen.
        """
        return self._lookup(self._count - owed + 1)

    @property
    def known_from(self) -> float:
        """By then had arrived whatever it cannot tell the time of, because it came before."""
        return self._curve.begin[1]

    def first_unsettled(self) -> tuple[float, float, bool] | None:
        """Arrival of the first message after all that was settled when nothing was in flight.

        None where that came before the consumer was first seen, or where it is not known.
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
