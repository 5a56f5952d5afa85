"""What AWS would publish of the OMS' rules, today and in the past."""

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.sandbox import aws_traffic
from obs.sandbox.aws_events import RULES
from obs.sandbox.aws_traffic import (
    HISTORY_SECONDS,
    OBJECT_RULE,
    SCHEMA_RULE,
    Points,
    RuleTraffic,
    draw_latency,
    make_history,
    make_points,
)

NOW = 1_790_000_123.4
LATENCY = "IngestionToInvocationSuccessLatency"


def within(points: Points, metric: str, start: float) -> float:
    return sum(value for minute, value in points[metric].items() if minute >= start)


def error_ratio(start: float) -> float:
    """Of both rules together, from `start` to NOW."""
    histories = [make_history(rule, NOW, random.Random(7)) for rule in RULES]
    failed = sum(within(points, "FailedInvocations", start) for points in histories)
    return failed / sum(within(points, "Invocations", start) for points in histories)


def test_a_failed_event_was_retried_three_times_and_sent_to_the_queue() -> None:
    points = make_points(600, invocations=100, failed=4)
    assert {metric: sums[600] for metric, sums in points.items()} == {
        "TriggeredRules": 100,
        "Invocations": 100,
        "InvocationAttempts": 112,
        "SuccessfulInvocationAttempts": 96,
        "RetryInvocationAttempts": 12,
        "FailedInvocations": 4,
        "InvocationsSentToDlq": 4,
    }


def test_deliveries_take_longer_where_some_fail() -> None:
    chance = random.Random(7)
    usual = [draw_latency(0.0, chance) for _ in range(100)]
    failing = [draw_latency(0.4, chance) for _ in range(100)]
    assert 0 < min(usual) < 180 < max(usual) < 1000 < min(failing)


@settings(max_examples=10, deadline=None)
@given(st.floats(1.5e9, 2e9), st.integers())
def test_the_history_is_what_cloudwatch_takes_and_ends_before_the_present_minute(
    now: float, seed: int
) -> None:
    for rule in RULES:
        points = make_history(rule, now, random.Random(seed))
        minutes = sorted(points["Invocations"])
        assert [minute for minute in minutes if minute % 60] == []
        assert minutes[0] > now - HISTORY_SECONDS
        assert minutes[-1] == int(now) // 60 * 60 - 60
        assert minutes[-55:] == list(range(minutes[-55], minutes[-1] + 60, 60))
        assert [each for sums in points.values() for each in sums.values() if not each >= 0] == []
        assert points[LATENCY].keys() == points["Invocations"].keys()
        failed, invoked = points["FailedInvocations"], points["Invocations"]
        assert [minute for minute in minutes if not failed[minute] <= invoked[minute]] == []


def test_the_history_has_no_gap_and_counts_nothing_twice() -> None:
    points = make_history(OBJECT_RULE, NOW, random.Random(7))
    minutes = sorted(points["Invocations"])
    span = minutes[-1] + 60 - minutes[0]
    assert sum(points["Invocations"].values()) == pytest.approx(15 * span, rel=0.01)
    recent = within(points, "Invocations", NOW - 7200)
    assert recent == pytest.approx(15 * 7200, rel=0.05)


def test_the_past_week_spent_a_part_of_the_budget_and_left_some() -> None:
    spent = error_ratio(NOW - 7 * 86_400) / 0.001
    assert 0.25 < spent < 0.6


@pytest.mark.parametrize(
    ("hours", "most"),
    [(1, 3.36), (6, 1.4), (24, 0.7), (72, 0.233)],  # the tiers of a window of 7 days
)
def test_the_past_burned_too_slowly_for_an_alert_to_be_open(hours: int, most: float) -> None:
    assert 0 < error_ratio(NOW - hours * 3600) / 0.001 < most


def test_nothing_failed_in_the_last_minutes() -> None:
    assert error_ratio(NOW - 540) == 0


