"""Counters are what happened since they began, however long nobody polled."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.catalogue import aws
from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries, Points
from obs.errors import SourceError
from obs.families.family import Family
from obs.snapshot import Rule
from obs.sources.aws.eventbridge import EventBridge, retention
from obs.sources.aws.missed import Span, Uncounted, spans
from obs.sources.aws.rule_counters import RuleCounters
from obs.spec.aws import AwsSource
from obs.state import open_state

MINUTE, HOUR, DAY = 60, 3600, 86_400
START = 1_800_000_000 // HOUR * HOUR + 17 * MINUTE
PAID, SENT = Rule("orders", "paid"), Rule("orders", "sent")
FAILED = aws.FAILED_INVOCATIONS


class CloudWatch:
    """An AWS account whose truth is known. It answers as a client of it does."""

    def __init__(self) -> None:
        self.now = float(START)
        self.rules_there = {PAID}
        self.points: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)
        self.asked: list[tuple[int, int, int]] = []
        self.down = False

    def happen(self, rule: Rule, count: float, at: float | None = None) -> None:
        minute = int(self.now if at is None else at) // MINUTE * MINUTE
        of_rule = self.points[rule.name, FAILED.twin.metric]
        of_rule[minute] = of_rule.get(minute, 0.0) + count

    def event_buses(self) -> dict[str, str]:
        if self.down:
            raise SourceError("connection", "AWS is unreachable")
        return {"orders": "arn:aws:events:us-east-1:1:event-bus/orders"}

    def rules(self, bus: str) -> dict[str, bool]:
        return {rule.name: True for rule in self.rules_there}

    def targets(self, bus: str, rule: str) -> list[object]:
        return []

    def metric_data(
        self, series: Sequence[MetricSeries], start: int, end: int, period: int, **_: object
    ) -> dict[MetricSeries, Points]:
        if self.down:
            raise SourceError("connection", "AWS is unreachable")
        assert start % period == end % period == 0
        assert start >= self.now - retention(period)
        self.asked.append((start, end, period))
        return {each: self._sums(each, start, end, period) for each in series}

    def _sums(self, series: MetricSeries, start: int, end: int, period: int) -> Points:
        sums: Points = {}
        for minute, count in self.points[
            dict(series.dimensions)["RuleName"], series.metric
        ].items():
            bucket = minute // period * period
            if start <= bucket < end and minute <= self.now:
                sums[bucket] = sums.get(bucket, 0.0) + count
        return sums


class Running:
    """A collector's source and its counters, which may be killed and started again."""

    def __init__(self, cloud: CloudWatch, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        self.shown: dict[Rule, float] = {}
        self.start()

    def start(self, **spec: Any) -> None:
        self.state = open_state(self.folder, pytest.fail)
        given = AwsSource.model_validate({"region": "us-east-1", **spec})
        self.counters = RuleCounters("aws", self.state, pytest.fail, given.selection)
        client = cast("AwsClient", self.cloud)
        self.source = EventBridge(
            "aws", given, client, lambda: self.cloud.now, self.counters.uncounted
        )

    def restart(self, **spec: Any) -> None:
        self.state.close()
        self.start(**spec)

    def poll(self) -> float:
        """The counter of `PAID` after a poll."""
        families = self.counters.update(self.source.poll())
        self.state.flush()
        self.shown = _failed(families)
        return self.shown.get(PAID, -1.0)

    def polls(self, count: int, every: float = MINUTE) -> float:
        for _ in range(count):
            self.cloud.now += every
            self.poll()
        return self.shown[PAID]


def _failed(families: list[Family]) -> dict[Rule, float]:
    (family,) = (each for each in families if each.metric is FAILED)
    rows = zip(family.rows.values, family.values, strict=True)
    return {Rule(bus, rule): float(value or 0) for (_, bus, rule), value in rows}


@pytest.fixture
def cloud() -> CloudWatch:
    return CloudWatch()


@pytest.fixture
def running(cloud: CloudWatch, tmp_path: Path) -> Running:
    return Running(cloud, tmp_path)


def test_failures_of_a_new_rule_count_from_before_it_was_first_listed(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(3)
    cloud.rules_there.add(SENT)
    for _ in range(5):
        cloud.happen(SENT, 10)
        running.polls(1)
    running.polls(3)
    assert running.shown[SENT] == 50


def test_a_new_rule_shows_zero_once_before_what_it_already_has(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    cloud.rules_there.add(SENT)
    cloud.happen(SENT, 7)
    seen = []
    for _ in range(8):
        running.polls(1)
        if SENT in running.shown:
            seen.append(running.shown[SENT])
    assert seen[:2] == [0, 7]


def test_what_a_rule_had_before_the_first_start_ever_is_not_counted(
    cloud: CloudWatch, running: Running
) -> None:
    cloud.happen(PAID, 9, cloud.now - 600)
    assert running.polls(3) == 0


def test_a_rule_created_while_no_collector_ran_is_counted_from_its_creation(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    cloud.rules_there.add(SENT)
    cloud.now += 5 * HOUR
    cloud.happen(SENT, 40, cloud.now - 4 * HOUR)
    cloud.happen(SENT, 2)
    running.restart()
    running.polls(2)
    assert running.shown[SENT] == 42


def test_a_rule_that_the_spec_newly_selects_is_counted_from_now_on(
    cloud: CloudWatch, running: Running
) -> None:
    running.restart(buses=[{"name": "orders", "rules": ["paid"]}])
    cloud.rules_there.add(SENT)
    running.polls(1)
    cloud.now += HOUR
    cloud.happen(SENT, 40, cloud.now - 600)
    running.restart()
    running.polls(1)
    cloud.happen(SENT, 2)
    running.polls(1)
    assert running.shown[SENT] == 2


@pytest.mark.parametrize("hours", [2, 3, 4, 5, 30, 10 * 24])
@pytest.mark.parametrize("restarts", [False, True])
def test_after_a_long_time_without_a_poll_nothing_is_missing(
    cloud: CloudWatch, running: Running, hours: int, restarts: bool
) -> None:
    running.poll()
    cloud.happen(PAID, 3)
    running.polls(2)
    cloud.happen(PAID, 2)  # in the minute of the last poll, and after it
    for _ in range(hours * 4):
        cloud.now += 15 * MINUTE
        cloud.happen(PAID, 1)
    if restarts:
        running.restart()
    assert running.poll() == 5 + hours * 4
    assert running.polls(2) == 5 + hours * 4


def test_the_first_poll_that_succeeds_reads_what_those_that_failed_did_not(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    cloud.down = True
    for _ in range(20):
        cloud.now += 15 * MINUTE
        cloud.happen(PAID, 4)
        with pytest.raises(SourceError):
            running.source.poll()
    cloud.down = False
    assert running.polls(1) == 80


def test_fifteen_days_cost_three_more_requests_than_a_minute(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(2)
    cloud.asked.clear()
    running.polls(1)
    plain = len(cloud.asked)
    cloud.now += 14 * DAY
    cloud.asked.clear()
    running.poll()
    assert len(cloud.asked) - plain <= 3 + 1  # a latency may be due as well
    cloud.asked.clear()
    running.polls(1)
    assert len(cloud.asked) == plain


def test_after_more_than_what_cloudwatch_keeps_by_minutes_only_the_first_hour_is_lost(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    begin = cloud.now
    cloud.now += 20 * DAY
    cloud.happen(PAID, 1, begin + 2 * MINUTE)
    cloud.happen(PAID, 10, begin + 2 * HOUR)
    cloud.happen(PAID, 100, begin + 19 * DAY)
    assert running.polls(1) == 110


def test_spans_are_minutes_where_a_point_may_be_known_and_hours_between() -> None:
    day = 1_800_000_000 // DAY * DAY
    uncounted = Uncounted(day + 10 * MINUTE, day + 3 * HOUR + MINUTE)
    assert spans(uncounted, day + 9 * HOUR + 30 * MINUTE) == [
        Span(day + 10 * MINUTE, day + 4 * HOUR, MINUTE),
        Span(day + 4 * HOUR, day + 9 * HOUR, HOUR),
        Span(day + 9 * HOUR, day + 9 * HOUR + 30 * MINUTE, MINUTE),
    ]
    assert spans(uncounted, day + 4 * HOUR + MINUTE) == [
        Span(day + 10 * MINUTE, day + 4 * HOUR + MINUTE, MINUTE)
    ]


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 400)),  # minutes until the next poll
    st.tuples(st.just("happen"), st.integers(0, 170)),  # minutes ago: late points too
    st.tuples(st.just("restart"), st.just(0)),
    st.tuples(st.just("deploy"), st.just(0)),
    st.tuples(st.just("unreachable"), st.integers(1, 400)),
)


@given(st.lists(STEPS, max_size=30))
@settings(deadline=None, max_examples=150)
def test_counters_are_the_truth_whatever_happens(steps: list[tuple[str, int]]) -> None:
    cloud = CloudWatch()
    with TemporaryDirectory() as folder:
        running = Running(cloud, Path(folder))
        running.poll()
        truth = dict.fromkeys((PAID, SENT), 0.0)
        last_poll, deployed = cloud.now, 0.0
        for number, (what, amount) in enumerate(steps, start=1):
            if what == "happen":
                # A point may come late, but not more than an hour before the last poll.
                at = max(cloud.now - amount * MINUTE, last_poll - 55 * MINUTE, START)
                for rule in cloud.rules_there:
                    if rule == PAID or at >= deployed:
                        cloud.happen(rule, number, at)
                        truth[rule] += number
            elif what == "deploy" and SENT not in cloud.rules_there:
                cloud.rules_there.add(SENT)
                deployed = cloud.now
            elif what == "restart":
                running.restart()
            elif what in ("wait", "unreachable"):
                cloud.down = what == "unreachable"
                cloud.now += amount * MINUTE
                _poll(running)
                last_poll = last_poll if cloud.down else cloud.now
        cloud.down = False
        running.polls(8)  # the rules are listed every five minutes
        for rule in cloud.rules_there:
            assert running.shown[rule] == truth[rule]
        running.state.close()


def _poll(running: Running, attempt: Callable[[Running], float] = Running.poll) -> None:
    before = dict(running.shown)
    try:
        attempt(running)
    except SourceError:
        return
    for rule, value in before.items():
        assert running.shown[rule] >= value  # a counter never falls
