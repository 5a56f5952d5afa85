"""The alerts of a system with work queues, as promtool judges them."""

from pathlib import Path

import pytest

from obs.alerts.targets import build
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.cloudwatch.alarms import alarms_of
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.promtool import check_rules, failed_alerts, judged, needs_promtool
from tests.integration.test_alerts_promtool import SOUND, built, mutant_rules, write_test
from tests.integration.test_grafana_rules import written

pytestmark = [pytest.mark.integration, needs_promtool]

SPEC = """
version: 1
system: shop
sources:
  aws: {cloud: {region: us-east-1, queues: [shop-dlq], work_queues: %s}}
"""
WORK = {"SqsQueueNotConsumed", "SqsBacklogOld", "SqsInFlightNearLimit"}
DEAD = {"SqsDeadLettersWaiting", "SqsDeadLettersOld"}


def system_of(folder: Path, queues: str = "[shop-orders, 'shop-m*']") -> System:
    spec = folder / "spec.yaml"
    spec.write_text(SPEC % queues)
    return load([spec], variables={})


def test_alerts_know_a_work_queue_from_a_dead_letter_queue_and_every_mutant_is_caught(
    tmp_path: Path,
) -> None:
    system = system_of(tmp_path)
    check_rules(sorted(built(tmp_path / "built", system).glob("prometheus/*.yaml")))
    files: list[str] = []
    alerts: set[str] = set()
    of_queues = [tuned for tuned in tuned_alerts(system) if tuned.name in WORK | DEAD]
    assert {tuned.name for tuned in of_queues} == WORK | DEAD
    for number, tuned in enumerate(of_queues):
        rules = mutant_rules(tuned, system)
        sound = rules[SOUND]
        if tuned.name in DEAD:  # those of the reference system have every other mutant
            rules = {SOUND: sound}
        parts = sound["expr"].split("sqs_queue_role_info")
        assert len(parts) > 1 or tuned.name == "SqsQueueNotConsumed"
        if len(parts) > 1:
            lines = sound["expr"].splitlines()
            kept = [line for line in lines if "sqs_queue_role_info" not in line]
            rules["whatever its role"] = {**sound, "expr": "\n".join(kept)}
        name = f"{tuned.name}_{number}"
        named = {f"{name}_{what.replace(' ', '_')}": rule for what, rule in rules.items()}
        alerts |= named.keys()
        files.append(write_test(tmp_path, name, named, tuned, system))
    survived = alerts - set(failed_alerts(tmp_path, files, alerts))
    assert survived == {name for name in alerts if name.endswith(f"_{SOUND}")}


def test_grafana_compares_as_prometheus_does(tmp_path: Path) -> None:
    system = system_of(tmp_path)
    alerts = [tuned for tuned in tuned_alerts(system) if tuned.name in WORK | DEAD]
    results = judged(tmp_path, written(tmp_path, alerts, system))
    assert [name for name, succeeded in results.items() if not succeeded] == []


def test_a_system_without_work_queues_has_the_rules_it_had(tmp_path: Path) -> None:
    system = system_of(tmp_path, "[]")
    rules = build(system, ["prometheus"])["prometheus"]["prometheus/eventbridge.yaml"]
    assert "sqs_queue_role_info" not in rules
    assert not any(name in rules for name in WORK)


def test_cloudwatch_alarms_of_work_queues_are_on_work_queues_only(tmp_path: Path) -> None:
    system = system_of(tmp_path)
    alarms = alarms_of(tuned_alerts(system), system, "cloud")
    assert {alarm.name for alarm in alarms.all} == {
        "shop-sqs-dead-letters-waiting-shop-dlq",
        "shop-sqs-dead-letters-old-shop-dlq",
        "shop-sqs-backlog-old-shop-orders",
        "shop-sqs-in-flight-near-limit-shop-orders",
    }
