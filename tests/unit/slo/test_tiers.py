"""Which tiers an objective has."""

from fractions import Fraction

import pytest

from obs.slo.tiers import tiers
from obs.slo.windows import DAY, HOUR, MINUTE

MONTH = 30 * DAY


def test_a_month_has_the_four_published_tiers() -> None:
    found = [
        (t.severity, t.long_seconds, t.short_seconds, t.factor, t.budget_share)
        for t in tiers(0.999, MONTH).kept
    ]
    assert found == [
        ("page", HOUR, 5 * MINUTE, 14.4, 0.02),
        ("page", 6 * HOUR, 30 * MINUTE, 6, 0.05),
        ("ticket", DAY, 2 * HOUR, 3, 0.1),
        ("ticket", 3 * DAY, 6 * HOUR, 1, 0.1),
    ]


def test_four_weeks_have_their_own_exact_factors() -> None:
    factors = [tier.factor for tier in tiers(0.999, 28 * DAY).kept]
    assert factors == [13.44, 5.6, 2.8, float(Fraction(28, 30))]


def test_every_tier_needs_two_bad_events_by_default() -> None:
    assert {tier.min_bad_events for tier in tiers(0.999, MONTH).kept} == {2}
    assert {tier.min_bad_events for tier in tiers(0.999, MONTH, 5).kept} == {5}


@pytest.mark.parametrize(
    ("objective", "kept"),
    [
        (0.9306, [14.4, 6, 3, 1]),
        (0.9305, [6, 3, 1]),
        (0.8334, [6, 3, 1]),
        (0.8333, [3, 1]),
        (0.6667, [3, 1]),
        (0.6666, [1]),
        (0.001, [1]),
    ],
)
def test_a_tier_that_can_never_fire_is_dropped(objective: float, kept: list[float]) -> None:
    assert [tier.factor for tier in tiers(objective, MONTH).kept] == kept


def test_a_threshold_of_exactly_all_events_can_never_fire() -> None:
    factor_ten_in_an_hour = 1_800_000
    found = tiers(0.9, factor_ten_in_an_hour)
    assert [tier.factor for tier, _ in found.dropped] == [10]
    assert len(found.kept) == 3


def test_a_dropped_tier_comes_with_its_reason() -> None:
    ((tier, reason),) = tiers(0.93, MONTH).dropped
    assert tier.factor == 14.4
    assert reason == (
        "the page over 1h at burn rate 14.4 can never fire: it needs an objective above 93.056 %"
    )


def test_an_objective_without_any_tier_is_refused_with_every_reason() -> None:
    with pytest.raises(ValueError, match=r"over 1h .*; .* over 6h .*; .* over 1d .*; .* over 3d "):
        tiers(0.3, 90 * DAY)


def test_an_objective_in_percent_is_refused() -> None:
    with pytest.raises(ValueError, match="not a ratio"):
        tiers(99.9, MONTH)
