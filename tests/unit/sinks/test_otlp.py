import gc
import math
import weakref
from collections.abc import Sequence

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    DataPointFlags,
    Metric,
)

from obs import __version__
from obs.catalogue import ALL, aws, nats, own, slo
from obs.catalogue.nats_events import PROCESSING
from obs.clients.otlp_answer import Answer, Refused
from obs.errors import SourceError
from obs.families.family import Family, Rows, Value, single
from obs.families.histogram import Observations
from obs.sinks import otlp
from obs.sinks.labels import LONGEST
from obs.sinks.otlp import Encoder, Identity, OtlpSink, resource, ucum
from obs.sinks.process import ProcessMetrics
from obs.sinks.pushed import Pushed

AT = 1_790_000_000.25
SINCE = 1_789_990_000.0
LABELS = (("environment", "staging"), ("system", "oms"))
ORIGIN = resource(Identity("oms", "staging", "host-1", LABELS), {"team": "orders"})
LIMIT = 4 * 1024 * 1024
TIMEOUT = 10.0


class Recorder:
    """A sender that answers `rejected` to every request, or fails from the `fail_after`th on."""

    def __init__(self, rejected: int = 0, fail_after: int | None = None) -> None:
        self.requests: list[ExportMetricsServiceRequest] = []
        self.closed = False
        self._rejected = rejected
        self.fail_after = fail_after

    def send(self, request: ExportMetricsServiceRequest, timeout: float) -> Answer:
        assert 0 < timeout <= TIMEOUT
        if self.fail_after is not None and len(self.requests) >= self.fail_after:
            raise SourceError("connection", "gone")
        self.requests.append(request)
        return Answer(self._rejected, "too old" if self._rejected else "")

    def close(self) -> None:
        self.closed = True


def metrics_of(families: Sequence[Family]) -> dict[str, Metric]:
    ((_, request),) = Encoder(ORIGIN).requests(families, AT)
    ((scope,),) = ([*each.scope_metrics] for each in request.resource_metrics)
    return {metric.name: metric for metric in scope.metrics}


RULES = Rows([("main", "oms-events", "oms-schema-changed")])


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


def test_a_gauge_has_no_start() -> None:
    family = Family(nats.LAG_MESSAGES, Rows([("main", "$G", "S", "c")]), [7], SINCE)
    (point,) = metrics_of([family])["nats_consumer_lag_messages"].gauge.data_points
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
    process = [family.metric for family in ProcessMetrics().families()]
    codes = {metric.unit: ucum(metric.unit) for metric in (*ALL, *process)}
    known = {"": "", "seconds": "s", "bytes": "By", "ratio": "1", "messages": "{message}"}
    assert codes.items() >= known.items()
    counted = {unit: code for unit, code in codes.items() if unit not in known}
    assert counted == {unit: f"{{{unit.removesuffix('s')}}}" for unit in counted}
    assert codes[slo.OBJECTIVE.unit] == "1"


def test_rows_without_a_value_have_no_point() -> None:
    metrics = metrics_of([lag(3, values=[None, 5, None])])
    (point,) = metrics["nats_consumer_lag_messages"].gauge.data_points
    assert point.as_int == 5


def test_a_metric_without_any_point_is_not_sent() -> None:
    assert list(Encoder(ORIGIN).requests([lag(2, values=[None, None])], AT)) == []


def test_numbers_beyond_the_format_become_floats() -> None:
    values = [math.inf, 2**63 - 1, 2**63, True]
    metric = metrics_of([lag(4, values=values)])["nats_consumer_lag_messages"]
    points = metric.gauge.data_points
    assert [getattr(p, p.WhichOneof("value") or "") for p in points] == [
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
    ((_, request),) = Encoder(ORIGIN).requests([lag(1)], AT)
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
    origin = resource(Identity("oms", "staging", "host-1", LABELS), {"service.name": "obs-eu"})
    assert origin.attributes["service.name"] == "obs-eu"


def test_attributes_are_bounded_as_labels_are() -> None:
    metric = metrics_of([lag(1, "x" * 500)])["nats_consumer_lag_messages"]
    (point,) = metric.gauge.data_points
    assert [len(a.value.string_value) for a in point.attributes if a.key == "consumer"] == [LONGEST]


@pytest.fixture
def small_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "_LARGEST", 500)


