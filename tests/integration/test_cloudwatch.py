from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest

from obs.catalogue import nats
from obs.clients.aws import AwsClient
from obs.clients.aws_cost import CUSTOM_METRIC_MONTH, PUT_REQUEST
from obs.clients.aws_retries import ATTEMPTS
from obs.families.family import Family, Rows
from obs.sandbox.aws_emulator import REGION
from obs.sandbox.aws_faults import Fault
from obs.sinks.cloudwatch import CloudWatchSink
from obs.sinks.pushed import Pushed
from obs.spec.outputs import CloudWatch
from tests.integration.aws_fixtures import Account, account, emulator, proxy

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import DatapointTypeDef

__all__ = ["account", "emulator", "proxy"]

pytestmark = pytest.mark.integration

SPEC = CloudWatch(source="main", namespace="oms/nats")


def lag(*consumers: tuple[str, str, int | None]) -> Family:
    rows = Rows(("main", account, "OMS_EVENTS", name) for account, name, _ in consumers)
    return Family(nats.LAG_MESSAGES, rows, [value for *_, value in consumers])


def read_back(account: Account, consumer: str) -> "list[DatapointTypeDef]":
    """What the owners' alarm would see."""
    cloudwatch = boto3.client("cloudwatch", region_name=REGION, endpoint_url=account.endpoint_url)
    found = cloudwatch.get_metric_statistics(
        Namespace="oms/nats",
        MetricName="ConsumerLag",
        Dimensions=[
            {"Name": "Stream", "Value": "OMS_EVENTS"},
            {"Name": "Consumer", "Value": consumer},
        ],
        StartTime=datetime.fromtimestamp(account.minute - 60, UTC),
        EndTime=datetime.fromtimestamp(account.minute + 120, UTC),
        Period=60,
        Statistics=["Maximum"],
    )
    return found["Datapoints"]


def test_the_lag_published_is_the_lag_that_an_alarm_reads(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    sink = CloudWatchSink(SPEC, client, timeout=30)
    family = lag(("A", "oms-processor", 900), ("B", "oms-processor", 1234), ("A", "audit", 0))
    assert sink.push([family], account.minute + 5) == Pushed(3)
    (point,) = read_back(account, "oms-processor")
    assert (point["Maximum"], point["Unit"]) == (1234.0, "Count")
    assert point["Timestamp"] == datetime.fromtimestamp(account.minute, UTC)
    assert [point["Maximum"] for point in read_back(account, "audit")] == [0.0]
    assert read_back(account, "unknown") == []


def test_requests_and_custom_metrics_are_counted_and_priced(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    sink = CloudWatchSink(SPEC, client, timeout=30)
    family = lag(*(("$G", f"consumer-{n}", n) for n in range(1500)))
    assert sink.push([family], account.minute) == Pushed(1500)
    assert client.requests == {"PutMetricData": 2}
    assert client.dollars_per_month >= 1500 * CUSTOM_METRIC_MONTH
    assert [point["Maximum"] for point in read_back(account, "consumer-1499")] == [1499.0]


def statistics(account: Account, metric: str, **dimensions: str) -> "DatapointTypeDef":
    """What CloudWatch tells of one minute of a series."""
    cloudwatch = boto3.client("cloudwatch", region_name=REGION, endpoint_url=account.endpoint_url)
    found = cloudwatch.get_metric_statistics(
        Namespace="oms/nats",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=datetime.fromtimestamp(account.minute - 60, UTC),
        EndTime=datetime.fromtimestamp(account.minute + 120, UTC),
        Period=60,
        Statistics=["Maximum", "Minimum", "Sum", "SampleCount"],
    )
    (point,) = found["Datapoints"]
    return point


def test_any_metric_by_name_or_glob_is_read_back_with_its_dimensions_and_unit(
    account: Account,
) -> None:
    chosen = CloudWatch.model_validate(
        {
            "source": "main",
            "namespace": "oms/nats",
            "metrics": ["nats_stream_bytes", "nats_server_jetstream_api_*"],
        }
    )
    labels = (("environment", "production"), ("system", "oms"))
    client = AwsClient(account.spec(), account.clock)
    sink = CloudWatchSink(chosen, client, timeout=30, labels=labels)
    streams = Rows([("main", "A", "ORDERS"), ("main", "B", "ORDERS")])
    servers = Rows([("main", "a:8222")])

    def push(errors: int) -> Pushed:
        families = [
            Family(nats.STREAM_BYTES, streams, [900, 100]),
            Family(nats.SERVER_API_ERRORS, servers, [errors]),
        ]
        return sink.push(families, account.minute + 5)

    assert push(1_000) == Pushed(2)
    assert push(1_003) == push(1_007) == Pushed(3)
    places = {"System": "oms", "Environment": "production"}
    size = statistics(account, "StreamBytes", Nats="main", Stream="ORDERS", **places)
    assert (size["Maximum"], size["Minimum"], size["Unit"]) == (900.0, 100.0, "Bytes")
    errors = statistics(account, "ServerJetstreamApiErrors", Nats="main", Server="a:8222", **places)
    assert (errors["Sum"], errors["SampleCount"], errors["Unit"]) == (7.0, 2.0, "Count")


def test_names_that_aws_would_refuse_do_not_lose_the_request(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    family = lag(("$G", "wörker", 1), ("$G", ":colon", 2), ("$G", "x" * 300, 3), ("$G", "ok", 4))
    assert CloudWatchSink(SPEC, client, timeout=30).push([family], account.minute) == Pushed(4)
    assert [point["Maximum"] for point in read_back(account, "ok")] == [4.0]


def test_throttling_is_retried_and_then_reported(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    sink = CloudWatchSink(SPEC, client, timeout=30)
    family = lag(("$G", "oms-processor", 7))
    account.faults.start_fault(Fault.THROTTLED, times=1)
    assert sink.push([family], account.minute) == Pushed(1)
    assert client.requests == {"PutMetricData": 2}
    account.faults.start_fault(Fault.THROTTLED)
    failure = sink.push([family], account.minute).failure
    assert failure is not None
    assert failure.reason == "throttled"


def test_a_push_that_fails_costs_its_attempts_and_no_more(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    sink = CloudWatchSink(SPEC, client, timeout=30)
    family = lag(*(("$G", f"consumer-{n}", n) for n in range(2500)))  # of three requests
    account.faults.start_fault(Fault.THROTTLED)
    assert sink.push([family], account.minute).accepted == 0
    assert client.requests == {"PutMetricData": ATTEMPTS}
    assert client.dollars == pytest.approx(ATTEMPTS * PUT_REQUEST)
    assert client.dollars_per_month < CUSTOM_METRIC_MONTH * 2500
    account.faults.stop_faults()
    assert sink.push([family], account.minute) == Pushed(2500)
    assert client.dollars == pytest.approx((ATTEMPTS + 3) * PUT_REQUEST)
