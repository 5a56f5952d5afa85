"""When the alarms fire, just do not, resolve, and what missing data does: on fed data points."""

from pathlib import Path

import pytest

from tests.unit.alerts.alarm_evaluator import CloudWatch
from tests.unit.alerts.cloudwatch_systems import BUS, ONE, OTHER, oms, orders, plan

LAG = "oms-nats-consumer-lag-high-OMS_EVENTS-oms-processor"
CONSUMER = {"Stream": "OMS_EVENTS", "Consumer": "oms-processor"}
DAY = 24 * 60
BURNS = "oms-slo-budget-burns-fast-oms-event-delivery"


def rule(name: str) -> dict[str, str]:
    return {"EventBusName": BUS, "RuleName": name}


def healthy(minutes: int, *, events: float = 100) -> CloudWatch:
    """The reference system, all well for so long."""
    aws = CloudWatch(plan(oms()))
    for name in (ONE, OTHER):
        aws.put("Invocations", range(minutes), events, **rule(name))
    aws.put("ConsumerLag", range(minutes), 3, **CONSUMER)
    aws.put("ApproximateNumberOfMessagesVisible", range(minutes), 0, QueueName="oms-events-dlq")
    return aws


def firing(aws: CloudWatch, minute: int) -> set[str]:
    aws.evaluate(minute)
    return aws.firing()


def test_nothing_fires_while_all_is_well() -> None:
    aws = healthy(120)
    for minute in range(20, 120):
        assert firing(aws, minute) == set(), minute


def test_failed_invocations_of_all_rules_count_together() -> None:
    aws = healthy(120)
    aws.put("FailedInvocations", [50], 3, **rule(ONE))
    aws.put("FailedInvocations", [52], 2, **rule(OTHER))
    assert firing(aws, 52) == set()
    aws.put("FailedInvocations", [53], 1, **rule(OTHER))
    assert firing(aws, 53) == {"oms-eventbridge-failed-invocations"}
    assert firing(aws, 54) == {"oms-eventbridge-failed-invocations"}
    assert firing(aws, 55) == set()


def test_failures_of_a_rule_of_the_same_name_elsewhere_do_not_count() -> None:
    aws = healthy(60)
    aws.put("FailedInvocations", [50], 100, EventBusName="another", RuleName=ONE)
    aws.put("FailedInvocations", [50], 100, RuleName=ONE)
    assert firing(aws, 50) == set()


def test_the_error_rate_fires_above_its_percentage_and_not_at_it() -> None:
    aws = healthy(60, events=10)
    aws.put("FailedInvocations", [40], 30, **rule(ONE))  # of 300 in 15 minutes
    assert "oms-eventbridge-error-rate-high" not in firing(aws, 40)
    aws.put("FailedInvocations", [41], 1, **rule(OTHER))
    assert "oms-eventbridge-error-rate-high" in firing(aws, 41)
    assert "oms-eventbridge-error-rate-high" not in firing(aws, 56)


def test_the_error_rate_of_too_few_events_is_no_alarm() -> None:
    aws = healthy(0)
    aws.put("Invocations", [50], 9, **rule(ONE))
    aws.put("FailedInvocations", [50], 5, **rule(ONE))
    assert "oms-eventbridge-error-rate-high" not in firing(aws, 50)
    aws.put("Invocations", [51], 1, **rule(OTHER))
    assert "oms-eventbridge-error-rate-high" in firing(aws, 51)


def test_silence_of_every_rule_is_an_alarm_after_a_quarter_of_an_hour_and_one_event_ends_it() -> (
    None
):
    aws = healthy(60)
    low = "oms-eventbridge-invocations-low"
    assert low not in firing(aws, 60 + 13)
    assert low in firing(aws, 60 + 14)
    assert low in firing(aws, 60 + DAY), "no data for a day"
    aws.put("Invocations", [2000], 1, **rule(OTHER))
    assert low not in firing(aws, 2000)


