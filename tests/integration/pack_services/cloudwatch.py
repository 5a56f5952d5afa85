"""Points of AWS services for the emulator, in the shape that AWS publishes each metric in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from obs.sandbox.aws_emulator import ACCOUNT
from obs.sandbox.aws_events import aws

_PUT_LIMIT: Final = 150  # data with values of their own
MINUTE: Final = 60


@dataclass(frozen=True)
class Shape:
    """How AWS publishes a metric: the dimensions that go together, the unit, the seconds between
    two points, and whether it publishes 0 (else a minute with nothing has no point)."""

    dimensions: tuple[str, ...]
    unit: str
    zeros: bool = True
    every: int = MINUTE


def _shapes() -> dict[tuple[str, str], Shape]:
    balancer, group = ("LoadBalancer",), ("TargetGroup", "LoadBalancer")
    service, database = ("ClusterName", "ServiceName"), ("DBInstanceIdentifier",)
    domain, node = ("DomainName", "ClientId"), ("CacheClusterId", "CacheNodeId")
    function, topic = ("FunctionName",), ("TopicName",)
    requests = ("BucketName", "FilterId")
    of_namespace: dict[str, dict[str, Shape]] = {
        "AWS/ApplicationELB": {
            **_each("RequestCount", Shape(balancer, "Count", zeros=False)),
            **_each(
                "HTTPCode_ELB_5XX_Count HTTPCode_ELB_4XX_Count HTTPCode_Target_5XX_Count"
                " HTTPCode_Target_4XX_Count HTTPCode_Target_2XX_Count RejectedConnectionCount"
                " TargetConnectionErrorCount",
                Shape(balancer, "Count", zeros=False),
            ),
            **_each("TargetResponseTime", Shape(balancer, "Seconds", zeros=False)),
            **_each("HealthyHostCount UnHealthyHostCount", Shape(group, "Count")),
        },
        "AWS/ECS": _each("CPUUtilization MemoryUtilization", Shape(service, "Percent")),
        "ECS/ContainerInsights": _each(
            "DesiredTaskCount RunningTaskCount PendingTaskCount DeploymentCount",
            Shape(service, "Count"),
        ),
        "AWS/RDS": {
            **_each("CPUUtilization", Shape(database, "Percent")),
            **_each("DatabaseConnections DiskQueueDepth", Shape(database, "Count")),
            **_each("MaximumUsedTransactionIDs", Shape(database, "Count")),
            **_each("FreeStorageSpace FreeableMemory SwapUsage", Shape(database, "Bytes")),
            **_each("ReplicaLag ReadLatency WriteLatency", Shape(database, "Seconds")),
            **_each("CPUCreditBalance", Shape(database, "Count", every=5 * MINUTE)),
            **_each("BurstBalance", Shape(database, "Percent", every=5 * MINUTE)),
        },
        "AWS/ES": {
            **_each(
                "ClusterStatus.green ClusterStatus.yellow ClusterStatus.red Nodes"
                " ClusterIndexWritesBlocked AutomatedSnapshotFailure Shards.unassigned",
                Shape(domain, "Count"),
            ),
            **_each("FreeStorageSpace ClusterUsedSpace", Shape(domain, "Megabytes")),
            **_each("JVMMemoryPressure CPUUtilization", Shape(domain, "Percent")),
            **_each("SearchLatency IndexingLatency", Shape(domain, "Milliseconds")),
        },
        "AWS/ElastiCache": {
            **_each("CacheHits CacheMisses Evictions CurrConnections", Shape(node, "Count")),
            **_each(
                "CacheHitRate EngineCPUUtilization CPUUtilization DatabaseMemoryUsagePercentage",
                Shape(node, "Percent"),
            ),
            **_each("FreeableMemory SwapUsage", Shape(node, "Bytes")),
            **_each("ReplicationLag", Shape(node, "Seconds")),
        },
        "AWS/Lambda": {
            **_each("Invocations Errors Throttles", Shape(function, "Count")),
            **_each("ConcurrentExecutions AsyncEventsReceived", Shape(function, "Count")),
            **_each("AsyncEventsDropped", Shape(function, "Count")),
            **_each("DeadLetterErrors", Shape(function, "Count", zeros=False)),
            **_each("Duration AsyncEventAge", Shape(function, "Milliseconds", zeros=False)),
        },
        "AWS/SNS": _each(
            "NumberOfMessagesPublished NumberOfNotificationsDelivered NumberOfNotificationsFailed"
            " NumberOfNotificationsRedrivenToDlq NumberOfNotificationsFailedToRedriveToDlq",
            Shape(topic, "Count", zeros=False),
        ),
        "AWS/S3": {
            **_each("AllRequests", Shape(requests, "Count", zeros=False)),
            **_each("4xxErrors 5xxErrors", Shape(requests, "Count")),
            **_each("FirstByteLatency TotalRequestLatency", Shape(requests, "Milliseconds")),
            "BucketSizeBytes": Shape(("BucketName", "StorageType"), "Bytes", every=86_400),
            "NumberOfObjects": Shape(("BucketName", "StorageType"), "Count", every=86_400),
        },
    }
    return {
        (namespace, name): shape
        for namespace, metrics in of_namespace.items()
        for name, shape in metrics.items()
    }


def _each(names: str, shape: Shape) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), shape)


SHAPES: Final = _shapes()


def feed(
    endpoint_url: str,
    namespace: str,
    metric: str,
    points: Mapping[int, float | Sequence[float]],
    **dimensions: str,
) -> None:
    """Publish points of a metric of SHAPES: start of a minute in Unix seconds → a value, or every
    sample of that minute where its statistics differ (latencies).

    `dimensions` may be those of SHAPES or another set (with AvailabilityZone); ClientId is the
    emulator's account unless given. Points between two times of publication are left out, as are
    zeros where AWS leaves them out; a later put of the same minute adds samples to it.
    """
    shape = SHAPES[namespace, metric]
    if "ClientId" in shape.dimensions:
        dimensions.setdefault("ClientId", ACCOUNT)
    assert set(shape.dimensions) <= set(dimensions), f"{metric} has {shape.dimensions}"
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    data: list[dict[str, Any]] = []
    for minute, given in points.items():
        samples = [float(given)] if isinstance(given, int | float) else [*map(float, given)]
        if not samples or minute % shape.every or not (shape.zeros or any(samples)):
            continue
        at = datetime.fromtimestamp(minute, UTC)
        common = {"MetricName": metric, "Dimensions": named, "Timestamp": at, "Unit": shape.unit}
        counts = {value: samples.count(value) for value in samples}
        data.append(common | {"Values": [*counts], "Counts": [*map(float, counts.values())]})
    client = _client(endpoint_url)
    for first in range(0, len(data), _PUT_LIMIT):
        client.put_metric_data(Namespace=namespace, MetricData=data[first : first + _PUT_LIMIT])


@cache
def _client(endpoint_url: str) -> Any:
    """Making one takes longer than all that it is used for."""
    return aws("cloudwatch", endpoint_url)
