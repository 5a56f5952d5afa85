"""Recording rules of SLOs."""

from collections.abc import Callable

import pytest

from obs.alerts.recording import MOST_RULES, recording_groups
from obs.spec.load import Spec
from obs.spec.slos import Sli


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
