"""Forecasts from a consumer's lag: time to drain, time to eviction."""

from math import inf
from typing import Final

import msgspec


class TrendState(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A trend as plain values, which msgspec encodes as an array in this order."""

    now: float = 0.0
    base_at: float = 0.0
    base: int = -1
    next_at: float = 0.0
    next: int = -1
    acknowledged: int = 0
    base_acknowledged: int = 0
    next_acknowledged: int = 0


class Trend:
    """What a consumer's lag would be had nothing been evicted, and how many messages it has
    acknowledged: now, and between half a window and a window ago.
    """

    __slots__ = (
        "_acknowledged", "_base", "_base_acknowledged", "_base_at", "_lag", "_next",
        "_next_acknowledged", "_next_at", "_now",
    )  # fmt: skip

    def __init__(self, state: TrendState | None = None) -> None:
        state = state or _NO_TREND
        self._now = state.now
        self._base_at, self._base = state.base_at, state.base
        self._next_at, self._next = state.next_at, state.next
        self._acknowledged = state.acknowledged
        self._base_acknowledged = state.base_acknowledged
        self._next_acknowledged = state.next_acknowledged
        self._lag = state.next  # as above, with what was evicted

    def observe(self, elapsed: float, lag: int, acknowledged: int, window: float) -> None:
        """Record the lag in messages, `elapsed` seconds after the last one; `window` in seconds.

        The lag includes all that was ever evicted of it; about `acknowledged` messages were
        acknowledged since the last one.
        """
        self._now += elapsed
        self._acknowledged += acknowledged
        self._lag = lag
        if self._base < 0:
            self._base = self._next = lag
        elif self._now - self._next_at >= window / 2:
            self._base_at, self._base = self._next_at, self._next
            self._base_acknowledged = self._next_acknowledged
            self._next_at, self._next = self._now, lag
            self._next_acknowledged = self._acknowledged

    def drain_seconds(self, lag: int) -> float:
        """Seconds until the lag is zero at the rate of the window; inf while it does not shrink.

        lag ÷ (messages drained ÷ seconds), since half a window to a window ago. What left the
        stream unprocessed was not drained: never more was than was acknowledged.
        """
        if lag == 0:
            return 0.0
        drained = self._base - self._lag
        if drained <= 0:
            return inf
        drained = min(drained, self._acknowledged - self._base_acknowledged)
        return lag * (self._now - self._base_at) / drained if drained > 0 else inf

    def to_state(self) -> TrendState:
        """Plain values; `Trend(state)` goes on from them."""
        return TrendState(
            self._now,
            self._base_at,
            self._base,
            self._next_at,
            self._next,
            self._acknowledged,
            self._base_acknowledged,
            self._next_acknowledged,
        )


_NO_TREND: Final = TrendState()


def eviction_seconds(max_age: float | None, age: float) -> float | None:
    """Seconds until a message of this age is evicted; None where age evicts nothing."""
    if max_age is None:
        return None
    return max_age - age if age < max_age else 0.0
