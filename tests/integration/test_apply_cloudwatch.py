"""Alarms and a dashboard in an emulated CloudWatch, over HTTP.

The emulator keeps no metric math, so alarms on single metrics stand for all; the others are tested
in memory, in tests/unit/stacks.
"""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY
from obs.sandbox.aws_faults import Fault
from tests.integration.applying import run
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.waiting import eventually

__all__ = ["account", "emulator", "proxy"]
pytestmark = pytest.mark.integration

ARGV = ("alerts", "apply", "--target", "cloudwatch")
LAG = "shop-nats-consumer-lag-high-ORDERS-mailer"
OLD = "shop-sqs-dead-letters-old-orders-dlq"
WAITING = "shop-sqs-dead-letters-waiting-orders-dlq"
SPEC = """\
version: 1
system: shop
sources:
  nats:
    main: {{monitor: [http://nats:8222], streams: {{include: [ORDERS]}}}}
  aws:
    cloud: {{region: us-east-1, endpoint_url: '{url}', queues: [orders-dlq]}}
outputs:
  cloudwatch: {{source: cloud, namespace: Shop/Events}}
slos:
  - name: timeliness
    service: shop
    objective: 99.5
    window: 30d
    sli: {{nats_lag: {{source: main, stream: ORDERS, consumer: mailer, max_messages: 1000}}}}
alerts:
  ObsCollectorAbsent: {{enabled: false}}
"""


@pytest.fixture(autouse=True)
def spec(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("obs.stacks.aws.time.sleep", lambda seconds: None)
    path = tmp_path / "obs.yaml"
    path.write_text(SPEC.format(url=account.faults.endpoint_url))
    return path


@pytest.fixture
def cloudwatch(account: Account) -> Any:
    return boto3.client(
        "cloudwatch",
        region_name="us-east-1",
        endpoint_url=account.endpoint_url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def alarms(cloudwatch: Any) -> dict[str, Any]:
    return {one["AlarmName"]: one for one in cloudwatch.describe_alarms()["MetricAlarms"]}


def test_a_second_apply_changes_nothing_and_what_is_built_no_more_goes(
    account: Account, cloudwatch: Any, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(capsys, *ARGV, "--yes")
    assert first.code == 0, first.err
    assert alarms(cloudwatch).keys() == {LAG, OLD, WAITING}
    assert alarms(cloudwatch)[LAG]["AlarmActions"] == [
        "arn:aws:sns:us-east-1:000000000000:shop-alerts"
    ]
    put = account.faults.seen["PutMetricAlarm"]
    second = run(capsys, *ARGV, "--yes", "--format", "json")
    assert set(second.verdicts().values()) == {"keep"}
    assert account.faults.seen["PutMetricAlarm"] == put
    assert run(capsys, *ARGV, "--check").code == 0
    spec.write_text(spec.read_text() + "  SqsDeadLettersOld: {enabled: false}\n")
    assert run(capsys, *ARGV, "--yes").code == 0
    assert alarms(cloudwatch).keys() == {LAG, WAITING}


def test_a_foreign_alarm_is_left_alone(cloudwatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=LAG,
        Namespace="Theirs",
        MetricName="Lag",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Tags=[{"Key": "team", "Value": "other"}],
    )
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 1
    assert f"foreign alarm {LAG}: has no obs:system=shop/production/cloud" in outcome.out
    assert alarms(cloudwatch)[LAG]["Namespace"] == "Theirs"
    assert alarms(cloudwatch).keys() == {LAG, OLD, WAITING}


def test_an_apply_that_was_killed_is_finished_by_the_next(
    account: Account, cloudwatch: Any, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = account.faults.seen.get("PutMetricAlarm", 0)
    account.faults.start_fault(Fault.SLOW, "PutMetricAlarm", seconds=0.7)
    child = subprocess.Popen(
        [sys.executable, "-m", "obs", *ARGV, "--yes"],
        cwd=spec.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: account.faults.seen.get("PutMetricAlarm", 0) == before + 2)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    account.faults.stop_faults()
    assert LAG in alarms(cloudwatch)
    assert WAITING not in alarms(cloudwatch) or OLD not in alarms(cloudwatch)
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault.DENIED, "DescribeAlarms: not permitted"),
        (Fault.CREDENTIALS, "DescribeAlarms: AWS rejected the credentials"),
    ],
)
def test_missing_permissions_are_reported_in_one_line(
    fault: Fault, said: str, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.faults.start_fault(fault, "DescribeAlarms")
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
