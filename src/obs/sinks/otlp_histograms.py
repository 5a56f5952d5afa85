"""Histograms as data points of OTLP's exponential histogram. There are few of them."""

from collections.abc import Sequence
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogram as Data
from opentelemetry.proto.metrics.v1.metrics_pb2 import ExponentialHistogramDataPoint as Point

from obs.families.family import Family
from obs.families.histogram import SCHEMA, ZERO_THRESHOLD, Histogram
from obs.sinks.labels import Labels, bounded

_NONE: Final = frozenset[int]()


def histogram_points(
    family: Family, start: int, time: int, of_all: Labels = (), left_out: frozenset[int] = _NONE
) -> list[bytes]:
    """A data point for each row that has a histogram and is not `left_out`, each behind its tag;
    times in nanoseconds. Joined, they are the data points of an ExponentialHistogram.

    `of_all` are attributes that all rows have.
    """
    names = family.metric.labels
    anew = {row: round(since * 1e9) for row, since in family.restarts.items()}
    rows = enumerate(zip(family.rows.values, family.histograms, strict=True))
    return [
        _encoded(each, [*zip(names, row, strict=True), *of_all], anew.get(index, start), time)
        for index, (row, each) in rows
        if each is not None and index not in left_out
    ]


def _encoded(of: Histogram, labels: Sequence[tuple[str, str]], start: int, time: int) -> bytes:
    point = Point(
        attributes=[
            KeyValue(key=name, value=AnyValue(string_value=bounded(value)))
            for name, value in labels
        ],
        start_time_unix_nano=start,
        time_unix_nano=time,
        count=of.count,
        sum=of.sum,
        scale=SCHEMA,
        zero_count=of.zeros,
        zero_threshold=ZERO_THRESHOLD,
        positive=_buckets(of),
        exemplars=[
            Exemplar(
                trace_id=bytes.fromhex(each.trace_id),
                as_double=each.value,
                time_unix_nano=round(each.at * 1e6) * 1000,
            )
            for each in of.exemplars
            if each is not None
        ],
    )
    return Data(data_points=[point]).SerializeToString()


def _buckets(of: Histogram) -> Point.Buckets:
    """Without gaps; a bucket's index names its lower bound here, not its upper one."""
    if not of.exponential:
        return Point.Buckets()
    first, last = of.exponential[0][0], of.exponential[-1][0]
    numbers = dict(of.exponential)
    counts = (numbers.get(index, 0) for index in range(first, last + 1))
    return Point.Buckets(offset=first - 1, bucket_counts=counts)
