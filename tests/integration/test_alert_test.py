"""The test alert on its way: through a real Alertmanager, and to a topic with a queue behind it."""

import json
from pathlib import Path

import pytest

from obs.alerts.test_notification import NAME
from obs.cli.main import main
from obs.sandbox.alerting import AlertmanagerProcess, WebhookReceiver, alertmanager_binary
from obs.sandbox.aws_events import aws
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.waiting import eventually

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
            assert await receiver.wait_until(lambda seen: len(seen) > 0, 10)
        finally:
            await asyncio.to_thread(alertmanager.stop)
    notice = receiver.notices[0]
    assert notice.firing
    assert notice.labels == {
        "alertname": NAME,
        "severity": "warning",
        "system": "oms",
        "environment": "staging",
        "test": "true",
    }
    assert "No action is needed" in notice.annotations["summary"]
    assert "it resolves in 10 min" in capsys.readouterr().out


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
