"""What all counters of CloudWatch's points share: their entries in the state file, and the zero."""

from pathlib import Path

import msgspec
import pytest

from obs.catalogue import aws
from obs.snapshot.aws import AwsSnapshot, Rule, RuleKey
from obs.sources.aws.missed import Uncounted
from obs.sources.aws.rule_counters import RuleCounters
from obs.sources.aws.tracker import AwsTracker
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.state import State, open_state

MINUTE, HOUR = 60, 3600
START = 1_800_000_000 // MINUTE * MINUTE
PAID = Rule("orders", "paid")
INVOKED: RuleKey = (PAID, aws.INVOCATIONS.twin.metric)
RETRIED: RuleKey = (PAID, aws.RETRIES.twin.metric)
TOTAL = {"total": 5.0, "owed": 1.0, "since": START, "floor": START, "values": {START: 5.0}}
ERRORS = {"namespace": "AWS/Lambda", "name": "Errors", "dimensions": {}, "statistic": "Sum"}


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def put(state: State, kind: str, value: object, *name: str) -> None:
    state.put(kind, "\x1f".join(name), msgspec.msgpack.encode(value))
    state.flush()


def poll(counted: RuleCounters, at: int, retries: float) -> None:
    points = {RETRIED: {START + HOUR: retries}}
    snapshot = AwsSnapshot(at, at - 3 * HOUR, at - 120, (PAID,), (), points, ())
    counted.count(snapshot, [INVOKED, RETRIED], points, {}, listed=at)


def test_the_counters_of_rules_of_earlier_versions_are_read(state: State) -> None:
    put(state, "cloudwatch_total", TOTAL, "aws", "orders", "paid", "Invocations")
    last = {"settled": START, "seen_until": START + 120, "listed": float(START), "selection": "all"}
    put(state, "cloudwatch_poll", last, "aws")
    counted = RuleCounters("aws", state, lambda: pytest.fail("damaged"), "all")
    assert counted.value(INVOKED) == 5
    behind = Uncounted(START - 3 * HOUR, START + 120)
    assert counted.uncounted([INVOKED], START + 9 * HOUR) == behind


def test_a_counter_that_a_known_rule_lacks_is_first_shown_at_zero(state: State) -> None:
    put(state, "cloudwatch_total", TOTAL, "aws", "orders", "paid", "Invocations")
    put(
        *(state, "cloudwatch_poll"),
        {"settled": START, "seen_until": START, "listed": START, "selection": "all"},
        "aws",
    )
    counted = RuleCounters("aws", state, lambda: pytest.fail("damaged"), "all")
    poll(counted, START + 2 * HOUR, 4.0)
    assert (counted.value(INVOKED), counted.value(RETRIED)) == (5, 0)
    poll(counted, START + 2 * HOUR + MINUTE, 6.0)
    assert (counted.value(INVOKED), counted.value(RETRIED)) == (5, 6)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("cloudwatch_total", ("orders", "Invocations")),
        ("sqs_total", ("orders",)),
        ("aws_service_total", ("function", "paid", "errors", "more")),
        ("cloudwatch_metric", ("Sum", "60")),
        ("cloudwatch_metric", ("Sum", "often", "AWS/Lambda", "Errors")),
    ],
)
def test_an_entry_with_a_strange_name_costs_nothing_but_itself(
    state: State, kind: str, name: tuple[str, ...]
) -> None:
    put(state, kind, TOTAL, "aws", *name)
    put(state, kind, TOTAL, "another", *name)
    put(state, "cloudwatch_total", TOTAL, "aws", "orders", "paid", "Invocations")
    damage: list[str] = []
    metrics = [ExportedMetric.model_validate(ERRORS)]
    tracker = AwsTracker("aws", state, lambda: damage.append(kind), metrics=metrics)
    assert damage == [kind]
    assert tracker.rules.value(INVOKED) == 5
