"""Burn rates and budgets of a ledger at one moment."""

from math import inf, isclose, isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.slo.evaluate import Evaluation, WindowEvaluation, evaluate
from obs.slo.expected import Expected
from obs.slo.firing import firing
from obs.slo.ledger import Ledger
from obs.slo.tiers import tiers
from obs.slo.windows import DAY, HOUR, MINUTE, windows

START = 1_800_000_000 // DAY * DAY
MONTH = 30 * DAY


def steady(minutes: int, good: float, total: float) -> tuple[Ledger, int]:
    ledger = Ledger(MONTH)
    for minute in range(minutes):
        ledger.set(START + minute * MINUTE, good, total)
    return ledger, START + minutes * MINUTE


def test_three_busy_hours_and_three_idle_ones_are_weighted_by_events() -> None:
    """The average of the ratios would say 0.5 %."""
    ledger = Ledger(MONTH)
    for minute in range(180):
        ledger.set(START + minute * MINUTE, 990, 1000)
        ledger.set(START + 3 * HOUR + minute * MINUTE, 1, 1)
    found = evaluate(ledger, 0.999, MONTH, START + 6 * HOUR)
    six_hours = found.windows[4]
    assert six_hours.label == "6h"
    assert six_hours.error_ratio == 1_800 / 180_180
    assert isclose(six_hours.error_ratio, 0.00999, abs_tol=5e-7)


def test_minutes_without_traffic_do_not_spoil_a_window() -> None:
    ledger, _ = steady(10, 9, 10)
    found = evaluate(ledger, 0.999, MONTH, START + 2 * HOUR)
    assert [w.error_ratio for w in found.windows[:3]] == [None, None, None]
    assert isclose(found.windows[4].error_ratio or 0, 0.1)


def test_no_events_give_no_ratio_no_burn_rate_and_no_budget() -> None:
    found = evaluate(Ledger(MONTH), 0.999, MONTH, START)
    assert (found.good, found.total, found.budget_remaining) == (0, 0, None)
    assert found.windows == tuple(
        WindowEvaluation(label, seconds, 0, None, None, None) for label, seconds in windows(MONTH)
    )


def test_good_events_alone_leave_the_budget_whole_for_ever() -> None:
    found = evaluate(*_objective(*steady(400, 10, 10)))
    assert found.budget_remaining == 1
    for window in found.windows:
        assert (window.error_ratio, window.burn_rate) == (0, 0)
        assert window.exhaustion_seconds == inf


@pytest.mark.parametrize(("good", "left"), [(99_720, 0.44), (99_500, 0), (99_850, 0.7)])
def test_the_budget_that_remains_of_an_objective_of_99_5(good: float, left: float) -> None:
    ledger, watermark = steady(1, good, 100_000)
    found = evaluate(ledger, 0.995, MONTH, watermark)
    assert isclose(found.budget_remaining or 0, left, rel_tol=1e-12)


def test_an_overspent_budget_is_negative_and_exhausted_now() -> None:
    ledger, watermark = steady(1, 99_850, 100_000)
    found = evaluate(ledger, 0.999, MONTH, watermark)
    assert isclose(found.budget_remaining or 0, -0.5, rel_tol=1e-12)
    assert {window.exhaustion_seconds for window in found.windows} == {0}


def test_exhaustion_is_at_the_burn_rate_of_each_window() -> None:
    ledger, middle = steady(120, 10_000, 10_000)
    for minute in range(5):
        ledger.set(middle + minute * MINUTE, 9_990, 10_000)
    found = evaluate(ledger, 0.999, MONTH, middle + 5 * MINUTE)
    remaining = 1 - 5 / 125
    assert isclose(found.budget_remaining or 0, remaining)
    five_minutes, month = found.windows[0], found.windows[-1]
    assert five_minutes.burn_rate == 1
    assert isclose(five_minutes.exhaustion_seconds or 0, remaining * MONTH)
    assert isclose(month.burn_rate or 0, 5 / 125)
    assert isclose(month.exhaustion_seconds or 0, remaining * MONTH * 125 / 5)


def test_one_failure_of_ten_hourly_requests_burns_at_a_hundred() -> None:
    ledger, watermark = steady(1, 9, 10)
    assert evaluate(ledger, 0.999, MONTH, watermark).windows[2].burn_rate == 100


def test_good_and_total_are_those_of_the_slo_s_own_window() -> None:
    ledger = Ledger(DAY)
    ledger.set(START, 1, 2)
    ledger.set(START + 2 * DAY, 10, 20)
    found = evaluate(ledger, 0.999, DAY, START + 2 * DAY + MINUTE)
    assert (found.good, found.total) == (10, 20)
    assert found.windows[-1].label == "1d"
    assert found.windows[-1].error_ratio == 0.5


def of(found: Evaluation, label: str) -> WindowEvaluation:
    return next(window for window in found.windows if window.label == label)


def test_two_bad_minutes_of_a_new_slo_spend_two_minutes_of_its_budget() -> None:
    """99 % of 30 days allow 432 bad minutes."""
    ledger, watermark = steady(3, 1, 1)
    for minute in range(2):
        ledger.set(START + minute * MINUTE, 0, 1)
    found = evaluate(ledger, 0.99, MONTH, watermark, Expected(minutes=True))
    assert isclose(found.budget_remaining or 0, 1 - 2 / 432)
    assert isclose(of(found, "1h").burn_rate or 0, 2 / 60 / 0.01)
    assert (found.good, found.total) == (1, 3)


