"""EventBridge through the running collector: counters, SLOs, cost, over kills and corrections."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from obs.sandbox import aws_events
from obs.sandbox.aws_faults import Fault
from obs.slo.burn import budget_remaining, burn_rate
from obs.slo.windows import windows
from obs.snapshot.aws import Rule
from tests.integration.aws_feed import OBJECT, SCHEMA, Feed
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    Spec,
    collectors,
    key,
    named,
    spec_of,
)

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

WINDOW = 30 * 86_400
DELIVERY = {
    "name": "event-delivery",
    "service": "oms",
    "objective": 99.0,
    "window": "30d",
    "sli": {"eventbridge": {"source": "aws", "bus": "oms-events"}},
}
MINUTE, HOUR, DAY = 60, 3600, 86_400


def slo(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key(name, slo="event-delivery", slo_service="oms", **labels)


def check_slo(feed: Feed, scrape: Scrape) -> None:
    """Every burn rate and the budget are those of the events that were fed."""
    watermark = int(scrape[slo("slo_data_watermark_timestamp_seconds")])
    bad, total = feed.counts(watermark, WINDOW)
    remaining = scrape[slo("slo_error_budget_remaining_ratio")]
    assert remaining == pytest.approx(budget_remaining(bad / total, 0.99), rel=1e-12)
    for label, seconds in windows(WINDOW):
        bad, total = feed.counts(watermark, seconds)
        rate = scrape.get(slo("slo_burn_rate", window=label))
        expected = burn_rate(bad / total, 0.99) if total else None
        assert rate == (expected if expected is None else pytest.approx(expected, rel=1e-12))


def put_history(feed: Feed, now: int) -> None:
    """Events of the last weeks, clear of where windows begin, a different number in each."""
    ages = (3 * MINUTE, 20 * MINUTE, 50 * MINUTE, 100 * MINUTE, 5 * HOUR, 20 * HOUR, 2 * DAY)
    for number, age in enumerate((*ages, 10 * DAY), start=1):
        at = now - age
        feed.put(SCHEMA, "Invocations", {at: 1000.0 + number})
        feed.put(OBJECT, "Invocations", {at: 500.0})
        feed.put(SCHEMA, "FailedInvocations", {at: float(number)})


@pytest.fixture
def oms(account: Account) -> Account:
    aws_events.create_oms(account.endpoint_url)
    return account


@pytest.fixture
def collector(oms: Account, tmp_path: Path, collectors: list[CollectorProcess]) -> CollectorProcess:
    made = CollectorProcess(tmp_path, spec(oms, tmp_path, slos=[DELIVERY]))
    collectors.append(made)
    return made


def spec(account: Account, folder: Path, slos: Sequence[Spec] = ()) -> Spec:
    source = {"endpoint_url": account.faults.endpoint_url, "buses": [{"name": "oms-events"}]}
    return spec_of(folder, aws=source, slos=slos)


@pytest.fixture
def feed(oms: Account) -> Feed:
    return Feed(oms.endpoint_url)


def counted(collector: CollectorProcess, feed: Feed, since: int) -> Scrape:
    """Wait until the counters are what was fed from `since` on, and nothing else."""
    expected = feed.counters(since)
    return collector.until(lambda scrape: named(scrape, "eventbridge_") == expected)


def test_counters_are_what_was_fed_over_late_points_corrections_and_kills(
    collector: CollectorProcess, feed: Feed
) -> None:
    first = collector.clock.turn()
    feed.put(SCHEMA, "Invocations", {first - 60: 77.0, first - HOUR: 33.0})
    collector.start()
    counted(collector, feed, first)  # what was before the first start is not counted

    feed.put(SCHEMA, "Invocations", {first: 10.0})
    feed.put(SCHEMA, "FailedInvocations", {first: 2.0})
    counted(collector, feed, first)
    second = collector.clock.turn(3)
    feed.put(SCHEMA, "Invocations", {second - 60: 5.0, first: 3.0})  # late, corrected upwards
    feed.put(OBJECT, "InvocationsSentToDlq", {first + 60: 1.0})
    before = counted(collector, feed, first)

    collector.kill()
    feed.put(SCHEMA, "Invocations", {second: 7.0, first: 1.0})  # meanwhile
    assert not falls(before, collector.start().scrape())
    before = counted(collector, feed, first)

    feed.put(SCHEMA, "Invocations", {first: -4.0})  # corrected downwards: outstanding
    collector.polls("aws")
    third = collector.clock.turn()
    feed.put(SCHEMA, "Invocations", {third: 1.0})
    after = collector.polls("aws")
    assert named(after, "eventbridge_") == named(before, "eventbridge_")

    collector.kill()  # the debt outlives it too
    feed.put(SCHEMA, "Invocations", {third: 6.0})
    assert not falls(after, collector.start().scrape())
    counted(collector, feed, first)
    assert collector.stop() == 0
    collector.start()
    counted(collector, feed, first)


def falls(before: Scrape, after: Scrape) -> Scrape:
    """Counters that are lower than they were, or gone."""
    return {
        sample: after.get(sample, -1.0)
        for sample, value in named(before, "eventbridge_").items()
        if after.get(sample, -1.0) < value
    }


def test_known_rules_have_zeros_before_anything_happens_and_after_a_restart(
    collector: CollectorProcess, feed: Feed
) -> None:
    zeros = feed.counters(0)
    assert len(zeros) == 14
    assert set(zeros.values()) == {0.0}
    collector.start()
    assert named(collector.scrape(), "eventbridge_") == zeros
    collector.kill()
    collector.start()
    assert named(collector.scrape(), "eventbridge_") == zeros


def test_a_rule_s_latency_shows_while_it_delivers_and_is_absent_otherwise(
    collector: CollectorProcess, feed: Feed
) -> None:
    now = collector.clock.turn()
    feed.put(OBJECT, "Invocations", {now - 60: 5.0})
    feed.put(SCHEMA, "Invocations", {now - 60: 5.0})  # all failed
    for latency in (100.0, 600.0):
        feed.put(OBJECT, "IngestionToInvocationSuccessLatency", {now - 60: latency})
    rule = {"aws": "aws", "bus": OBJECT.bus, "rule": OBJECT.name}
    collector.start()
    assert named(collector.scrape(), "eventbridge_delivery_") == {
        key("eventbridge_delivery_latency_average_seconds", **rule): 0.35,
        key("eventbridge_delivery_latency_max_seconds", **rule): 0.6,
    }
    collector.clock.turn(3)
    collector.until(lambda scrape: not named(scrape, "eventbridge_delivery_"))


def test_objectives_are_those_of_the_events_fed_and_survive_a_kill(
    collector: CollectorProcess, feed: Feed, oms: Account
) -> None:
    first = collector.clock.turn()
    put_history(feed, first)
    oms.faults.start_fault(Fault.SLOW, "GetMetricData", seconds=0.4)
    collector.start()
    # The first value exported is right already: nothing is shown before history is in it.
    check_slo(feed, collector.until(lambda scrape: slo("slo_burn_rate", window="30d") in scrape))
    oms.faults.stop_faults()
    feed.put(OBJECT, "Invocations", {first: 40.0})
    feed.put(OBJECT, "FailedInvocations", {first: 9.0})
    collector.clock.turn()
    before = whole(collector, feed)
    check_slo(feed, before)
    assert before[slo("slo_events_total")] == 40.0  # history is in the ledger, not in counters
    assert before[slo("slo_good_events_total")] == 31.0

    collector.kill()
    feed.put(SCHEMA, "Invocations", {first + 60: 11.0})
    second = collector.clock.turn(2)
    feed.put(OBJECT, "FailedInvocations", {first: -3.0})  # a correction while it was down
    collector.start()
    after = whole(collector, feed)
    assert after[slo("slo_data_watermark_timestamp_seconds")] >= second
    check_slo(feed, after)
    assert after[slo("slo_events_total")] == 51.0
    assert after[slo("slo_good_events_total")] == 45.0


def whole(collector: CollectorProcess, feed: Feed) -> Scrape:
    """Wait until the windows hold all events that were fed and are settled."""

    def settled(scrape: Scrape) -> bool:
        watermark = scrape.get(slo("slo_data_watermark_timestamp_seconds"), 0.0)
        if watermark < collector.clock.minute:
            return False
        bad, total = feed.counts(int(watermark), WINDOW)
        ratio = scrape.get(slo("slo_error_ratio", window="30d"), 0.0)
        return ratio == pytest.approx(bad / total, rel=1e-12)

    return collector.until(settled)


def test_a_downtime_longer_than_counters_look_back_is_filled_in_from_history(
    collector: CollectorProcess, feed: Feed
) -> None:
    first = collector.clock.turn()
    put_history(feed, first)
    collector.start()
    whole(collector, feed)
    collector.kill()
    second = collector.clock.turn(8 * 60)
    for hours in (1, 4, 6):
        feed.put(SCHEMA, "Invocations", {second - hours * HOUR - 120: 300.0})
        feed.put(SCHEMA, "FailedInvocations", {second - hours * HOUR - 120: 3.0 * hours})
    collector.start()
    check_slo(feed, collector.until(lambda scrape: slo("slo_burn_rate", window="30d") in scrape))


def test_counters_have_what_happened_in_a_downtime_longer_than_they_look_back(
    collector: CollectorProcess, feed: Feed
) -> None:
    first = collector.clock.turn()
    collector.start()
    feed.put(SCHEMA, "FailedInvocations", {first: 10.0})
    feed.put(SCHEMA, "Invocations", {first: 10.0})
    before = counted(collector, feed, first)
    collector.kill()
    second = collector.clock.turn(8 * 60)
    for minutes in (30, 100, 200, 290, 400, 470):
        feed.put(SCHEMA, "FailedInvocations", {second - minutes * MINUTE: 50.0})
        feed.put(SCHEMA, "Invocations", {second - minutes * MINUTE: 60.0})
    assert not falls(before, collector.start().scrape())
    counted(collector, feed, first)
    events = 10 + 6 * 60
    collector.until(lambda scrape: scrape.get(slo("slo_events_total")) == events)
    assert collector.scrape()[slo("slo_good_events_total")] == 60.0


def test_counters_have_what_happened_while_aws_was_unreachable_for_hours(
    collector: CollectorProcess, feed: Feed, oms: Account
) -> None:
    first = collector.clock.turn()
    collector.start()
    feed.put(OBJECT, "FailedInvocations", {first: 10.0})
    counted(collector, feed, first)
    oms.faults.start_fault(Fault.DENIED, "GetMetricData")
    collector.until(lambda scrape: scrape[key("obs_source_up", source="aws")] == 0.0)
    second = collector.clock.turn(5 * 60)
    feed.put(OBJECT, "FailedInvocations", {second - 250 * MINUTE: 70.0, second - MINUTE: 30.0})
    oms.faults.stop_faults()
    counted(collector, feed, first)


def test_failures_of_a_rule_deployed_while_obs_runs_are_counted_from_the_first(
    collector: CollectorProcess, feed: Feed, oms: Account
) -> None:
    source = collector.spec["sources"]["aws"]["aws"]
    source["inventory_every"] = "4m"
    collector.clock.turn()
    collector.start()
    collector.polls("aws")
    new = Rule("oms-events", "oms-new")
    events = aws_events.aws("events", oms.endpoint_url)
    events.put_rule(Name=new.name, EventBusName=new.bus, EventPattern='{"source": ["oms"]}')
    for _ in range(5):  # the rule is listed at the fifth minute only
        feed.put(new, "FailedInvocations", {collector.clock.minute: 10.0})
        collector.clock.turn()
    failed = key("eventbridge_failed_invocations_total", aws="aws", bus=new.bus, rule=new.name)
    seen = []

    def look(scrape: Scrape) -> bool:
        if failed in scrape:
            seen.append(scrape[failed])
        return scrape.get(failed) == 50.0

    collector.until(look)
    assert seen[0] == 0.0  # increase() needs a zero to count from


def test_a_dead_letter_queue_shows_its_depth_and_the_age_of_its_oldest_message(
    collector: CollectorProcess, oms: Account
) -> None:
    now = collector.clock.turn()
    depth = key("sqs_queue_visible_messages", aws="aws", queue="oms-events-dlq")
    age = key("sqs_queue_oldest_message_age_seconds", aws="aws", queue="oms-events-dlq")
    collector.start()
    scrape = collector.scrape()
    assert (scrape[depth], scrape[age]) == (0.0, 0.0)
    sqs = aws_events.aws("sqs", oms.endpoint_url)
    url = sqs.get_queue_url(QueueName="oms-events-dlq")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one")
    scrape = collector.until(lambda scrape: scrape[depth] == 1.0)
    assert age not in scrape  # AWS has not said: neither empty nor new
    aws_events.put_queue_age(oms.endpoint_url, "oms-events-dlq", {now: 42.0})
    collector.until(lambda scrape: scrape.get(age) == 42.0)
    (queue,) = collector.status()["queues"]
    assert (queue["dead_letter"], queue["visible"], queue["oldest_age_seconds"]) == (True, 1, 42.0)


def test_a_poll_of_up_to_500_metrics_is_one_request_and_is_priced(
    account: Account, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    names = tuple(f"rule-{number:02}" for number in range(71))
    aws_events.create_rules(account.endpoint_url, "default", names)
    source = {"endpoint_url": account.faults.endpoint_url}
    collector = CollectorProcess(tmp_path, spec_of(tmp_path, aws=source))
    collectors.append(collector)
    seen_before = account.faults.seen.get("GetMetricData", 0)
    collector.start()
    requests = key("obs_aws_requests_total", operation="GetMetricData")
    polls = key("obs_source_polls_total", source="aws")
    first_scrape = collector.until(lambda scrape: requests in scrape)
    for scrape in (first_scrape, collector.polls("aws", 2)):
        # A poll sends its request before it is counted as a poll.
        assert scrape[requests] - scrape[polls] in (0, 1)
    # 497 metrics a second, for 730 hours; polls are rarer for as long as a machine is busy.
    expected = pytest.approx(497 * 0.01 / 1000 * 730 * 3600, rel=0.5)
    cost = key("obs_aws_cost_dollars_per_month")
    collector.until(lambda scrape: scrape[cost] == expected)
    collector.stop()
    assert account.faults.seen["GetMetricData"] - seen_before >= scrape[requests]


def test_a_dry_run_tells_the_cost_in_words_and_in_json_and_spends_nothing(
    collector: CollectorProcess, oms: Account
) -> None:
    before = dict(oms.faults.seen)
    plain = collector.output("--dry-run")
    formatted = collector.output("--dry-run", "--format", "json")
    assert (plain.returncode, plain.stderr) == (0, "")
    assert (formatted.returncode, formatted.stderr) == (0, "")
    # 2 rules with 7 metrics and 1 queue every second of 730 hours, 2 latencies every minute.
    dollars = 730 * 3600 * (15 * 0.01 / 1000 + 0.40 / 1_000_000) + 730 * 60 * 2 * 0.01 / 1000
    assert json.loads(formatted.stdout)["dollars_per_month"] == pytest.approx(dollars, rel=1e-9)
    said = f"About ${dollars:,.2f} a month. The estimate itself is free of charge."
    assert said in plain.stdout
    asked = {name for name, count in oms.faults.seen.items() if count > before.get(name, 0)}
    assert "ListRules" in asked
    assert asked & {"GetMetricData", "GetMetricStatistics", "PutMetricData"} == set()
    assert not collector.state_file.parent.exists()


def test_a_source_above_its_budget_makes_no_request_that_costs(
    collector: CollectorProcess, oms: Account
) -> None:
    source = collector.spec["sources"]["aws"]["aws"]
    source["monthly_budget_dollars"] = 100
    before = oms.faults.seen.get("GetMetricData", 0)
    collector.start(ready=False)
    errors = key("obs_source_errors_total", source="aws", reason="budget")
    scrape = collector.until(lambda scrape: scrape[errors] >= 2)
    assert scrape[key("obs_source_up", source="aws")] == 0.0
    assert named(scrape, "eventbridge_") == {}
    ready = collector.get("/readyz")
    assert ready.status == 503
    assert "source aws: would cost about $396." in ready.text
    assert "above monthly_budget_dollars 100" in ready.text
    assert oms.faults.seen.get("GetMetricData", 0) == before
    collector.kill()
    source["monthly_budget_dollars"] = 400
    assert named(collector.start().scrape(), "eventbridge_")
