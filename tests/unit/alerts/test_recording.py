"""Recording rules of SLOs."""

from collections.abc import Callable

import pytest

from obs.alerts.recording import MOST_RULES, recording_groups
from obs.spec.load import Spec


@pytest.mark.parametrize("window", [86_400.0, 3 * 86_400.0, 30 * 86_400.0, 90 * 86_400.0])
def test_an_slo_has_at_most_15_rules(spec: Callable[..., Spec], window: float) -> None:
    system = spec().system
    slos = (system.slos[0].model_copy(update={"window": window}),)
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
            assert names <= {"slo", "slo_service", "window"}


def test_a_budget_is_written_as_the_decimal_it_is(spec: Callable[..., Spec]) -> None:
    (group,) = recording_groups(spec().system)
    burns = [rule["expr"] for rule in group["rules"] if rule["record"] == "slo:burn_rate:ratio"]
    assert len(burns) == 8
    assert [expression for expression in burns if not expression.endswith(" / 0.001")] == []
