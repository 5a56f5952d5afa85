"""Publish chosen metrics with PutMetricData under their names in CloudWatch.

Every series is a custom metric, which AWS charges for by the month; the client counts them.
CloudWatch adds data points up, so a counter's is what it grew by since the last push that AWS took.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeVar, cast

from obs import catalogue
from obs.catalogue.metric import Kind, Metric, Published
from obs.catalogue.published import published
from obs.errors import SourceError, forget_frames
from obs.families.family import Family
from obs.sinks.labels import Labels, bounded
from obs.sinks.pushed import Pushed
from obs.spec.outputs import CloudWatch

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.literals import StandardUnitType
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_METRICS: Final = 1000  # a request, the limit of AWS
_BYTES: Final = 900_000  # a request; AWS takes 1 MB
_RESOLUTION: Final = 60  # seconds
_LARGEST: Final = 2.0**360  # absolute value, the limit of AWS

_COUNTERS: Final = frozenset(each.name for each in catalogue.ALL if each.kind is Kind.COUNTER)
_REMEMBERED: Final = 3600.0  # seconds for which the total of a series that is gone is kept

Dimensions = tuple[tuple[str, str], ...]
Series = tuple[Published, Dimensions]
Row = tuple[str, tuple[str, ...]]
"""A row of a family: its metric's name and its label values."""
T = TypeVar("T")


class Point(NamedTuple):
    """A value of a series. `row` tells it from others that CloudWatch has as the same series."""

    series: Series
    value: float
    row: Row


class PutMetricData(Protocol):
    """The method of obs.clients.aws.AwsClient that the sink uses."""

    def put_metric_data(self, namespace: str, data: Sequence["MetricDatumTypeDef"]) -> None:
        """Publish one request of data points. Raises SourceError."""


class CloudWatchSink:
    """Publishes the spec's metrics through a client, which retries, counts and prices.

    `labels` are those that all series have. A push sends no further request after `timeout`
    seconds.
    """

    def __init__(
        self,
        spec: CloudWatch,
        client: PutMetricData,
        *,
        timeout: float,
        labels: Labels = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spec = spec
        self._client = client
        self._timeout = timeout
        self._labels = labels
        self._now = now
        self._chosen = frozenset(metric.name for metric in spec.published)
        self._growth = Growth()

    def push(self, families: Sequence[Family], at: float) -> Pushed:
        """Publish the values with the time `at` (Unix seconds).

        Blocks. Stops at the first request that fails after its retries; the requests before it are
        published. What counters grew by and was not published is added to the next push.
        """
        ends = self._now() + self._timeout
        chosen = [family for family in families if family.metric.name in self._chosen]
        points, left_out = self._points(chosen, at)
        accepted = 0
        for batch in batches(points, _size):
            failure = self._publish([datum(point, at) for point in batch], ends)
            if failure is not None:
                return Pushed(accepted, failure=failure, left_out=left_out)
            self._growth.published(point.row for point in batch)
            accepted += len(batch)
        return Pushed(accepted, left_out=left_out)

    def _points(self, families: Iterable[Family], at: float) -> tuple[list[Point], int]:
        """What is to be published, and how many values CloudWatch cannot hold."""
        points: list[Point] = []
        left_out = 0
        for point in points_of(families, self._labels):
            if not math.isfinite(point.value) or abs(point.value) > _LARGEST:
                left_out += 1
            elif point.row[0] not in _COUNTERS:
                points.append(point)
            elif (grown := self._growth.of(point.row, point.value, at)) is not None:
                points.append(point._replace(value=grown))
        self._growth.forget(at - _REMEMBERED)
        return points, left_out

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


class Growth:
    """What counters grew by since they were last published.

    A counter that is new to this process says nothing, as nobody knows how much of its total was
    published before: what it grew by over a restart of the collector is not published. One whose
    total fell began again from 0.
    """

    def __init__(self) -> None:
        self._published: dict[Row, float] = {}
        self._seen: dict[Row, tuple[float, float]] = {}  # the last total and its time

    def of(self, row: Row, total: float, at: float) -> float | None:
        """What is yet to be published of a row with this total; None where it is new."""
        before = self._published.setdefault(row, total)
        last, _ = self._seen.get(row, (None, at))
        self._seen[row] = (total, at)
        if last is None:
            return None
        if total < last:
            before = self._published[row] = before - last  # what it grew by before it began again
        return total - before

    def published(self, rows: Iterable[Row]) -> None:
        """These rows were published as they were last asked for."""
        for row in rows:
            if row in self._seen:
                self._published[row] = self._seen[row][0]

    def forget(self, since: float) -> None:
        """Forget the rows that had no value since then."""
        for row in [row for row, (_, at) in self._seen.items() if at < since]:
            del self._seen[row], self._published[row]


def points_of(families: Iterable[Family], labels: Labels) -> Iterator[Point]:
    """Every value as a point of its series in CloudWatch.

    Series may have fewer dimensions than our metrics have labels: the rows of a stream of the same
    name in two accounts are two points of one series, whose maximum and minimum CloudWatch tells.
    """
    every = dict(labels)
    for family in families:
        metric = family.metric
        places = _places(metric, every)
        twin = published(metric)
        for row, value in zip(family.rows.values, family.values, strict=True):
            if value is not None:
                dimensions = tuple(
                    (name, dimension(row[place] if isinstance(place, int) else place))
                    for name, place in places
                )
                yield Point((twin, dimensions), float(value), (metric.name, row))


def _places(metric: Metric, every: Mapping[str, str]) -> list[tuple[str, int | str]]:
    """Each dimension with the index of its label, or the value that all series have."""
    found: list[tuple[str, int | str]] = []
    for name, label in published(metric).dimensions:
        if label in metric.labels:
            found.append((name, metric.labels.index(label)))
        elif label in every:
            found.append((name, every[label]))
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


def datum(point: Point, at: float) -> "MetricDatumTypeDef":
    """One data point of PutMetricData."""
    twin, dimensions = point.series
    return {
        "MetricName": twin.metric,
        "Dimensions": [{"Name": name, "Value": text} for name, text in dimensions],
        "Timestamp": datetime.fromtimestamp(at, UTC),
        "Value": point.value,
        "Unit": cast("StandardUnitType", twin.unit),
        "StorageResolution": _RESOLUTION,
    }


def batches(data: Iterable[T], size_of: Callable[[T], int]) -> Iterator[list[T]]:
    """The data in batches within AWS' limits of number and size."""
    batch: list[T] = []
    size = 0
    for each in data:
        more = size_of(each)
        if batch and (len(batch) == _METRICS or size + more > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += more
    if batch:
        yield batch


def _size(point: Point) -> int:
    """Bytes in the longest of AWS' protocols, form fields, where a character may take three."""
    _, dimensions = point.series
    return 400 + sum(150 + 3 * (len(name) + len(value)) for name, value in dimensions)
