"""monthly_budget_dollars at run time, and what requests cost, on an emulated AWS."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from obs.collector.assembly import Assembled, assemble
from obs.collector.status import build_status
from obs.sandbox import aws_events
from obs.sandbox.aws_faults import Fault
from obs.snapshot.aws import Rule
from obs.sources.aws.budget import month_of
from obs.sources.aws.tracker import AwsTracker
from obs.spec.system import System
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import Scrape, key, samples, spec_of
from tests.integration.test_aws_source import OBJECT, SCHEMA, put, settle_at_a_period

__all__ = ["account", "emulator", "proxy"]

pytestmark = pytest.mark.integration

BUDGET = 10.0
STAGE = key("obs_aws_budget_stage", source="aws")
SPENT = key("obs_aws_spent_dollars_this_month", source="aws")
INTERVAL = 60.0
_HOURS = 6 * 3600.0


@pytest.fixture
def oms(account: Account) -> Account:
    """The OMS, at a time whose month neither began nor ends within hours."""
    now = account.clock.now
    start, end = month_of(now)
    if now - start < _HOURS:
        account.clock.now = start - 2 * _HOURS
    elif end - now < _HOURS:
        account.clock.now = end - 2 * _HOURS
    aws_events.create_oms(account.endpoint_url)
    return account


@dataclass
class Clocks:
    """Both clocks of a collector are that of the account."""

    wall: Callable[[], float]
    monotonic: Callable[[], float]


@dataclass
class Running:
    """A collector in this process, polled when a test says so."""

    built: Assembled

    def poll(self) -> Scrape:
        asyncio.run(self.built.daemon.poll_once())
        return samples(self.built.collector.exposition.body(openmetrics=False, gzip=False).decode())

    @property
    def counters(self) -> AwsTracker:
        found = self.built.collector.trackers["aws"]
        assert isinstance(found, AwsTracker)
        return found

    def spend(self, dollars: float) -> None:
        """As if its requests of earlier this month had cost as much."""
        assert self.counters.spending is not None
        self.counters.spending.add(dollars)

    def allowed(self, share: float) -> float:
        """Dollars, as a share of what this month, begun in its middle, may cost."""
        assert self.counters.spending is not None
        assert self.counters.spending.pace is not None
        budget = self.counters.spending.pace.budget
        assert budget is not None
        return share * budget

    def stop(self) -> None:
        self.built.collector.close()


def start(oms: Account, folder: Path, budget: float = BUDGET) -> Running:
    source = {
        "endpoint_url": oms.faults.endpoint_url,
        "buses": [{"name": "oms-events"}],
        "poll": "1m",
        "delay": "2m",
        "monthly_budget_dollars": budget,
    }
    system = System.model_validate(spec_of(folder, aws=source))
    clocks = Clocks(oms.clock, oms.clock)
    return Running(assemble(system, clock=clocks))  # type: ignore[arg-type]


def of_rule(name: str, rule: Rule = SCHEMA) -> tuple[str, frozenset[tuple[str, str]]]:
    return key(name, aws="aws", bus=rule.bus, rule=rule.name)


def test_near_its_budget_a_source_is_polled_less_often_and_says_so_also_after_a_restart(
    oms: Account, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = start(oms, tmp_path)
    assert running.poll()[STAGE] == 0
    (health,) = running.built.collector.sources
    usual = health.stale_after
    running.spend(running.allowed(0.97))
    with caplog.at_level(logging.WARNING):
        scrape = running.poll()
    assert scrape[STAGE] == 1
    assert INTERVAL < health.interval <= 300.0
    assert health.stale_after / usual == pytest.approx(health.interval / INTERVAL)
    assert scrape[key("obs_source_stale_after_seconds", source="aws")] == health.stale_after
    assert "source aws is near its budget: $" in caplog.text
    (source,) = build_status(running.built.collector).sources
    assert "instead of 1m" in source.notes[0]
    running.stop()
    again = start(oms, tmp_path)
    after = again.poll()
    assert after[STAGE] == 1
    assert after[SPENT] > scrape[SPENT]
    again.stop()


def test_over_its_budget_a_source_is_asked_for_what_alerts_need_and_later_for_what_was_left_out(
    oms: Account, tmp_path: Path
) -> None:
    running = start(oms, tmp_path)
    running.poll()
    running.spend(running.allowed(1.1))
    minute = int(oms.clock.now) // 60 * 60
    put(oms, SCHEMA, "FailedInvocations", {minute: 3.0})
    put(oms, SCHEMA, "TriggeredRules", {minute: 7.0})
    oms.clock.now += 300
    scrape = running.poll()
    assert scrape[STAGE] == 2
    assert scrape[of_rule("eventbridge_failed_invocations_total")] == 3
    assert of_rule("eventbridge_triggered_rules_total") not in scrape
    (health,) = running.built.collector.sources
    assert health.interval == 300.0
    assert health.is_fresh(oms.clock.now + 5 * 300)
    (source,) = build_status(running.built.collector).sources
    assert "over its budget" in source.notes[0]
    running.stop()
    again = start(oms, tmp_path, budget=1000.0)
    oms.clock.now += 4 * 3600  # further back than a poll reads
    scrape = again.poll()
    assert scrape[STAGE] == 0
    assert scrape[of_rule("eventbridge_triggered_rules_total")] == 7
    assert scrape[of_rule("eventbridge_failed_invocations_total")] == 3
    again.stop()


def test_polls_that_fail_count_towards_the_budget(oms: Account, tmp_path: Path) -> None:
    running = start(oms, tmp_path)
    before = running.poll()[SPENT]
    oms.faults.start_fault(Fault.PARTIAL, "GetMetricData")
    after = running.poll()
    assert after[SPENT] - before == pytest.approx(3 * 15 * 0.01e-3)
    running.stop()
    again = start(oms, tmp_path)
    assert again.counters.spending is not None
    assert again.counters.spending.spent == pytest.approx(after[SPENT])
    again.stop()


def test_the_requests_that_arrive_are_those_of_the_metric_and_their_cost_that_of_the_estimate(
    oms: Account, tmp_path: Path
) -> None:
    start_of_data = settle_at_a_period(oms)
    aws_events.create_rules(oms.endpoint_url, "other", ("without-dead-letters",))
    for rule in (SCHEMA, OBJECT):
        put(oms, rule, "Invocations", {start_of_data + 60 * each: 1.0 for each in range(-10, 10)})
    before = dict(oms.faults.seen)
    running = start(oms, tmp_path)
    polls = 5
    for _ in range(polls):
        scrape = running.poll()
        oms.clock.now += 60
    arrived = {
        name: count - before.get(name, 0)
        for name, count in oms.faults.seen.items()
        if count != before.get(name, 0)
    }
    requests = {
        dict(labels)["operation"]: value
        for (name, labels), value in scrape.items()
        if name == "obs_aws_requests_total"
    }
    assert requests == arrived
    assert arrived == {
        "GetMetricData": polls + 1,  # latencies at every fifth poll
        "GetQueueAttributes": polls,
        "GetQueueUrl": 1,
        "ListEventBuses": 1,
        "ListRules": 1,
        "ListTargetsByRule": 2,
    }
    month = 730 * 3600 / (polls * INTERVAL)  # five polls are a whole round
    source, _ = oms.source(buses=[{"name": "oms-events"}])
    listed = 0.4e-6
    assert (scrape[SPENT] - listed) * month == pytest.approx(source.estimate().dollars)
    running.stop()


def test_a_rule_without_a_dead_letter_queue_is_not_asked_for_dead_letters(
    account: Account,
) -> None:
    aws_events.create_rules(account.endpoint_url, "default", ("plain",))
    source, client = account.source()
    snapshot = source.poll()
    assert client.dollars == pytest.approx(5 * 0.01e-3)
    assert snapshot.points[Rule("default", "plain"), "InvocationsSentToDlq"] == {}
    events = aws_events.aws("events", account.endpoint_url)
    aws_events.aws("sqs", account.endpoint_url).create_queue(QueueName="dead")
    put(account, Rule("default", "plain"), "InvocationsSentToDlq", {account.minute: 2.0})
    target = {
        "Id": "plain-target",
        "Arn": aws_events.queue_arn("dead"),
        "DeadLetterConfig": {"Arn": aws_events.queue_arn("dead")},
    }
    events.put_targets(Rule="plain", Targets=[target])
    account.clock.now += 300
    asked = source.poll().points[Rule("default", "plain"), "InvocationsSentToDlq"]
    assert asked == {account.minute - 300: 2.0}
