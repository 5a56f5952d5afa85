"""Names that look like templates, quotes or wildcards, in the hands of each target's own parser."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings

from obs.alerts.rule_tests import promtool
from obs.alerts.targets import build_targets
from obs.alerts.tuning import tuned_alerts
from obs.artifacts import write, yaml_text
from obs.spec.system import System
from tests.integration.promtool import check_rules, judged, keep_rules, needs, needs_promtool
from tests.unit.alerts.hostile import systems

pytestmark = pytest.mark.integration

PHASES = (Phase.explicit, Phase.generate)  # parsers are too slow for shrinking
SLOW = settings(max_examples=2, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=12, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
OVERRIDDEN = (
    "NatsConsumerLagHigh",
    "NatsServerDown",
    "EventBridgeFailedInvocations",
    "SqsDeadLettersWaiting",
)


def built(system: System, target: str) -> Mapping[str, str]:
    return build_targets(system, [target]).whole()[target]


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def written(files: Mapping[str, str]) -> tuple[Path, list[Path]]:
    folder = Path(tempfile.mkdtemp())
    write(folder, {"all": files})
    return folder, [folder / path for path in files]


@needs_promtool
@SLOW
@given(systems())
def test_prometheus_takes_every_rule_and_its_alerts_have_the_names_as_they_are(
    system: System,
) -> None:
    rules = built(system, "prometheus")
    folder, paths = written(rules)
    try:
        check_rules(paths)
        keep_rules(paths, OVERRIDDEN)
        alerts = [each for each in tuned_alerts(system) if each.name in OVERRIDDEN]
        tests = promtool.tests_of(alerts, system, "prometheus")
        for name, document in tests.items():
            (folder / f"{name}.yaml").write_text(yaml_text(document), encoding="utf-8")
        assert set(judged(folder, [f"{name}.yaml" for name in tests]).values()) == {True}
    finally:
        shutil.rmtree(folder)


@needs("amtool")
@MANY
@given(systems())
def test_alertmanager_takes_the_configuration_and_renders_the_channel_as_it_is(
    system: System,
) -> None:
    folder, (path,) = written(built(system, "alertmanager"))
    try:
        run("amtool", "check-config", path)
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        chat = next(each for each in document["receivers"] if each["name"] == "chat")
        assert system.notify is not None
        slack = system.notify.receivers["chat"].slack
        assert slack is not None
        (config,) = chat["slack_configs"]
        assert rendered(config["channel"], folder) == slack.channel
    finally:
        shutil.rmtree(folder)


@needs("amtool")
@MANY
@given(systems())
def test_go_renders_rules_for_helm_to_those_of_the_operator(system: System) -> None:
    plain, helm = built(system, "operator"), built(system, "operator-helm")
    folder = Path(tempfile.mkdtemp())
    try:
        for path, text in helm.items():
            same = plain[path.replace("operator-helm/", "operator/")]
            assert rendered(text, folder) == same
    finally:
        shutil.rmtree(folder)


def rendered(text: str, folder: Path) -> str:
    empty = folder / "none.tmpl"
    empty.write_text("", encoding="utf-8")
    return run(
        "amtool", "template", "render", f"--template.glob={empty}", f"--template.text={text}"
    )


@needs("terraform")
@MANY
@given(systems())
def test_terraform_reads_every_text_as_the_plan_has_it(system: System) -> None:
    files = built(system, "cloudwatch")
    plan = json.loads(files["cloudwatch/cloud/plan.json"])
    resources = json.loads(files["cloudwatch/cloud/terraform.tf.json"])["resource"]
    made = {**resources["aws_cloudwatch_metric_alarm"]}
    texts = {
        key: {
            "alarm_name": alarm["alarm_name"],
            "alarm_description": alarm["alarm_description"],
            "dimensions": _dimensions(alarm),
            "tags": alarm["tags"],
        }
        for key, alarm in made.items()
    }
    folder = Path(tempfile.mkdtemp())
    try:
        module = {"output": {"all": {"value": texts}}}
        (folder / "main.tf.json").write_text(json.dumps(module), encoding="utf-8")
        run("terraform", "apply", "-auto-approve", "-no-color", cwd=folder)
        read = json.loads(run("terraform", "output", "-json", "-no-color", cwd=folder))
    finally:
        shutil.rmtree(folder)
    found = {each["alarm_name"]: each for each in read["all"]["value"].values()}
    wanted = {each["AlarmName"]: each for each in plan["PutMetricAlarm"]}
    assert found.keys() == wanted.keys()
    for name, alarm in wanted.items():
        assert found[name]["alarm_description"] == alarm["AlarmDescription"]
        assert found[name]["tags"] == {each["Key"]: each["Value"] for each in alarm["Tags"]}
        assert found[name]["dimensions"] == [
            {each["Name"]: each["Value"] for each in dimensions}
            for dimensions in _dimensions_of_plan(alarm)
        ]


def _dimensions(alarm: Mapping[str, Any]) -> list[dict[str, str]]:
    if "metric_query" not in alarm:
        return [alarm["dimensions"]]
    queries = [each["metric"][0] for each in alarm["metric_query"] if "metric" in each]
    return [each["dimensions"] for each in queries]


def _dimensions_of_plan(alarm: Mapping[str, Any]) -> list[list[dict[str, str]]]:
    if "Metrics" not in alarm:
        return [alarm["Dimensions"]]
    stats = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [each["Metric"]["Dimensions"] for each in stats]


@settings(max_examples=4, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(systems())
def test_cfn_lint_finds_no_fault_in_the_templates(system: System) -> None:
    files = {k: v for k, v in built(system, "cloudwatch").items() if "cloudformation" in k}
    files |= built(system, "amp")
    folder, paths = written(files)
    try:
        run(Path(sys.executable).with_name("cfn-lint"), "--", *paths)
    finally:
        shutil.rmtree(folder)
