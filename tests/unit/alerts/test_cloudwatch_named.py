"""CloudWatch alarms on the metrics that packs read by their own names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.alerts.conditions import Quiet, Share
from obs.alerts.conditions.beyond_alarm import alarm_on
from obs.alerts.conditions.cloudwatch import GaugeCompared, NotExpressible, WindowSum
from obs.alerts.quantities import Complement, Growth, Percent, Value
from obs.alerts.tuning import alarmed
from obs.alerts.writers.cloudwatch.alarm import AlarmSeries, Formula, MetricAlarm
from obs.alerts.writers.cloudwatch.alarms import Alarms, alarms_of
from obs.catalogue import aws
from obs.packs.alb import metrics as alb
from obs.packs.ecs import metrics as ecs
from obs.spec.load import load

WEB = "app/kb-web/50dc6c495c0c9188"
API = "targetgroup/kb-api/73e2d6bc24d8a067"
PACKS: dict[str, Any] = {
    "alb": {"source": "cloud", "load_balancers": [WEB], "target_groups": [API]},
    "ecs": {"source": "cloud", "clusters": ["kb"], "services": ["api"]},
}


def alarms(
    folder: Path, packs: dict[str, Any], alerts: dict[str, Any] | None = None, aws: str = "cloud"
) -> Alarms:
    sources = {"aws": {name: {"region": "us-east-1"} for name in ("cloud", "other")}}
    spec = {"version": 1, "system": "kb", "sources": sources, "packs": packs}
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec | {"alerts": alerts or {}}))
    system = load([path], variables={})
    of_packs = [each for each in alarmed(system) if each.name.startswith(("Alb", "Ecs"))]
    return alarms_of(of_packs, system, aws)


def by_name(found: Alarms) -> dict[str, MetricAlarm]:
    return {each.name: each for each in found.all if isinstance(each, MetricAlarm)}


def test_each_alert_on_an_object_named_in_full_is_an_alarm(tmp_path: Path) -> None:
    found = alarms(tmp_path, PACKS)
    assert not any(each.alert for each in found.refused)
    assert len(found.all) == 13
    healthy = by_name(found)[f"kb-cloud-alb-targets-none-healthy-{API}-{WEB}"]
    assert healthy.watched == AlarmSeries(
        "AWS/ApplicationELB",
        "HealthyHostCount",
        "Minimum",
        (("TargetGroup", API), ("LoadBalancer", WEB)),
    )
    assert (healthy.comparison, healthy.threshold) == ("LessThanThreshold", 1)
    assert (healthy.period, healthy.periods, healthy.missing) == (60, 2, "missing")
    assert f"Load balancer {WEB}." in healthy.description


def test_a_ratio_is_compared_in_the_percent_that_aws_publishes(tmp_path: Path) -> None:
    found = alarms(tmp_path, PACKS, {"EcsCpuHigh": {"above": 0.6, "for": "5m"}})
    cpu = by_name(found)["kb-cloud-ecs-cpu-high-kb-api"]
    assert (cpu.threshold, cpu.period, cpu.periods) == (60, 60, 5)


def test_a_percentile_is_read_by_metric_math(tmp_path: Path) -> None:
    slow = by_name(alarms(tmp_path, PACKS))[f"kb-cloud-alb-response-slow-{WEB}"]
    assert isinstance(slow.watched, Formula)
    assert slow.watched.inputs[0][1].statistic == "p95"


def test_a_share_of_errors_beside_the_requests_is_of_both_together(tmp_path: Path) -> None:
    own = by_name(alarms(tmp_path, PACKS))[f"kb-cloud-alb-error-rate-high-{WEB}"]
    assert isinstance(own.watched, Formula)
    assert dict(own.watched.steps)["total"] == "SUM([FILL(part1, 0), FILL(whole1, 0)])"
    assert dict(own.watched.steps)["share"] == "IF(total >= 20, 100 * part / total, 0)"


def test_a_service_that_is_to_have_no_task_is_well(tmp_path: Path) -> None:
    none = by_name(alarms(tmp_path, PACKS))["kb-cloud-ecs-no-task-running-kb-api"]
    assert isinstance(none.watched, Formula)
    assert none.watched.steps == (("share", "IF(whole1 > 0, 100 * part1 / whole1, 100)"),)
    assert none.comparison == "LessThanThreshold"


def test_objects_behind_globs_and_of_other_sources_have_no_alarms(tmp_path: Path) -> None:
    globs = {**PACKS, "ecs": {"source": "cloud", "clusters": ["kb"]}}
    found = alarms(tmp_path, globs)
    assert {(each.alert, each.reason) for each in found.refused if each.alert} == {
        (name, "the spec names no service_name in full")
        for name in (
            *("EcsNoTaskRunning", "EcsTasksMissing", "EcsDeploymentStuck"),
            *("EcsCpuHigh", "EcsMemoryHigh"),
        )
    }
    others = alarms(tmp_path, PACKS, aws="other")
    assert not others.groups
    assert not any(each.alert for each in others.refused)


def test_an_override_of_one_object_has_an_alarm_of_its_own(tmp_path: Path) -> None:
    service = {"cluster_name": "kb", "service_name": "api"}
    tuned = {"EcsMemoryHigh": {"overrides": [{"object": service, "above": 0.9}]}}
    found = [
        each for name, each in by_name(alarms(tmp_path, PACKS, tuned)).items() if "memory" in name
    ]
    assert [each.threshold for each in found] == [90]


CPU, REQUESTS = ecs.CPU.metric, alb.REQUESTS.metric


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (alarm_on(Value(CPU), "<", 0.1, 0), GaugeCompared(CPU, "<", 0.1)),
        (alarm_on(Growth(REQUESTS, 300), "<", 1, 0), WindowSum(REQUESTS, 300, "<", 1)),
        (
            alarm_on(Percent(Growth(alb.OWN_5XX.metric), Growth(REQUESTS)), ">", 5, 20),
            WindowSum(alb.OWN_5XX.metric, 300, ">", 5, REQUESTS, 20),
        ),
        (Share(ecs.RUNNING.metric, ecs.DESIRED.metric, 90).cloudwatch(), GaugeCompared),
        (Quiet(REQUESTS, 1, 600).cloudwatch(), WindowSum(REQUESTS, 600, "<", 1)),
        (alarm_on(Complement(1, Value(CPU)), "<", 0.1, 0), NotExpressible),
        (alarm_on(Value(aws.QUEUE_OLDEST_AGE), "<", 1, 0), NotExpressible),
    ],
)
def test_the_form_of_an_alarm_follows_from_the_quantity(form: object, expected: object) -> None:
    assert isinstance(form, expected) if isinstance(expected, type) else form == expected
