"""Counters of functions and topics over restarts, later deployments and damage."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from obs.catalogue import aws_functions
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.aws_services import Resource, ServiceData
from obs.sources.aws.missed import Uncounted
from obs.sources.aws.services.counters import ResourceCounters
from obs.state import State, open_state

START = 1_800_000_000 // 60 * 60
PAID, SENT = Resource("function", "paid"), Resource("function", "sent")
ERRORS = aws_functions.ERRORS.name
Points = Mapping[Resource, Mapping[int, float]]


def snapshot(at: float, points: Points, listed: float | None = None) -> AwsSnapshot:
    settled = int(at - 120) // 60 * 60
    errors = {(resource, ERRORS): values for resource, values in points.items()}
    services = ServiceData(tuple(points), errors)
    return AwsSnapshot(
        at, settled - 10_800, settled, (), (), {}, (), listed=listed, services=services
    )


def counters(state: State, selection: str = "all") -> ResourceCounters:
    return ResourceCounters("aws", state, lambda: pytest.fail("damaged"), selection)


def errors(
    counted: ResourceCounters, at: float, points: Points, listed: float | None = None
) -> object:
    families = counted.update(snapshot(at, points, listed))
    return next((list(each.values) for each in families if each.metric.name == ERRORS), None)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def test_nothing_watched_is_nothing_shown_and_nothing_kept(state: State) -> None:
    assert counters(state).update(snapshot(START, {})) == []
    state.flush()
    assert state.entries("aws_service_total") == {}
    assert state.entries("aws_service_poll") == {}


def test_known_resources_have_zeros_and_what_was_before_is_not_counted(state: State) -> None:
    counted = counters(state)
    assert errors(counted, START, {PAID: {START - 60: 9.0}, SENT: {}}) == [0, 0]
    assert errors(counted, START + 60, {PAID: {START - 60: 9.0, START: 2.0}, SENT: {}}) == [2, 0]


def test_late_and_corrected_points_add_their_difference_over_a_restart(
    state: State, tmp_path: Path
) -> None:
    counted = counters(state)
    errors(counted, START, {PAID: {START: 2.0}})
    assert errors(counted, START + 60, {PAID: {START: 3.0}}) == [3]
    assert errors(counted, START + 60, {PAID: {START: 1.0}}) == [3]  # two are owed
    counted.save()
    state.flush()
    state.close()
    again = counters(open_state(tmp_path, pytest.fail))
    assert errors(again, START + 120, {PAID: {START: 1.0, START + 60: 5.0}}) == [6]


def test_a_function_deployed_later_counts_from_the_listing_without_it(state: State) -> None:
    counted = counters(state)
    errors(counted, START, {PAID: {}}, START)
    points = {PAID: {}, SENT: {START - 60: 50.0, START + 60: 4.0}}
    # increase() needs the zero before it
    assert errors(counted, START + 300, points, START + 300) == [0, 0]
    assert errors(counted, START + 360, points, START + 300) == [0, 4]


def test_a_function_that_the_spec_newly_chooses_counts_from_now(
    state: State, tmp_path: Path
) -> None:
    errors(counters(state, "one"), START, {PAID: {}}, START)
    points = {PAID: {}, SENT: {START + 60: 4.0}}
    assert errors(counters(state, "both"), START + 300, points, START + 300) == [0, 0]
    assert errors(counters(state, "both"), START + 360, points, START + 300) == [0, 0]


def test_a_long_silence_is_read_from_where_counting_ended(state: State) -> None:
    counted, keys = counters(state), [(PAID, ERRORS)]
    assert counted.uncounted(keys, START) is None  # nothing was counted before the first poll
    errors(counted, START, {PAID: {}}, START)
    assert counted.uncounted(keys, START - 10_800) is None
    later = START + 8 * 3600
    assert counted.uncounted(keys, later) == Uncounted(START - 120 - 10_800, START + 60)


def test_damaged_entries_cost_their_own_counter_alone(state: State) -> None:
    errors(counters(state), START, {PAID: {START: 2.0}, SENT: {START: 3.0}})
    name = "\x1f".join(("aws", "function", "paid", ERRORS))
    state.put("aws_service_total", name, b"\xff")
    state.put("aws_service_poll", "aws", b"\xff")
    state.flush()
    damage: list[str] = []
    again = ResourceCounters("aws", state, lambda: damage.append("damage"), "all")
    assert len(damage) == 2
    assert errors(again, START + 60, {PAID: {START: 2.0}, SENT: {START: 3.0}}) == [0, 3]
