"""The test alert on its way: through a real Alertmanager, and to a topic with a queue behind it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import yaml

from obs.alerts.targets import build
from obs.alerts.test_notification import NAME
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import alert_rule
from obs.cli.main import main
from obs.sandbox.alerting import AlertmanagerProcess, WebhookReceiver, alertmanager_binary
from obs.sandbox.aws_events import aws
from obs.spec.clocks import DAYS
from obs.spec.load import load
from tests.integration.alertmanagers import (
    fire,
    inhibited,
    needs_alertmanager,
    running_alertmanager,
)
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.waiting import PATIENCE, eventually

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("alert-test")]
__all__ = ["account", "emulator", "proxy"]

SPEC = """
version: 1
system: oms
environment: staging
sources:
  aws:
    cloud:
      region: us-east-1
      endpoint_url: {endpoint}
notify:
  receivers:
    topic: {{sns: {{topic_arn: "{topic}"}}}}
    hook: {{webhook: {{url: "http://127.0.0.1:9/"}}}}
  routes:
    critical: {{to: [topic]}}
    warning: {{to: [hook]}}
"""
TOPIC = "arn:aws:sns:us-east-1:000000000000:oms-alerts"


def spec_file(folder: Path, endpoint: str = "http://127.0.0.1:9", topic: str = TOPIC) -> str:
    path = folder / "obs.yaml"
    path.write_text(SPEC.format(endpoint=endpoint, topic=topic))
    return str(path)


async def test_alertmanager_tells_of_the_test_alert_on_the_route_of_its_severity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    binary = alertmanager_binary()
    if binary is None:
        pytest.skip("needs the Debian package prometheus-alertmanager")
    async with WebhookReceiver() as receiver:
        alertmanager = AlertmanagerProcess(binary, tmp_path, receiver.url)
        alertmanager.start()
        send = ["alerts", "test", "--spec", spec_file(tmp_path), "--severity", "warning"]
        try:
            await asyncio.to_thread(
                eventually, lambda: main([*send, "--alertmanager", alertmanager.url]) == 0
            )
            assert await receiver.wait_until(lambda seen: len(seen) > 0, PATIENCE)
        finally:
            await asyncio.to_thread(alertmanager.stop)
    notice = receiver.notices[0]
    assert notice.firing
    assert notice.labels == {
        "alertname": NAME,
        "severity": "warning",
        "system": "oms",
        "environment": "staging",
        "managed_by": "obs",
        "test": "true",
    }
    assert "No action is needed" in notice.annotations["summary"]
    assert "for webhook; it resolves in 10 min" in capsys.readouterr().out


OWN_SPEC = """
version: 1
system: shop
sources: {nats: {main: {monitor: ["http://nats:8222"]}}}
alerts: {ObsCollectorAbsent: {severity: critical}}
notify:
  receivers: {hook: {webhook: {url: "http://127.0.0.1:9/"}}}
  routes: {critical: {to: [hook], wait: 0s}, warning: {to: [hook], wait: 20m}}
"""
FREEZE = {
    "source_matchers": ['alertname="ChangeFreeze"'],
    "target_matchers": ['severity=~"critical|warning"'],
}


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[str]:
    """Address of an Alertmanager with the configuration that obs builds, and an inhibition rule of
    somebody else's."""
    spec = tmp_path / "obs.yaml"
    spec.write_text(OWN_SPEC)
    (text,) = build(load([spec], variables={}), ["alertmanager"])["alertmanager"].values()
    document = yaml.safe_load(text)
    document["inhibit_rules"].append(FREEZE)
    config = tmp_path / "alertmanager.yml"
    config.write_text(yaml.safe_dump(document))
    with running_alertmanager(config, tmp_path) as url:
        yield url


def sent(folder: Path, url: str, severity: str = "critical") -> int:
    spec = str(folder / "obs.yaml")
    return main(["alerts", "test", "--spec", spec, "--severity", severity, "--alertmanager", url])