@pytest.mark.usefixtures("small_requests")
def test_points_that_do_not_fit_in_one_request_go_in_several() -> None:
    recorder = Recorder()
    families = [lag(12), single(own.AWS_COST, 1), Family(aws.INVOCATIONS, RULES, [7], SINCE)]
    assert OtlpSink(recorder, ORIGIN, timeout=TIMEOUT).push(families, AT) == Pushed(14)
    assert len(recorder.requests) > 3
    points = [
        (metric.name, metric.WhichOneof("data"), point.as_int)
        for request in recorder.requests
        for metric in request.resource_metrics[0].scope_metrics[0].metrics
        for point in (*metric.gauge.data_points, *metric.sum.data_points)
    ]
    assert points == [
        *(("nats_consumer_lag_messages", "gauge", n) for n in range(12)),
        ("obs_aws_cost_dollars_per_month", "gauge", 1),
        ("eventbridge_invocations_total", "sum", 7),
    ]


def test_long_attributes_make_requests_shorter() -> None:
    rows = Rows(("é" * 250, "é" * 250, "é" * 250, f"{n}" + "é" * 240) for n in range(5000))
    family = Family(nats.LAG_MESSAGES, rows, [1] * 5000)
    counted = list(Encoder(ORIGIN).requests([family], AT))
    assert len(counted) > 1
    assert sum(count for count, _ in counted) == 5000
    assert [size for _, request in counted if (size := request.ByteSize()) >= LIMIT] == []


@pytest.mark.usefixtures("small_requests")
def test_rejected_points_are_an_error_once_everything_is_sent() -> None:
    recorder = Recorder(rejected=2)
    outcome = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT).push([lag(12)], AT)
    assert (outcome.accepted, outcome.rejected) == (6, 6)
    assert outcome.failure is not None
    assert outcome.failure.reason == "partial"
    assert str(outcome.failure) == "6 of 12 points rejected: too old"
    assert len(recorder.requests) == 3


@pytest.mark.usefixtures("small_requests")
def test_after_a_failed_request_none_is_sent() -> None:
    recorder = Recorder(fail_after=1)
    outcome = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT).push([lag(12)], AT)
    assert len(recorder.requests) == 1
    assert (0 < outcome.accepted < 12, str(outcome.failure)) == (True, "gone")


@pytest.mark.usefixtures("small_requests")
def test_a_push_under_way_ends_when_the_sink_is_closed() -> None:
    class Closing(Recorder):
        def send(self, request: ExportMetricsServiceRequest, timeout: float) -> Answer:
            sink.close()
            return super().send(request, timeout)

    recorder = Closing()
    sink = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT)
    assert 0 < sink.push([lag(12)], AT).accepted < 12
    assert len(recorder.requests) == 1


def test_closing_closes_the_sender() -> None:
    recorder = Recorder()
    OtlpSink(recorder, ORIGIN, timeout=TIMEOUT).close()
    assert recorder.closed


@pytest.mark.usefixtures("small_requests")
def test_all_requests_of_a_push_together_have_its_timeout() -> None:
    now = iter(range(0, 60, 4))  # seconds: each look at the clock is 4 s later

    class Timed(Recorder):
        limits: list[float] = []

        def send(self, request: ExportMetricsServiceRequest, timeout: float) -> Answer:
            self.limits.append(timeout)
            return super().send(request, timeout)

    recorder = Timed()
    sink = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT, now=lambda: float(next(now)))
    outcome = sink.push([lag(12)], AT)
    assert recorder.limits == [6.0, 2.0]
    assert outcome.failure is not None
    assert (outcome.failure.reason, str(outcome.failure)) == (
        "timeout",
        "the push took longer than 10 s",
    )
    assert 0 < outcome.accepted < 12


@pytest.mark.parametrize("claimed", [-5, 0, 10**15])
def test_a_count_of_rejected_points_that_cannot_be_is_bounded(claimed: int) -> None:
    outcome = OtlpSink(Recorder(rejected=claimed), ORIGIN, timeout=TIMEOUT).push([lag(12)], AT)
    assert outcome.accepted + outcome.rejected == 12
    assert 0 <= outcome.rejected <= 12