class Emulator:
    """Counts what it is fed in place of an AWS endpoint."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sums: Counter[tuple[str, str]] = Counter()
        self.minutes: set[int] = set()
        self.letters: Counter[str] = Counter()
        self.ages: dict[int, float] = {}
        monkeypatch.setattr(aws_traffic, "put_rule_points", self.take)
        monkeypatch.setattr(aws_traffic, "put_queue_age", self.take_age)
        monkeypatch.setattr(aws_traffic, "aws", lambda *_: self)

    def take(self, _: str, bus: str, rule: str, points: Points) -> None:
        assert bus == "oms-events"
        for metric, sums in points.items():
            self.minutes |= sums.keys()
            self.sums[rule, metric] += int(sum(sums.values()))

    def take_age(self, _: str, queue: str, ages: dict[int, float]) -> None:
        assert queue == "oms-events-dlq"
        self.ages |= ages

    def get_queue_url(self, **request: str) -> dict[str, str]:
        return {"QueueUrl": request["QueueName"]}

    def send_message_batch(self, **request: Any) -> None:
        assert request["QueueUrl"] == "oms-events-dlq"
        assert len(request["Entries"]) <= 10
        for entry in request["Entries"]:
            rule_arn = entry["MessageAttributes"]["RULE_ARN"]["StringValue"]
            self.letters[rule_arn.rpartition("/")[2]] += 1

    def purge_queue(self, **_: str) -> None:
        self.letters.clear()


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Emulator:
    return Emulator(monkeypatch)


@pytest.fixture
def traffic(emulator: Emulator) -> RuleTraffic:
    return RuleTraffic("http://nowhere", random.Random(7))


def test_every_failed_event_lies_in_the_dead_letter_queue_with_its_rule(
    emulator: Emulator, traffic: RuleTraffic
) -> None:
    traffic.start_failing(OBJECT_RULE, 0.4)
    traffic.feed(6000.0, 6060.0)
    failed = emulator.sums[OBJECT_RULE, "FailedInvocations"]
    assert failed == pytest.approx(0.4 * emulator.sums[OBJECT_RULE, "Invocations"], rel=0.2)
    assert emulator.letters[OBJECT_RULE] == failed
    assert emulator.letters[SCHEMA_RULE] == emulator.sums[SCHEMA_RULE, "FailedInvocations"] == 0
    assert emulator.minutes == {6000}
    assert emulator.sums[OBJECT_RULE, LATENCY] > 1000 > emulator.sums[SCHEMA_RULE, LATENCY] > 0


def test_where_nothing_is_delivered_there_is_no_latency(
    emulator: Emulator, traffic: RuleTraffic
) -> None:
    traffic.start_failing(OBJECT_RULE, 1.0)
    traffic.feed(6000.0, 6060.0)
    assert emulator.sums[OBJECT_RULE, "Invocations"] > 0
    assert (OBJECT_RULE, LATENCY) not in emulator.sums


def test_the_age_of_the_oldest_dead_letter_grows_until_the_queue_is_emptied(
    emulator: Emulator, traffic: RuleTraffic
) -> None:
    traffic.start_failing(OBJECT_RULE, 0.4)
    traffic.feed(6000.0, 6005.0)
    traffic.stop_failing(OBJECT_RULE, 0.4)
    traffic.feed(6060.0, 6065.0)
    assert emulator.ages == {6000: 5.0, 6060: 65.0}
    traffic.empty_queue()
    emulator.ages.clear()
    traffic.feed(6120.0, 6125.0)
    assert emulator.ages == {}


def test_a_small_fault_that_ends_leaves_a_larger_one(
    emulator: Emulator, traffic: RuleTraffic
) -> None:
    traffic.start_failing(OBJECT_RULE, 0.4)
    traffic.start_failing(OBJECT_RULE, 0.05)
    traffic.stop_failing(OBJECT_RULE, 0.05)
    traffic.feed(6000.0, 6060.0)
    assert emulator.sums[OBJECT_RULE, "FailedInvocations"] > 200
    traffic.stop_failing(OBJECT_RULE, 0.4)
    emulator.sums.clear()
    traffic.feed(6060.0, 6120.0)
    assert emulator.sums[OBJECT_RULE, "FailedInvocations"] == 0
