"""Counters of work queues: exact over corrections, restarts and silences."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from obs.families.family import Family, RowCache
from obs.snapshot.aws import AwsSnapshot, Queue
from obs.snapshot.sqs import QueueRole, Sqs
from obs.sources.aws.missed import Uncounted
from obs.sources.aws.queue_counters import QueueCounters
from obs.sources.aws.tracker import AwsTracker
from obs.state import State, open_state

START = 1_800_000_000 // 60 * 60
HOUR = 3600
SENT = "NumberOfMessagesSent"
ALL = (SENT, "NumberOfMessagesReceived", "NumberOfMessagesDeleted")
WORK = Queue("orders", 3, 61.0, 2, 1, QueueRole.WORK)
DEAD = Queue("dlq", 1, 5.0)


def snapshot(
    at: float, sent: Mapping[int, float], missed: Mapping[int, float] | None = None
) -> AwsSnapshot:
    settled = int(at - 120) // 60 * 60
    points = {("orders", metric): dict(sent) if metric == SENT else {} for metric in ALL}
    sqs = Sqs(points=points, missed={("orders", SENT): dict(missed or {})})
    return AwsSnapshot(at, settled - 10_800, settled, (), (), {}, (DEAD, WORK), sqs=sqs)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def counters(state: State) -> QueueCounters:
    return QueueCounters("aws", state, lambda: pytest.fail("damaged"))


def sent(families: list[Family]) -> object:
    (family,) = (each for each in families if each.metric.name == "sqs_queue_sent_messages_total")
    assert family.rows.values == (("aws", "orders"),)
    return family.values[0]


def test_a_queue_has_its_zeros_before_anything_happened_and_no_past(state: State) -> None:
    queues = counters(state)
    assert sent(queues.update(snapshot(START + 5, {START - 60: 9.0}), RowCache())) == 0
    assert sent(queues.update(snapshot(START + 65, {START: 4.0}), RowCache())) == 4


def test_late_and_corrected_points_count_their_difference_over_a_restart(
    state: State, tmp_path: Path
) -> None:
    queues = counters(state)
    queues.update(snapshot(START, {START: 2.0}), RowCache())
    queues.update(snapshot(START + 60, {START: 3.0, START + 60: 1.0}), RowCache())
    queues.save()
    state.close()
    again = counters(open_state(tmp_path, pytest.fail))
    late = {START: 3.0, START + 60: 4.0}
    assert sent(again.update(snapshot(START + 120, late), RowCache())) == 7


def test_what_happened_while_nobody_polled_is_asked_for_and_counted(
    state: State, tmp_path: Path
) -> None:
    queues = counters(state)
    queues.update(snapshot(START, {START: 2.0}), RowCache())
    queues.save()
    state.close()
    again = counters(open_state(tmp_path, pytest.fail))
    later = START + 20 * HOUR
    assert again.uncounted([("orders", SENT)], START - HOUR - 120 - 60) is None
    assert again.uncounted([("others", SENT)], later) is None
    uncounted = again.uncounted([("orders", SENT)], later - 3 * HOUR)
    assert uncounted == Uncounted(START - 120 - 3 * HOUR, START + 60)
    missed = {START + HOUR: 5.0}
    assert sent(again.update(snapshot(later, {later: 1.0}, missed), RowCache())) == 8


def test_a_source_shows_role_depth_and_traffic_of_queues_by_role(state: State) -> None:
    rules = AwsTracker("aws", state, lambda: pytest.fail("damaged"))
    shown = {
        family.metric.name: dict(zip(family.rows.values, family.values, strict=True))
        for family in rules.update(snapshot(START, {}))
    }
    assert shown["sqs_queue_role_info"] == {
        ("aws", "dlq", "dead_letter"): 1,
        ("aws", "orders", "work"): 1,
    }
    assert shown["sqs_queue_in_flight_messages"] == {("aws", "dlq"): 0, ("aws", "orders"): 2}
    assert shown["sqs_queue_delayed_messages"] == {("aws", "dlq"): 0, ("aws", "orders"): 1}
    assert shown["sqs_queue_received_messages_total"] == {("aws", "orders"): 0}
    assert "sqs_queue_dead_letter_cause_messages" not in shown
    assert "sqs_queue_tags_info" not in shown