class Data:
    """What a push works on."""


def test_a_failed_push_keeps_nothing_of_its_data() -> None:
    kept: list[weakref.ref[Data]] = []

    class Refusing(Recorder):
        def send(self, request: ExportMetricsServiceRequest, timeout: float) -> Answer:
            data = Data()
            kept.append(weakref.ref(data))
            try:
                raise KeyError(data)  # as of a library, whose errors hold what was sent
            except KeyError:
                raise SourceError("connection", "gone") from None

    gc.disable()
    try:
        outcome = OtlpSink(Refusing(), ORIGIN, timeout=TIMEOUT).push([lag(12)], AT)
        assert str(outcome.failure) == "gone"
        assert [each() for each in kept] == [None]
    finally:
        gc.enable()


def ended(sink: OtlpSink, recorder: Recorder, families: Sequence[Family]) -> set[tuple[str, str]]:
    """Metric and last label of each series that a push says has ended."""
    before = len(recorder.requests)
    sink.push(families, AT)
    found = set()
    for request in recorder.requests[before:]:
        for metric in request.resource_metrics[0].scope_metrics[0].metrics:
            data = metric.sum if metric.HasField("sum") else metric.gauge
            for point in data.data_points:
                if point.flags & DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK:
                    assert point.WhichOneof("value") is None
                    assert point.time_unix_nano == 1_790_000_000_250_000_000
                    found.add((metric.name, point.attributes[-1].value.string_value))
    return found


def reasons(*held: str) -> Family:
    rows = Rows(("main", "A", "S", "worker", reason) for reason in held)
    return Family(nats.STATUS_REASON, rows, [1] * len(held))


def test_a_series_that_is_gone_is_pushed_once_as_ended() -> None:
    recorder = Recorder()
    sink = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT)
    reason, evicting = "nats_consumer_status_reason", "nats_consumer_eviction_seconds"
    rows = Rows([("main", "A", "S", "a"), ("main", "A", "S", "b")])
    first = [reasons("no_puller", "paused"), Family(nats.EVICTION_SECONDS, rows, [5.0, 6.0])]
    assert ended(sink, recorder, first) == set()
    second = [reasons("paused"), Family(nats.EVICTION_SECONDS, rows, [None, 6.0])]
    assert ended(sink, recorder, second) == {(reason, "no_puller"), (evicting, "a")}
    assert ended(sink, recorder, second) == set()
    assert ended(sink, recorder, []) == {(reason, "paused"), (evicting, "b")}
    assert ended(sink, recorder, []) == set()
    assert ended(sink, recorder, first) == set()


def test_the_end_of_a_series_is_pushed_until_a_push_has_succeeded() -> None:
    recorder = Recorder()
    sink = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT)
    assert ended(sink, recorder, [reasons("no_puller"), lag(1)]) == set()
    recorder.fail_after = 0
    assert ended(sink, recorder, [reasons(), lag(1)]) == set()
    recorder.fail_after = None
    gone = {("nats_consumer_status_reason", "no_puller")}
    assert ended(sink, recorder, [reasons(), lag(1)]) == gone


def test_a_histogram_is_a_cumulative_exponential_one() -> None:
    observations = Observations(PROCESSING.buckets)
    for value in (0.0, 0.9, 1.0):
        observations.add(value)
    observations.add(3.0, "ab" * 16, SINCE + 0.25)
    rows = Rows([("n", "$G", "O", "a"), ("n", "$G", "O", "b")])
    family = Family(PROCESSING, rows, [4, None], SINCE, [observations.histogram(), None])
    metric = metrics_of([family])[PROCESSING.name]
    data = metric.exponential_histogram
    assert data.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    (point,) = data.data_points
    assert (metric.unit, point.count, point.sum, point.zero_count) == ("s", 4, 4.9, 1)
    assert (point.start_time_unix_nano, point.time_unix_nano) == (
        int(SINCE) * 10**9,
        int(AT * 4) * 10**9 // 4,
    )
    assert {each.key: each.value.string_value for each in point.attributes} == dict(
        zip(PROCESSING.labels, rows.values[0], strict=True)
    )
    # Bucket i of OTLP is for values above 2^(i/8), up to 2^((i+1)/8).
    counts = {point.positive.offset + i: n for i, n in enumerate(point.positive.bucket_counts)}
    assert (point.scale, {i: n for i, n in counts.items() if n}) == (3, {-2: 1, -1: 1, 12: 1})
    (exemplar,) = point.exemplars
    assert (exemplar.trace_id.hex(), exemplar.as_double) == ("ab" * 16, 3.0)
    assert exemplar.time_unix_nano == int(SINCE) * 10**9 + 250_000_000


