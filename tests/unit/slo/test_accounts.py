"""What an objective reached in a period, and the incidents that cost its budget."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.slo.accounts import PeriodAccount, account
from obs.slo.history import STEP, History
from obs.slo.incidents import incidents, within
from obs.slo.ledger import Ledger
from obs.slo.periods import Period, periods
from obs.slo.windows import DAY, HOUR

BERLIN = ZoneInfo("Europe/Berlin")
NOVEMBER = int(datetime(2026, 10, 31, 23, tzinfo=UTC).timestamp())  # 00:00 in Berlin
OBJECTIVE = 0.99


def lived(start: int, counts: list[tuple[float, float]], *, minutes: bool = False) -> History:
    """(bad, total) of each step from `start` on."""
    bad, total = (tuple(each) for each in zip(*counts, strict=True))
    return History(
        start, bad, total, float(start), float(start + len(counts) * STEP), minutes=minutes
    )


def month_of(history: History, at: float) -> PeriodAccount:
    period = periods("month", at, BERLIN, 0)[0]
    return account(history, OBJECTIVE, period, at)


def test_the_budget_of_a_period_that_goes_on_is_that_of_the_events_it_will_have() -> None:
    steps = 3 * DAY // STEP
    history = lived(NOVEMBER, [(1.0, 100.0)] * steps)
    found = month_of(history, NOVEMBER + 3 * DAY)
    assert found.budget == pytest.approx(30 * DAY / STEP * 100 * 0.01)
    assert found.spent == pytest.approx(0.1)
    assert found.reached == pytest.approx(0.99)
    assert [day.spent for day in found.days[:4]] == pytest.approx([1 / 30, 1 / 30, 1 / 30, 0])
    assert [day.known for day in found.days[:4]] == [1, 1, 1, 0]


def test_the_budget_of_minutes_is_known_beforehand_and_missing_ones_are_counted() -> None:
    history = lived(NOVEMBER, [(3.0, 10.0)] * 96, minutes=True)
    found = month_of(history, NOVEMBER + DAY)
    assert found.budget == pytest.approx(30 * 1440 * 0.01)
    assert found.missing == 96 * 5
    assert found.reached == pytest.approx(1 - 96 * 3 / 1440)


def test_a_period_known_in_part_says_from_when_and_has_the_budget_of_that_part() -> None:
    history = lived(NOVEMBER - 2 * DAY, [(0.0, 100.0)] * (4 * DAY // STEP))
    at = NOVEMBER + 2 * DAY
    november, october, september = (
        account(history, OBJECTIVE, each, at) for each in periods("month", at, BERLIN, 2)
    )
    assert november.complete
    assert november.so_far
    assert not october.complete
    assert october.known_from == NOVEMBER - 2 * DAY
    assert october.budget == pytest.approx(2 * DAY / STEP)
    assert sum(day.known for day in october.days) == 2
    assert september.known_from is None
    assert september.spent is None
    assert not september.complete


def test_one_bad_event_where_the_whole_budget_is_less_tells_nothing() -> None:
    history = lived(NOVEMBER, [(1.0, 1.0)] + [(0.0, 0.0)] * 9000)
    found = month_of(history, NOVEMBER + 29 * DAY)
    assert found.spent is None
    assert found.days[0].spent is None
    assert found.bad == 1


def test_a_period_without_events_reached_nothing_and_spent_nothing() -> None:
    found = month_of(lived(NOVEMBER, [(0.0, 0.0)] * 96), NOVEMBER + DAY)
    assert (found.reached, found.spent, found.budget) == (None, None, None)


def test_an_incident_begins_and_ends_with_the_steps_that_spent_too_much() -> None:
    quiet, failing = (0.2, 100.0), (50.0, 100.0)
    history = lived(NOVEMBER, [quiet] * 20 + [failing] * 3 + [quiet] * 20)
    begin = NOVEMBER + 20 * STEP
    (found,) = incidents(history, OBJECTIVE)
    assert (found.start, found.end, found.bad) == (begin, begin + 3 * STEP, 150)
    assert found.worst_burn == pytest.approx(150.2 / 400 / 0.01)
    assert not found.ongoing


def test_an_incident_that_has_not_ended_says_so() -> None:
    history = lived(NOVEMBER, [(0.0, 100.0)] * 20 + [(50.0, 100.0)] * 2)
    (found,) = incidents(history, OBJECTIVE)
    assert found.ongoing


def test_failures_less_than_an_hour_apart_are_one_incident() -> None:
    failing, good = (50.0, 100.0), (0.0, 100.0)
    near = lived(NOVEMBER, [good] * 9 + [failing] + [good] * 3 + [failing] + [good] * 9)
    far = lived(NOVEMBER, [good] * 9 + [failing] + [good] * 4 + [failing] + [good] * 9)
    assert [each.bad for each in incidents(near, OBJECTIVE)] == [100]
    assert [each.bad for each in incidents(far, OBJECTIVE)] == [50, 50]


def test_a_single_bad_event_is_no_incident_but_a_bad_minute_is() -> None:
    counts = [(0.0, 15.0)] * 9 + [(1.0, 15.0)] + [(0.0, 15.0)] * 9
    assert incidents(lived(NOVEMBER, counts), OBJECTIVE) == ()
    assert len(incidents(lived(NOVEMBER, counts, minutes=True), OBJECTIVE)) == 1


def test_of_an_incident_over_midnight_each_period_has_its_part() -> None:
    start = NOVEMBER - 4 * HOUR
    history = lived(start, [(0.0, 100.0)] * 12 + [(10.0, 100.0)] * 8 + [(0.0, 100.0)] * 12)
    (whole,) = incidents(history, OBJECTIVE)
    before = within(whole, history, NOVEMBER - 30 * DAY, NOVEMBER)
    after = within(whole, history, NOVEMBER, NOVEMBER + 30 * DAY)
    assert before
    assert after
    assert (before.end, after.start, before.bad, after.bad) == (NOVEMBER, NOVEMBER, 40.0, 40.0)
    assert within(whole, history, NOVEMBER + DAY, NOVEMBER + 2 * DAY) is None


counts_of_steps = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 200)).map(
        lambda pair: (float(min(pair)), float(max(pair)))
    ),
    min_size=1,
    max_size=400,
)


@given(
    counts_of_steps,
    st.integers(-300, 3000),
    st.booleans(),
    st.sampled_from(["week", "month"]),
    st.sampled_from(["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"]),
)
def test_days_add_up_to_their_period_and_incidents_cost_no_more_than_it_spent(
    counts: list[tuple[float, float]], offset: int, minutes: bool, kind: str, zone: str
) -> None:
    start = NOVEMBER + offset * STEP
    if minutes:
        counts = [(min(bad, 15.0), min(total, 15.0)) for bad, total in counts]
    history = lived(start, counts, minutes=minutes)
    at = start + len(counts) * STEP
    made: tuple[Period, ...] = periods(kind, at, ZoneInfo(zone), 3)  # type: ignore[arg-type]
    found = incidents(history, OBJECTIVE)
    for one, following in pairwise(found):
        assert one.end < following.start
    for period in made:
        of = account(history, OBJECTIVE, period, at)
        assert sum(day.bad for day in of.days) == of.bad
        assert sum(day.total for day in of.days) == of.total
        parts = [
            part for each in found if (part := within(each, history, period.start, period.end))
        ]
        assert sum(part.bad for part in parts) <= of.bad
        if of.spent is not None:
            assert sum(day.spent or 0 for day in of.days) == pytest.approx(of.spent)
            assert of.budget is not None
            for part in parts:
                assert part.bad / of.budget <= of.spent
                assert part.worst_burn > 1
    assert sum(account(history, OBJECTIVE, each, at).total for each in made) <= sum(
        total for _, total in counts
    )


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_a_ledger_tells_its_past_as_it_was_set(minutes: list[tuple[int, int, int]]) -> None:
    ledger = Ledger(3 * DAY)
    last = NOVEMBER + 3001 * 60
    expected: dict[int, tuple[float, float]] = {}
    for minute, good, bad in sorted({each[0]: each for each in minutes}.values()):
        at = NOVEMBER + minute * 60
        ledger.set(at, good, good + bad)
        so_far = expected.get(at // STEP * STEP, (0.0, 0.0))
        expected[at // STEP * STEP] = so_far[0] + good, so_far[1] + good + bad
    ledger.set(last, 0, 0)
    start, good_, total = ledger.past()
    found = {
        start + place * STEP: counts
        for place, counts in enumerate(zip(good_, total, strict=True))
        if counts[1]
    }
    assert found == {at: counts for at, counts in expected.items() if counts[1]}
    assert start + len(total) * STEP > last
