"""Forecasts from a consumer's lag: time to drain, time to eviction."""

from math import inf

TrendState = tuple[float, float, int, float, int]


class Trend:
    """A consumer's lag now and between half a window and a window ago."""

    __slots__ = ("_base", "_base_at", "_next", "_next_at", "_now")

    def __init__(self, state: TrendState | None = None) -> None:
        self._now, self._base_at, self._base, self._next_at, self._next = state or (
            0.0, 0.0, -1, 0.0, -1,
        )  # fmt: skip

    def observe(self, elapsed: float, lag: int, window: float) -> None:
        """Record the lag in messages, `elapsed` seconds after the last one; `window` in seconds."""
        self._now += elapsed
        if self._base < 0:
            self._base = self._next = lag
        elif self._now - self._next_at >= window / 2:
            self._base_at, self._base = self._next_at, self._next
            self._next_at, self._next = self._now, lag

    def drain_seconds(self, lag: int) -> float:
        """Seconds until the lag is zero at the rate of the window; inf while it does not shrink.

        lag ÷ (messages drained ÷ seconds), since half a window to a window ago.
        """
        if lag == 0:
            return 0.0
        drained = self._base - lag
        return lag * (self._now - self._base_at) / drained if drained > 0 else inf

    def to_state(self) -> TrendState:
        """Plain values; `Trend(state)` goes on from them."""
        return (self._now, self._base_at, self._base, self._next_at, self._next)


def eviction_seconds(max_age: float | None, age: float) -> float | None:
    """Seconds until a message of this age is evicted; None where age evicts nothing."""
    return None if max_age is None else max(max_age - age, 0.0)