class Refusing(Recorder):
    """Refuses the next requests so."""

    def __init__(self, *refusals: SourceError) -> None:
        super().__init__()
        self.refusals = [*refusals]

    def send(self, request: ExportMetricsServiceRequest, timeout: float) -> Answer:
        if self.refusals:
            raise self.refusals.pop(0)
        return super().send(request, timeout)


def busy(pause: float | None = None) -> Refused:
    return Refused("throttled", "busy", pause=pause, may_repeat=True)


def test_a_request_that_may_succeed_soon_is_repeated_within_the_interval() -> None:
    recorder = Refusing(busy(), SourceError("connection", "lost"), busy(pause=0.01))
    outcome = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT, every=10.0).push([lag(2)], AT)
    assert (outcome.accepted, outcome.repeated, outcome.failure) == (2, 3, None)


def test_a_pause_beyond_the_interval_and_a_wrong_request_are_not_repeated() -> None:
    for refusal in (busy(pause=60.0), Refused("http_status", "wrong")):
        recorder = Refusing(refusal)
        outcome = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT, every=10.0).push([lag(2)], AT)
        assert (outcome.failure, outcome.repeated) == (refusal, 0)
        assert recorder.requests == []


def test_a_receiver_that_stays_away_is_given_up_after_a_few_requests() -> None:
    recorder = Refusing(*(busy(pause=0.001) for _ in range(99)))
    outcome = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT, every=10.0).push([lag(2)], AT)
    assert (outcome.repeated, len(recorder.refusals)) == (4, 94)


def test_a_request_that_is_too_large_is_cut_and_those_after_it_are_as_small() -> None:
    recorder = Refusing(*(Refused("too_large", "no", too_large=True) for _ in range(2)))
    sink = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT)
    assert sink.push([lag(400)], AT) == Pushed(400)
    assert [len(points_of(request)) for request in recorder.requests] == [100, 100, 200]
    recorder.requests.clear()
    assert sink.push([lag(400)], AT) == Pushed(400)
    sizes = [len(points_of(request)) for request in recorder.requests]
    assert len(sizes) in (4, 5)  # halves are of points, the limit is of bytes
    single = Refusing(*(Refused("too_large", "no", too_large=True) for _ in range(9)))
    outcome = OtlpSink(single, ORIGIN, timeout=TIMEOUT).push([lag(2)], AT)
    assert outcome.failure is not None


def points_of(request: ExportMetricsServiceRequest) -> list[object]:
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    return [*metric.gauge.data_points]


def test_a_counter_that_began_anew_has_a_start_of_its_own() -> None:
    rows = Rows([("main", "bus", "a"), ("main", "bus", "b")])
    family = Family(aws.INVOCATIONS, rows, [7, 1], SINCE, restarts={1: AT - 30})
    points = metrics_of([family])["eventbridge_invocations_total"].sum.data_points
    assert [p.start_time_unix_nano for p in points] == [
        round(SINCE) * 10**9,
        1_789_999_970_250_000_000,
    ]


def test_a_request_is_not_repeated_once_there_is_no_permit() -> None:
    lost = SourceError("unavailable", "this collector does not hold the lease")
    permits = [None, lost]
    recorder = Refusing(busy(pause=0.001))
    sink = OtlpSink(recorder, ORIGIN, timeout=TIMEOUT, every=10.0, permit=lambda: permits.pop(0))
    assert sink.push([lag(2)], AT).failure is lost
    assert recorder.requests == []
