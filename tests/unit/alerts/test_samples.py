"""Samples that make a condition hold, nearly hold or not hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.alert import Alert
from obs.alerts.conditions import Above, Below, ErrorRate, Increase, Quiet, Share
from obs.alerts.conditions.samples import STEPS, Level
from obs.alerts.definitions import ALERTS
from obs.catalogue import aws, nats

JUDGED = (Level.GOOD, Level.EDGE, Level.BAD)
phases = st.lists(st.sampled_from(JUDGED), min_size=1, max_size=6).map(
    lambda levels: [level for level in levels for _ in range(STEPS)]
)
thresholds = st.integers(min_value=0, max_value=10_000).map(float)


def grown(values: tuple[float | None, ...], at: int) -> float:
    last, first = values[at], values[at - STEPS]
    assert last is not None
    assert first is not None
    return last - first


@given(phases, thresholds)
def test_a_counter_grows_by_more_than_the_threshold_exactly_where_it_should(
    levels: list[Level], threshold: float
) -> None:
    when = Increase(aws.RETRIES, threshold, 900)
    (signal,) = when.samples().signals(levels)
    expected = when.samples().holds(levels)
    for at in range(STEPS, len(levels)):
        assert (grown(signal.values, at) > threshold) == expected[at]


@given(phases, thresholds)
def test_a_counter_is_quiet_exactly_where_it_should_be(
    levels: list[Level], threshold: float
) -> None:
    when = Quiet(aws.INVOCATIONS, threshold + 1, 900)
    (signal,) = when.samples().signals(levels)
    expected = when.samples().holds(levels)
    for at in range(STEPS + 1, len(levels)):
        assert (grown(signal.values, at) < threshold + 1) == expected[at]


@given(phases, st.integers(min_value=1, max_value=99).map(float))
def test_a_rate_is_above_the_threshold_exactly_where_it_should_be(
    levels: list[Level], threshold: float
) -> None:
    when = ErrorRate(aws.FAILED_INVOCATIONS, aws.INVOCATIONS, threshold, 900, 10)
    bad, total = when.samples().signals(levels)
    expected = when.samples().holds(levels)
    for at in range(STEPS, len(levels)):
        percent = 100 * grown(bad.values, at) / grown(total.values, at)
        assert (percent > threshold) == expected[at]


@given(st.sampled_from(JUDGED), thresholds)
def test_gauges_are_beyond_the_threshold_only_when_bad(level: Level, threshold: float) -> None:
    (high,) = Above(nats.LAG_MESSAGES, threshold, "messages").samples().signals([level])
    (low,) = Below(nats.EVICTION_SECONDS, threshold, "seconds").samples().signals([level])
    assert high.values[0] is not None
    assert low.values[0] is not None
    assert (high.values[0] > threshold) == (low.values[0] < threshold) == (level is Level.BAD)


@given(st.sampled_from(JUDGED), st.integers(min_value=1, max_value=99).map(float))
def test_a_share_is_above_the_threshold_only_when_bad(level: Level, threshold: float) -> None:
    when = Share(nats.STREAM_BYTES, nats.STREAM_MAX_BYTES, threshold)
    part, whole = (signal.values[0] for signal in when.samples().signals([level]))
    assert part is not None
    assert whole is not None
    assert (100 * part / whole > threshold) == (level is Level.BAD)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_the_default_thresholds_can_be_met_exactly(alert: Alert) -> None:
    """So that the tests tell `>` from `>=`."""
    if isinstance(alert.when, Above | Below | Increase | ErrorRate | Share):
        assert alert.when.samples().has_exact_edge


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_a_value_is_a_number(alert: Alert) -> None:
    assert isinstance(alert.when.samples().value, int | float)
