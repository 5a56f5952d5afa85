"""What a panel shows is what its alert compares."""

import re

import pytest

from obs.alerts.alert import TunedAlert
from obs.alerts.conditions import Above, Age, BurnTiers, ErrorRate, Increase, Overdue, Share
from obs.alerts.tuning import tuned_alerts
from obs.catalogue import aws, nats, own, slo
from obs.dashboards.alert_expression import compared, unit
from obs.dashboards.expressions import VariableScope, ever, worst
from tests.unit.dashboards.systems import oms

ALL = VariableScope()
COMPARED = [
    tuned
    for tuned in tuned_alerts(oms())
    if isinstance(tuned.when, Above | Share) and not tuned.only
]
COUNTED = [
    tuned
    for tuned in tuned_alerts(oms())
    if isinstance(tuned.when, Increase | ErrorRate) and not tuned.only
]
_RANGES = re.compile(r"\w+(?:\{[^}]*\})?\[\w+\]")


@pytest.mark.parametrize("tuned", COMPARED, ids=lambda tuned: tuned.name)
def test_a_panel_asks_for_the_very_quantity_of_the_alert(tuned: TunedAlert) -> None:
    shown = compared(ALL, tuned.when).replace('job=~"$job",', "").replace('{job=~"$job"}', "")
    first = tuned.expression.split("\nor (")[0]
    assert re.sub(r"\s+", " ", first).startswith(re.sub(r"\s+", " ", shown))


@pytest.mark.parametrize("tuned", COUNTED, ids=lambda tuned: tuned.name)
def test_a_panel_draws_the_counters_of_the_alert_over_its_window(tuned: TunedAlert) -> None:
    """By `increase()`, as linters of dashboards want it; the alert counts exactly."""
    shown = compared(ALL, tuned.when).replace('job=~"$job",', "").replace('{job=~"$job"}', "")
    drawn = set(_RANGES.findall(shown))
    assert drawn
    assert drawn <= set(_RANGES.findall(tuned.expression))


def test_the_page_s_variables_narrow_what_has_their_label() -> None:
    scope = VariableScope(("nats", "consumer", "rule"), frozenset({"consumer"}))
    assert scope.series(nats.LAG_MESSAGES) == (
        'nats_consumer_lag_messages{job=~"$job",nats=~"$nats",consumer="$consumer"}'
    )
    assert scope.series(slo.OBJECTIVE) == 'slo_objective_ratio{job=~"$job"}'


def test_a_matcher_of_one_s_own_takes_the_place_of_the_variable() -> None:
    scope = VariableScope(("rule",))
    chosen = scope.grown(aws.RETRIES, 900, ("rule", "=", "mine"))
    assert 'rule="mine"' in chosen
    assert "$rule" not in chosen
    assert chosen.startswith("max by (aws, bus, rule) (increase(")
    assert chosen.endswith("[15m]))")


def test_ages_are_told_as_the_alert_judges_them() -> None:
    assert compared(ALL, Age(slo.WATERMARK, slo.ASKED_SINCE, 900)).startswith(
        "time() - max by (slo, slo_service)"
    )
    overdue = Overdue(own.SOURCE_LAST_SUCCESS, own.SOURCE_STALE_AFTER, own.SOURCE_UP, 30)
    assert compared(ALL, overdue).startswith("100 * (time() - ")
    assert unit(overdue) == "percent"


def test_tiers_are_no_quantity() -> None:
    with pytest.raises(ValueError, match="no quantity"):
        compared(ALL, BurnTiers("page", 2))


def test_the_worst_are_chosen_once_for_the_whole_range() -> None:
    assert worst(3, "x") == "x\nand topk(3, max_over_time((x)[$__range:] @ end()))"
    assert ever("x") == "x\nand max_over_time((x)[$__range:] @ end()) > 0"
