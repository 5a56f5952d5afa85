"""Formulas against the published vectors."""

from math import inf, isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.burn import (
    budget_remaining,
    burn_factor,
    burn_rate,
    error_budget,
    exhaustion_seconds,
    objective_ratio,
)

HOUR = 3600
DAY = 86_400
MONTH = 30 * DAY


@pytest.mark.parametrize(
    ("percent", "ratio"),
    [(99.9, 0.999), (99.99, 0.9999), (99.5, 0.995), (99, 0.99), (95.0, 0.95), (33.3, 0.333)],
)
def test_an_objective_in_percent_becomes_its_ratio_without_binary_noise(
    percent: float, ratio: float
) -> None:
    assert objective_ratio(percent) == ratio


@pytest.mark.parametrize("percent", [0, 100, 100.1, -1, float("nan"), inf])
def test_an_objective_that_is_no_share_is_refused_in_percent(percent: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 100"):
        objective_ratio(percent)


@pytest.mark.parametrize("objective", [0, 1, 99.9, -0.5, float("nan"), inf])
def test_an_objective_that_is_no_ratio_is_refused(objective: float) -> None:
    with pytest.raises(ValueError, match="not a ratio"):
        burn_rate(0.1, objective)


@pytest.mark.parametrize(
    ("objective", "budget"), [(0.999, 0.001), (0.9999, 0.0001), (0.995, 0.005), (0.9, 0.1)]
)
def test_the_budget_of_a_decimal_objective_is_decimal(objective: float, budget: float) -> None:
    assert error_budget(objective) == budget


@given(st.integers(1, 99_999))
def test_every_objective_of_three_decimals_has_a_decimal_budget(thousandths: int) -> None:
    objective = objective_ratio(thousandths / 1000)
    assert error_budget(objective) == (100_000 - thousandths) / 100_000


@pytest.mark.parametrize(
    ("burn", "seconds"), [(1, MONTH), (2, 15 * DAY), (10, 3 * DAY), (1000, 43.2 * 60)]
)
def test_a_full_monthly_budget_lasts_the_period_divided_by_the_burn_rate(
    burn: float, seconds: float
) -> None:
    assert exhaustion_seconds(1, burn, MONTH) == seconds
    assert isclose(burn_rate(burn * 0.001, 0.999), burn, rel_tol=1e-15)


@pytest.mark.parametrize(
    ("factor", "seconds"), [(14.4, 50 * HOUR), (6, 5 * DAY), (3, 10 * DAY), (1, 30 * DAY)]
)
def test_the_factors_of_the_tiers_spend_a_month_as_published(factor: float, seconds: float) -> None:
    assert isclose(exhaustion_seconds(1, factor, MONTH), seconds, rel_tol=1e-15)


def test_nothing_spent_never_exhausts_the_budget() -> None:
    assert exhaustion_seconds(0.5, 0, MONTH) == inf


@pytest.mark.parametrize("burn", [0, 1, 1000])
@pytest.mark.parametrize("remaining", [0, -0.5])
def test_a_budget_that_is_gone_is_exhausted_now(remaining: float, burn: float) -> None:
    assert exhaustion_seconds(remaining, burn, MONTH) == 0


@pytest.mark.parametrize(
    ("sli", "objective", "left"), [(0.9972, 0.995, 0.44), (0.9985, 0.999, -0.5), (1, 0.999, 1)]
)
def test_the_budget_that_remains(sli: float, objective: float, left: float) -> None:
    assert isclose(budget_remaining(1 - sli, objective), left, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("share", "long", "period", "factor"),
    [
        (0.05, HOUR, MONTH, 36),
        (0.02, HOUR, MONTH, 14.4),
        (0.05, 6 * HOUR, MONTH, 6),
        (0.1, DAY, MONTH, 3),
        (0.1, 3 * DAY, MONTH, 1),
        (0.02, HOUR, 28 * DAY, 13.44),
        (0.05, 6 * HOUR, 28 * DAY, 5.6),
        (0.1, DAY, 28 * DAY, 2.8),
    ],
)
def test_factors_are_exact_decimals(
    share: float, long: float, period: float, factor: float
) -> None:
    assert burn_factor(share, long, period) == factor


def test_one_failure_in_ten_hourly_requests_spends_a_seventh_of_the_month() -> None:
    burn = burn_rate(0.1, 0.999)
    assert burn == 100
    assert isclose(burn_factor(0.1389, HOUR, MONTH), burn, rel_tol=5e-4)
