from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from obs.collector.backfill import missing
from obs.collector.objective import PastEvents
from obs.collector.objectives import Objectives
from obs.collector.slo_history import pasts, saved
from obs.slis.consumers import ConsumerNumbers
from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.slis.nats_lag import is_within
from obs.slo.evaluate import Evaluation
from obs.spec.slis import NatsLagSli
from obs.spec.slos import Slo
from obs.state import State, open_state
from obs.state_copy import copied_state
from tests.unit.collector.example_slos import (
    DELIVERY,
    KEEPS_UP,
    PAID,
    PROCESSED,
    SENT,
    START,
    Consumers,
    Rules,
    aws_snapshot,
    numbers,
)


class StateFile:
    """A state file; each call opens objectives on it, as after a restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state: State | None = None

    def __call__(self, *slos: Slo) -> Objectives:
        if self._state is not None:
            self._state.close()
        self._state = open_state(self._folder, pytest.fail)
        return Objectives(slos, self._state, lambda: pytest.fail("damaged"), START)

    def flush(self) -> None:
        assert self._state is not None
        self._state.flush()


@pytest.fixture
def opened(tmp_path: Path) -> StateFile:
    return StateFile(tmp_path)


def evaluation_of(objectives: Objectives) -> Evaluation:
    """The evaluation of the first SLO, which has one."""
    evaluation = objectives.all[0].evaluation
    assert evaluation is not None
    return evaluation


def good_and_total(objectives: Objectives) -> tuple[float, float]:
    evaluation = evaluation_of(objectives)
    return evaluation.good, evaluation.total


def test_only_settled_minutes_of_the_chosen_rules_count(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    points = {
        (PAID, "Invocations"): {START: 90.0, START + 60: 10.0, START + 600: 5.0},
        (PAID, "FailedInvocations"): {START + 60: 1.0},
        (SENT, "Invocations"): {START: 1000.0},
    }
    objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    evaluation = evaluation_of(objectives)
    assert (evaluation.good, evaluation.total) == (99, 100)
    assert evaluation.windows[0].burn_rate == pytest.approx(10)
    assert evaluation.watermark == START + 180


def test_another_sources_snapshot_changes_nothing(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    objectives.update("other", Rules(aws_snapshot(START + 300, {})))
    assert objectives.all[0].evaluation is None


def test_a_correction_replaces_what_was_counted(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    for failed in (1.0, 3.0):
        points = {
            (PAID, "Invocations"): {START: 100.0},
            (PAID, "FailedInvocations"): {START: failed},
        }
        objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    assert evaluation_of(objectives).good == 97


def test_a_restart_neither_loses_nor_doubles(opened: StateFile) -> None:
    points = {(PAID, "Invocations"): {START: 100.0}, (PAID, "FailedInvocations"): {START: 2.0}}
    objectives = opened(DELIVERY)
    objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    opened.flush()
    events = objectives.all[0].events.total

    again = opened(DELIVERY)
    assert good_and_total(again) == (98, 100)
    again.update("aws", Rules(aws_snapshot(START + 300, points)))
    assert good_and_total(again) == (98, 100)
    assert again.all[0].events.total == events == 100


def test_an_sli_that_became_another_one_starts_anew(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    points = {(PAID, "Invocations"): {START: 100.0}}
    objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    opened.flush()
    other = Slo.model_validate(
        {
            **DELIVERY.model_dump(exclude={"sli", "window"}),
            "sli": {"eventbridge": {"source": "aws", "bus": "orders", "rules": ["sent"]}},
        }
    )
    assert opened(other).all[0].evaluation is None


def test_minutes_within_the_lag_target_are_good(opened: StateFile) -> None:
    objectives = opened(KEEPS_UP)
    for second in range(0, 181, 15):
        lag = 31.0 if 60 <= second < 90 else 30.0
        objectives.update("main", Consumers(START + second, numbers(lag_seconds=lag)))
    assert good_and_total(objectives) == (2.5, 3)


def test_a_consumer_that_is_gone_is_no_event(opened: StateFile) -> None:
    objectives = opened(KEEPS_UP)
    for second in (0, 60, 120):
        objectives.update("main", Consumers(START + second))
    assert objectives.all[0].evaluation is None


def test_messages_that_ended_as_dead_letters_are_bad(opened: StateFile) -> None:
    objectives, dead = opened(PROCESSED), DeadLetterCounts()
    for second, done in ((0, 10), (30, 60), (60, 70), (120, 110)):
        objectives.update("main", Consumers(START + second, numbers(done=done, dead=dead)))
        if second < 60:
            dead.add(START + second + 1, 3)
    assert good_and_total(objectives) == (58, 60)


def test_where_dead_letters_are_unknown_there_are_no_events(opened: StateFile) -> None:
    objectives = opened(PROCESSED)
    for second in (0, 60, 120):
        objectives.update("main", Consumers(START + second, numbers(done=second, heard=())))
    assert objectives.all[0].evaluation is None


def test_consumers_of_several_accounts_add_up_minute_by_minute(opened: StateFile) -> None:
    objectives, dead = opened(PROCESSED), DeadLetterCounts()
    for second in (0, 30, 60, 90, 120, 150, 180):
        known = (HeardSpan(START - 60, START + (60 if second < 180 else 300)),)
        objectives.update(
            "main",
            Consumers(
                START + second,
                numbers(done=second),
                numbers(account="B", done=10 * second, dead=dead, heard=known),
            ),
        )
        dead.add(START + second, 3)
    # B's second and third minute become known together, after A's were counted.
    assert good_and_total(objectives) == (150 + 1500 - 6, 150 + 1500)
    assert objectives.all[0].events.total == 1650


def test_a_restart_does_not_overwrite_what_another_consumer_had_in_a_minute(
    opened: StateFile,
) -> None:
    behind = (HeardSpan(START - 60, START),)
    for second in (0, 30, 60, 90):
        if second in (0, 60):
            objectives = opened(PROCESSED)
        objectives.update(
            "main",
            Consumers(
                START + second,
                numbers(done=second),
                numbers(account="B", done=second, heard=behind),
            ),
        )
        opened.flush()
    for second in (120, 180):
        objectives.update(
            "main",
            Consumers(START + second, numbers(done=second), numbers(account="B", done=second)),
        )
    assert objectives.all[0].events.total == 2 * 120
    assert good_and_total(objectives) == (240, 240)


@pytest.mark.parametrize(
    ("target", "found", "good"),
    [
        ({"max_seconds": "30s"}, numbers(lag_seconds=30.0, lag_messages=10**9), True),
        ({"max_messages": 5}, numbers(lag_seconds=1e9, lag_messages=5), True),
        (
            {"max_seconds": "30s", "max_messages": 5},
            numbers(lag_seconds=1.0, lag_messages=6),
            False,
        ),
    ],
)
def test_lag_is_within_when_it_is_within_every_target_given(
    target: dict[str, object], found: ConsumerNumbers, good: bool
) -> None:
    sli = NatsLagSli.model_validate({"source": "m", "stream": "S", "consumer": "c", **target})
    assert is_within(sli, found) is good


def test_a_poll_with_an_unknown_lag_is_neither_good_nor_bad(opened: StateFile) -> None:
    objectives = opened(KEEPS_UP)
    for second in range(0, 121, 15):
        found = [numbers(), numbers(account="B", lag_seconds=None)]
        if second in (15, 75):
            found = [numbers(lag_seconds=31.0), *found[1:]]
        objectives.update("main", Consumers(START + second, *found))
    objectives.update("main", Consumers(START + 180, numbers()))
    assert good_and_total(objectives) == (0, 2), "out of the target is out, whatever the other is"


def test_history_is_read_in_the_steps_of_the_ledger(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    snapshot = aws_snapshot(START + 300, {})
    objectives.update("aws", Rules(snapshot))
    spans = missing(objectives.all[0], snapshot.since, snapshot.at)
    assert [span.step for span in spans] == [60, 300, 900]
    assert spans[0].end >= snapshot.since
    assert [pair for pair in pairwise(spans) if pair[0].start != pair[1].end] == []
    assert 0 <= snapshot.at - 30 * 86_400 - spans[-1].start < 900
    assert [span for span in spans if span.start % 900 or span.end % 900] == []


def test_after_a_long_downtime_only_the_gap_is_read(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    first = aws_snapshot(START + 300, {(PAID, "Invocations"): {START: 100.0}})
    objectives.update("aws", Rules(first))
    objectives.take_history([PastEvents(objectives.all[0], ())])
    opened.flush()

    again = opened(DELIVERY)
    later = aws_snapshot(START + 5 * 3600, {})
    again.update("aws", Rules(later))
    (span,) = missing(again.all[0], later.since, later.at)
    assert (span.step, span.start) == (60, START)
    assert span.end >= later.since


def test_within_the_polls_own_reach_nothing_is_missing(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    objectives.update("aws", Rules(aws_snapshot(START + 300, {})))
    objectives.take_history([PastEvents(objectives.all[0], ())])
    later = aws_snapshot(START + 2 * 3600, {})
    objectives.update("aws", Rules(later))
    assert missing(objectives.all[0], later.since, later.at) == []


def test_a_rule_that_was_never_invoked_has_data_up_to_the_last_settled_minute(
    opened: StateFile,
) -> None:
    objectives = opened(DELIVERY)
    objectives.update("aws", Rules(aws_snapshot(START + 300, {})))
    (objective,) = objectives.all
    assert objective.evaluated().evaluation is None
    assert objective.evaluated().watermark == START + 180


def test_events_that_no_poll_saw_count_in_the_counters_once(opened: StateFile) -> None:
    objectives = opened(DELIVERY)
    objectives.update("aws", Rules(aws_snapshot(START, {})))
    hours = 8 * 3600
    missed = {(PAID, "Invocations"): {START: 40.0, START + 3600: 60.0}}
    missed[PAID, "FailedInvocations"] = {START + 3600: 5.0}
    points = {(PAID, "Invocations"): {START + hours - 600: 7.0}}
    snapshot = replace(aws_snapshot(START + hours, points), missed=missed)
    for _ in range(2):
        objectives.update("aws", Rules(snapshot))
        (objective,) = objectives.all
        assert (objective.events.total, objective.good_events.total) == (107, 102)
    assert good_and_total(objectives) == (7, 7)  # the ledger reads its past from history


def test_the_history_of_an_slo_is_the_same_from_its_state_file(
    opened: StateFile, tmp_path: Path
) -> None:
    objectives = opened(DELIVERY)
    (objective,) = objectives.all
    objective.ledger.set(START, 7, 10)
    objective.ledger.set(START + 1800, 5, 5)
    objective.since, objective.watermark = float(START), float(START + 1860)
    (told,) = pasts(objectives.all)
    assert (told.known_from, told.known_until) == (START, START + 1860)
    first = START // 900 * 900
    events = {told.start + place * told.step: each for place, each in enumerate(told.total) if each}
    assert events == {first: 10, (START + 1800) // 900 * 900: 5}
    assert told.bad == ((0, 3),)
    objectives.save()
    opened.flush()
    with copied_state(tmp_path) as state:
        assert saved([DELIVERY], state, START) == (told,)


def test_an_slo_without_data_has_no_history(opened: StateFile) -> None:
    (told,) = pasts(opened(DELIVERY).all)
    assert (told.known_from, told.known_until, told.total, told.bad) == (None, None, (), ())


def test_minutes_in_which_a_consumer_is_gone_are_bad_where_its_slo_says_so(
    opened: StateFile,
) -> None:
    objectives = opened(KEEPS_UP.model_copy(update={"missing": "bad"}))

    def poll(first: int, last: int, *there: ConsumerNumbers) -> None:
        for second in range(first, last, 15):
            objectives.update("main", Consumers(START + second, *there))

    poll(0, 180, numbers())
    poll(180, 421)
    assert good_and_total(objectives) == (3, 7)  # at once, and not only when it comes back
    poll(435, 541, numbers())
    assert good_and_total(objectives) == (5, 9)
    (objective,) = objectives.all
    assert (objective.events.total, objective.good_events.total) == (9, 5)
    poll(300, 350)  # the clock is set back
    assert (objective.events.total, objective.good_events.total) == (9, 5)
