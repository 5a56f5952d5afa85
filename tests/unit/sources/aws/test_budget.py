"""A monthly budget at run time: months, shares, stages, intervals, and what is kept."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.alerts.definitions import ALERTS
from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.sources.aws.budget import (
    FOR_NO_ALERT,
    LONGEST_INTERVAL,
    NEAR,
    Pace,
    Rates,
    Stage,
    month_of,
    pace,
    share_of_month,
)
from obs.sources.aws.spending import Spending
from obs.spec.aws import AwsSource
from obs.state import State, open_state

DAY = 86_400.0
TIMES = st.floats(0, 4e9, allow_nan=False)
DOLLARS = st.floats(0, 1e6, allow_nan=False)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
RATES = Rates(everything=25.0, needed=20.0)


def paced(
    spent: float,
    day: float,
    *,
    budget: float | None = 30.0,
    since: float = 0.0,
    poll: float = 60.0,
    before: Stage = Stage.WITHIN,
) -> Pace:
    """The pace in November 2026, which has thirty days; `day` and `since` count from its start."""
    return pace(
        budget,
        spent,
        since=NOVEMBER + since * DAY,
        at=NOVEMBER + day * DAY,
        poll=poll,
        rates=RATES,
        before=before,
    )


@given(TIMES)
def test_every_moment_is_in_its_month(at: float) -> None:
    start, end = month_of(at)
    assert start <= at < end
    assert 28 * DAY <= end - start <= 31 * DAY
    assert month_of(start) == month_of(end - 1) == (start, end)
    assert month_of(end)[0] == end


def test_months_are_those_of_utc_and_of_leap_years() -> None:
    february = datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC).timestamp()
    start, end = month_of(february)
    assert (end - start) / DAY == 29
    december = datetime(2026, 12, 31, 23, tzinfo=UTC).timestamp()
    assert month_of(december)[1] == datetime(2027, 1, 1, tzinfo=UTC).timestamp()


def test_the_first_month_has_the_budget_for_the_rest_of_it_and_for_a_day_at_least() -> None:
    month = month_of(NOVEMBER)
    assert share_of_month(NOVEMBER, month) == 1.0
    assert share_of_month(NOVEMBER + 15 * DAY, month) == pytest.approx(0.5)
    assert share_of_month(NOVEMBER + 29.99 * DAY, month) == pytest.approx(1 / 30)
    assert paced(0.0, 15, since=15).budget == pytest.approx(15.0)


def test_spending_as_estimated_changes_nothing_to_the_end_of_the_month() -> None:
    for day in range(30):
        assert paced(25.0 * day / 30, day).stage is Stage.WITHIN
        assert paced(25.0 * day / 30, day).projected == pytest.approx(25.0)


def test_near_the_budget_polls_are_as_rare_as_makes_the_rest_last() -> None:
    found = paced(25.0, 15)  # 12.50 more at the full pace, of which 5 are left
    assert found.stage is Stage.NEAR
    assert found.interval == pytest.approx(60 * 12.5 / 5)
    assert found.projected == pytest.approx(30.0)


def test_polls_are_never_so_rare_that_an_alert_s_window_misses_them() -> None:
    assert paced(29.9, 1).interval == LONGEST_INTERVAL
    assert paced(29.9, 1, poll=3600.0).interval == 3600.0


def test_over_the_budget_only_what_alerts_need_is_asked() -> None:
    found = paced(30.0, 29)
    assert found.stage is Stage.OVER
    assert found.interval == LONGEST_INTERVAL
    assert set(aws.RULE_METRICS) - set(found.counters) == set(FOR_NO_ALERT)
    assert "without matched events and latencies" in found.in_words(60.0)


def test_once_slowed_down_polls_speed_up_only_with_room_to_spare() -> None:
    fits = paced(24.5, 23.5)  # 5.42 more at the full pace: 29.92 of 30
    assert fits.stage is Stage.WITHIN
    assert paced(24.5, 23.5, before=Stage.NEAR).stage is Stage.NEAR
    assert paced(24.5, 26, before=Stage.NEAR).stage is Stage.WITHIN


@given(
    budget=st.none() | st.floats(0.001, 1e6),
    spent=DOLLARS,
    day=st.floats(0, 29.999),
    since=st.floats(0, 29.999),
    poll=st.floats(1, 86_400),
    before=st.sampled_from(Stage),
)
def test_whatever_was_spent_the_interval_is_within_bounds(
    budget: float | None, spent: float, day: float, since: float, poll: float, before: Stage
) -> None:
    found = paced(spent, day, budget=budget, since=min(day, since), poll=poll, before=before)
    assert poll <= found.interval <= max(poll, LONGEST_INTERVAL)
    assert found.projected >= spent
    if found.budget is None:
        assert (found.stage, found.interval) == (Stage.WITHIN, poll)
        return
    assert (found.stage is Stage.OVER) == (spent >= found.budget)
    if found.stage is Stage.NEAR:
        assert spent >= NEAR * found.budget
    assert bool(found.in_words(poll)) == (found.stage is not Stage.WITHIN)
    if found.stage is Stage.NEAR and found.interval < max(poll, LONGEST_INTERVAL):
        assert found.projected <= found.budget * (1 + 1e-9)


@given(spent=DOLLARS, more=DOLLARS, day=st.floats(0, 29.999))
def test_spending_more_never_makes_polls_more_frequent(
    spent: float, more: float, day: float
) -> None:
    assert paced(spent + more, day).interval >= paced(spent, day).interval


@given(overspends=st.floats(1.0, 4.0))
def test_a_month_in_which_polls_cost_more_than_estimated_ends_near_its_budget(
    overspends: float,
) -> None:
    """Requests cost up to four times the estimate: the budget then holds but for a little."""
    at, spent, before = 0.0, 0.0, Stage.WITHIN
    while at < 30:
        found = paced(spent, at, before=before)
        before = found.stage
        step = found.interval / DAY * 60
        share = RATES.needed if found.stage is Stage.OVER else RATES.everything
        spent += overspends * share * step / 30 * 60.0 / found.interval
        at += step
    unheld = 25.0 * overspends
    assert spent <= max(30.0, 0.2 * unheld + 30.0)


def read_by_alerts() -> set[Metric]:
    return {metric for alert in ALERTS for metric in alert.when.metrics()}


def test_what_is_left_out_over_the_budget_is_what_no_alert_reads() -> None:
    of_rules = {*aws.RULE_METRICS, *aws.LATENCY_METRICS}
    assert of_rules - read_by_alerts() == {*FOR_NO_ALERT, *aws.LATENCY_METRICS}


class Kept:
    """The spending of one source in a state file."""

    def __init__(self, folder: Path, budget: float = 30.0) -> None:
        self.folder = folder
        self.spec = AwsSource.model_validate(
            {"region": "us-east-1", "monthly_budget_dollars": budget}
        )
        self.state: State | None = None
        self.damaged = 0

    def start(self, day: float) -> Spending:
        if self.state is not None:
            self.state.close()
        self.state = open_state(self.folder, pytest.fail)
        return Spending("cloud", self.spec, self.state, self._damage, NOVEMBER + day * DAY)

    def _damage(self) -> None:
        self.damaged += 1

    def flush(self) -> None:
        assert self.state is not None
        self.state.flush()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def test_what_was_spent_survives_a_restart_and_ends_with_the_month(kept: Kept) -> None:
    spending = kept.start(0.0)
    spending.add(12.0)
    spending.keep()
    kept.flush()
    spending = kept.start(10.0)
    spending.add(0.5)
    assert spending.judge(NOVEMBER + 10 * DAY, RATES).spent == 12.5
    assert spending.judge(NOVEMBER + 31 * DAY, RATES).spent == 0.0
    assert spending.judge(NOVEMBER + 31 * DAY, RATES).budget == 30.0


def test_a_clock_that_is_set_back_forgets_nothing_and_one_that_was_far_ahead_does(
    kept: Kept,
) -> None:
    spending = kept.start(0.0)
    spending.add(12.0)
    assert spending.judge(NOVEMBER - 3600, RATES).spent == 12.0
    assert spending.judge(NOVEMBER - 2 * DAY, RATES).spent == 0.0


def test_rubbish_in_the_state_is_damage_and_counting_begins_anew(kept: Kept) -> None:
    kept.start(0.0)
    assert kept.state is not None
    kept.state.put("aws_spending", "cloud", b"\xc1")
    kept.flush()
    assert kept.start(0.0).spent == 0.0
    assert kept.damaged == 1


def test_a_change_of_stage_is_logged_once(kept: Kept, caplog: pytest.LogCaptureFixture) -> None:
    spending = kept.start(0.0)
    spending.add(25.0)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            spending.judge(NOVEMBER + 15 * DAY, RATES)
        spending.judge(NOVEMBER + 31 * DAY, RATES)
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "source cloud is near its budget: $25.00 of this month's $30.00 are spent; "
        "it polls every 2m30s instead of 1m",
        "source cloud: the rest of the month is within its budget again",
    ]
    assert spending.slower == 1.0
