"""Counters are what happened since they began, however long nobody polled."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.catalogue import aws
from obs.clients.metric_data import MetricSeries
from obs.errors import SourceError
from obs.snapshot.aws import Rule
from obs.sources.aws.missed import Span, Uncounted, spans
from tests.unit.sources.aws.fake_account import (
    DAY,
    HOUR,
    MINUTE,
    START,
    FakeAccount,
    RunningSource,
)

PAID, SENT = Rule("orders", "paid"), Rule("orders", "sent")
FAILED = aws.FAILED_INVOCATIONS


class CloudWatch(FakeAccount):
    """An account with rules, of which some invocations fail."""

    def __init__(self) -> None:
        super().__init__()
        self.rules_there = {PAID}

    def happen(self, rule: Rule, count: float, at: float | None = None) -> None:
        self.add(rule.name, count, at)

    def event_buses(self) -> dict[str, str]:
        super().event_buses()
        return {"orders": "arn:aws:events:us-east-1:1:event-bus/orders"}

    def rules(self, bus: str) -> dict[str, bool]:
        return {rule.name: True for rule in self.rules_there}

    def targets(self, bus: str, rule: str) -> list[object]:
        return []

    def counts(self, series: MetricSeries) -> Mapping[int, float]:
        return super().counts(series) if series.metric == FAILED.twin.metric else {}


class Running(RunningSource):
    """A collector's source and its counters, which may be killed and started again."""

    def failed(self, rule: Rule = PAID) -> float | None:
        """The counter of failed invocations."""
        return self.shown.get((FAILED.name, rule.name))


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
    assert running.failed(SENT) == 50


def test_a_new_rule_shows_zero_once_before_what_it_already_has(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    cloud.rules_there.add(SENT)
    cloud.happen(SENT, 7)
    seen = []
    for _ in range(8):
        running.polls(1)
        if (failed := running.failed(SENT)) is not None:
            seen.append(failed)
    assert seen[:2] == [0, 7]


def test_what_a_rule_had_before_the_first_start_ever_is_not_counted(
    cloud: CloudWatch, running: Running
) -> None:
    cloud.happen(PAID, 9, cloud.now - 600)
    running.polls(3)
    assert running.failed() == 0


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
    assert running.failed(SENT) == 42


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
    assert running.failed(SENT) == 2


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
    running.poll()
    assert running.failed() == 5 + hours * 4
    running.polls(2)
    assert running.failed() == 5 + hours * 4


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
    running.polls(1)
    assert running.failed() == 80


def test_fifteen_days_cost_three_more_requests_than_a_minute(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(2)
    cloud.requests.clear()
    running.polls(1)
    plain = len(cloud.requests)
    cloud.now += 14 * DAY
    cloud.requests.clear()
    running.poll()
    assert len(cloud.requests) - plain <= 3 + 1  # a latency may be due as well
    cloud.requests.clear()
    running.polls(1)
    assert len(cloud.requests) == plain


def test_after_more_than_what_cloudwatch_keeps_by_minutes_only_the_first_hour_is_lost(
    cloud: CloudWatch, running: Running
) -> None:
    running.polls(1)
    begin = cloud.now
    cloud.now += 20 * DAY
    cloud.happen(PAID, 1, begin + 2 * MINUTE)
    cloud.happen(PAID, 10, begin + 2 * HOUR)
    cloud.happen(PAID, 100, begin + 19 * DAY)
    running.polls(1)
    assert running.failed() == 110


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
@settings(deadline=None, max_examples=60)
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
            assert running.failed(rule) == truth[rule]
        running.state.close()


def _poll(running: Running) -> None:
    before = dict(running.shown)
    try:
        running.poll()
    except SourceError:
        return
    for counter, value in before.items():
        assert running.shown[counter] >= value  # a counter never falls
