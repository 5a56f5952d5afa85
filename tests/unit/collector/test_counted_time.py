"""Which time counts for an SLO: maintenance, its start, missing data, and its past."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs.collector.backfill import fetch, missing
from obs.collector.counted_time import counting_of
from obs.collector.objectives import Objectives
from obs.collector.slo_history import pasts
from obs.slis.kind import HistorySpan
from obs.slo.evaluate import Evaluation
from obs.snapshot.prometheus import PrometheusSnapshot
from obs.spec.slos import Slo
from obs.state import State, open_state
from tests.unit.collector.example_slos import KEEPS_UP, START, Consumers, numbers

MINUTE, HOUR, DAY = 60, 3600, 86_400
BEGIN = START // DAY * DAY + 7 * HOUR
POLL = 15 * MINUTE
MINUTES = {"prometheus_minutes": {"source": "metrics", "holds": "up"}}
EVENTS = {"prometheus": {"source": "metrics", "bad": "bad_total", "total": "all_total"}}

World = Mapping[int, tuple[float, float]]
"""(good, total) by minute; minutes without data are left out."""


@dataclass(frozen=True)
class Polled:
    snapshot: PrometheusSnapshot


class Server:
    """What a Prometheus source reads of a world."""

    def __init__(self, world: World, asked: Sequence[str], *, minutes: bool) -> None:
        self._world = world
        self._minutes = minutes
        self._asked = asked

    def polled(self, since: int, settled: int) -> Polled:
        values = self._values(since, settled, MINUTE)
        return Polled(PrometheusSnapshot(settled + 60, since, settled, values))

    def history(self, asked: Sequence[str], span: HistorySpan) -> Mapping[str, Mapping[int, float]]:
        by_place = self._values(span.start, span.end, span.step)
        return dict(zip(asked, by_place.values(), strict=True))

    def _values(self, start: int, end: int, step: int) -> dict[str, dict[int, float]]:
        first: dict[int, float] = {}
        second: dict[int, float] = {}
        for minute, (good, total) in self._world.items():
            if start <= minute < end:
                bucket = minute // step * step
                first[bucket] = first.get(bucket, 0.0) + (good if self._minutes else total - good)
                second[bucket] = second.get(bucket, 0.0) + total
        if self._minutes:
            second = {k: v for k, v in second.items() if v}
        return dict(zip((*self._asked, "known")[:2], (first, second), strict=True))


class Life:
    """An SLO that is polled, or reads its past."""

    def __init__(self, state: State, world: World, sli: dict[str, Any], **fields: Any) -> None:
        slo = Slo.model_validate(
            {"name": "x", "service": "y", "objective": 90, "sli": sli, **fields}
        )
        self.objectives = Objectives([slo], state, lambda: pytest.fail("damaged"), BEGIN)
        (self.objective,) = self.objectives.all
        asked = self.objective.measurement.asked
        self.server = Server(world, asked, minutes=sli is MINUTES)

    def live(self, start: int, end: int) -> "Life":
        for settled in range(start + POLL, end + 1, POLL):
            self._poll(settled)
        return self

    def read(self, end: int) -> "Life":
        self._poll(end)
        return self

    def _poll(self, settled: int) -> None:
        tracker = self.server.polled(settled - POLL, settled)
        self.objectives.update("metrics", tracker)
        if self.objective.missing_from is not None:
            past = fetch([self.objective], tracker.snapshot, self.server)
            self.objectives.take_history(list(past))

    @property
    def evaluation(self) -> Evaluation:
        assert self.objective.evaluation is not None
        return self.objective.evaluation


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = open_state(tmp_path, pytest.fail)
    yield state
    state.close()


def world(
    *gaps: tuple[int, int], length: int = 4 * HOUR, good: float = 1, total: float = 1
) -> World:
    """Every minute is the same; `gaps` are (from, to) in minutes without data."""
    without = {minute for first, end in gaps for minute in range(first, end)}
    return {
        BEGIN + each * MINUTE: (good, total)
        for each in range(length // MINUTE)
        if each not in without
    }


def clock(minutes: int) -> str:
    """A time of day in UTC, so many minutes after BEGIN."""
    seconds = (BEGIN + minutes * MINUTE) % DAY
    return f"{seconds // HOUR:02}:{seconds % HOUR // MINUTE:02}"


def bad_and_total(life: Life) -> tuple[float, float]:
    return life.evaluation.total - life.evaluation.good, life.evaluation.total


@pytest.mark.parametrize(
    ("sli", "missing", "bad", "total"),
    [
        (MINUTES, "ignore", 0, 210),
        (MINUTES, "bad", 30, 240),
        (MINUTES, "good", 0, 210),  # as many minutes as the window has; see the next test
        (EVENTS, "ignore", 0, 2100),
        (EVENTS, "bad", 300, 2400),  # as many as in the hour before
        (EVENTS, "good", 0, 2400),
    ],
)
def test_a_minute_without_data_counts_as_the_slo_says(
    state: State, sli: dict[str, Any], missing: str, bad: float, total: float
) -> None:
    events = 1 if sli is MINUTES else 10
    without = world((95, 125), good=events, total=events)
    life = Life(state, without, sli, missing=missing).live(BEGIN, BEGIN + 4 * HOUR)
    assert bad_and_total(life) == (bad, total)


@pytest.mark.parametrize("sli", [MINUTES, EVENTS])
@pytest.mark.parametrize("reading", [False, True])
def test_data_that_is_missing_now_burns_now(
    state: State, sli: dict[str, Any], reading: bool
) -> None:
    end = BEGIN + 4 * HOUR
    life = Life(state, world((180, 240), good=1, total=1), sli, missing="bad")
    life = life.read(end) if reading else life.live(BEGIN, end)
    assert bad_and_total(life) == (60, 240)
    hour = next(each for each in life.evaluation.windows if each.label == "1h")
    assert hour.error_ratio == 1.0


@pytest.mark.parametrize(("missing", "ratio"), [("ignore", 60 / 210), ("good", 60 / 240)])
def test_minutes_that_are_ignored_are_no_good_ones(
    state: State, missing: str, ratio: float
) -> None:
    bad = {BEGIN + minute * MINUTE: (0.0, 1.0) for minute in range(60)}
    days = {"window": "4h", "missing": missing}
    life = Life(state, {**world((95, 125)), **bad}, MINUTES, **days)
    life.live(BEGIN, BEGIN + 4 * HOUR)
    assert life.evaluation.windows[-1].error_ratio == pytest.approx(ratio)


def test_after_a_quiet_hour_missing_events_are_none(state: State) -> None:
    quiet = world((95, 125), good=0, total=0)
    life = Life(state, quiet, EVENTS, missing="bad").live(BEGIN, BEGIN + 4 * HOUR)
    assert bad_and_total(life) == (0, 0)


def test_a_value_that_comes_late_replaces_what_was_missing(state: State) -> None:
    life = Life(state, world((95, 125)), MINUTES, missing="bad").live(BEGIN, BEGIN + 4 * HOUR)
    whole = Server(world(), life.objective.measurement.asked, minutes=True)
    life.objectives.update("metrics", whole.polled(BEGIN, BEGIN + 4 * HOUR))
    assert bad_and_total(life) == (0, 240)
    assert life.objective.good_events.total == life.objective.events.total


def test_while_a_source_does_not_answer_nothing_is_decided(state: State) -> None:
    life = Life(state, world(length=2 * HOUR), MINUTES, missing="bad")
    life.live(BEGIN, BEGIN + 2 * HOUR)
    rejected = PrometheusSnapshot(BEGIN + 4 * HOUR + 60, BEGIN, BEGIN + 4 * HOUR, {})
    life.objectives.update("metrics", Polled(rejected))
    assert bad_and_total(life) == (0, 120)
    assert life.objective.watermark == BEGIN + 2 * HOUR


def test_while_the_collector_does_not_run_a_source_without_a_past_misses_nothing(
    tmp_path: Path,
) -> None:
    slo = KEEPS_UP.model_copy(update={"missing": "bad"})

    def run(*polls: int) -> tuple[float, float]:
        state = open_state(tmp_path, pytest.fail)
        began = START + polls[0]
        objectives = Objectives([slo], state, lambda: pytest.fail("damaged"), began)
        for second in polls:
            objectives.update("main", Consumers(START + second, numbers()))
        state.flush()
        state.close()
        evaluation = objectives.all[0].evaluation
        assert evaluation is not None
        return evaluation.total - evaluation.good, evaluation.total

    assert run(*range(0, 601, 30)) == (0, 10)
    assert run(*range(1800, 2401, 30)) == (0, 20)  # nobody asked for 20 minutes
    assert run(*range(2400, 2701, 30), *range(3600, 3901, 30))[0] == 14  # nobody knew for 15


@pytest.mark.parametrize("recurs", [True, False])
def test_maintenance_that_begins_in_the_middle_of_a_bucket_removes_exactly_its_minutes(
    state: State, recurs: bool
) -> None:
    day = "" if recurs else "2027-01-15T"
    window = {"from": f"{day}{clock(67)}", "until": f"{day}{clock(98)}"}
    life = Life(state, world(good=0, total=3), EVENTS, maintenance=[window])
    life.live(BEGIN, BEGIN + 4 * HOUR)
    assert bad_and_total(life) == (3 * (240 - 31), 3 * (240 - 31))
    assert life.objective.events.total == 3 * (240 - 31)
    ledger = life.objective.ledger
    for minute in (66, 67, 97, 98):
        end = BEGIN + (minute + 1) * MINUTE
        assert ledger.counts(MINUTE, end)[1] == (0 if 67 <= minute < 98 else 3)


def test_a_minute_that_maintenance_ends_in_does_not_count(state: State) -> None:
    window = {"from": "2027-01-15T08:00:30", "until": "2027-01-15T08:01:30"}
    life = Life(state, world(), MINUTES, maintenance=[window])
    assert [life.objective.counting.counts(BEGIN + HOUR + m * 60) for m in (-1, 0, 1, 2)] == [
        *(True, False, False, True)
    ]


def test_in_maintenance_no_data_is_missing(state: State) -> None:
    window = {"from": clock(90), "until": clock(130)}
    fields = {"maintenance": [window], "missing": "bad"}
    life = Life(state, world((95, 125)), MINUTES, **fields).live(BEGIN, BEGIN + 4 * HOUR)
    assert bad_and_total(life) == (0, 200)
    assert life.objective.evaluated().in_maintenance is False


def test_before_its_start_an_slo_spends_no_budget(state: State) -> None:
    bad = dict.fromkeys(world(), (0.0, 1.0))
    life = Life(state, bad, MINUTES, start="2027-01-15T09:00").live(BEGIN, BEGIN + 4 * HOUR)
    assert bad_and_total(life) == (120, 120)
    assert life.objective.since == BEGIN + 2 * HOUR
    (told,) = pasts(life.objectives.all)
    assert told.known_from == BEGIN + 2 * HOUR


def test_history_is_read_from_the_start_of_an_slo_on(state: State) -> None:
    life = Life(state, world(), MINUTES, start="2027-01-15T09:00")
    life.objectives.update("metrics", life.server.polled(BEGIN + 3 * HOUR, BEGIN + 4 * HOUR))
    spans = missing(life.objective, BEGIN + 3 * HOUR, BEGIN + 4 * HOUR)
    assert min(span.start for span in spans) == BEGIN + 2 * HOUR


@pytest.mark.parametrize(("window", "days"), [("400d", 400), ("1h", 0)])
def test_history_is_read_for_a_window_of_any_length(state: State, window: str, days: int) -> None:
    life = Life(state, world(length=6 * HOUR), MINUTES, window=window)
    now = BEGIN + 4 * HOUR + 50 * MINUTE
    life.objectives.update("metrics", life.server.polled(now - 2 * MINUTE, now))
    spans = missing(life.objective, now - 2 * MINUTE, now)
    assert 0 <= now - min(span.start for span in spans) - max(days * DAY, HOUR) < HOUR
    assert [span.step for span in spans] == ([60, 300, 900, 3600] if days else [60])
    assert not [each for each in spans if each.start % max(each.step, 900)]


def test_a_calendar_window_keeps_the_whole_period_and_a_month() -> None:
    month = Slo.model_validate(
        {**KEEPS_UP.model_dump(exclude={"sli", "window"}), "calendar": "year", "sli": EVENTS}
    )
    assert counting_of(month).kept_seconds == 397 * DAY


GAPS = st.lists(  # none at the end: an SLO that ignores it would not yet know of it
    st.tuples(st.integers(16, 2660), st.integers(1, 200)).map(lambda g: (g[0], g[0] + g[1])),
    max_size=3,
)
CLOCKS = st.integers(0, 24 * 60 - 1).map(lambda m: f"{m // 60:02}:{m % 60:02}")


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    GAPS,
    st.sampled_from(["ignore", "bad", "good"]),
    st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] != pair[1]),
    st.sampled_from(["Europe/Berlin", "Asia/Kolkata"]),
    st.sampled_from([{}, {"calendar": "month"}, {"calendar": "week"}]),
)
def test_a_past_that_is_read_equals_one_that_was_lived(
    tmp_path_factory: pytest.TempPathFactory,
    gaps: list[tuple[int, int]],
    policy: str,
    clocks: tuple[str, str],
    zone: str,
    window: dict[str, str],
) -> None:
    end = BEGIN + 2 * DAY
    of = {minute: (float(minute // 60 % 7 > 0), 1.0) for minute in world(*gaps, length=2 * DAY)}
    maintenance = [{"from": clocks[0], "until": clocks[1], "timezone": zone}]
    fields = {"missing": policy, "maintenance": maintenance, "timezone": zone, **window}
    found: list[Evaluation] = []
    for lived in (True, False):
        state = open_state(tmp_path_factory.mktemp("state"), pytest.fail)
        life = Life(state, of, MINUTES, **fields)
        found.append((life.live(BEGIN, end) if lived else life.read(end)).evaluation)
        state.close()
    by_living, by_reading = found
    assert by_reading.budget_remaining == by_living.budget_remaining
    assert (by_reading.good, by_reading.total) == (by_living.good, by_living.total)
    assert by_reading.windows == by_living.windows


@pytest.mark.parametrize("policy", ["ignore", "bad", "good"])
def test_events_that_are_read_equal_those_lived(
    tmp_path_factory: pytest.TempPathFactory, policy: str
) -> None:
    end = BEGIN + 2 * DAY
    of = world((300, 345), (2000, 2030), (2850, 2860), length=2 * DAY, good=8, total=10)
    window = [{"from": "03:07", "until": "04:52"}]
    found: list[Evaluation] = []
    for lived in (True, False):
        state = open_state(tmp_path_factory.mktemp("state"), pytest.fail)
        life = Life(state, of, EVENTS, missing=policy, maintenance=window)
        found.append((life.live(BEGIN, end) if lived else life.read(end)).evaluation)
        state.close()
    assert found[0].windows == found[1].windows
