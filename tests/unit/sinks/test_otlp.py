import math
from collections.abc import Sequence

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from obs import __version__
from obs.catalogue import ALL, aws, nats, own, slo
from obs.errors import SourceError
from obs.series.family import Family, Rows, Value, single
from obs.sinks.labels import LONGEST
from obs.sinks.otlp import UNITS, Identity, OtlpSink, requests_of, resource
from obs.sinks.process import Process

AT = 1_790_000_000.25
SINCE = 1_789_990_000.0
ORIGIN = resource(Identity("oms", "staging", "host-1"), {"team": "orders"})
LIMIT = 4 * 1024 * 1024


class Recorder:
    """A sender that answers `rejected` to every request, or fails from the `fail_after`th on."""

    def __init__(self, rejected: int = 0, fail_after: int | None = None) -> None:
        self.requests: list[ExportMetricsServiceRequest] = []
        self.closed = False
        self._rejected = rejected
        self._fail_after = fail_after

    def send(self, request: ExportMetricsServiceRequest) -> ExportMetricsPartialSuccess:
        if self._fail_after is not None and len(self.requests) >= self._fail_after:
            raise SourceError("connection", "gone")
        self.requests.append(request)
        return ExportMetricsPartialSuccess(
            rejected_data_points=self._rejected, error_message="too old" if self._rejected else ""
        )

    def close(self) -> None:
        self.closed = True


def metrics_of(families: Sequence[Family]) -> dict[str, Metric]:
    ((_, request),) = requests_of(families, AT, ORIGIN)
    ((scope,),) = ([*each.scope_metrics] for each in request.resource_metrics)
    return {metric.name: metric for metric in scope.metrics}


def lag(count: int, name: str = "worker", values: Sequence[Value] | None = None) -> Family:
    rows = Rows(("main", "$G", "S", f"{name}-{n}") for n in range(count))
    return Family(nats.LAG_MESSAGES, rows, values or list(range(count)))


def test_a_counter_is_a_monotonic_cumulative_sum_since_its_start() -> None:
    family = Family(aws.INVOCATIONS, Rows([("main", "bus", "rule")]), [7], SINCE)
    metric = metrics_of([family])["eventbridge_invocations_total"]
    assert metric.sum.is_monotonic
    assert metric.sum.aggregation_temporality == (
        AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    )
    (point,) = metric.sum.data_points
    assert point.as_int == 7
    assert point.start_time_unix_nano == 1_789_990_000_000_000_000
    assert point.time_unix_nano == 1_790_000_000_250_000_000
    assert {a.key: a.value.string_value for a in point.attributes} == {
        "aws": "main",
        "bus": "bus",
        "rule": "rule",
    }


def test_a_counter_with_an_unknown_start_says_so() -> None:
    family = Family(aws.INVOCATIONS, Rows([("main", "bus", "rule")]), [7])
    (point,) = metrics_of([family])["eventbridge_invocations_total"].sum.data_points
    assert point.start_time_unix_nano == 0


def test_a_gauge_keeps_its_unit_and_its_type() -> None:
    metrics = metrics_of([lag(1), single(own.AWS_COST, 1.5)])
    assert metrics["nats_consumer_lag_messages"].unit == "{message}"
    assert metrics["nats_consumer_lag_messages"].WhichOneof("data") == "gauge"
    assert metrics["nats_consumer_lag_messages"].description == nats.LAG_MESSAGES.help
    (point,) = metrics["obs_aws_cost_dollars_per_month"].gauge.data_points
    assert point.as_double == 1.5
    assert metrics["obs_aws_cost_dollars_per_month"].unit == ""


def test_info_is_a_gauge_of_one() -> None:
    metrics = metrics_of([Family(own.BUILD_INFO, Rows([("1.0", "3.11")]), [1])])
    (point,) = metrics["obs_build_info"].gauge.data_points
    assert point.as_int == 1


def test_every_unit_of_the_catalogue_and_of_the_process_has_its_ucum_code() -> None:
    process = [family.metric for family in Process().families()]
    assert {metric.unit for metric in (*ALL, *process)} <= set(UNITS)
    assert UNITS[slo.OBJECTIVE.unit] == "1"


