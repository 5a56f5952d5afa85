"""CloudWatch metrics that a spec names: exact counters, gauges by their meaning, few requests."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.clients.aws_cost import MONTH
from obs.errors import Reason, SourceError
from obs.sources.aws import metric_listing
from obs.sources.aws.metric_counters import shown_value
from tests.unit.sources.aws.fake_account import (
    DAY,
    HOUR,
    MINUTE,
    START,
    FakeAccount,
    RunningSource,
)

FUNCTIONS = {"FunctionName": "orders-*"}
ERRORS = {
    "namespace": "AWS/Lambda",
    "name": "Errors",
    "dimensions": FUNCTIONS,
    "statistic": "Sum",
}
NAME = "aws_lambda_errors_total"


class CloudWatch(FakeAccount):
    """An AWS account without rules whose metrics are known. It lists a series late."""

    def __init__(self) -> None:
        super().__init__()
        self.first: dict[tuple[str, ...], float] = {}
        self.lists = 0
        self.fault: Reason | None = None

    def happen(self, function: str, value: float, at: float | None = None) -> None:
        self.first.setdefault((function,), self.now)
        self.add(function, value, at)

    def listed_metrics(
        self, namespace: str, metric: str, dimensions: Mapping[str, str | None], every: float
    ) -> Iterator[list[dict[str, str]]]:
        self.lists += 1
        if self.fault or self.down:
            raise SourceError(self.fault or "connection", "no list")
        late = self.now - 10 * MINUTE
        names = [[*dimensions]] * len(self.first)
        yield [
            dict(zip(each, values, strict=True))
            for each, (values, first) in zip(names, self.first.items(), strict=True)
            if first <= late or first == START
        ]


class Running(RunningSource):
    """The source and its counters, which may be killed and started again."""

    def __init__(self, cloud: CloudWatch, folder: Path, *metrics: Mapping[str, object]) -> None:
        self.metrics = metrics or (ERRORS,)
        self.budget: float | None = None
        super().__init__(cloud, folder)

    def start(self, **spec: object) -> None:
        super().start(metrics=self.metrics, monthly_budget_dollars=self.budget, **spec)

    def errors(self, function: str = "orders-paid") -> float | None:
        return cast("float | None", self.shown.get((NAME, function)))


@pytest.fixture
def cloud() -> CloudWatch:
    cloud = CloudWatch()
    cloud.happen("orders-paid", 9, START - HOUR)
    return cloud


@pytest.fixture
def running(cloud: CloudWatch, tmp_path: Path) -> Running:
    return Running(cloud, tmp_path)


def test_a_counter_starts_at_zero_and_counts_from_the_first_start_on(
    cloud: CloudWatch, running: Running
) -> None:
    running.poll()
    assert running.errors() == 0
    cloud.happen("orders-paid", 3)
    cloud.happen("billing", 3)
    running.polls(20)
    assert running.shown == {(NAME, "orders-paid"): 3}


def test_a_series_that_is_listed_later_is_counted_from_its_first_event_and_shows_zero_before(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(3)
    cloud.happen("orders-sent", 5)
    seen = []
    for _ in range(40):
        running.polls(1)
        if (found := running.errors("orders-sent")) is not None:
            seen.append(found)
    assert seen[:2] == [0, 5]
    assert {*seen[1:]} == {5}


def test_series_that_the_spec_newly_names_are_counted_from_now_on(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    cloud.happen("orders-paid", 7)
    running.metrics = (ERRORS, {**ERRORS, "name": "Throttles"})
    running.polls(20)
    running.restart()
    running.polls(1)
    assert running.shown["aws_lambda_throttles_total", "orders-paid"] == 0
    assert running.errors() == 7


def test_a_source_of_named_metrics_alone_has_something_to_watch(
    cloud: CloudWatch, running: Running
) -> None:
    running.poll()
    assert running.counters.nothing() == ""
    cloud.first.clear()
    running.restart()
    running.poll()
    assert running.counters.nothing() == "rule"


def test_negative_values_are_shown_by_gauges_and_count_nothing(
    cloud: CloudWatch, tmp_path: Path
) -> None:
    running = Running(cloud, tmp_path, ERRORS, {**ERRORS, "statistic": "Minimum"})
    cloud.happen("orders-paid", -4, START - 3 * MINUTE)
    cloud.happen("orders-paid", -4)
    running.poll()
    assert running.shown["aws_lambda_errors_min", "orders-paid"] == -4
    assert running.errors() == 0


@pytest.mark.parametrize(
    ("meaning", "points", "shown"),
    [
        ("level", {}, None),
        ("level", {540: 1.0, 600: 9.0}, 1.0),  # the minute of 600 is not complete
        ("level", {480: 2.0}, 2.0),  # one period late
        ("level", {420: 2.0}, None),
        ("heartbeat", {}, 0.0),
        ("heartbeat", {480: 1.0, 600: 1.0}, 0.0),
        ("heartbeat", {540: 1.0}, 1.0),
    ],
)
def test_a_gauge_shows_the_newest_complete_value_by_what_a_gap_means(
    meaning: str, points: dict[int, float], shown: float | None
) -> None:
    assert shown_value(points, 600, 60, meaning) == shown


def test_series_are_listed_every_fifteen_minutes_and_once_for_several_statistics(
    cloud: CloudWatch, tmp_path: Path
) -> None:
    durations = [{**ERRORS, "name": "Duration", "statistic": each} for each in ("p50", "p99")]
    running = Running(cloud, tmp_path, ERRORS, *durations)
    running.poll()
    assert (cloud.lists, cloud.billed) == (2, 2)  # two percentiles are billed as one
    running.polls(14)
    assert cloud.lists == 2
    running.polls(2)
    assert cloud.lists == 4


def test_a_longer_period_is_read_once_a_period(cloud: CloudWatch, tmp_path: Path) -> None:
    running = Running(cloud, tmp_path, {**ERRORS, "period": "15m"})
    running.poll()
    cloud.happen("orders-paid", 3)
    running.polls(30)
    assert len([each for each in cloud.requests if each[2] == 900]) == 3
    assert running.errors() == 3


def test_what_is_asked_for_is_what_the_estimate_says(cloud: CloudWatch, tmp_path: Path) -> None:
    for number in range(300):
        cloud.happen(f"orders-{number}", 1, START)
    spec = [{**ERRORS, "statistic": each} for each in ("Sum", "Average")]
    running = Running(cloud, tmp_path, *spec, {**ERRORS, "period": "5m", "missing": "level"})
    running.metrics[2]["exported_as"] = "errors_five"  # type: ignore[index]
    running.restart()
    running.poll()
    cloud.billed = 0
    lists = cloud.lists
    running.polls(15)
    lines = {line.what: line.units for line in running.source.estimate().lines}
    month = 15 * MINUTE / MONTH
    # Each request of 500 queries has 250 functions with both statistics.
    assert cloud.billed == pytest.approx(lines["GetMetricData of named metrics"] * month)
    assert cloud.lists - lists == pytest.approx(lines["ListMetrics requests"] * month)


def test_a_source_whose_named_metrics_exceed_the_budget_is_not_polled(
    cloud: CloudWatch, running: Running
) -> None:
    running.budget = 0.10  # a metric a minute is $0.44 a month
    running.restart()
    with pytest.raises(SourceError, match=r"would cost about \$0.47 a month"):
        running.poll()
    assert cloud.billed == 0


def test_of_too_many_series_the_others_are_left_out_and_counted(
    cloud: CloudWatch, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_listing, "MOST_SERIES", 2)
    for name in ("orders-a", "orders-b", "orders-\x1b"):
        cloud.happen(name, 1, START)
    assert running.poll().left_out == {"cap": 1, "unreadable": 1}
    assert len(running.shown) == 2


def test_a_metric_that_may_not_be_listed_leaves_all_others_working(
    cloud: CloudWatch, tmp_path: Path
) -> None:
    named = {**ERRORS, "dimensions": {"FunctionName": "orders-paid"}, "name": "Throttles"}
    running = Running(cloud, tmp_path, ERRORS, named)
    cloud.fault = "auth"
    assert running.poll().left_out == {"denied": 1}
    assert running.shown == {("aws_lambda_throttles_total", "orders-paid"): 0}
    cloud.fault = None
    running.polls(16)
    assert running.errors() == 0


def test_series_known_so_far_stay_while_they_cannot_be_listed(
    cloud: CloudWatch, running: Running
) -> None:
    running.poll()
    cloud.fault = "throttled"
    cloud.happen("orders-paid", 2)
    running.polls(20)
    assert running.errors() == 2


def test_a_counter_that_was_forgotten_by_cloudwatch_leaves_the_state_in_the_end(
    cloud: CloudWatch, running: Running
) -> None:
    running.poll()
    cloud.happen("orders-paid", 2)
    running.polls(2)
    del cloud.first["orders-paid",]
    running.polls(1, DAY)
    assert running.errors() is None
    assert any(running.state.entries("cloudwatch_metric").values())
    running.polls(1, 17 * DAY)
    cloud.happen("orders-other", 1, START)
    running.polls(20)
    kept = running.state.entries("cloudwatch_metric")
    assert [key for key, value in kept.items() if value and "orders-paid" in key] == []


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 400)),  # minutes until the next poll
    st.tuples(st.just("happen"), st.integers(0, 170)),  # minutes ago: late points too
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("unreachable"), st.integers(1, 400)),
)


@given(st.sampled_from(("1m", "5m", "1h", "48m")), st.lists(STEPS, max_size=20))
@settings(deadline=None, max_examples=15)
def test_counters_are_the_truth_whatever_happens(period: str, steps: list[tuple[str, int]]) -> None:
    cloud = CloudWatch()
    cloud.happen("orders-paid", 1, START - 5 * DAY)
    with TemporaryDirectory() as folder:
        running = Running(cloud, Path(folder), {**ERRORS, "period": period})
        running.poll()
        truth, last_poll = 0, cloud.now
        for number, (what, amount) in enumerate(steps, start=1):
            if what == "happen":
                at = max(cloud.now - amount * MINUTE, last_poll - 55 * MINUTE, START)
                cloud.happen("orders-paid", number, at)
                truth += number
            elif what == "restart":
                running.restart()
            else:
                cloud.down = what == "unreachable"
                cloud.now += amount * MINUTE
                before = running.errors() or 0.0
                if cloud.down:
                    with pytest.raises(SourceError):
                        running.poll()
                else:
                    running.poll()
                    last_poll = cloud.now
                assert (running.errors() or 0.0) >= before
        cloud.down = False
        running.polls(2, HOUR)  # the longest period
        assert running.errors() == truth
        running.state.close()
