"""SQS as such on an emulated account: work queues, causes of dead letters, tags."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from obs.alerts.targets import build
from obs.artifacts import write, yaml_text
from obs.catalogue.metric import Metric
from obs.catalogue.query import equal, selector
from obs.catalogue.sqs import QUEUE_COUNTERS
from obs.families.family import RowCache
from obs.families.sqs import TagFamilies
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT, REGION
from obs.sandbox.aws_faults import Fault
from obs.snapshot.aws import AwsSnapshot, Rule
from obs.snapshot.aws_services import Resource
from obs.snapshot.sqs import Cause, QueueRole
from obs.sources.aws.dead_letter_causes import REDRIVEN, REDRIVES
from obs.sources.aws.services.kinds import KINDS
from obs.spec.system import System
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
from tests.integration.promtool import needs_promtool, said_of

__all__ = ["account", "collectors", "emulator", "proxy"]

pytestmark = pytest.mark.integration

TARGET = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:bill"
WORK, DEAD_LETTER = QueueRole.WORK, QueueRole.DEAD_LETTER


def create(account: Account, name: str, **attributes: object) -> str:
    """Create a queue; gives its URL. Attributes that are mappings are written as JSON."""
    written = {
        key: json.dumps(value) if isinstance(value, dict) else str(value)
        for key, value in attributes.items()
    }
    if name.endswith(".fifo"):
        written["FifoQueue"] = "true"
    sqs = aws_events.aws("sqs", account.endpoint_url)
    url: str = sqs.create_queue(QueueName=name, Attributes=written)["QueueUrl"]
    return url


def redrives_to(queue: str) -> dict[str, object]:
    return {"deadLetterTargetArn": aws_events.queue_arn(queue), "maxReceiveCount": 1}


def dead_letter(rule: str, code: str, **changes: str) -> Mapping[str, Any]:
    """The attributes of a message as EventBridge sends it to a dead-letter queue."""
    told = {
        "RULE_ARN": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}",
        "TARGET_ARN": TARGET,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": "The target answered 500",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "3",
        **changes,
    }
    return {
        name: {"DataType": "String", "StringValue": value} for name, value in told.items() if value
    }


def send(
    account: Account, url: str, count: int, attributes: Mapping[str, Any], **more: str
) -> None:
    sqs = aws_events.aws("sqs", account.endpoint_url)
    for first in range(0, count, 10):
        entries = [
            {"Id": f"{i}", "MessageBody": f"secret body {i}", "MessageAttributes": attributes}
            | ({"MessageGroupId": "g", "MessageDeduplicationId": f"{first + i}"} if more else {})
            for i in range(min(10, count - first))
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)


def received(account: Account, url: str, count: int = 10) -> list[Mapping[str, Any]]:
    """Messages that can be received now, with their receive counts."""
    sqs = aws_events.aws("sqs", account.endpoint_url)
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=count,
        VisibilityTimeout=0,
        AttributeNames=["ApproximateReceiveCount"],
    )
    found: list[Mapping[str, Any]] = answer.get("Messages", [])
    return found


def roles(snapshot: AwsSnapshot) -> dict[str, QueueRole]:
    return {queue.name: queue.role for queue in snapshot.queues}


def put_traffic(account: Account, queue: str, metric: str, points: Mapping[int, float]) -> None:
    dimensions = [{"Name": "QueueName", "Value": queue}]
    aws_events.put_points(account.endpoint_url, "AWS/SQS", dimensions, {metric: points})


def shop(account: Account) -> None:
    """Two work queues, one with a dead-letter queue, and queues that only look like work queues."""
    create(account, "shop-dlq")
    create(account, "shop-orders", RedrivePolicy=redrives_to("shop-dlq"))
    create(account, "shop-mail")
    allow = {"redrivePermission": "byQueue", "sourceQueueArns": [aws_events.queue_arn("other")]}
    create(account, "shop-returned", RedriveAllowPolicy=allow)


def test_what_redrive_policies_point_at_is_a_dead_letter_queue_and_the_rest_are_work_queues(
    account: Account,
) -> None:
    shop(account)
    assert roles(account.source(work_queues=["shop-*"])[0].poll()) == {
        "shop-dlq": DEAD_LETTER,
        "shop-mail": WORK,
        "shop-orders": WORK,
        "shop-returned": DEAD_LETTER,
    }


def test_the_dead_letter_queue_of_a_work_queue_is_watched_as_those_of_rules_are(
    account: Account,
) -> None:
    shop(account)
    aws_events.create_oms(account.endpoint_url)
    assert roles(account.source(work_queues=["shop-orders"])[0].poll()) == {
        "oms-events-dlq": DEAD_LETTER,
        "shop-dlq": DEAD_LETTER,
        "shop-orders": WORK,
    }


def test_the_word_of_the_spec_stands_above_what_policies_say(account: Account) -> None:
    shop(account)
    spec = {"work_queues": ["shop-returned", "shop-*"], "queues": ["shop-mail"]}
    assert roles(account.source(**spec)[0].poll()) == {
        "shop-dlq": DEAD_LETTER,
        "shop-mail": DEAD_LETTER,
        "shop-orders": WORK,
        "shop-returned": WORK,
    }


def test_a_queue_tells_messages_in_flight_and_delayed_ones(account: Account) -> None:
    url = create(account, "orders")
    sqs = aws_events.aws("sqs", account.endpoint_url)
    for delay in (0, 0, 300):
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=delay)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
    (queue,) = account.source(work_queues=["orders"])[0].poll().queues
    assert (queue.visible, queue.in_flight, queue.delayed) == (1, 1, 1)


def test_requests_of_work_queues_and_causes_are_those_of_the_estimate(account: Account) -> None:
    shop(account)
    spec = {"work_queues": ["shop-orders", "shop-mail"], "dead_letter_causes": True}
    source, client = account.source(poll="1m", **spec)
    send(account, create(account, "shop-dlq"), 60, dead_letter("bus/r", "X"))
    before = dict(account.faults.seen)
    source.poll()
    asked = {
        operation: count - before.get(operation, 0)
        for operation, count in account.faults.seen.items()
    }
    (queue,) = (q for q in source.estimate().lines if q.what == "SQS requests for causes")
    assert asked["ReceiveMessage"] + asked["ChangeMessageVisibilityBatch"] == 10
    assert queue.units == pytest.approx(10 * 730 * 3600 / 300)
    # 3 ages, 3 counters of each of 2 work queues; 3 depths, 2 redrive policies, 1 URL, 2 lists.
    assert client.dollars == pytest.approx(9 * 0.01 / 1000 + (3 + 2 + 1 + 2 + 10) * 0.4e-6)


CODES = (("SDK_CLIENT_ERROR", 3), ("NO_PERMISSIONS", 2))


def test_causes_are_read_by_error_code_rule_and_target_and_every_message_stays(
    account: Account,
) -> None:
    aws_events.create_oms(account.endpoint_url)
    url = create(account, "oms-events-dlq", MessageRetentionPeriod=1_209_600)
    for code, count in CODES:
        send(account, url, count, dead_letter("oms-events/oms-schema-changed", code))
    send(account, url, 1, dead_letter("nightly", "NO_RESOURCE", TARGET_ARN=""))
    send(account, url, 1, {})
    snapshot = account.source(dead_letter_causes=True)[0].poll()
    told = snapshot.sqs.causes["oms-events-dlq"]
    schema = ("oms-events", "oms-schema-changed", "lambda:function:bill")
    assert told.messages == {
        Cause("SDK_CLIENT_ERROR", *schema): 3,
        Cause("NO_PERMISSIONS", *schema): 2,
        Cause("NO_RESOURCE", "default", "nightly", "unknown"): 1,
        Cause("unknown", "unknown", "unknown", "unknown"): 1,
    }
    assert told.examples[Cause("NO_PERMISSIONS", *schema)] == (
        "The target answered 500 (MaximumRetryAttempts after 3 retries)"
    )
    assert "secret body" not in repr(snapshot)
    assert len(received(account, url)) == 7  # visible again at once, none deleted


def test_a_message_is_read_once_until_there_are_others(account: Account) -> None:
    aws_events.create_oms(account.endpoint_url)
    url = create(account, "oms-events-dlq", MessageRetentionPeriod=1_209_600)
    send(account, url, 4, dead_letter("oms-events/r", "A"))
    source, client = account.source(dead_letter_causes=True)
    for _ in range(3):
        source.poll()
        account.clock.now += 300
    assert client.requests["ReceiveMessage"] == 2  # the second of the first reading found none
    assert [m["Attributes"]["ApproximateReceiveCount"] for m in received(account, url)] == ["2"] * 4
    send(account, url, 1, dead_letter("oms-events/r", "B"))
    told = source.poll().sqs.causes["oms-events-dlq"].messages
    assert {cause.error_code: count for cause, count in told.items()} == {"A": 4, "B": 1}
    aws_events.aws("sqs", account.endpoint_url).purge_queue(QueueUrl=url)
    assert source.poll().sqs.causes["oms-events-dlq"].messages == {}


def test_a_queue_with_a_redrive_policy_is_not_read_because_that_could_move_its_messages(
    account: Account,
) -> None:
    create(account, "last")
    url = create(account, "first-dlq", RedrivePolicy=redrives_to("last"))
    send(account, url, 3, dead_letter("bus/r", "A"))
    source, client = account.source(queues=["first-dlq"], dead_letter_causes=True)
    told = source.poll().sqs.causes["first-dlq"]
    assert (told.messages, told.not_read) == ({}, REDRIVES)
    assert "ReceiveMessage" not in client.requests


def test_a_fifo_queue_is_read_without_hiding_a_message_so_that_no_group_is_blocked(
    account: Account,
) -> None:
    url = create(account, "orders-dlq.fifo")
    send(account, url, 3, {}, fifo="yes")
    source, client = account.source(queues=["orders-dlq.fifo"], dead_letter_causes=True)
    told = source.poll().sqs.causes["orders-dlq.fifo"]
    assert sum(told.messages.values()) == 3
    assert client.requests["ReceiveMessage"] == 1
    assert "ChangeMessageVisibilityBatch" not in client.requests
    assert len(received(account, url)) == 3


def test_what_consumers_did_not_process_names_their_queue(account: Account) -> None:
    shop(account)
    sqs = aws_events.aws("sqs", account.endpoint_url)
    url = sqs.get_queue_url(QueueName="shop-orders")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    for _ in range(2):  # the second finds it received too often
        received(account, url)
    source = account.source(work_queues=["shop-orders"], dead_letter_causes=True)[0]
    told = source.poll().sqs.causes["shop-dlq"].messages
    assert told == {Cause(REDRIVEN, "unknown", "unknown", "sqs:shop-orders"): 1}


def test_causes_that_may_not_be_read_fail_nothing_else(account: Account) -> None:
    aws_events.create_oms(account.endpoint_url)
    url = create(account, "oms-events-dlq", MessageRetentionPeriod=1_209_600)
    send(account, url, 3, dead_letter("oms-events/r", "A"))
    account.faults.start_fault(Fault.DENIED, "ReceiveMessage")
    snapshot = account.source(dead_letter_causes=True)[0].poll()
    assert [queue.visible for queue in snapshot.queues] == [3]
    assert "not permitted" in snapshot.sqs.causes["oms-events-dlq"].not_read


def test_messages_that_were_read_tell_their_age_where_cloudwatch_leaves_them_out(
    account: Account,
) -> None:
    aws_events.create_oms(account.endpoint_url)
    url = create(account, "oms-events-dlq", MessageRetentionPeriod=1_209_600)
    send(account, url, 1, dead_letter("oms-events/r", "A"))
    source = account.source(dead_letter_causes=True)[0]
    source.poll()
    account.clock.now += 7200
    (queue,) = source.poll().queues
    assert queue.oldest_age == pytest.approx(7200, abs=30)


def tag(account: Account, arn: str, **tags: str) -> None:
    aws_events.aws("resourcegroupstaggingapi", account.endpoint_url).tag_resources(
        ResourceARNList=[arn], Tags=tags
    )


def rule_arn(name: str) -> str:
    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"


def tagged_shop(account: Account) -> None:
    aws_events.create_rules(account.endpoint_url, "default", ("nightly", "hourly"))
    aws_events.create_rules(account.endpoint_url, "orders", ("paid", "sent"))
    for name in ("work", "other", "bare"):
        create(account, name)
    tag(account, rule_arn("nightly"), team="orders", env="prod")
    tag(account, rule_arn("hourly"), team="billing")
    tag(account, f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders", team="orders")
    tag(account, aws_events.queue_arn("work"), team="orders")
    tag(account, aws_events.queue_arn("other"), team="billing")


def test_tags_select_rules_by_their_own_and_by_their_bus_s_and_queues(account: Account) -> None:
    tagged_shop(account)
    snapshot = account.source(tags={"team": "orders"})[0].poll()
    orders = (Rule("orders", "paid"), Rule("orders", "sent"))
    assert snapshot.rules == (Rule("default", "nightly"), *orders)
    assert [queue.name for queue in snapshot.queues] == ["work"]
    both = {"team": "orders", "env": "prod"}
    assert account.source(tags=both)[0].poll().rules == (Rule("default", "nightly"),)


def test_tags_select_and_label_functions_topics_pipes_and_groups_of_schedules(
    account: Account,
) -> None:
    url = account.endpoint_url
    sns, scheduler = (aws_events.aws(each, url) for each in ("sns", "scheduler"))
    arns = [sns.create_topic(Name=name)["TopicArn"] for name in ("ours", "theirs", "named")]
    arns.append(scheduler.create_schedule_group(Name="nightly")["ScheduleGroupArn"])
    scheduler.create_schedule_group(Name="others")
    for arn in (arns[0], arns[3]):
        tag(account, arn, team="orders")
    watched = {"topics": ["*s", "named"], "schedule_groups": ["*"], "tags": {"team": "orders"}}
    source, _ = account.source(**watched)
    snapshot = source.poll()
    ours, nightly = Resource("topic", "ours"), Resource("schedule_group", "nightly")
    assert snapshot.services.resources == (nightly, Resource("topic", "named"), ours)
    assert snapshot.tags.others == {ours: {"team": "orders"}, nightly: {"team": "orders"}}
    kinds: dict[str, Metric] = {kind.key: kind.tags for kind in KINDS if kind.tags}
    families = TagFamilies("aws", ["team"], kinds).of(
        *((), (), snapshot.services.resources, snapshot.tags, RowCache())
    )
    labelled = {each.metric.name: [*each.rows.values] for each in families[2:]}
    assert labelled == {
        "sns_topic_tags_info": [("aws", "ours", "orders")],
        "eventbridge_schedule_group_tags_info": [("aws", "nightly", "orders")],
    }


@pytest.mark.parametrize(
    ("kind", "arn", "name"),
    [
        ("function", "arn:aws:lambda:eu-west-1:123456789012:function:paid", "paid"),
        ("topic", "arn:aws:sns:eu-west-1:123456789012:changes", "changes"),
        ("pipe", "arn:aws:pipes:eu-west-1:123456789012:pipe/outbox", "outbox"),
        ("schedule_group", "arn:aws:scheduler:eu-west-1:123456789012:schedule-group/n", "n"),
    ],
)
def test_an_object_is_known_by_its_arn_in_the_tagging_api(kind: str, arn: str, name: str) -> None:
    assert {each.key: found for each in KINDS if (found := each.tagged(arn))} == {kind: name}


def test_what_is_named_in_full_is_watched_whatever_its_tags(account: Account) -> None:
    tagged_shop(account)
    buses = [{"name": "default", "rules": ["hourly"]}]
    spec = {"buses": buses, "work_queues": ["bare", "o*"], "tags": {"team": "orders"}}
    snapshot = account.source(**spec)[0].poll()
    assert snapshot.rules == (Rule("default", "hourly"),)
    assert [queue.name for queue in snapshot.queues] == ["bare"]


def test_tags_are_asked_for_rarely_and_kept_while_they_cannot_be_read(account: Account) -> None:
    tagged_shop(account)
    source, client = account.source(tags={"team": "orders"}, inventory_every="1m")
    rules = source.poll().rules
    for _ in range(3):
        account.clock.now += 290
        source.poll()
    assert (client.requests["GetResources"], client.requests["ListEventBuses"]) == (1, 4)
    account.faults.start_fault(Fault.DENIED, "GetResources")
    account.clock.now += 900
    assert source.poll().rules == rules
    assert client.requests["GetResources"] == 2


def test_pages_of_tagged_resources_are_joined(account: Account) -> None:
    tagged_shop(account)
    account.faults.start_fault(Fault.PAGED, "GetResources")
    source, client = account.source(tags={"team": "billing"})
    snapshot = source.poll()
    assert (snapshot.rules, [q.name for q in snapshot.queues]) == (
        (Rule("default", "hourly"),),
        ["other"],
    )
    assert client.requests["GetResources"] >= 5  # one resource a page


def labels_of(scrape: Scrape, name: str) -> set[frozenset[tuple[str, str]]]:
    """The labels of a metric's series, but for the source's; an empty one is none."""
    every = (labels - {("aws", "aws")} for _, labels in named(scrape, name))
    return {frozenset(pair for pair in labels if pair[1]) for labels in every}


def firing(folder: Path, spec: Spec, scrape: Scrape) -> set[tuple[str, str]]:
    """The alerts on queues that fire, with their queues, if all stays as it is for an hour."""
    system = System.model_validate(spec)
    write(folder / "rules", build(system, ["prometheus"]))
    series = [
        {"series": selector(name, equal((*sorted(own), *system.labels))), "values": f"{value:g}x70"}
        for (name, own), value in scrape.items()
        if name.startswith(("sqs_queue_", "obs_source_"))
    ]
    expected = {"expr": 'ALERTS{alertstate="firing",queue!=""}', "eval_time": "1h"}
    test = {"interval": "1m", "input_series": series, "promql_expr_test": [expected]}
    rules = ["rules/prometheus/eventbridge.yaml"]
    (folder / "test.yaml").write_text(yaml_text({"rule_files": rules, "tests": [test]}))
    said = said_of(folder, "test.yaml")
    found = re.findall(r'alertname="(\w+)"[^}]*queue="([^"]+)"', said)
    return set(found)


@needs_promtool
def test_a_collector_tells_of_queues_counts_through_a_kill_and_labels_by_tags(
    account: Account, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    shop(account)
    aws_events.create_oms(account.endpoint_url)
    tag(account, aws_events.queue_arn("shop-mail"), team="mail", **{"cost-centre": "7"})
    tag(account, rule_arn("oms-events/oms-schema-changed"), team="schema")
    url = aws_events.aws("sqs", account.endpoint_url).get_queue_url(QueueName="shop-dlq")
    send(account, url["QueueUrl"], 12, dead_letter("oms-events/r", "NO_PERMISSIONS"))
    work = aws_events.aws("sqs", account.endpoint_url).get_queue_url(QueueName="shop-orders")
    send(account, work["QueueUrl"], 3, {})
    spec = spec_of(
        tmp_path,
        aws={
            "endpoint_url": account.faults.endpoint_url,
            "work_queues": ["shop-*"],
            "dead_letter_causes": True,
            "tag_labels": ["team", "cost-centre"],
        },
    )
    collector = CollectorProcess(tmp_path, spec)
    collectors.append(collector)
    collector.clock.turn()
    minutes = {collector.clock.minute + 60 * late: 2000.0 for late in range(-3, 4)}
    aws_events.put_queue_age(account.endpoint_url, "shop-orders", minutes)
    scrape = collector.start().until(lambda scrape: named(scrape, "sqs_queue_sent"))
    mail = {"aws": "aws", "queue": "shop-mail"}
    roles = {
        *(("oms-events-dlq", "dead_letter"), ("shop-dlq", "dead_letter"), ("shop-mail", "work")),
        *(("shop-orders", "work"), ("shop-returned", "dead_letter")),
    }
    assert labels_of(scrape, "sqs_queue_role_info") == {
        frozenset({("queue", queue), ("role", role)}) for queue, role in roles
    }
    assert labels_of(scrape, "sqs_queue_tags_info") == {
        frozenset({("queue", "shop-mail"), ("team", "mail"), ("cost_centre", "7")})
    }
    rule = {("bus", "oms-events"), ("rule", "oms-schema-changed"), ("team", "schema")}
    assert labels_of(scrape, "eventbridge_rule_tags_info") == {frozenset(rule)}
    cause = {"error_code": "NO_PERMISSIONS", "bus": "oms-events", "rule": "r"}
    told = {"aws": "aws", "queue": "shop-dlq", **cause, "target": "lambda:function:bill"}
    assert scrape[key("sqs_queue_dead_letter_cause_messages", **told)] == 12
    assert firing(tmp_path, spec, scrape) == {
        ("SqsDeadLettersWaiting", "shop-dlq"),
        ("SqsQueueNotConsumed", "shop-orders"),
        ("SqsBacklogOld", "shop-orders"),
    }
    start = collector.clock.minute
    sums = {"NumberOfMessagesSent": 7.0, "NumberOfMessagesReceived": 5.0}
    for metric, value in sums.items():
        put_traffic(account, "shop-mail", metric, {start: value, start - 120: 99.0})
    sent = key("sqs_queue_sent_messages_total", **mail)
    collector.until(lambda scrape: scrape.get(sent) == 7)
    collector.kill()
    put_traffic(account, "shop-mail", "NumberOfMessagesSent", {start + 60: 4.0, start: 1.0})
    collector.clock.turn()
    scrape = collector.start().until(lambda scrape: scrape.get(sent) == 12)
    counted = [scrape[key(metric.name, **mail)] for metric in QUEUE_COUNTERS]
    assert counted == [12, 5, 0]
