"""Alarms on what the collector publishes: for which objects, and when they fire."""

from pathlib import Path
from typing import Any

import pytest

from obs.spec.load import load
from obs.spec.system import System
from tests.unit.alerts.alarm_evaluator import CloudWatch
from tests.unit.alerts.cloudwatch_systems import plan

SPEC = """\
version: 1
system: orders
sources:
  aws: {cloud: {region: eu-west-1}}
  nats:
    main:
      monitor: ["http://a:8222", "http://b:8222"]
      streams: {include: [ORDERS]}
      consumers: {include: [worker]}
outputs: {cloudwatch: {source: cloud, namespace: OMS/Events, metrics: [METRICS]}}
"""
PLACES = {"System": "orders", "Environment": "production"}
SERVER = {"Nats": "main", "Server": "a:8222", **PLACES}
STREAM = {"Nats": "main", "Stream": "ORDERS", **PLACES}
CONSUMER = {"Consumer": "worker", **STREAM}


def system(folder: Path, *metrics: str, more: str = "") -> System:
    path = folder / "orders.yaml"
    path.write_text(SPEC.replace("METRICS", ", ".join(metrics)) + more)
    return load([path], env=None, variables={})


def alarms(of: System) -> dict[str, Any]:
    return {each["AlarmName"]: each for each in plan(of)["PutMetricAlarm"]}


def refused(of: System, alert: str) -> list[str]:
    return [each["reason"] for each in plan(of)["refused"] if each["alert"] == alert]


def firing(aws: CloudWatch, minute: int) -> set[str]:
    aws.run(until=minute + 1)
    return {name for name in aws.firing() if "collector" not in name}


def test_a_server_that_is_published_has_an_alarm_that_it_is_down(tmp_path: Path) -> None:
    of = system(tmp_path, "nats_server_up")
    down = "orders-nats-server-down-main-a:8222"
    assert {down, "orders-nats-server-down-main-b:8222"} <= alarms(of).keys()
    aws = CloudWatch(plan(of))
    aws.put("ServerUp", range(20), 1, **SERVER)
    assert firing(aws, 19) == set()
    aws.put("ServerUp", range(20, 30), 0, **SERVER)
    assert firing(aws, 29) == {down}
    aws.put("ServerUp", range(30, 40), 1, **SERVER)
    assert firing(aws, 39) == set()


def test_a_state_among_several_fires_for_itself_alone(tmp_path: Path) -> None:
    aws = CloudWatch(plan(system(tmp_path, "nats_consumer_status")))
    for status, name in ((3, "stalled"), (4, "stopped")):
        start = status * 100
        aws.put("ConsumerStatus", range(start, start + 20), status, **CONSUMER)
        expected = {f"orders-nats-consumer-{name}-main-ORDERS-worker"}
        assert firing(aws, start + 19) == expected


def test_growth_of_a_counter_fires_on_the_sum_of_its_window(tmp_path: Path) -> None:
    of = system(tmp_path, "nats_server_jetstream_api_errors_total")
    made = alarms(of)["orders-nats-server-api-errors-main-a:8222"]
    assert (made["Statistic"], made["Period"], made["Unit"]) == ("Sum", 900, "Count")
    aws = CloudWatch(plan(of))
    aws.put("ServerJetstreamApiErrors", range(100, 110), 10, **SERVER)
    assert firing(aws, 110) == set()  # a hundred, and the threshold is a hundred
    aws.put("ServerJetstreamApiErrors", [111], 1, **SERVER)
    assert firing(aws, 111) == {"orders-nats-server-api-errors-main-a:8222"}
    assert firing(aws, 140) == set()


def test_a_share_of_a_limit_fires_above_its_percentage_where_it_counts(tmp_path: Path) -> None:
    of = system(tmp_path, "nats_stream_*bytes", "nats_stream_discard_new")
    full = "orders-nats-stream-bytes-near-limit-main-ORDERS"
    aws = CloudWatch(plan(of))
    for metric, value in (("StreamBytes", 95), ("StreamMaxBytes", 100)):
        aws.put(metric, range(120), value, **STREAM)
    aws.put("StreamDiscardNew", range(60), 0, **STREAM)
    assert firing(aws, 59) == set()
    aws.put("StreamDiscardNew", range(60, 120), 1, **STREAM)
    assert firing(aws, 119) == {full}


def test_too_little_fires_below_its_threshold_and_ends_where_there_is_none(tmp_path: Path) -> None:
    ahead = "orders-nats-consumer-eviction-ahead-main-ORDERS-worker"
    aws = CloudWatch(plan(system(tmp_path, "nats_consumer_eviction_seconds")))
    aws.put("ConsumerEvictionSeconds", range(10), 600, **CONSUMER)
    assert firing(aws, 9) == set()
    aws.put("ConsumerEvictionSeconds", range(10, 20), 599, **CONSUMER)
    assert firing(aws, 19) == {ahead}
    assert firing(aws, 30) == set()  # no message will be evicted any more


@pytest.mark.parametrize(
    ("metrics", "alert", "words"),
    [
        ("nats_server_up", "NatsServerUnhealthy", "does not publish its metric"),
        ("nats_missing_assets", "NatsAssetsMissing", "needs a value of each of nats, asset"),
        ("nats_stream_bytes", "NatsStreamBytesNearLimit", "does not publish its metric"),
    ],
)
def test_what_has_no_alarm_is_refused_with_the_reason(
    tmp_path: Path, metrics: str, alert: str, words: str
) -> None:
    (reason,) = refused(system(tmp_path, metrics), alert)
    assert words in reason


def test_a_window_shorter_than_the_interval_of_pushes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "orders.yaml"
    path.write_text(
        SPEC.replace("METRICS", "nats_server_*").replace("metrics:", "every: 20m, metrics:")
    )
    of = load([path], env=None, variables={})
    (reason,) = refused(of, "NatsServerApiErrors")
    assert reason == "its window of 15m is shorter than outputs.cloudwatch.every: 20m"


def test_an_override_names_an_object_of_its_own(tmp_path: Path) -> None:
    more = (
        "alerts: {NatsServerDown: {overrides: [{nats: main, server: 'c:8222', severity: info}]}}\n"
    )
    made = alarms(system(tmp_path, "nats_server_up", more=more))
    assert {"Key": "severity", "Value": "info"} in made["orders-nats-server-down-main-c:8222"][
        "Tags"
    ]


def test_the_heartbeat_watches_what_is_published(tmp_path: Path) -> None:
    made = alarms(system(tmp_path, "nats_server_up"))["orders-obs-collector-absent"]
    metrics = [each["MetricStat"]["Metric"] for each in made["Metrics"] if "MetricStat" in each]
    assert {each["MetricName"] for each in metrics} == {"ServerUp"}
    assert len(metrics) == 2
