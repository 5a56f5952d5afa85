"""SLOs under the names that sloth and pyrra record."""

import pytest

from obs.alerts.slo_names import pyrra, sloth
from obs.alerts.slo_names.subject import Subject, length
from obs.alerts.slo_names.tools import TOOLS, is_named, named_groups
from obs.alerts.slo_rules import slo_documents
from obs.spec.system import System
from obs.spec.targets import Targets
from tests.bench.migration import EXAMPLE, EXAMPLE_FIELDS

SLOTH_0_16 = {
    **{
        f"slo:sli_error:ratio_rate{window}": {"sloth_window": window}
        for window in ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "4w")
    },
    "slo:objective:ratio": {},
    "slo:error_budget:ratio": {},
    "slo:time_period:days": {},
    "slo:current_burn_rate:ratio": {},
    "slo:period_burn_rate:ratio": {},
    "slo:period_error_budget_remaining:ratio": {},
    "sloth_slo_info": {"sloth_objective": "99.9", "sloth_spec": "prometheus/v1"},
}
"""Names and labels that sloth 0.16 records of an SLO over 4w beside sloth_id, sloth_service and
sloth_slo, but for those that say who wrote the rule."""


def system(*tools: str, **more: object) -> System:
    return System.model_validate(
        {
            "version": 1,
            "system": "shop",
            "sources": {"prometheus": {"metrics": {"url": "http://p:9090"}}},
            "slos": [EXAMPLE_FIELDS],
            "targets": {"slo_names": tools},
            **more,
        }
    )


def test_names_and_labels_are_those_of_sloth() -> None:
    (group,) = named_groups(system("sloth"))
    who = {"sloth_id": "shop-requests", "sloth_service": "shop", "sloth_slo": "requests"}
    written_by = {"sloth_mode": "obs", "sloth_version": "obs"}
    assert {rule["record"]: rule["labels"] for rule in group["rules"]} == {
        name: {
            **who,
            **labels,
            **(written_by if name == "sloth_slo_info" else {}),
        }
        for name, labels in SLOTH_0_16.items()
    }


def test_pyrras_increase_keeps_the_labels_that_tell_errors() -> None:
    found = {each["record"]: each for each in pyrra.rules(Subject(EXAMPLE, ()))}
    increase = found["http_requests:increase4w"]
    assert increase["expr"] == 'sum by (code) (increase(http_requests_total{job="shop"}[4w]))'
    assert increase["labels"] == {"job": "shop", "slo": "requests"}
    assert found["http_requests:burnrate1h"]["labels"] == {"job": "shop", "slo": "requests"}


def test_without_rules_that_read_the_counter_there_is_no_increase_of_it() -> None:
    slo = EXAMPLE.model_copy(update={"engine": "collector"})
    found = [each["record"] for each in pyrra.rules(Subject(slo, ()))]
    assert not any(":increase" in name for name in found)
    assert "pyrra_availability" in found


def test_there_are_none_unless_the_spec_asks_or_without_what_they_read() -> None:
    assert named_groups(system()) == []
    asked = system("sloth", "pyrra")
    assert set(slo_documents(asked)) == {"slo-rules", "slo-names"}
    assert named_groups(system("sloth", metrics={"exclude": ["slo_burn_rate"]})) == []


def test_every_rule_is_known_as_one_of_these_and_every_tool_can_be_asked_for() -> None:
    rules = [r for g in named_groups(system("sloth", "pyrra")) for r in g["rules"]]
    assert [r["record"] for r in rules if not is_named(r["record"])] == []
    assert not is_named("http_requests_total")
    assert set(Targets.model_validate({"slo_names": [*TOOLS]}).slo_names) == {*TOOLS}
    assert sloth.RATIO


@pytest.mark.parametrize(
    ("seconds", "text"), [(2_419_200, "4w"), (2_592_000, "30d"), (3_600, "1h")]
)
def test_lengths_are_as_these_tools_write_them(seconds: float, text: str) -> None:
    assert length(seconds) == text
