"""Rules and alarms of SLOs over calendar periods, and of those with maintenance."""

from pathlib import Path

import pytest

from obs.alerts.conditions.burn import BurnTiers
from obs.alerts.recording import recording_groups
from obs.alerts.tier_summary import slo_tiers
from obs.catalogue import recorded
from obs.spec.load import load
from obs.spec.maintenance import MaintenanceWindow
from obs.spec.system import System
from tests.unit.alerts.cloudwatch_systems import plan

SPEC = """\
version: 1
system: shop
sources:
  aws:
    cloud: {region: eu-west-1, buses: [{name: shop, rules: [paid]}]}
slos:
  - name: rolling
    service: shop
    objective: 99.9
    sli: {eventbridge: {source: cloud, bus: shop}}
  - name: monthly
    service: shop
    objective: 99.9
    calendar: month
    timezone: Asia/Kolkata
    sli: {eventbridge: {source: cloud, bus: shop}}
"""
MONTH = "calendar month (Asia/Kolkata)"


@pytest.fixture
def system(tmp_path: Path) -> System:
    file = tmp_path / "obs.yaml"
    file.write_text(SPEC, encoding="utf-8")
    return load([file], variables={})


def test_a_month_of_the_calendar_is_judged_by_the_burn_rates_of_30_days(system: System) -> None:
    rolling, monthly = slo_tiers(system)
    assert rolling.tiers == monthly.tiers
    assert (rolling.window, monthly.window) == ("30d", MONTH)
    rules = [dict(rule.labels) for rule in BurnTiers("page", 2).of_system(system)]
    assert [(each["tier"], each["slo_window"]) for each in rules] == [
        *(("1h", "30d"), ("6h", "30d"), ("1h", MONTH), ("6h", MONTH))
    ]


def test_recording_rules_leave_out_the_window_that_no_range_can_be(system: System) -> None:
    _, monthly = recording_groups(system)
    names = [rule["record"] for rule in monthly["rules"]]
    windows = {rule["labels"].get("window") for rule in monthly["rules"]}
    assert recorded.BUDGET_REMAINING.name not in names
    assert windows == {None, "5m", "30m", "1h", "2h", "6h", "1d", "3d"}
    (info,) = [each for each in monthly["rules"] if each["record"] == recorded.INFO.name]
    assert info["labels"]["slo_window"] == MONTH


def test_an_slo_with_maintenance_is_no_cloudwatch_alarm_for_an_alarm_counts_what_fails_in_it(
    system: System,
) -> None:
    window = MaintenanceWindow.model_validate({"from": "02:00", "until": "04:00"})
    slos = (system.slos[0].model_copy(update={"maintenance": (window,)}), system.slos[1])
    made = plan(system.model_copy(update={"slos": slos}))
    reasons = [each["reason"] for each in made["refused"]]
    assert "SLO rolling has maintenance windows, and an alarm counts what fails in them" in reasons
    names = {each["AlarmName"] for each in made["PutCompositeAlarm"]}
    assert not [name for name in names if "rolling" in name]
    assert [name for name in names if "monthly" in name]
