from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from obs.families.family import Family
from obs.snapshot.aws import AwsSnapshot, Latency, Queue, Rule
from obs.sources.aws.tracker import AwsTracker
from obs.state import State, open_state

PAID = Rule("orders", "paid")
START = 1_800_000_000 // 60 * 60
POINTS = Mapping[str, Mapping[int, float]]


def snapshot(at: float, points: POINTS, rules: tuple[Rule, ...] = (PAID,)) -> AwsSnapshot:
    by_rule = {(PAID, metric): dict(values) for metric, values in points.items()}
    settled = int(at - 120) // 60 * 60
    queues = (Queue("dlq", 3, 61.0),)
    return AwsSnapshot(at, settled - 10_800, settled, rules, (), by_rule, queues)


def values(families: list[Family]) -> dict[str, list[object]]:
    return {family.metric.name: list(family.values) for family in families}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def counters(state: State) -> AwsTracker:
    return AwsTracker("aws", state, lambda: pytest.fail("damaged"))


def test_a_known_rule_has_its_zeros_before_anything_happened(state: State) -> None:
    seen = values(counters(state).update(snapshot(START, {})))
    assert seen["eventbridge_failed_invocations_total"] == [0]
    assert seen["eventbridge_dead_lettered_total"] == [0]


def test_what_happened_before_the_first_start_is_not_counted(state: State) -> None:
    rules = counters(state)
    history = {"Invocations": {START - 60: 7.0}}
    assert values(rules.update(snapshot(START + 5, history)))["eventbridge_invocations_total"] == [
        0
    ]
    later = {"Invocations": {START - 60: 7.0, START: 5.0}}
    assert values(rules.update(snapshot(START + 65, later)))["eventbridge_invocations_total"] == [5]


def test_late_and_corrected_points_add_their_difference_and_survive_a_restart(
    state: State, tmp_path: Path
) -> None:
    rules = counters(state)
    rules.update(snapshot(START, {"FailedInvocations": {START: 2.0}}))
    rules.update(snapshot(START + 60, {"FailedInvocations": {START: 3.0, START + 60: 1.0}}))
    state.close()

    again = counters(open_state(tmp_path, pytest.fail))
    late = {"FailedInvocations": {START: 3.0, START + 60: 4.0}}
    seen = values(again.update(snapshot(START + 120, late)))
    assert seen["eventbridge_failed_invocations_total"] == [7]


def test_events_count_a_failure_once_though_it_was_dead_lettered_too(state: State) -> None:
    rules = counters(state)
    at = START + 600
    rules.update(
        snapshot(
            at,
            {
                "Invocations": {START: 100.0, START + 480: 10.0},
                "FailedInvocations": {START + 480: 4.0},
                "InvocationsSentToDlq": {START + 480: 4.0},
            },
        )
    )
    assert (rules.events(PAID, START).invocations, rules.events(PAID, START).failed) == (110, 4)
    assert rules.events(PAID, START + 480).invocations == 10
    assert rules.last_failure(PAID) == START + 480


def test_only_rules_with_a_latency_have_its_series(state: State) -> None:
    rules = counters(state)
    more = (PAID, Rule("orders", "sent"))
    cases: tuple[tuple[dict[Rule, Latency], object], ...] = (
        ({PAID: Latency(0.35, 1.2)}, ([("aws", "orders", "paid")], [0.35], [1.2])),
        ({}, ([], [], [])),
    )
    for latencies, expected in cases:
        seen = replace(snapshot(START, {}, more), latencies=latencies)
        by_name = {family.metric.name: family for family in rules.update(seen)}
        average = by_name["eventbridge_delivery_latency_average_seconds"]
        maximum = by_name["eventbridge_delivery_latency_max_seconds"]
        assert average.rows is maximum.rows
        assert ([*average.rows.values], average.values, maximum.values) == expected


def test_the_rows_are_the_same_object_while_the_rules_are_the_same(state: State) -> None:
    rules = counters(state)
    before = rules.update(snapshot(START, {}))[0].rows
    assert rules.update(snapshot(START + 60, {}))[0].rows is before
    more = (PAID, Rule("orders", "sent"))
    assert rules.update(snapshot(START + 120, {}, more))[0].rows is not before