@needs_alertmanager
def test_the_test_alert_arrives_while_no_collector_is_there(
    configured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    system = load([tmp_path / "obs.yaml"], variables={})
    (absent,) = (it for it in tuned_alerts(system) if it.name == "ObsCollectorAbsent")
    labels = {str(key): str(value) for key, value in alert_rule(absent, system)["labels"].items()}
    other = {**labels, "alertname": "ObsSpecGlobUnmatched", "severity": "warning"}
    fire(configured, {**labels, "alertname": "ObsCollectorAbsent"}, other)
    assert eventually(lambda: inhibited(configured)[tuple(sorted(other.items()))])
    assert sent(tmp_path, configured) == 0
    assert "ObsTest (critical, test=true) for hook;" in capsys.readouterr().out


@needs_alertmanager
def test_a_test_alert_that_is_held_back_is_told_with_the_reason_and_exit_code_1(
    configured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fire(configured, {"alertname": "ChangeFreeze"})
    assert sent(tmp_path, configured) == 1
    assert "(critical, test=true) is not notified: inhibited by ChangeFreeze" in (
        capsys.readouterr().err
    )
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "severity", "value": "info", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "jo",
        "comment": "move of the racks",
    }
    requests.post(f"{configured}/api/v2/silences", json=silence, timeout=5).raise_for_status()
    assert sent(tmp_path, configured, "info") == 1
    said = capsys.readouterr().err
    assert "is not notified: silenced until 20" in said
    assert "by jo (move of the racks)" in said


@needs_alertmanager
def test_a_test_alert_that_reaches_nobody_says_so(
    configured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(tmp_path, configured, "info") == 1
    assert "its route leads to _nobody, which notifies nobody" in capsys.readouterr().err


@needs_alertmanager
def test_a_test_alert_in_quiet_hours_says_so(
    configured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = f"[{', '.join(DAYS[:6])}]" if datetime.now(UTC).weekday() < 6 else "[sunday]"
    quiet = OWN_SPEC.replace("wait: 20m", "quiet: [always]").rstrip()
    spec = tmp_path / "obs.yaml"
    spec.write_text(f"{quiet}\n  quiet_hours: {{always: {{days: {days}}}}}\n")
    assert sent(tmp_path, configured, "warning") == 1
    assert "is not notified: muted for hook by the quiet hours always" in capsys.readouterr().err
    assert sent(tmp_path, configured, "critical") == 0


@needs_alertmanager
def test_a_second_test_alert_says_that_it_would_be_part_of_the_first(
    configured: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sent(tmp_path, configured, "warning") == 0
    assert "it resolves in 25 min" in capsys.readouterr().out  # after the route's wait of 20
    assert sent(tmp_path, configured, "warning") == 1
    assert "an earlier ObsTest (warning) fires until 20" in capsys.readouterr().err
    assert sent(tmp_path, configured, "critical") == 0


def test_a_topic_gets_the_test_alert(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sns, sqs = aws("sns", account.endpoint_url), aws("sqs", account.endpoint_url)
    topic = sns.create_topic(Name="oms-alerts")["TopicArn"]
    queue = sqs.create_queue(QueueName="paged")["QueueUrl"]
    names = ["QueueArn"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    spec = spec_file(tmp_path, account.endpoint_url, topic)

    assert main(["alerts", "test", "--spec", spec, "--receiver", "topic"]) == 0

    (message,) = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    body = json.loads(message["Body"])
    assert body["Subject"] == f"[TEST] {NAME} (oms, staging)"
    assert "No action is needed" in body["Message"]
    assert body["MessageId"] in capsys.readouterr().out


def test_a_missing_topic_is_reported_in_one_line(
    account: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = spec_file(tmp_path, account.endpoint_url)
    assert main(["alerts", "test", "--spec", spec, "--receiver", "topic"]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Publish: AWS answered 404")


@pytest.mark.parametrize(
    ("way", "code", "said"),
    [
        (
            ("--receiver", "topi"),
            2,
            "--receiver topi: no receiver of that name has an SNS topic; did you mean topic?",
        ),
        (
            ("--receiver", "hook"),
            2,
            "--receiver hook: no receiver of that name has an SNS topic; choose from topic",
        ),
        (
            ("--alertmanager", "localhost:9093"),
            2,
            "--alertmanager localhost:9093: write a URL, for example http://localhost:9093",
        ),
        (
            ("--alertmanager", "http://127.0.0.1:9"),
            3,
            "http://127.0.0.1:9/api/v2/alerts: cannot connect, or connection lost",
        ),
    ],
)
def test_a_missing_destination_is_reported_in_one_line(
    way: tuple[str, str], code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alerts", "test", "--spec", spec_file(tmp_path), *way]) == code
    assert capsys.readouterr().err.splitlines() == [said]