def test_minutes_without_data_spend_no_budget() -> None:
    ledger, _ = steady(3, 0, 1)
    found = evaluate(ledger, 0.99, MONTH, START + HOUR, Expected(minutes=True))
    assert isclose(of(found, "1h").error_ratio or 0, 3 / 60)
    assert of(found, "30m").error_ratio is None


@pytest.mark.parametrize("expected", [Expected(minutes=True), Expected(since=START)])
@pytest.mark.parametrize("objective", [0.95, 0.99, 0.999])
def test_a_total_outage_from_the_first_minute_on_fires_as_soon_as_in_an_old_slo(
    expected: Expected, objective: float
) -> None:
    def minutes_until(full: int, expected: Expected) -> int:
        ledger = Ledger(MONTH)
        for minute in range(full):
            ledger.set(START + minute * MINUTE, 1, 1)
        for minute in range(61):
            end = START + (full + minute) * MINUTE
            found = evaluate(ledger, objective, MONTH, end, expected)
            if list(firing(tiers(objective, MONTH).kept, ledger, found, expected)):
                return minute
            ledger.set(end, 0, 1)
        raise AssertionError("never")

    old = Expected(expected.minutes, START) if not expected.minutes else expected
    assert minutes_until(0, expected) == minutes_until(4 * DAY // MINUTE, old)


def test_one_failure_in_the_first_hour_spends_what_an_hour_may() -> None:
    """10 requests an hour: 7.2 may fail in 30 days."""
    ledger = Ledger(MONTH)
    for minute in range(0, 60, 6):
        ledger.set(START + minute * MINUTE, int(minute > 0), 1)
    found = evaluate(ledger, 0.999, MONTH, START + HOUR, Expected(since=START))
    assert of(found, "1h").burn_rate == 100
    assert isclose(found.budget_remaining or 0, 1 - 1 / 7.2)


def test_one_bad_event_does_not_tell_where_the_whole_budget_is_less_than_one() -> None:
    ledger, watermark = steady(1, 9, 10)
    found = evaluate(ledger, 0.999, MONTH, watermark)
    assert found.budget_remaining is None
    assert {window.exhaustion_seconds for window in found.windows} == {None}
    ledger.set(START + MINUTE, 9, 10)
    found = evaluate(ledger, 0.999, MONTH, watermark + MINUTE)
    assert isclose(found.budget_remaining or 0, 1 - 2 / 0.02)


def test_one_bad_event_of_enough_is_told() -> None:
    ledger, watermark = steady(1, 999, 1000)
    found = evaluate(ledger, 0.999, MONTH, watermark)
    assert found.budget_remaining == 0


def test_one_bad_minute_is_told_because_minutes_are_known() -> None:
    ledger, watermark = steady(1, 0, 1)
    found = evaluate(ledger, 0.9995, DAY, watermark, Expected(minutes=True))
    assert isclose(found.budget_remaining or 0, 1 - 1 / 0.72)


def test_of_two_collectors_of_a_lag_slo_the_younger_never_tells_more() -> None:
    older, younger = Ledger(MONTH), Ledger(MONTH)
    for minute in range(600):
        good = int(not 480 <= minute < 580 or minute % 3 > 0)
        older.set(START + minute * MINUTE, good, 1)
        if minute >= 500:
            younger.set(START + minute * MINUTE, good, 1)
        end, known = START + (minute + 1) * MINUTE, Expected(minutes=True)
        ours = evaluate(older, 0.99, MONTH, end, known)
        theirs = evaluate(younger, 0.99, MONTH, end, known)
        if minute < 500:
            continue
        assert (theirs.budget_remaining or 0) >= (ours.budget_remaining or 0)
        for mine, other in zip(ours.windows, theirs.windows, strict=True):
            assert (other.burn_rate or 0) <= (mine.burn_rate or 0)


def test_an_objective_in_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="not a ratio"):
        evaluate(Ledger(MONTH), 99.9, MONTH, START)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1)), max_size=30),
    st.floats(0.01, 0.9999),
    st.sampled_from([DAY, 3 * DAY, MONTH]),
)
def test_every_number_is_in_its_range_and_none_is_not_a_number(
    minutes: list[tuple[float, float]], objective: float, period: int
) -> None:
    ledger = Ledger(period)
    for minute, (total, share) in enumerate(minutes):
        ledger.set(START + minute * 7 * MINUTE, total * share, total)
    found = evaluate(ledger, objective, period, START + 4 * HOUR)
    assert found.budget_remaining is None or found.budget_remaining <= 1
    for window in found.windows:
        if window.error_ratio is None:
            assert window.burn_rate is None
            continue
        assert 0 <= window.error_ratio <= 1
        assert window.burn_rate is not None
        assert window.burn_rate >= 0
        assert (window.exhaustion_seconds is None) == (found.budget_remaining is None)
        if window.exhaustion_seconds is not None:
            assert window.exhaustion_seconds >= 0
            assert not isnan(window.exhaustion_seconds)


def _objective(ledger: Ledger, watermark: float) -> tuple[Ledger, float, float, float]:
    return ledger, 0.999, MONTH, watermark
