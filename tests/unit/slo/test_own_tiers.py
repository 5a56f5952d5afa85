"""Tiers of one's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.slo.tiers import Tiers, tiers, windows_of
from obs.slo.windows import DAY, windows
from obs.spec.slo_facts import OwnTier


def own(**fields: object) -> OwnTier:
    return OwnTier.model_validate({"severity": "page", "long": "1h", "short": "5m", **fields})


def test_a_share_of_the_budget_becomes_a_factor_and_the_other_way_round() -> None:
    (shared,) = tiers(0.999, 30 * DAY, own=[own(budget="2%")]).kept
    assert shared.factor == pytest.approx(14.4)
    (factor,) = tiers(0.999, 30 * DAY, own=[own(factor=14.4)]).kept
    assert factor.budget_share == pytest.approx(0.02)


def test_a_tier_that_can_never_fire_is_left_out_with_the_objective_that_it_needs() -> None:
    found: Tiers = tiers(0.9, 30 * DAY, own=[own(factor=14.4), own(factor=2, long="2h")])
    assert [tier.factor for tier in found.kept] == [2.0]
    assert "can never fire: it needs an objective above 93.056 %" in found.dropped[0][1]
    with pytest.raises(ValueError, match="can never fire"):
        tiers(0.9, 30 * DAY, own=[own(factor=14.4)])


def test_their_windows_are_evaluated_beside_the_usual_ones() -> None:
    chosen = windows_of([own(long="90m", short="10m", factor=2)])
    assert chosen == (600, 5400)
    labels = {window.label for window in windows(30 * DAY, chosen)}
    assert {"10m", "1h30m", "1h", "30d"} <= labels


@given(st.floats(0.5, 0.9999), st.floats(0.001, 2000))
def test_what_is_kept_can_fire(objective: float, factor: float) -> None:
    try:
        (kept,) = tiers(objective, 30 * DAY, own=[own(factor=factor)]).kept
    except ValueError:
        assert factor * (1 - objective) >= 1 - 1e-6
    else:
        assert kept.factor * (1 - objective) < 1 + 1e-6
