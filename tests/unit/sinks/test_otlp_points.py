import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from obs.families.family import Rows
from obs.sinks.otlp_points import data_points, heads

NAMES = ("stream", "consumer")
nanoseconds = st.integers(0, 2**64 - 1)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
rows = st.lists(st.tuples(st.text(max_size=200), st.text(max_size=200)), max_size=5)


def parsed(points: list[bytes]) -> Gauge:
    return Gauge.FromString(b"".join(points))


@given(rows, st.data(), nanoseconds, nanoseconds)
def test_points_are_those_of_the_sdk_s_encoder(
    labels: list[tuple[str, str]], data: st.DataObject, start: int, time: int
) -> None:
    values = data.draw(st.lists(numbers, min_size=len(labels), max_size=len(labels)))
    wanted = Sum(
        [
            NumberDataPoint(dict(zip(NAMES, row, strict=True)), start, time, value)
            for row, value in zip(labels, values, strict=True)
        ],
        AggregationTemporality.CUMULATIVE,
        is_monotonic=True,
    )
    scope = ScopeMetrics(InstrumentationScope("s"), [Metric("m", "M.", "", wanted)], "")
    encoded = encode_metrics(MetricsData([ResourceMetrics(Resource({}), [scope], "")]))
    (metric,) = encoded.resource_metrics[0].scope_metrics[0].metrics
    points = data_points(heads(Rows(labels), NAMES), values, start, time)
    assert list(parsed(points).data_points) == list(metric.sum.data_points)


def test_not_a_number_is_sent_as_such() -> None:
    (point,) = parsed(data_points(heads(Rows([()]), ()), [float("nan")], 0, 1)).data_points
    assert struct.pack("<d", point.as_double) == struct.pack("<d", float("nan"))


def test_rows_without_a_value_and_rows_left_out_have_no_point() -> None:
    made = heads(Rows([("S", str(n)) for n in range(4)]), NAMES)
    points = data_points(made, [None, 1, 2, 3], 0, 1, frozenset({2}))
    assert [point.as_int for point in parsed(points).data_points] == [1, 3]


def test_heads_and_values_must_be_equally_many() -> None:
    with pytest.raises(ValueError, match="shorter"):
        data_points(heads(Rows([("S", "c")]), NAMES), [], 0, 1)