def test_where_there_never_was_data_silence_is_an_alarm_and_nothing_else() -> None:
    aws = CloudWatch(plan(oms()))
    assert firing(aws, 100) == {"oms-eventbridge-invocations-low", "oms-obs-collector-absent"}


def test_consumer_lag_fires_above_a_thousand_for_five_minutes() -> None:
    aws = healthy(50)
    aws.put("ConsumerLag", range(50, 54), 1001, **CONSUMER)
    aws.put("ConsumerLag", range(54, 60), 1000, **CONSUMER)
    aws.put("ConsumerLag", range(60, 70), 1001, **CONSUMER)
    aws.put("ConsumerLag", range(70, 80), 1000, **CONSUMER)
    fired = [minute for minute in range(45, 80) if LAG in firing(aws, minute)]
    assert fired == list(range(64, 70))


@pytest.mark.parametrize("fires", [False, True])
def test_lag_stays_what_it_was_while_the_collector_is_silent_which_has_its_own_alarm(
    fires: bool,
) -> None:
    aws = healthy(50)
    aws.put("ConsumerLag", range(50, 60), 5000 if fires else 1, **CONSUMER)
    aws.run(since=45, until=60)
    assert (LAG in aws.firing()) == fires
    aws.run(since=60, until=64)
    assert "oms-obs-collector-absent" not in aws.firing()
    assert "oms-obs-collector-absent" in firing(aws, 64), "five minutes without a point"
    aws.run(since=65, until=120)
    assert (LAG in aws.firing()) == fires
    assert "oms-obs-collector-absent" in aws.firing()
    aws.put("ConsumerLag", range(120, 130), 1, **CONSUMER)
    aws.run(since=120, until=130)
    assert LAG not in aws.firing()
    assert "oms-obs-collector-absent" not in aws.firing()


def test_a_message_in_the_dead_letter_queue_is_an_alarm_until_it_is_gone() -> None:
    aws = healthy(60)
    aws.put("ApproximateNumberOfMessagesVisible", range(50, 55), 1, QueueName="oms-events-dlq")
    waiting = "oms-sqs-dead-letters-waiting-oms-events-dlq"
    assert waiting not in firing(aws, 49)
    assert waiting in firing(aws, 54)
    assert waiting not in firing(aws, 59)


def test_an_old_dead_letter_fires_after_a_quarter_of_an_hour_and_an_empty_queue_has_no_age() -> (
    None
):
    aws = healthy(200)
    age = "ApproximateAgeOfOldestMessage"
    aws.put(age, range(50, 65), 86_400, QueueName="oms-events-dlq")
    aws.put(age, range(65, 80), 86_401, QueueName="oms-events-dlq")
    old = "oms-sqs-dead-letters-old-oms-events-dlq"
    assert old not in firing(aws, 64)
    assert old not in firing(aws, 74)
    assert old in firing(aws, 79)
    assert old not in firing(aws, 105)


@pytest.mark.parametrize(
    ("metric", "alarm", "agreed"),
    [
        ("RetryInvocationAttempts", "oms-eventbridge-retries-rising", 20),
        ("InvocationsSentToDlq", "oms-eventbridge-dead-lettered", 0),
        ("InvocationsFailedToBeSentToDlq", "oms-eventbridge-dead-letter-failing", 0),
    ],
)
def test_counts_fire_above_what_is_agreed_and_end_with_their_window(
    metric: str, alarm: str, agreed: int
) -> None:
    aws = healthy(100)
    aws.put(metric, [50], agreed, **rule(ONE))
    assert alarm not in firing(aws, 50)
    aws.put(metric, [51], 1, **rule(OTHER))
    assert alarm in firing(aws, 51)
    assert alarm not in firing(aws, 66)
    aws.put(metric, [80], agreed + 1, **rule(ONE))
    assert alarm in firing(aws, 80)


def test_throttling_fires_only_where_it_lasts() -> None:
    aws = healthy(100)
    throttled = "oms-eventbridge-rule-throttled"
    aws.put("ThrottledRules", [50], 1, **rule(ONE))
    assert throttled not in firing(aws, 50)
    aws.put("ThrottledRules", [55], 1, **rule(ONE))
    assert throttled in firing(aws, 55)
    assert throttled not in firing(aws, 60)


