import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.clients.aws_cost import CUSTOM_METRIC_MONTH, MONTH, CostMeter, estimate


@given(
    polls=st.integers(1, 200),
    interval=st.floats(1, 600),
    cost=st.floats(1e-6, 1e-2),
    requests=st.integers(1, 5),
    asked=st.floats(0, 1),
)
def test_regular_polls_cost_their_rate_from_the_first_on(
    polls: int, interval: float, cost: float, requests: int, asked: float
) -> None:
    meter = CostMeter(interval)
    now = 1e9
    for poll in range(polls):
        now = 1e9 + poll * interval
        for request in range(requests):  # one after the other, within the poll
            meter.spend(cost, now + request * interval / 20)
    expected = cost * requests * MONTH / interval
    assert meter.per_month(now + asked * interval) == pytest.approx(expected, rel=1e-5)
    assert meter.total == pytest.approx(polls * requests * cost)


def test_the_rate_falls_when_spending_stops_and_ends_after_an_hour() -> None:
    meter = CostMeter(60)
    for poll in range(10):
        meter.spend(1.0, poll * 60.0)
    assert meter.per_month(600) == pytest.approx(MONTH / 60)
    assert meter.per_month(1200) == pytest.approx(10 * MONTH / 1200)
    assert meter.per_month(540 + 3601) == 0.0


def test_what_happens_once_is_in_the_total_but_not_in_the_rate() -> None:
    meter = CostMeter(60)
    meter.spend(5.0, 0.0, every=0)
    assert (meter.total, meter.per_month(0.0)) == (5.0, 0.0)


@given(polls=st.integers(1, 200), cost=st.floats(1e-6, 1e-2), seldom=st.floats(1e-6, 1e-2))
def test_what_comes_back_less_often_than_polls_counts_at_its_own_rate(
    polls: int, cost: float, seldom: float
) -> None:
    meter = CostMeter(60)
    for poll in range(polls):
        now = poll * 60.0
        meter.spend(cost, now)
        if poll % 5 == 0:
            meter.spend(seldom, now + 1, every=300)
    expected = (cost / 60 + seldom / 300) * MONTH
    assert meter.per_month(now + 1) == pytest.approx(expected, rel=1e-5)


def test_what_came_back_and_stays_away_leaves_the_rate() -> None:
    meter = CostMeter(60)
    meter.spend(1.0, 0.0, every=300)
    assert meter.per_month(300) == pytest.approx(MONTH / 300)
    assert meter.per_month(1500) == pytest.approx(MONTH / 1500)
    assert meter.per_month(3601) == 0.0


def test_a_custom_metric_costs_its_month_once_while_it_is_published() -> None:
    meter = CostMeter(60)
    for now in (0.0, 60.0):
        meter.publish("a", now)
    meter.publish("b", 60.0)
    assert meter.per_month(60.0) == pytest.approx(2 * CUSTOM_METRIC_MONTH)
    assert meter.per_month(3601.0) == pytest.approx(2 * CUSTOM_METRIC_MONTH)
    assert meter.per_month(3661.0) == 0.0


def test_no_clock_step_back_makes_the_rate_negative_or_endless() -> None:
    meter = CostMeter(60)
    meter.spend(1.0, 1000.0)
    meter.spend(1.0, 400.0)
    assert 0 < meter.per_month(400.0) <= 2 * MONTH / 60


def test_an_estimate_adds_up_metrics_queue_requests_and_publishing() -> None:
    # 100 rules × 7 + 2 ages, 43 800 polls a month at 60 s, a latency with every fifth.
    total = estimate(
        rules=100, queues=2, poll=60.0, latency_every=300.0, published=5, publish_every=60.0
    )
    by_name = {line.what: line for line in total.lines}
    assert by_name["GetMetricData metrics"].units == pytest.approx(722 * 43_800)
    assert by_name["GetMetricData metrics"].dollars == pytest.approx(316.236)
    assert by_name["SQS requests"].dollars == pytest.approx(0.035, abs=1e-3)
    assert by_name["PutMetricData requests"].dollars == pytest.approx(0.438)
    assert by_name["custom metrics"].dollars == pytest.approx(1.5)
    assert total.dollars == pytest.approx(316.236 + 0.03504 + 0.438 + 1.5)


def test_polling_a_fifth_as_often_costs_a_fifth() -> None:
    often, seldom = (
        estimate(rules=10, queues=1, poll=poll, latency_every=5 * poll).dollars
        for poll in (60.0, 300.0)
    )
    assert often == pytest.approx(5 * seldom)


def test_nothing_to_watch_costs_nothing() -> None:
    nothing = estimate(rules=0, queues=0, poll=60.0, latency_every=300.0)
    assert nothing.lines == ()
    assert nothing.dollars == 0.0
