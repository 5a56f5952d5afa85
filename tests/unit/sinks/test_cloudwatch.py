import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue import nats
from obs.catalogue.metric import Metric
from obs.errors import SourceError
from obs.families.family import Family, Rows, Value
from obs.sinks.cloudwatch import CloudWatchSink, batches, dimension
from obs.sinks.pushed import Pushed
from obs.spec.outputs import CloudWatch

AT = 1_790_000_000.5


class Recorder:
    """Takes what would be sent; refuses from the `refuse_after`th request on."""

    def __init__(self, refuse_after: int | None = None) -> None:
        self.sent: list[tuple[str, list[Any]]] = []
        self.refuse_after = refuse_after

    def put_metric_data(self, namespace: str, data: Sequence[Any]) -> None:
        if self.refuse_after is not None and len(self.sent) >= self.refuse_after:
            raise SourceError("throttled", "PutMetricData: throttled")
        self.sent.append((namespace, list(data)))


def lag(*values: tuple[str, str, Value]) -> Family:
    rows = Rows(("main", account, "S", consumer) for account, consumer, _ in values)
    return Family(nats.LAG_MESSAGES, rows, [value for *_, value in values])


def spec(*metrics: str) -> CloudWatch:
    fields = {"source": "main", "namespace": "oms/nats"} | ({"metrics": metrics} if metrics else {})
    return CloudWatch.model_validate(fields)


def sink(recorder: Recorder, *metrics: str) -> CloudWatchSink:
    return CloudWatchSink(spec(*metrics), recorder, timeout=10)


def test_a_lag_is_published_under_the_name_of_its_twin() -> None:
    recorder = Recorder()
    assert sink(recorder).push([lag(("$G", "worker", 12))], AT) == Pushed(1)
    assert recorder.sent == [
        (
            "oms/nats",
            [
                {
                    "MetricName": "ConsumerLag",
                    "Dimensions": [
                        {"Name": "Stream", "Value": "S"},
                        {"Name": "Consumer", "Value": "worker"},
                    ],
                    "Timestamp": datetime(2026, 9, 21, 14, 13, 20, 500_000, UTC),
                    "Value": 12.0,
                    "Unit": "Count",
                    "StorageResolution": 60,
                }
            ],
        )
    ]


def test_only_the_metrics_of_the_spec_are_published() -> None:
    recorder = Recorder()
    rows = Rows([("main", "$G", "S", "worker")])
    families = [lag(("$G", "worker", 1)), Family(nats.LAG_SECONDS, rows, [2.5])]
    families.append(Family(nats.PENDING_MESSAGES, rows, [3]))
    assert sink(recorder, "nats_consumer_lag_seconds").push(families, AT) == Pushed(1)
    ((_, (only,)),) = recorder.sent
    assert (only["MetricName"], only["Unit"], only["Value"]) == (
        "ConsumerLagSeconds",
        "Seconds",
        2.5,
    )


def test_a_stream_of_two_accounts_has_a_point_of_each_in_one_series() -> None:
    recorder = Recorder()
    families = [lag(("A", "worker", 3), ("B", "worker", 7)), lag(("C", "worker", 5))]
    assert sink(recorder).push(families, AT) == Pushed(3)
    ((_, data),) = recorder.sent
    assert [each["Value"] for each in data] == [3.0, 7.0, 5.0]
    assert len({str(each["Dimensions"]) for each in data}) == 1


def test_what_cloudwatch_cannot_hold_is_left_out_and_counted() -> None:
    values = (None, math.inf, -math.inf, math.nan, 2.0**361, 0)
    family = lag(*(("$G", f"c{n}", value) for n, value in enumerate(values)))
    recorder = Recorder()
    assert sink(recorder).push([family], AT) == Pushed(1, left_out=4)
    assert [each["Value"] for _, data in recorder.sent for each in data] == [0.0]


def test_nothing_to_publish_sends_nothing() -> None:
    recorder = Recorder()
    assert sink(recorder).push([lag(("$G", "worker", None))], AT) == Pushed(0)
    assert recorder.sent == []


