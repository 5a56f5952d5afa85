from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.lag.forecast import Trend, TrendState, eviction_seconds


def trend(lags: list[int], acknowledged: list[int] | None = None) -> Trend:
    """Polls every 15 s with a window of 120 s; by default whatever left was acknowledged."""
    made = Trend()
    for poll, lag in enumerate(lags):
        left = max(lags[poll - 1] - lag, 0) if poll else 0
        done = left if acknowledged is None else acknowledged[poll]
        made.observe(15.0 if poll else 0.0, lag, done, 120.0)
    return made


def test_a_lag_that_shrinks_steadily_is_gone_at_the_same_pace() -> None:
    lags = [3_000 - 150 * poll for poll in range(16)]
    assert trend(lags).drain_seconds(lags[-1]) == pytest.approx(lags[-1] / 10)


def test_a_lag_that_does_not_shrink_is_never_gone() -> None:
    assert trend([100] * 10).drain_seconds(100) == inf
    assert trend(list(range(10, 100, 10))).drain_seconds(90) == inf


def test_a_lag_that_shrinks_although_nothing_is_acknowledged_is_never_gone() -> None:
    lags = [3_000 - 150 * poll for poll in range(16)]
    assert trend(lags, [0] * 16).drain_seconds(lags[-1]) == inf


def test_no_more_is_drained_than_was_acknowledged() -> None:
    lags = [3_000 - 150 * poll for poll in range(16)]
    assert trend(lags, [15] * 16).drain_seconds(lags[-1]) == pytest.approx(lags[-1])


def test_a_trend_saved_before_acknowledgements_were_counted_loads() -> None:
    saved = msgspec.msgpack.encode((60.0, 0.0, 50, 60.0, 40))
    loaded = Trend(msgspec.msgpack.decode(saved, type=TrendState))
    loaded.observe(15.0, 30, 10, 120.0)
    assert loaded.drain_seconds(30) == pytest.approx(30 * 75 / 10)


def test_no_lag_is_gone_already() -> None:
    assert trend([5, 0]).drain_seconds(0) == 0.0


def test_what_happened_before_the_window_is_forgotten() -> None:
    assert trend([10_000] * 3 + [1_000] * 20).drain_seconds(1_000) == inf


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=60))
def test_drain_is_never_negative(lags: list[int]) -> None:
    assert trend(lags).drain_seconds(lags[-1]) >= 0


def test_eviction_is_never_negative_and_needs_a_limit() -> None:
    assert eviction_seconds(None, 5.0) is None
    assert eviction_seconds(60.0, 45.0) == 15.0
    assert eviction_seconds(60.0, 75.0) == 0.0