def test_rows_without_a_value_have_no_point() -> None:
    metrics = metrics_of([lag(3, values=[None, 5, None])])
    (point,) = metrics["nats_consumer_lag_messages"].gauge.data_points
    assert point.as_int == 5


def test_a_metric_without_any_point_is_not_sent() -> None:
    assert list(requests_of([lag(2, values=[None, None])], AT, ORIGIN)) == []


def test_numbers_beyond_the_format_become_floats() -> None:
    values = [math.inf, 2**63 - 1, 2**63, True]
    metric = metrics_of([lag(4, values=values)])["nats_consumer_lag_messages"]
    points = metric.gauge.data_points
    assert [getattr(p, p.WhichOneof("value")) for p in points] == [
        math.inf,
        2**63 - 1,
        float(2**63),
        1,
    ]


def test_points_of_one_metric_stand_together_and_no_series_twice() -> None:
    families = [lag(2), single(own.AWS_COST, 1), lag(2, "other"), lag(1, values=[9])]
    metrics = metrics_of(families)
    assert list(metrics) == ["nats_consumer_lag_messages", "obs_aws_cost_dollars_per_month"]
    points = metrics["nats_consumer_lag_messages"].gauge.data_points
    assert [p.as_int for p in points] == [0, 1, 0, 1]


def test_the_resource_says_who_sends() -> None:
    ((_, request),) = requests_of([lag(1)], AT, ORIGIN)
    (origin,) = request.resource_metrics
    assert {a.key: a.value.string_value for a in origin.resource.attributes} == {
        "service.name": "obs",
        "service.version": __version__,
        "service.instance.id": "host-1",
        "deployment.environment.name": "staging",
        "obs.system": "oms",
        "team": "orders",
    }


def test_the_spec_s_attributes_win() -> None:
    origin = resource(Identity("oms", "staging", "host-1"), {"service.name": "obs-eu"})
    assert origin.attributes["service.name"] == "obs-eu"


def test_attributes_are_bounded_as_labels_are() -> None:
    metric = metrics_of([lag(1, "x" * 500)])["nats_consumer_lag_messages"]
    (point,) = metric.gauge.data_points
    assert [len(a.value.string_value) for a in point.attributes if a.key == "consumer"] == [LONGEST]


def test_many_points_go_in_requests_that_receivers_accept() -> None:
    recorder = Recorder()
    assert OtlpSink(recorder, ORIGIN).push([lag(12_000)], AT) == 12_000
    assert len(recorder.requests) == 3
    assert all(request.ByteSize() < LIMIT for request in recorder.requests)
    values = [
        point.as_int
        for request in recorder.requests
        for point in request.resource_metrics[0].scope_metrics[0].metrics[0].gauge.data_points
    ]
    assert values == list(range(12_000))


def test_long_attributes_make_requests_shorter() -> None:
    rows = Rows(("é" * 250, "é" * 250, "é" * 250, f"{n}" + "é" * 240) for n in range(5000))
    family = Family(nats.LAG_MESSAGES, rows, [1] * 5000)
    counted = list(requests_of([family], AT, ORIGIN))
    assert len(counted) > 1
    assert sum(count for count, _ in counted) == 5000
    assert all(request.ByteSize() < LIMIT for _, request in counted)


def test_rejected_points_are_an_error_once_everything_is_sent() -> None:
    recorder = Recorder(rejected=2)
    with pytest.raises(SourceError, match="6 of 12000 points rejected: too old") as raised:
        OtlpSink(recorder, ORIGIN).push([lag(12_000)], AT)
    assert raised.value.reason == "partial"
    assert len(recorder.requests) == 3


def test_after_a_failed_request_none_is_sent() -> None:
    recorder = Recorder(fail_after=1)
    with pytest.raises(SourceError, match="gone"):
        OtlpSink(recorder, ORIGIN).push([lag(12_000)], AT)
    assert len(recorder.requests) == 1


def test_closing_closes_the_sender() -> None:
    recorder = Recorder()
    OtlpSink(recorder, ORIGIN).close()
    assert recorder.closed