def outage(bad: float, *, long: int, good: float = 1000) -> CloudWatch:
    """So many of `good` events a minute are bad, for as long as the window and a little more."""
    aws = CloudWatch(plan(oms()))
    aws.put("Invocations", range(long + 60), good, **rule(ONE))
    aws.put("FailedInvocations", range(long + 20), bad, **rule(ONE))
    return aws


@pytest.mark.parametrize(
    ("tier", "long", "percent", "short"),
    [
        (f"{BURNS}-1h", 60, 1.44, 5),
        (f"{BURNS}-6h", 360, 0.6, 30),
        ("oms-slo-budget-burns-slowly-oms-event-delivery-1d", DAY, 0.3, 120),
    ],
)
def test_a_tier_fires_above_its_burn_rate_in_both_windows_and_ends_soon_after(
    tier: str, long: int, percent: float, short: int
) -> None:
    at, above = outage(10 * percent, long=long), outage(10 * percent + 0.01, long=long)
    assert tier not in firing(at, long + 19)
    assert tier in firing(above, long + 19)
    resolves = outage(10 * percent + 0.01, long=long)
    assert tier not in firing(resolves, long + 19 + short)


@pytest.mark.parametrize(
    "metric", ["FailedInvocations", "InvocationsSentToDlq", "InvocationsFailedToBeSentToDlq"]
)
@pytest.mark.parametrize("bad_rule", [ONE, OTHER])
@pytest.mark.parametrize(
    ("alarm", "percent", "minutes"),
    [
        (f"{BURNS}-1h-long", 1.44, 60),
        (f"{BURNS}-1h-short", 1.44, 5),
        (f"{BURNS}-6h-long", 0.6, 360),
        (f"{BURNS}-6h-short", 0.6, 30),
        ("oms-slo-budget-burns-slowly-oms-event-delivery-1d-long", 0.3, DAY),
        ("oms-slo-budget-burns-slowly-oms-event-delivery-1d-short", 0.3, 120),
    ],
)
def test_a_window_is_judged_by_all_rules_from_its_first_minute_to_its_last(
    alarm: str, percent: float, minutes: int, bad_rule: str, metric: str
) -> None:
    aws = CloudWatch(plan(oms()))
    for name in (ONE, OTHER):
        aws.put("Invocations", [5000], 50_000, **rule(name))
    aws.put(metric, [5000], 1000 * percent, **rule(bad_rule))

    def state(minute: int) -> str:
        return aws.evaluate(minute)[alarm]

    assert state(5000) == "OK", "as many bad events as are agreed"
    aws.put(metric, [5000], 1, **rule(bad_rule))
    assert [state(5000), state(5000 + minutes - 1)] == ["ALARM", "ALARM"]
    aws.put("Invocations", [5000 + minutes], 1, **rule(OTHER))
    assert state(5000 + minutes) == "OK"


def test_a_total_outage_at_ten_events_an_hour_pages_within_the_hour_and_one_bad_event_never() -> (
    None
):
    aws = CloudWatch(plan(oms()))
    aws.put("Invocations", range(0, 6 * 60, 6), 1, **rule(ONE))
    aws.put("FailedInvocations", [300], 1, **rule(ONE))
    ever = set().union(*(firing(aws, minute) for minute in range(290, 420, 3)))
    assert not {name for name in ever if "burns" in name}
    aws.put("FailedInvocations", [306], 1, **rule(ONE))
    assert f"{BURNS}-1h" in firing(aws, 306)


def test_a_total_outage_with_an_event_every_six_minutes_is_one_alarm_until_good_ones_come() -> None:
    aws, pages, states = CloudWatch(plan(oms())), f"{BURNS}-1h", []
    aws.put("Invocations", range(0, 400, 6), 1, **rule(ONE))
    aws.put("FailedInvocations", range(120, 240, 6), 1, **rule(ONE))
    for minute in range(400):
        states.append(aws.evaluate(minute)[pages] == "ALARM")
    changes = [i for i in range(1, len(states)) if states[i] != states[i - 1]]
    assert changes == [126, 240]