def test_a_request_holds_at_most_a_thousand_metrics() -> None:
    recorder = Recorder()
    family = lag(*(("$G", f"c{n}", n) for n in range(2500)))
    assert sink(recorder).push([family], AT) == Pushed(2500)
    assert [len(data) for _, data in recorder.sent] == [1000, 1000, 500]
    assert [d["Value"] for _, data in recorder.sent for d in data] == [
        float(n) for n in range(2500)
    ]


def test_long_names_make_requests_shorter() -> None:
    recorder = Recorder()
    family = lag(*(("$G", f"{n:04}{'é' * 240}", n) for n in range(1000)))
    assert sink(recorder).push([family], AT) == Pushed(1000)
    sizes = [len(data) for _, data in recorder.sent]
    assert len(sizes) > 1
    for _, data in recorder.sent:
        form = [(d["Name"], d["Value"]) for each in data for d in each["Dimensions"]]
        assert len(urlencode(form)) + 400 * len(data) < 1_000_000


def test_batches_keep_the_order_and_lose_nothing() -> None:
    assert [len(batch) for batch in batches(range(2001), lambda _: 1)] == [1000, 1000, 1]
    assert [list(batch) for batch in batches("abc", lambda _: 600_000)] == [["a"], ["b"], ["c"]]


SERVER = ("main", "a:8222")
LABELS = (("environment", "production"), ("system", "oms"))


def of_server(metric: Metric, value: Value, server: tuple[str, str] = SERVER) -> Family:
    return Family(metric, Rows([server]), [value])


def sent(recorder: Recorder) -> list[float]:
    """The values of the last request."""
    return [each["Value"] for each in recorder.sent[-1][1]]


def test_a_metric_without_a_twin_has_a_name_and_dimensions_by_the_rule() -> None:
    recorder = Recorder()
    bytes_of = Family(nats.STREAM_BYTES, Rows([("main", "A", "ORDERS")]), [9])
    published = CloudWatchSink(spec("nats_stream_*"), recorder, timeout=10, labels=LABELS)
    assert published.push([bytes_of], AT) == Pushed(1)
    ((_, (only,)),) = recorder.sent
    assert (only["MetricName"], only["Unit"], only["Value"]) == ("StreamBytes", "Bytes", 9.0)
    assert [(d["Name"], d["Value"]) for d in only["Dimensions"]] == [
        ("Nats", "main"),
        ("Stream", "ORDERS"),
        ("System", "oms"),
        ("Environment", "production"),
    ]


def test_systems_that_share_a_namespace_have_series_of_their_own() -> None:
    recorder = Recorder()
    for environment in ("production", "staging"):
        labels = (("environment", environment), ("system", "oms"))
        published = CloudWatchSink(spec("nats_server_up"), recorder, timeout=10, labels=labels)
        published.push([of_server(nats.SERVER_UP, 1)], AT)
    dimensions = [str(each["Dimensions"]) for _, data in recorder.sent for each in data]
    assert len(set(dimensions)) == 2


def errors(value: Value, server: str = "a:8222") -> list[Family]:
    return [of_server(nats.SERVER_API_ERRORS, value, ("main", server))]


def test_a_counter_is_published_as_what_it_grew_by_never_as_its_total() -> None:
    recorder = Recorder()
    counted = sink(recorder, "nats_server_jetstream_api_errors_total")
    assert counted.push(errors(1_000), AT) == Pushed(0)
    for total, grown in ((1_003, 3.0), (1_003, 0.0), (1_010, 7.0)):
        assert counted.push(errors(total), AT + 60) == Pushed(1)
        assert sent(recorder) == [grown]


def test_what_a_counter_has_before_the_collector_starts_again_is_not_published() -> None:
    recorder = Recorder()
    sink(recorder, "nats_server_jetstream_api_errors_total").push(errors(50), AT)
    again = sink(recorder, "nats_server_jetstream_api_errors_total")
    assert again.push(errors(70), AT + 60) == Pushed(0)
    assert again.push(errors(71), AT + 120) == Pushed(1)
    assert sent(recorder) == [1.0]


