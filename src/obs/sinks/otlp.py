"""Push to an OpenTelemetry receiver. Import this module only where the spec has `otlp`.

Metrics have their Prometheus names: receivers that translate OTLP to Prometheus names recognise
existing `_total` and unit suffixes, and add none.
"""

import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Event
from typing import Final

from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Buckets,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
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
from obs.clients.otlp import connect
from obs.clients.otlp_answer import Answer, Refused, Sender
from obs.errors import SourceError, forget_frames
from obs.families.family import Family
from obs.redaction.text import one_line
from obs.sinks.ended import EndedSeries, Shown, shown_by
from obs.sinks.labels import Duplicates, Labels, PerRows
from obs.sinks.otlp_chunks import Chunk, packed
from obs.sinks.otlp_histograms import histogram_points
from obs.sinks.otlp_points import data_points, ended_points, heads
from obs.sinks.pushed import Pushed
from obs.sinks.repeats import SHARE, Patience, push_limit
from obs.sinks.request_size import RequestSize
from obs.spec.otlp import Otlp
from obs.spec.system import System

UNITS: Final[Mapping[str, str]] = {  # UCUM
    "": "",  # not "1": receivers would call such a gauge a ratio
    "seconds": "s",
    "bytes": "By",
    "ratio": "1",
}
_LARGEST: Final = 3_500_000  # bytes of points a request: receivers reject more than 4 MiB in all
_SMALLEST: Final = 4096  # bytes: no receiver takes less
_PLACEHOLDER: Final = NumberDataPoint({}, 0, 0, 0)
_NO_BUCKETS: Final = Buckets(0, [])
_NO_HISTOGRAM: Final = ExponentialHistogramDataPoint(
    {}, 0, 0, 0, 0, 0, 0, _NO_BUCKETS, _NO_BUCKETS, 0, 0, 0
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The sender: system and environment of the spec, and this collector's instance id.

    `labels` are those that every series has beside its own. A receiver makes no labels of a
    resource's attributes, or others.
    """

    system: str
    environment: str
    instance: str
    labels: Labels


def identity_of(system: System) -> Identity:
    """That of this process."""
    instance = f"{socket.gethostname()}:{os.getpid()}"
    return Identity(system.system, system.environment, instance, system.labels)


def ucum(unit: str) -> str:
    """The UCUM code of a metric's unit; what is counted is an annotation: `{message}`."""
    return UNITS.get(unit, f"{{{unit.removesuffix('s')}}}")


def resource(identity: Identity, extra: Mapping[str, str]) -> Resource:
    """The resource that all metrics belong to; attributes of `extra` take precedence."""
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


def open_otlp(
    spec: Otlp, identity: Identity, permit: Callable[[], SourceError | None] = lambda: None
) -> "OtlpSink":
    """The sink of the spec; connects when first used. `permit` is asked before each request."""
    origin = resource(identity, spec.resource)
    return OtlpSink(
        connect(spec),
        origin,
        identity.labels,
        timeout=spec.timeout,
        every=spec.every,
        permit=permit,
    )


class OtlpSink:
    """Pushes families over a sender.

    A push lasts `timeout` seconds at most, and longer only to repeat what the receiver cannot take
    now, within `every`, the interval of the pushes (seconds).
    """

    def __init__(
        self,
        sender: Sender,
        origin: Resource,
        labels: Labels = (),
        *,
        timeout: float,
        every: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        permit: Callable[[], SourceError | None] = lambda: None,
    ) -> None:
        """`permit` is asked before each request: why it may not be sent; None where it may."""
        self._permit = permit
        self._sender = sender
        self._encoder = Encoder(origin, labels)
        self._timeout = timeout
        self._repeated_for = every * SHARE
        self._limit = push_limit(timeout, every)
        self._now = now
        self._closed = Event()

    def push(self, families: Sequence[Family], at: float) -> Pushed:
        """Send the samples with the time `at` (Unix seconds).

        Blocks. Stops at the first request that fails after its repeats, and where the time is over.
        One that is too large is cut in two, and those after it are as small. Rejected points are a
        failure with reason partial, after everything was sent.
        """
        begun = self._now()
        ends = begun + self._limit
        patience = Patience(begun + self._repeated_for, self._closed, now=self._now)
        sent = rejected = 0
        why = ""
        for chunk in self._encoder.chunks(families, at):
            todo = [chunk]
            while todo and not self._closed.is_set():
                piece = todo.pop()
                answer = self._answer(piece, ends, patience)
                if isinstance(answer, Refused) and answer.too_large and (cut := piece.halves()):
                    self._encoder.size.too_large(piece.size)
                    todo += reversed(cut)
                    continue
                if isinstance(answer, SourceError):
                    repeated = patience.repeats
                    return Pushed(sent - rejected, rejected, answer, repeated=repeated)
                count = piece.points
                sent += count
                rejected += min(max(answer.rejected, 0), count)
                why = why or answer.message
        self._encoder.size.pushed()
        if rejected:
            message = (
                f"{rejected} of {sent} points rejected: {one_line(why, 200) or 'no reason given'}"
            )
            failure = SourceError("partial", message)
            return Pushed(sent - rejected, rejected, failure, repeated=patience.repeats)
        return Pushed(sent, repeated=patience.repeats)

    def close(self) -> None:
        """Close the sender; a push in progress sends no further request."""
        self._closed.set()
        self._sender.close()

    def _answer(self, chunk: Chunk, ends: float, patience: Patience) -> Answer | SourceError:
        """The answer to a chunk, which is repeated while that may help."""
        while True:
            if (refused := self._permit()) is not None:
                return refused
            left = min(ends - self._now(), self._timeout)
            if left <= 0:
                return SourceError("timeout", f"the push took longer than {self._limit:g} s")
            try:
                answer = self._sender.send(self._encoder.request(chunk), left)
            except SourceError as error:
                failure = error
            else:
                patience.succeeded()
                return answer
            forget_frames(failure)  # which hold the request
            if not (_may_repeat(failure) and patience.again(failure)):
                return failure


def _may_repeat(failure: SourceError) -> bool:
    if isinstance(failure, Refused):
        return failure.may_repeat
    return failure.reason == "connection"


class Encoder:
    """Turns families into requests within the receivers' size limit: `size` in bytes of points."""

    def __init__(self, origin: Resource, labels: Labels = ()) -> None:
        self._origin = origin
        self._heads = PerRows(partial(heads, of_all=labels))
        self._labels = labels
        self._duplicates = Duplicates()
        self._ended = EndedSeries(self._heads)
        self.size = RequestSize(_LARGEST, _SMALLEST)

    def requests(
        self, families: Sequence[Family], at: float
    ) -> Iterator[tuple[int, ExportMetricsServiceRequest]]:
        """(number of points, request) pairs, generated lazily."""
        return ((chunk.points, self.request(chunk)) for chunk in self.chunks(families, at))

    def chunks(self, families: Sequence[Family], at: float) -> Iterator[Chunk]:
        """The content of each request, generated lazily.

        Points of one metric are adjacent; of equal series only the first family's is sent. What
        the requests before had, as far as all were taken, and these have not, is sent as ended.
        """
        shown = shown_by(families)
        time = _nanoseconds(at)
        points = chain(self._points(families, time), self._ends(shown, time))
        yield from packed(points, lambda: self.size.most)
        self._ended.taken(shown)

    def request(self, chunk: Chunk) -> ExportMetricsServiceRequest:
        """The request with this content."""
        metrics = [otel_metric(metric) for metric, _ in chunk.metrics]
        scope = ScopeMetrics(InstrumentationScope("obs", __version__), metrics, schema_url="")
        origin = ResourceMetrics(self._origin, [scope], schema_url="")
        request = encode_metrics(MetricsData([origin]))
        messages = request.resource_metrics[0].scope_metrics[0].metrics
        for message, (_, points) in zip(messages, chunk.metrics, strict=True):
            data = getattr(message, message.WhichOneof("data") or "gauge")
            del data.data_points[:]
            data.MergeFromString(b"".join(points))
        return request

    def _ends(self, shown: Shown, time: int) -> Iterator[tuple[Metric, list[bytes]]]:
        for metric, gone in self._ended.since_last(shown).items():
            yield metric, ended_points(gone, time)

    def _points(
        self, families: Sequence[Family], time: int
    ) -> Iterator[tuple[Metric, list[bytes]]]:
        by_name: dict[str, list[Family]] = {}
        for family in families:
            by_name.setdefault(family.metric.name, []).append(family)
        for same in by_name.values():
            points: list[bytes] = []
            for index, family in enumerate(same):
                repeated = self._duplicates.repeated(family.rows)
                left_out = repeated | self._duplicates.given(family, same[:index])
                start = _start(family)
                if family.metric.kind is Kind.HISTOGRAM:
                    points += histogram_points(family, start, time, self._labels, left_out)
                    continue
                of_rows = self._heads(family.rows, family.metric.labels)
                anew = _restarts(family)
                points += data_points(of_rows, family.values, start, time, left_out, restarts=anew)
            yield same[0].metric, points


def otel_metric(metric: Metric) -> OtelMetric:
    """The metric with its type: counters are monotonic cumulative sums, histograms are cumulative
    and exponential, all else is a gauge.

    It has one placeholder point, because the SDK encodes no type for a metric without points.
    """
    data: Sum | Gauge | ExponentialHistogram
    if metric.kind is Kind.COUNTER:
        data = Sum([_PLACEHOLDER], AggregationTemporality.CUMULATIVE, is_monotonic=True)
    elif metric.kind is Kind.HISTOGRAM:
        data = ExponentialHistogram([_NO_HISTOGRAM], AggregationTemporality.CUMULATIVE)
    else:
        data = Gauge([_PLACEHOLDER])
    return OtelMetric(metric.name, metric.help, ucum(metric.unit), data)


def _start(family: Family) -> int:
    """When the counters began, in nanoseconds; 0 where unknown, and for gauges."""
    if family.metric.kind not in (Kind.COUNTER, Kind.HISTOGRAM) or family.since is None:
        return 0
    return _nanoseconds(family.since)


def _restarts(family: Family) -> dict[int, int]:
    """The starts of the rows that began anew, in nanoseconds."""
    return {row: _nanoseconds(since) for row, since in family.restarts.items()}


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1000  # a float holds no more than microseconds
