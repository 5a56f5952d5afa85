"""Recording rules of SLOs."""

import re
from collections.abc import Callable

import pytest

from obs.alerts.recording import MOST_RULES, recording_groups
from obs.catalogue.declare import RECORDED
from obs.spec.load import Spec
from obs.spec.slis import Sli

SLOTH = {
    *(
        f"slo:sli_error:ratio_rate{window}"
        for window in ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"]
    ),
    "slo:objective:ratio",
    "slo:error_budget:ratio",
    "slo:time_period:days",
    "slo:current_burn_rate:ratio",
    "slo:period_burn_rate:ratio",
    "slo:period_error_budget_remaining:ratio",
    "sloth_slo_info",
}


def test_no_recorded_series_has_a_name_of_sloth_s() -> None:
    assert RECORDED.keys() & SLOTH == set()


def test_what_a_rule_reads_and_records_is_of_one_system_and_environment(
    spec: Callable[..., Spec],
) -> None:
    system = spec().system
    staging = system.model_copy(update={"environment": "staging"})
    for each in (system, staging):
        (group,) = recording_groups(each)
        for rule in group["rules"]:
            assert set(each.labels) <= set(rule["labels"].items())
            selectors = re.findall(r"slo[\w:]*\{(.*?)\}", rule["expr"])
            wanted = f'environment="{each.environment}",system="shop"'
            assert [one for one in selectors if wanted not in one] == []
    names = [recording_groups(each)[0]["name"] for each in (system, staging)]
    assert len({*names}) == 2


@pytest.mark.parametrize("window", [1, 3, 7, 10, 14, 21, 30, 90])
def test_an_slo_has_at_most_16_rules(spec: Callable[..., Spec], window: int) -> None:
    system = spec().system
    slos = (system.slos[0].model_copy(update={"window": window * 86_400.0}),)
    (group,) = recording_groups(system.model_copy(update={"slos": slos}))
    assert group["name"] == "shop-slo-recording-shop-on-time"
    assert len(group["rules"]) <= MOST_RULES


def test_what_may_change_is_on_the_info_series_only(spec: Callable[..., Spec]) -> None:
    (group,) = recording_groups(spec().system)
    for rule in group["rules"]:
        names = set(rule.get("labels", ()))
        if rule["record"] == "slo:info":
            assert {"objective_percent", "slo_window"} <= names
        else:
            assert names <= {"slo", "slo_service", "window", "system", "environment"}


def test_a_budget_is_written_as_the_decimal_it_is(spec: Callable[..., Spec]) -> None:
    (group,) = recording_groups(spec().system)
    burns = [rule["expr"] for rule in group["rules"] if rule["record"] == "slo:burn_rate:ratio"]
    assert len(burns) == 8
    assert [expression for expression in burns if not expression.endswith(" / 0.001")] == []


def test_a_window_of_minutes_has_as_many_events_as_minutes(spec: Callable[..., Spec]) -> None:
    system = spec().system
    lag = {"source": "main", "stream": "S", "consumer": "c", "max_seconds": "30s"}
    sli = Sli.model_validate({"nats_lag": lag})
    slos = (system.slos[0].model_copy(update={"sli": sli}),)
    (group,) = recording_groups(system.model_copy(update={"slos": slos}))
    burns = {
        rule["labels"]["window"]: rule["expr"]
        for rule in group["rules"]
        if rule["record"] == "slo:burn_rate:ratio"
    }
    assert "clamp_min(" in burns["1h"]
    assert burns["1h"].endswith(", 60) / 0.001")
