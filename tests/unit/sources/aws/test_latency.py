"""How rarely latencies are queried from AWS, for which rules, and what the results become."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.metric_data import MetricSeries, batches, billed_metrics
from obs.errors import SourceError
from obs.snapshot.aws import Latency, Rule
from obs.sources.aws.latency import Latencies, latency_period

PAID, SENT = Rule("orders", "paid"), Rule("orders", "sent")
AT = 1_800_000_000 // 300 * 300
INVOKED = {(PAID, "Invocations"): {AT - 60: 3.0}}


class Aws:
    """Answers with the points it is given, by rule name and statistic, and records the queries."""

    def __init__(self, points: dict[tuple[str, str], dict[int, float]] | None = None) -> None:
        self.points = points or {}
        self.queries: list[list[MetricSeries]] = []
        self.ranges: list[tuple[int, ...]] = []
        self.fails = False

    def metric_data(
        self, series: Sequence[MetricSeries], start: int, end: int, period: int, *, every: float
    ) -> dict[MetricSeries, dict[int, float]]:
        self.queries.append([*series])
        self.ranges.append((start, end, period))
        assert every == period
        if self.fails:
            raise SourceError("throttled", "too many")
        return {one: self.points.get((one.dimensions[-1][1], one.statistic), {}) for one in series}

    @property
    def queried_rules(self) -> list[set[str]]:
        return [{one.dimensions[-1][1] for one in series} for series in self.queries]


def latencies(aws: Aws, period: int = 300) -> Latencies:
    client: Any = aws
    return Latencies(client, period)


@pytest.mark.parametrize(
    ("poll", "period"),
    [(1.0, 60), (10.0, 60), (30.0, 180), (60.0, 300), (240.0, 300), (300.0, 300), (310.0, 360)],
)
def test_a_latency_is_queried_every_five_polls_or_minutes(poll: float, period: int) -> None:
    assert latency_period(poll) == period


@given(st.floats(1, 86_400))
def test_a_period_is_whole_minutes_and_no_shorter_than_a_poll(poll: float) -> None:
    assert latency_period(poll) % 60 == 0
    assert latency_period(poll) >= poll
    assert latency_period(poll) < max(5 * poll, poll) + 60


def test_milliseconds_become_seconds_of_the_newest_period_that_has_both_statistics() -> None:
    points = {
        ("paid", "Average"): {AT - 600: 900.0, AT - 300: 350.0},
        ("paid", "Maximum"): {AT - 600: 9000.0, AT - 300: 1200.0},
    }
    assert latencies(Aws(points)).read([PAID], INVOKED, AT) == {PAID: Latency(0.35, 1.2)}
    del points["paid", "Average"][AT - 300]
    assert latencies(Aws(points)).read([PAID], INVOKED, AT) == {PAID: Latency(0.9, 9.0)}


def test_a_rule_that_delivered_nothing_has_no_latency() -> None:
    assert latencies(Aws()).read([PAID], INVOKED, AT) == {}


def test_only_rules_invoked_in_the_queried_periods_are_queried() -> None:
    rules = [Rule("orders", name) for name in ("first", "last", "before", "after", "zero", "idle")]
    minutes = {"first": AT - 600, "last": AT - 60, "before": AT - 660, "after": AT, "zero": AT - 60}
    points = {
        (Rule("orders", name), "Invocations"): {minute: 0.0 if name == "zero" else 1.0}
        for name, minute in minutes.items()
    }
    aws = Aws()
    latencies(aws).read(rules, points, AT)
    assert aws.ranges == [(AT - 600, AT, 300)]
    assert aws.queried_rules == [{"first", "last"}]


def test_it_is_queried_once_a_period_and_used_until_the_next() -> None:
    points = {("paid", "Average"): {AT - 300: 1.0}, ("paid", "Maximum"): {AT - 300: 1.0}}
    aws = Aws(points)
    reader = latencies(aws)
    seen = [reader.read([PAID, SENT], INVOKED, AT + passed) for passed in range(0, 300, 60)]
    assert seen == [{PAID: Latency(0.001, 0.001)}] * 5
    assert len(aws.queries) == 1
    assert reader.read([PAID, SENT], {(SENT, "Invocations"): {AT: 1.0}}, AT + 300) == {}
    assert aws.queried_rules == [{"paid"}, {"sent"}]


def test_a_failed_query_is_repeated_with_the_next_poll() -> None:
    aws = Aws({("paid", "Average"): {AT - 300: 1.0}, ("paid", "Maximum"): {AT - 300: 2.0}})
    reader = latencies(aws)
    aws.fails = True
    with pytest.raises(SourceError):
        reader.read([PAID], INVOKED, AT)
    aws.fails = False
    assert reader.read([PAID], INVOKED, AT + 60) == {PAID: Latency(0.001, 0.002)}


def test_an_old_latency_is_dropped_when_the_clock_is_set_back() -> None:
    aws = Aws()
    reader = latencies(aws)
    reader.read([PAID], INVOKED, AT)
    reader.read([PAID], INVOKED, AT - 3600)
    assert len(aws.queries) == 2


def test_both_statistics_of_a_thousand_rules_cost_as_one_metric_each() -> None:
    rules = [Rule("orders", f"r{number}") for number in range(1001)]
    aws = Aws()
    latencies(aws).read(rules, {(rule, "Invocations"): {AT - 60: 1.0} for rule in rules}, AT)
    requests = list(batches(aws.queries[0], 2))
    assert sum(map(billed_metrics, requests)) == 1001
