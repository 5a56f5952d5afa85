"""Which tiers an objective has."""

from fractions import Fraction

import pytest

from obs.slo.tiers import tiers
from obs.slo.windows import DAY, HOUR, MINUTE, window

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


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (1, [("10m", "5m", 7.2), ("30m", "5m", 4.8), ("2h", "10m", 1.2)]),
        (3, [("30m", "5m", 7.2), ("2h", "10m", 3.6), ("6h", "30m", 1.2)]),
        (7, [("10m", "5m", 20.16), ("1h", "5m", 8.4), ("4h", "20m", 4.2), ("12h", "1h", 1.4)]),
        (14, [("20m", "5m", 20.16), ("2h", "10m", 8.4), ("8h", "30m", 4.2), ("1d", "2h", 1.4)]),
        (90, [("1h", "5m", 43.2), ("6h", "30m", 18), ("1d", "2h", 9), ("3d", "6h", 3)]),
    ],
)
def test_tiers_scale_with_the_period(days: int, expected: list[tuple[str, str, float]]) -> None:
    found = [
        (window(t.long_seconds).label, window(t.short_seconds).label, t.factor)
        for t in tiers(0.999, days * DAY).kept
    ]
    assert found == expected


def test_a_kept_promise_fires_no_tier_and_every_period_can_page() -> None:
    """At burn rate 1 the budget lasts for ever; four weeks keep the workbook's 0.93."""
    for hours in (*range(24, 28 * 24), *range(30 * 24, 90 * 24 + 1)):
        kept = tiers(0.999, hours * HOUR).kept
        assert min(tier.factor for tier in kept) >= 1
        assert kept[0].severity == "page"
        assert [t for t in kept if t.long_seconds > hours * HOUR / 10] == []
        assert [t for t in kept if t.long_seconds < 2 * t.short_seconds] == []


def test_every_tier_leaves_time_to_act() -> None:
    """A page at its threshold has at least a thirtieth of the period left."""
    for hours in range(24, 31 * 24):
        for tier in tiers(0.999, hours * HOUR).kept:
            left = (1 - tier.factor * tier.long_seconds / (hours * HOUR)) / tier.factor
            assert left > 1 / 31


def test_a_tier_too_short_for_its_period_is_left_out_and_says_so() -> None:
    ((tier, reason),) = tiers(0.999, DAY).dropped
    assert (tier.severity, tier.long_seconds) == ("page", 2 * MINUTE)
    assert reason == "the page over 2m is left out: less than 10m is too short to judge by"


def test_a_threshold_of_exactly_all_events_can_never_fire() -> None:
    found = tiers(0.75, 20 * DAY)
    assert [tier.factor for tier, _ in found.dropped] == [19.2, 6, 4]
    assert [tier.factor for tier in found.kept] == [1]


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