def test_a_counter_that_begins_again_counts_from_zero_and_loses_nothing_before() -> None:
    recorder = Recorder(refuse_after=1)
    counted = sink(recorder, "nats_server_jetstream_api_errors_total")
    counted.push(errors(100), AT)
    counted.push(errors(101), AT + 60)
    assert counted.push(errors(110), AT + 120).failure is not None
    recorder.refuse_after = None
    counted.push(errors(4), AT + 180)  # 9 before it began again, 4 since
    assert sent(recorder) == [13.0]
    counted.push(errors(6), AT + 240)
    assert sent(recorder) == [2.0]


def test_what_a_push_that_failed_did_not_publish_the_next_one_does() -> None:
    recorder = Recorder(refuse_after=0)
    counted = sink(recorder, "nats_server_jetstream_api_errors_total")
    counted.push(errors(5), AT)
    for total in (6, 8):
        assert counted.push(errors(total), AT).failure is not None
    recorder.refuse_after = None
    counted.push(errors(9), AT)
    assert sent(recorder) == [4.0]


def test_of_a_push_that_fails_halfway_only_the_rest_is_published_again() -> None:
    recorder = Recorder(refuse_after=1)
    counted = sink(recorder, "nats_server_jetstream_api_errors_total")
    rows = Rows(("main", f"s{n:04}") for n in range(1500))

    def push(total: int) -> Pushed:
        return counted.push([Family(nats.SERVER_API_ERRORS, rows, [total] * 1500)], AT)

    push(0)
    assert push(2).accepted == 1000
    recorder.refuse_after = None
    assert push(3) == Pushed(1500)
    first, rest = (data for _, data in recorder.sent[1:])
    assert {each["Value"] for each in first} == {1.0}
    assert {each["Value"] for each in rest} == {3.0}


def test_a_series_that_has_been_gone_for_an_hour_is_forgotten() -> None:
    recorder = Recorder()
    counted = sink(recorder, "nats_server_jetstream_api_errors_total")
    counted.push(errors(5), AT)
    counted.push([], AT + 3500)
    assert counted.push(errors(6), AT + 3600) == Pushed(1)
    counted.push([], AT + 9000)
    assert counted.push(errors(9), AT + 9060) == Pushed(0)


def test_a_refusal_is_passed_on() -> None:
    family = lag(*(("$G", f"c{n}", n) for n in range(1001)))
    outcome = sink(Recorder(refuse_after=1)).push([family], AT)
    assert (outcome.accepted, outcome.rejected) == (1000, 0)
    assert outcome.failure is not None
    assert (outcome.failure.reason, str(outcome.failure)) == (
        "throttled",
        "PutMetricData: throttled",
    )


def test_all_requests_of_a_push_together_have_a_time_limit() -> None:
    recorder = Recorder()
    family = lag(*(("$G", f"c{n}", n) for n in range(2500)))
    looks = iter((0.0, 1.0, 9.0, 10.0))  # seconds at the start and before each request
    limited = CloudWatchSink(spec(), recorder, timeout=10, now=lambda: next(looks))
    outcome = limited.push([family], AT)
    assert (outcome.accepted, len(recorder.sent)) == (2000, 2)
    assert outcome.failure is not None
    assert (outcome.failure.reason, str(outcome.failure)) == (
        "timeout",
        "PutMetricData: the push took longer than 10 s",
    )


@given(st.text(max_size=600))
def test_any_name_becomes_a_dimension_that_aws_takes(name: str) -> None:
    value = dimension(name)
    assert value.isascii()
    assert value.isprintable()
    assert value.strip()
    assert not value.startswith(":")
    assert 1 <= len(value) <= 1024


@pytest.mark.parametrize("name", ["ORDERS", "oms-processor", "a b", "x:y", "$JS_1"])
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert dimension(name) == name
