from itertools import pairwise

import pytest

from obs.collector.backfill import missing
from obs.collector.objectives import Objectives, PastEvents
from obs.slis.nats_lag import is_within
from obs.spec.slos import NatsLagSli, Slo
from obs.state import open_state
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


@pytest.fixture
def opened(tmp_path):
    """Objectives on the state in tmp_path, as after a restart each time it is called."""
    states = []

    def open_objectives(*slos: Slo) -> Objectives:
        for state in states:
            state.close()
        state = open_state(tmp_path, pytest.fail)
        states[:] = [state]
        objectives = Objectives(slos, state, lambda: pytest.fail("damaged"), START)
        objectives.flush = state.flush  # type: ignore[attr-defined]
        return objectives

    return open_objectives


def test_only_settled_minutes_of_the_chosen_rules_count(opened) -> None:
    objectives = opened(DELIVERY)
    points = {
        (PAID, "Invocations"): {START: 90.0, START + 60: 10.0, START + 600: 5.0},
        (PAID, "FailedInvocations"): {START + 60: 1.0},
        (SENT, "Invocations"): {START: 1000.0},
    }
    objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    evaluation = objectives.all[0].evaluation
    assert (evaluation.good, evaluation.total) == (99, 100)
    assert evaluation.windows[0].burn_rate == pytest.approx(10)
    assert evaluation.watermark == START + 180


def test_another_source_s_snapshot_changes_nothing(opened) -> None:
    objectives = opened(DELIVERY)
    objectives.update("other", Rules(aws_snapshot(START + 300, {})))
    assert objectives.all[0].evaluation is None


def test_a_correction_replaces_what_was_counted(opened) -> None:
    objectives = opened(DELIVERY)
    for failed in (1.0, 3.0):
        points = {
            (PAID, "Invocations"): {START: 100.0},
            (PAID, "FailedInvocations"): {START: failed},
        }
        objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    assert objectives.all[0].evaluation.good == 97


def test_a_restart_neither_loses_nor_doubles(opened) -> None:
    points = {(PAID, "Invocations"): {START: 100.0}, (PAID, "FailedInvocations"): {START: 2.0}}
    objectives = opened(DELIVERY)
    objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    objectives.flush()
    events = objectives.all[0].events.total

    again = opened(DELIVERY)
    assert (again.all[0].evaluation.good, again.all[0].evaluation.total) == (98, 100)
    again.update("aws", Rules(aws_snapshot(START + 300, points)))
    assert (again.all[0].evaluation.good, again.all[0].evaluation.total) == (98, 100)
    assert again.all[0].events.total == events == 100


def test_an_sli_that_became_another_one_starts_anew(opened) -> None:
    objectives = opened(DELIVERY)
    points = {(PAID, "Invocations"): {START: 100.0}}
    objectives.update("aws", Rules(aws_snapshot(START + 300, points)))
    objectives.flush()
    other = Slo.model_validate(
        {
            **DELIVERY.model_dump(exclude={"sli", "window"}),
            "sli": {"eventbridge": {"source": "aws", "bus": "orders", "rules": ["sent"]}},
        }
    )
    assert opened(other).all[0].evaluation is None


def test_minutes_within_the_lag_target_are_good(opened) -> None:
    objectives = opened(KEEPS_UP)
    for second in range(0, 181, 15):
        lag = 31.0 if 60 <= second < 90 else 30.0
        objectives.update("main", Consumers(START + second, numbers(lag_seconds=lag)))
    evaluation = objectives.all[0].evaluation
    assert (evaluation.good, evaluation.total) == (2.5, 3)


def test_a_consumer_that_is_gone_is_no_event(opened) -> None:
    objectives = opened(KEEPS_UP)
    for second in (0, 60, 120):
        objectives.update("main", Consumers(START + second))
    assert objectives.all[0].evaluation is None


def test_deliveries_that_ended_as_dead_letters_are_bad(opened) -> None:
    objectives = opened(PROCESSED)
    for second, delivered, dead in ((0, 10, 0), (30, 60, 1), (60, 70, 1), (120, 110, 2)):
        found = numbers(delivered=delivered, dead_letters=dead)
        objectives.update("main", Consumers(START + second, found))
    evaluation = objectives.all[0].evaluation
    assert (evaluation.good, evaluation.total) == (59, 60)


def test_where_dead_letters_cannot_be_told_there_are_no_events(opened) -> None:
    objectives = opened(PROCESSED)
    for second in (0, 60, 120):
        found = numbers(delivered=10, dead_letters=None)
        objectives.update("main", Consumers(START + second, found))
    assert objectives.all[0].evaluation is None


@pytest.mark.parametrize(
    ("target", "lag", "good"),
    [
        ({"max_seconds": "30s"}, {"lag_seconds": 30.0, "lag_messages": 10**9}, True),
        ({"max_messages": 5}, {"lag_seconds": 1e9, "lag_messages": 5}, True),
        ({"max_seconds": "30s", "max_messages": 5}, {"lag_seconds": 1.0, "lag_messages": 6}, False),
    ],
)
def test_lag_is_within_when_it_is_within_every_target_given(target, lag, good) -> None:
    sli = NatsLagSli.model_validate({"source": "m", "stream": "S", "consumer": "c", **target})
    assert is_within(sli, numbers(**lag)) is good


def test_history_is_read_in_the_steps_in_which_the_ledger_keeps_it(opened) -> None:
    objectives = opened(DELIVERY)
    snapshot = aws_snapshot(START + 300, {})
    objectives.update("aws", Rules(snapshot))
    spans = missing(objectives.all[0], snapshot.since, snapshot.at)
    assert [span.step for span in spans] == [60, 300, 900]
    assert spans[0].end >= snapshot.since
    assert all(newer.start == older.end for newer, older in pairwise(spans))
    assert 0 <= snapshot.at - 30 * 86_400 - spans[-1].start < 900
    assert all(span.start % 900 == 0 == span.end % 900 for span in spans)


def test_after_a_long_downtime_only_the_gap_is_read(opened) -> None:
    objectives = opened(DELIVERY)
    first = aws_snapshot(START + 300, {(PAID, "Invocations"): {START: 100.0}})
    objectives.update("aws", Rules(first))
    objectives.take_history([PastEvents(objectives.all[0], ())])
    objectives.flush()

    again = opened(DELIVERY)
    later = aws_snapshot(START + 5 * 3600, {})
    again.update("aws", Rules(later))
    (span,) = missing(again.all[0], later.since, later.at)
    assert (span.step, span.start) == (60, START)
    assert span.end >= later.since


def test_within_the_polls_own_reach_nothing_is_missing(opened) -> None:
    objectives = opened(DELIVERY)
    objectives.update("aws", Rules(aws_snapshot(START + 300, {})))
    objectives.take_history([PastEvents(objectives.all[0], ())])
    later = aws_snapshot(START + 2 * 3600, {})
    objectives.update("aws", Rules(later))
    assert missing(objectives.all[0], later.since, later.at) == []