def test_an_outage_followed_by_silence_ends_with_its_long_window() -> None:
    aws, pages, states = CloudWatch(plan(oms())), f"{BURNS}-1h", []
    aws.put("Invocations", range(0, 240, 6), 1, **rule(ONE))
    aws.put("FailedInvocations", range(120, 240, 6), 1, **rule(ONE))
    for minute in range(400):
        states.append(aws.evaluate(minute)[pages] == "ALARM")
    changes = [i for i in range(1, len(states)) if states[i] != states[i - 1]]
    assert changes == [126, 288]


def test_a_dead_lettered_event_counts_once_whether_or_not_it_failed_too() -> None:
    counted = []
    for metrics in (
        ["FailedInvocations"],
        ["InvocationsSentToDlq"],
        ["FailedInvocations", "InvocationsSentToDlq"],
    ):
        aws = CloudWatch(plan(oms()))
        aws.put("Invocations", range(120), 1000, **rule(ONE))
        for metric in metrics:
            aws.put(metric, range(120), 14, **rule(ONE))
        counted.append(f"{BURNS}-1h" in firing(aws, 119))
    assert counted == [False, False, False]


def test_failures_that_are_told_later_than_their_invocations_are_not_above_all() -> None:
    aws = CloudWatch(plan(oms()))
    aws.put("FailedInvocations", range(50, 60), 2, **rule(ONE))
    assert f"{BURNS}-1h" in firing(aws, 59)


@pytest.mark.parametrize("rules", [1, 10, 11, 250])
def test_failures_of_any_rule_fire_one_alarm_however_many_rules_there_are(
    tmp_path: Path, rules: int
) -> None:
    aws = CloudWatch(plan(orders(tmp_path, rules=rules)))
    last = {"EventBusName": "orders", "RuleName": f"rule-{rules - 1:03}"}
    aws.put("FailedInvocations", [50], 5, **last)
    assert "orders-eventbridge-failed-invocations" not in firing(aws, 50)
    aws.put("FailedInvocations", [51], 1, **last)
    told = {name for name in firing(aws, 51) if "failed" in name}
    assert told == {"orders-eventbridge-failed-invocations"}


@pytest.mark.parametrize("rules", [1, 10, 11, 250])
def test_a_bus_is_silent_only_when_all_its_rules_are(tmp_path: Path, rules: int) -> None:
    aws = CloudWatch(plan(orders(tmp_path, rules=rules)))
    low = "orders-eventbridge-invocations-low"
    aws.put("Invocations", [50], 1, EventBusName="orders", RuleName=f"rule-{rules - 1:03}")
    assert low not in firing(aws, 64)
    assert {name for name in firing(aws, 65) if "low" in name} == {low}


def test_rules_of_the_default_bus_are_known_by_their_name_alone(tmp_path: Path) -> None:
    aws = CloudWatch(plan(orders(tmp_path, bus="default")))
    aws.put("FailedInvocations", [50], 6, RuleName="rule-000")
    assert "orders-eventbridge-failed-invocations" in firing(aws, 50)


def test_a_rule_with_a_threshold_of_its_own_leaves_the_alarm_of_the_others(tmp_path: Path) -> None:
    more = """\
alerts:
  EventBridgeFailedInvocations:
    overrides: [{bus: orders, rule: rule-001, above: 50}]
"""
    aws = CloudWatch(plan(orders(tmp_path, more, rules=2)))
    aws.put("FailedInvocations", [50], 50, EventBusName="orders", RuleName="rule-001")
    assert [name for name in firing(aws, 50) if "failed" in name] == []
    aws.put("FailedInvocations", [51], 1, EventBusName="orders", RuleName="rule-001")
    assert "orders-eventbridge-failed-invocations-orders-rule-001" in firing(aws, 51)
    assert "orders-eventbridge-failed-invocations" not in firing(aws, 51)
