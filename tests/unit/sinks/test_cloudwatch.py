import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue import nats
from obs.errors import SourceError
from obs.families.family import Family, Rows, Value
from obs.sinks.cloudwatch import CloudWatchSink, batches, datum, dimension, highest_values
from obs.sinks.pushed import Pushed
from obs.spec.outputs import CloudWatch

AT = 1_790_000_000.5
LAG = nats.LAG_MESSAGES.cloudwatch


class Recorder:
    """Takes what would be sent; refuses from the `refuse_after`th request on."""

    def __init__(self, refuse_after: int | None = None) -> None:
        self.sent: list[tuple[str, list[Any]]] = []
        self._refuse_after = refuse_after

    def put_metric_data(self, namespace: str, data: Sequence[Any]) -> None:
        if self._refuse_after is not None and len(self.sent) >= self._refuse_after:
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


def test_the_higher_of_two_accounts_stands_for_both() -> None:
    values = highest_values([lag(("A", "worker", 3), ("B", "worker", 7)), lag(("C", "worker", 5))])
    assert list(values.values()) == [7.0]


def test_what_cloudwatch_cannot_hold_is_left_out() -> None:
    values = (None, math.inf, -math.inf, math.nan, 2.0**361, 0)
    family = lag(*(("$G", f"c{n}", value) for n, value in enumerate(values)))
    assert list(highest_values([family]).values()) == [0.0]


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
    assert LAG is not None
    data = [datum((LAG, (("Stream", "é" * 256), ("Consumer", str(n)))), 1, AT) for n in range(1000)]
    sizes = [len(batch) for batch in batches(data)]
    assert len(sizes) > 1
    assert sum(sizes) == 1000


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
