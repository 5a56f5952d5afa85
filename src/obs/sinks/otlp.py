"""Push to an OpenTelemetry receiver. Import this module only where the spec has `otlp`.

Metrics keep their Prometheus names: receivers that translate OTLP to Prometheus names take
`_total` and unit suffixes that are there already for their own, and add none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Metric as OtelMetric
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obs import __version__
from obs.catalogue.metric import Kind, Metric
from obs.clients.otlp import Sender, connect
from obs.errors import SourceError
from obs.series.family import Family
from obs.sinks.labels import bounded
from obs.spec.outputs import Otlp

UNITS: Final[Mapping[str, str]] = {  # UCUM
    "": "",  # not "1": receivers would call such a gauge a ratio
    "seconds": "s",
    "bytes": "By",
    "ratio": "1",
    "messages": "{message}",
}
_POINTS: Final = 5000  # a request; some 120 bytes each
_LARGEST: Final = 3_500_000  # bytes of a request: receivers refuse more than 4 MiB by default
_INT64: Final = range(-(2**63), 2**63)

Point = tuple[Metric, NumberDataPoint]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends: the spec's system and environment, and what tells this collector from others."""

    system: str
    environment: str
    instance: str


def resource(identity: Identity, extra: Mapping[str, str]) -> Resource:
    """The resource that all metrics belong to; `extra` wins."""
    return Resource(
        {
            "service.name": "obs",
            "service.version": __version__,
            "service.instance.id": identity.instance,
            "deployment.environment.name": identity.environment,
            "obs.system": identity.system,
            **extra,
        }
    )


def open_otlp(spec: Otlp, identity: Identity) -> "OtlpSink":
    """The sink that the spec describes; connects when first used."""
    return OtlpSink(connect(spec), resource(identity, spec.resource))


class OtlpSink:
    """Pushes families over a sender."""

    def __init__(self, sender: Sender, origin: Resource) -> None:
        self._sender = sender
        self._origin = origin
        self._closed = False

    def push(self, families: Sequence[Family], at: float) -> int:
        """Send the samples as they were at `at` (Unix seconds); how many the receiver took.

        Blocks; each request no longer than the sender's timeout, and none follows one that
        failed. Raises SourceError; with reason partial where the receiver rejected points, after
        everything was sent.
        """
        sent = rejected = 0
        why = ""
        for count, request in requests_of(families, at, self._origin):
            answer = self._sender.send(request)
            sent += count
            rejected += answer.rejected_data_points
            why = why or answer.error_message
            if self._closed:
                break
        if rejected:
            raise SourceError("partial", f"{rejected} of {sent} points rejected: {why[:200]}")
        return sent

    def close(self) -> None:
        """Close the sender; a push that is under way sends no further request."""
        self._closed = True
        self._sender.close()


def requests_of(
    families: Sequence[Family], at: float, origin: Resource
) -> Iterator[tuple[int, ExportMetricsServiceRequest]]:
    """Requests that receivers accept by size, each with its number of points, made as needed."""
    chunk: list[Point] = []
    for point in points(families, at):
        chunk.append(point)
        if len(chunk) == _POINTS:
            yield from _within_limit(chunk, origin)
            chunk = []
    if chunk:
        yield from _within_limit(chunk, origin)


def points(families: Sequence[Family], at: float) -> Iterator[Point]:
    """The data points, those of one metric together; of equal series the first family's."""
    time = _nanoseconds(at)
    for same in _by_metric(families):
        seen: set[tuple[str, ...]] = set()
        for family in same:
            metric = family.metric
            counts = metric.kind is Kind.COUNTER
            start = _nanoseconds(family.since) if counts and family.since is not None else 0
            for row, value in zip(family.rows.values, family.values, strict=True):
                if value is None or row in seen:
                    continue
                seen.add(row)
                attributes = dict(zip(metric.labels, map(bounded, row), strict=True))
                yield metric, NumberDataPoint(attributes, start, time, _number(value))


def _by_metric(families: Sequence[Family]) -> list[list[Family]]:
    by_name: dict[str, list[Family]] = {}
    for family in families:
        by_name.setdefault(family.metric.name, []).append(family)
    return list(by_name.values())


def _number(value: int | float) -> int | float:
    if isinstance(value, int) and value in _INT64:
        return int(value)
    return float(value)


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1000  # a float holds no more than microseconds


def _within_limit(
    chunk: list[Point], origin: Resource
) -> Iterator[tuple[int, ExportMetricsServiceRequest]]:
    request = _encoded(chunk, origin)
    if len(chunk) == 1 or request.ByteSize() <= _LARGEST:
        yield len(chunk), request
        return
    half = len(chunk) // 2
    yield from _within_limit(chunk[:half], origin)
    yield from _within_limit(chunk[half:], origin)


def _encoded(chunk: list[Point], origin: Resource) -> ExportMetricsServiceRequest:
    metrics = [
        otel_metric(metric, [point for _, point in same])
        for metric, same in groupby(chunk, key=itemgetter(0))
    ]
    scope = ScopeMetrics(InstrumentationScope("obs", __version__), metrics, schema_url="")
    return encode_metrics(MetricsData([ResourceMetrics(origin, [scope], schema_url="")]))


def otel_metric(metric: Metric, data_points: Sequence[NumberDataPoint]) -> OtelMetric:
    """The metric with its type: counters are monotonic cumulative sums, all else is a gauge."""
    data: Sum | Gauge
    if metric.kind is Kind.COUNTER:
        data = Sum(data_points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
    else:
        data = Gauge(data_points)
    return OtelMetric(metric.name, metric.help, UNITS[metric.unit], data)
