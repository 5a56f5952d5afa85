"""Publish chosen gauges with PutMetricData under the names of their CloudWatch twins.

Every series is a custom metric, which AWS charges for by the month; the client counts them.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol, cast

from obs.catalogue.metric import Published
from obs.errors import SourceError, forget_frames
from obs.families.family import Family
from obs.sinks.labels import bounded
from obs.sinks.pushed import Pushed
from obs.spec.outputs import CloudWatch

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.literals import StandardUnitType
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_METRICS: Final = 1000  # a request, the limit of AWS
_BYTES: Final = 900_000  # a request; AWS takes 1 MB
_RESOLUTION: Final = 60  # seconds
_LARGEST: Final = 2.0**360  # absolute value, the limit of AWS

Dimensions = tuple[tuple[str, str], ...]
Series = tuple[Published, Dimensions]


class PutMetricData(Protocol):
    """The method of obs.clients.aws.AwsClient that the sink uses."""

    def put_metric_data(self, namespace: str, data: Sequence["MetricDatumTypeDef"]) -> None:
        """Publish one request of data points. Raises SourceError."""


class CloudWatchSink:
    """Publishes the spec's metrics through a client, which retries, counts and prices.

    A push sends no further request after `timeout` seconds.
    """

    def __init__(
        self,
        spec: CloudWatch,
        client: PutMetricData,
        *,
        timeout: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._client = client
        self._timeout = timeout
        self._now = now

    def push(self, families: Sequence[Family], at: float) -> Pushed:
        """Publish the values with the time `at` (Unix seconds).

        Blocks. Stops at the first request that fails after its retries; the requests before it are
        published.
        """
        ends = self._now() + self._timeout
        chosen = [family for family in families if family.metric.name in self._spec.metrics]
        data = [datum(series, value, at) for series, value in highest_values(chosen).items()]
        published = 0
        for batch in batches(data):
            failure = self._publish(batch, ends)
            if failure is not None:
                return Pushed(published, failure=failure)
            published += len(batch)
        return Pushed(published)

    def _publish(self, batch: Sequence["MetricDatumTypeDef"], ends: float) -> SourceError | None:
        if self._now() >= ends:
            why = f"PutMetricData: the push took longer than {self._timeout:g} s"
            return SourceError("timeout", why)
        try:
            self._client.put_metric_data(self._spec.namespace, batch)
        except SourceError as error:
            failure = error
        else:
            return None
        forget_frames(failure)  # which hold the batch
        return failure


def highest_values(families: Iterable[Family]) -> Mapping[Series, float]:
    """The highest value by CloudWatch series, which have fewer dimensions than our labels.

    Where several rows map to one series (a stream of the same name in two accounts), the highest
    value is published, because alarms look for high values. Values that CloudWatch cannot hold
    (absent, not finite, too large) and metrics without a twin are left out.
    """
    found: dict[Series, float] = {}
    for family in families:
        twin = family.metric.cloudwatch
        if twin is None:
            continue
        places = [(name, family.metric.labels.index(label)) for name, label in twin.dimensions]
        for row, value in zip(family.rows.values, family.values, strict=True):
            if value is None or not math.isfinite(value) or abs(value) > _LARGEST:
                continue
            series = (twin, tuple((name, dimension(row[place])) for name, place in places))
            found[series] = max(float(value), found.get(series, -math.inf))
    return found


def dimension(value: str) -> str:
    """`value` as CloudWatch accepts it: printable ASCII, not empty, not starting with a colon.

    AWS would reject the whole request for one invalid value.
    """
    if not (value.isascii() and value.isprintable()):
        value = "".join(c if c.isascii() and c.isprintable() else ascii(c)[1:-1] for c in value)
    if not value.strip() or value.startswith(":"):
        value = f"_{value}"
    return bounded(value)


def datum(series: Series, value: float, at: float) -> "MetricDatumTypeDef":
    """One data point of PutMetricData."""
    twin, dimensions = series
    return {
        "MetricName": twin.metric,
        "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions],
        "Timestamp": datetime.fromtimestamp(at, UTC),
        "Value": value,
        "Unit": cast("StandardUnitType", twin.unit),
        "StorageResolution": _RESOLUTION,
    }


def batches(data: Sequence["MetricDatumTypeDef"]) -> Iterator[list["MetricDatumTypeDef"]]:
    """The data in batches within AWS' limits of number and size."""
    batch: list[MetricDatumTypeDef] = []
    size = 0
    for each in data:
        more = _size(each)
        if batch and (len(batch) == _METRICS or size + more > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += more
    if batch:
        yield batch


def _size(datum: "MetricDatumTypeDef") -> int:
    """Bytes in the longest of AWS' protocols, form fields, where a character may take three."""
    dimensions = datum.get("Dimensions", ())
    return 400 + sum(150 + 3 * (len(d["Name"]) + len(d["Value"])) for d in dimensions)
