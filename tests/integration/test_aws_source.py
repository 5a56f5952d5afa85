from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries
from obs.errors import SourceError
from obs.sandbox import aws_events
from obs.sandbox.aws_faults import Fault
from obs.slo.totals import CumulativeTotal
from obs.snapshot.aws import AwsSnapshot, Latency, Queue, Rule
from tests.integration.aws_fixtures import Account, account, emulator, proxy

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_events.type_defs import TargetTypeDef

__all__ = ["account", "emulator", "proxy"]

pytestmark = pytest.mark.integration

SCHEMA = Rule("oms-events", "oms-schema-changed")
OBJECT = Rule("oms-events", "oms-object-changed")
OMS = [{"name": "oms-events"}]
PARTNER = "aws.partner/example.com/1/orders"


@pytest.fixture
def oms(account: Account) -> Account:
    aws_events.create_oms(account.endpoint_url)
    return account


def put(account: Account, rule: Rule, metric: str, points: dict[int, float]) -> None:
    aws_events.put_rule_points(account.endpoint_url, rule.bus, rule.name, {metric: points})


def fed(snapshot: AwsSnapshot) -> dict[tuple[Rule, str], dict[int, float]]:
    return {key: points for key, points in snapshot.points.items() if points}


def test_points_of_default_custom_and_partner_buses_are_those_that_were_fed(
    account: Account,
) -> None:
    rules = [Rule("default", "nightly"), Rule("orders", "nightly"), Rule(PARTNER, "nightly")]
    for count, rule in enumerate(rules, start=1):
        aws_events.create_rules(account.endpoint_url, rule.bus, (rule.name,))
        put(account, rule, "Invocations", {account.minute: count, account.minute - 60: 10 * count})
    snapshot = account.source()[0].poll()
    assert snapshot.rules == tuple(sorted(rules))
    assert fed(snapshot) == {
        (rule, "Invocations"): {account.minute: count, account.minute - 60: 10 * count}
        for count, rule in enumerate(rules, start=1)
    }


def test_every_known_rule_has_all_seven_metrics_before_anything_happened(oms: Account) -> None:
    snapshot = oms.source()[0].poll()
    assert len(snapshot.points) == 2 * 7
    assert fed(snapshot) == {}


def test_the_window_is_three_hours_up_to_the_settled_minute_and_the_minutes_after_it(
    oms: Account,
) -> None:
    snapshot = oms.source(delay="2m")[0].poll()
    assert snapshot.settled % 60 == 0
    assert oms.clock.now - 180 < snapshot.settled <= oms.clock.now - 120
    assert snapshot.since == snapshot.settled - 3 * 3600
    edges = {int(snapshot.since): 1.0, int(snapshot.settled): 2.0}
    put(oms, SCHEMA, "Invocations", {**edges, int(snapshot.since) - 60: 4.0})
    assert oms.source(delay="2m")[0].poll().points[SCHEMA, "Invocations"] == edges


def test_buses_and_rules_are_chosen_by_name_and_glob(oms: Account) -> None:
    aws_events.create_rules(oms.endpoint_url, "default", ("a", "b"))
    aws_events.create_rules(oms.endpoint_url, PARTNER, ("c",))
    chosen = [
        {"name": "default", "rules": ["b"]},
        {"name": "oms-*", "rules": ["*-schema-*"]},
        {"name": "aws.partner/*/orders"},
    ]
    snapshot = oms.source(buses=chosen)[0].poll()
    assert snapshot.rules == (Rule(PARTNER, "c"), Rule("default", "b"), SCHEMA)


def test_more_rules_than_a_page_holds_are_all_found(account: Account) -> None:
    names = tuple(f"rule-{number:03}" for number in range(105))
    aws_events.create_rules(account.endpoint_url, "default", names)
    source, client = account.source()
    assert [rule.name for rule in source.poll().rules] == list(names)
    assert client.requests["ListRules"] == 2
    # 105 rules × 5 metrics, as none has a dead-letter queue: one request for each 500.
    assert client.requests["GetMetricData"] == 2
    assert client.dollars == pytest.approx(525 * 0.01 / 1000, rel=1e-12)


@pytest.mark.parametrize("operation", ["ListEventBuses", "ListTargetsByRule", "GetMetricData"])
def test_pages_are_joined(oms: Account, operation: str) -> None:
    aws_events.create_rules(oms.endpoint_url, "default", ("a",))
    points = {oms.minute - 60 * age: float(age + 1) for age in range(4)}
    put(oms, SCHEMA, "Invocations", points)
    put(oms, OBJECT, "FailedInvocations", {oms.minute: 9.0})
    plain = oms.source()[0].poll()
    oms.faults.start_fault(Fault.PAGED, operation)
    paged = oms.source()[0].poll()
    assert (paged.rules, paged.targets, paged.points) == (plain.rules, plain.targets, plain.points)
    assert fed(paged)[SCHEMA, "Invocations"] == points


def test_targets_tell_retries_event_age_and_dead_letter_queue(oms: Account) -> None:
    (target,) = (one for one in oms.source()[0].poll().targets if one.rule == SCHEMA)
    assert (target.max_retries, target.max_event_age) == (3, 3600)
    assert target.dead_letter_queue == aws_events.queue_arn("oms-events-dlq")


def test_a_dead_letter_queue_has_its_depth_and_the_age_of_its_oldest_message(oms: Account) -> None:
    assert oms.source()[0].poll().queues == (Queue("oms-events-dlq", 0, 0.0),)
    sqs = aws_events.aws("sqs", oms.endpoint_url)
    url = sqs.get_queue_url(QueueName="oms-events-dlq")["QueueUrl"]
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert oms.source()[0].poll().queues == (Queue("oms-events-dlq", 2, None),)
    aws_events.put_queue_age(oms.endpoint_url, "oms-events-dlq", {oms.minute + 120: 42.0})
    assert oms.source()[0].poll().queues == (Queue("oms-events-dlq", 2, 42.0),)


def test_queues_that_cannot_be_read_are_left_out_and_counted(oms: Account) -> None:
    events = aws_events.aws("events", oms.endpoint_url)
    for rule, arn in (
        ("there", "arn:aws:sqs:eu-west-1:000000000000:far"),
        ("theirs", "arn:aws:sqs:us-east-1:999999999999:foreign"),
        ("gone", aws_events.queue_arn("deleted")),
    ):
        events.put_rule(Name=rule, EventBusName="oms-events", EventPattern='{"source": ["oms"]}')
        target: TargetTypeDef = {
            "Id": rule,
            "Arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "DeadLetterConfig": {"Arn": arn},
        }
        events.put_targets(Rule=rule, EventBusName="oms-events", Targets=[target])
    snapshot = oms.source()[0].poll()
    assert [queue.name for queue in snapshot.queues] == ["oms-events-dlq"]
    assert snapshot.left_out == {"elsewhere": 2, "missing": 1}


def test_a_queue_that_may_not_be_read_does_not_hide_the_rules(oms: Account) -> None:
    put(oms, SCHEMA, "Invocations", {oms.minute: 5.0})
    oms.faults.start_fault(Fault.DENIED, "GetQueueAttributes")
    snapshot = oms.source()[0].poll()
    assert (snapshot.queues, snapshot.left_out) == ((), {"denied": 1})
    assert snapshot.points[SCHEMA, "Invocations"] == {oms.minute: 5.0}


def test_queues_are_also_found_by_glob(oms: Account) -> None:
    sqs = aws_events.aws("sqs", oms.endpoint_url)
    for name in ("orders-dlq", "orders-in", "other-dlq"):
        sqs.create_queue(QueueName=name)
    snapshot = oms.source(queues=["orders-*dlq", "nobody-*"])[0].poll()
    assert [queue.name for queue in snapshot.queues] == ["oms-events-dlq", "orders-dlq"]


def test_rules_are_listed_again_only_after_the_interval(oms: Account) -> None:
    source, client = oms.source(buses=OMS, inventory_every="5m")
    source.poll()
    aws_events.aws("events", oms.endpoint_url).put_rule(
        Name="new", EventBusName="oms-events", EventPattern='{"source": ["oms"]}'
    )
    oms.clock.now += 299
    assert len(source.poll().rules) == 2
    assert client.requests["ListRules"] == 1
    oms.clock.now += 1
    assert len(source.poll().rules) == 3
    assert client.requests["ListRules"] == 2


def test_known_rules_stay_when_a_later_listing_fails(
    oms: Account, caplog: pytest.LogCaptureFixture
) -> None:
    source, _ = oms.source(inventory_every="1m")
    source.poll()
    oms.faults.start_fault(Fault.DENIED, "ListRules")
    oms.clock.now += 60
    assert source.poll().rules == (OBJECT, SCHEMA)
    assert "ListRules: not permitted" in caplog.text
    with pytest.raises(SourceError, match="ListRules"):
        oms.source()[0].poll()


def test_throttling_is_retried_and_every_attempt_counted(oms: Account) -> None:
    put(oms, SCHEMA, "TriggeredRules", {oms.minute: 5.0})
    before = oms.faults.seen
    oms.faults.start_fault(Fault.THROTTLED, "GetMetricData", times=2)
    source, client = oms.source()
    assert source.poll().points[SCHEMA, "TriggeredRules"] == {oms.minute: 5.0}
    assert client.requests["GetMetricData"] == 3
    arrived = {name: count - before.get(name, 0) for name, count in oms.faults.seen.items()}
    assert {name: count for name, count in arrived.items() if count} == dict(client.requests)


def test_partial_data_is_requested_again(oms: Account) -> None:
    put(oms, SCHEMA, "TriggeredRules", {oms.minute: 5.0})
    oms.faults.start_fault(Fault.PARTIAL, "GetMetricData", times=2)
    source, client = oms.source()
    assert source.poll().points[SCHEMA, "TriggeredRules"] == {oms.minute: 5.0}
    assert client.requests["GetMetricData"] == 3


def test_data_that_stays_partial_is_an_error_and_not_a_gap(oms: Account) -> None:
    oms.faults.start_fault(Fault.PARTIAL, "GetMetricData")
    source, client = oms.source()
    with pytest.raises(SourceError, match="PartialData") as caught:
        source.poll()
    assert caught.value.reason == "partial"
    assert client.requests["GetMetricData"] == 3


@contextmanager
def without_pauses() -> Iterator[None]:
    """botocore tries again at once: pauses of up to three seconds prove nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        yield


FAULTS = (
    (Fault.THROTTLED, "throttled"),
    (Fault.UNAVAILABLE, "http_status"),
    (Fault.RUBBISH, "decode"),
    (Fault.HALF, "connection"),
    (Fault.SLOW, "timeout"),
)
PASSING = (Fault.THROTTLED, Fault.UNAVAILABLE, Fault.HALF, Fault.SLOW)  # worth another try
REFUSALS = (
    (Fault.DENIED, "auth"),
    (Fault.CREDENTIALS, "auth"),
    (Fault.EXPIRED, "auth"),
    (Fault.SIGNATURE, "auth"),
)


@pytest.mark.parametrize(
    ("operation", "fault", "reason"),
    [
        *(("ListEventBuses", *case) for case in (*FAULTS, *REFUSALS)),
        *(("GetMetricData", *case) for case in (*FAULTS, *REFUSALS)),
        # Where it is refused, one queue is left out and the poll goes on.
        *(("GetQueueUrl", *case) for case in FAULTS),
        *(("GetQueueAttributes", *case) for case in FAULTS),
    ],
)
def test_a_fault_of_aws_fails_the_poll_with_its_reason(
    oms: Account, operation: str, fault: Fault, reason: str
) -> None:
    oms.faults.start_fault(fault, operation, seconds=3.0)
    # Short only where it is waited for: a busy machine answers late.
    source, client = oms.source(timeout="750ms" if fault is Fault.SLOW else "10s")
    with without_pauses(), pytest.raises(SourceError, match=operation) as caught:
        source.poll()
    assert client.requests[operation] == (3 if fault in PASSING else 1)
    assert caught.value.reason == reason
    oms.faults.stop_faults()
    assert source.poll().rules == (OBJECT, SCHEMA)


def test_rubbish_is_never_an_account_without_queues(oms: Account) -> None:
    oms.faults.start_fault(Fault.RUBBISH, "ListQueues")
    with pytest.raises(SourceError, match="ListQueues") as caught:
        oms.source(queues=["*"])[0].poll()
    assert caught.value.reason == "decode"


def test_a_refused_connection_fails_the_poll_and_the_next_one_recovers(oms: Account) -> None:
    source, _ = oms.source()
    source.poll()
    oms.faults.refuse()
    with pytest.raises(SourceError) as caught:
        source.poll()
    assert caught.value.reason == "connection"
    oms.faults.stop_faults()
    assert source.poll().rules == (OBJECT, SCHEMA)


def test_no_error_repeats_a_secret(oms: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrSECRET")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "FwoTOKEN")
    oms.faults.start_fault(Fault.SIGNATURE)
    with pytest.raises(SourceError) as caught:
        oms.source()[0].poll()
    said = f"{caught.value!r} {caught.value.__cause__!r}"
    for secret in ("FwoTOKEN", "wJalrSECRET", "Signature="):
        assert secret not in said
    assert "AWS rejected the credentials" in said


def test_missing_credentials_and_profiles_are_errors_of_authentication(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SourceError, match="ProfileNotFound") as caught:
        account.source(profile="nobody")[0].poll()
    assert caught.value.reason == "auth"
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for fields in ({}, {"role_arn": "arn:aws:iam::000000000000:role/obs"}):
        with pytest.raises(SourceError, match="NoCredentialsError") as caught:
            account.source(**fields)[0].poll()
        assert caught.value.reason == "auth"


def test_a_role_is_assumed_once_for_many_requests(oms: Account) -> None:
    source, client = oms.source(role_arn="arn:aws:iam::000000000000:role/obs")
    source.poll()
    source.poll()
    assert client.requests["AssumeRole"] == 1
    assert client.requests["GetMetricData"] == 2


def test_a_role_that_may_not_be_assumed_is_an_error_of_authentication(oms: Account) -> None:
    oms.faults.start_fault(Fault.DENIED, "AssumeRole")
    with pytest.raises(SourceError) as caught:
        oms.source(role_arn="arn:aws:iam::000000000000:role/obs")[0].poll()
    assert caught.value.reason == "auth"


def test_the_present_rate_equals_the_estimate_from_the_first_poll_on(oms: Account) -> None:
    source, client = oms.source(buses=OMS)
    start = settle_at_a_period(oms)
    for rule in (SCHEMA, OBJECT):  # none is idle: the estimate takes that for granted
        put(oms, rule, "Invocations", {start + 60 * minute: 1.0 for minute in range(-10, 10)})
    for polls in range(1, 7):
        source.poll()
        listing = 0.40e-6 * client.requests["GetQueueUrl"]
        expected = source.estimate().dollars
        assert client.dollars_per_month == pytest.approx(expected, rel=0.01)
        latencies = client.requests["GetMetricData"] - polls
        assert latencies == (1 if polls < 6 else 2)
        spent = polls * (15 * 0.01e-3 + 0.40e-6) + latencies * 2 * 0.01e-3
        assert client.dollars == pytest.approx(spent + listing)
        oms.clock.now += 60


def settle_at_a_period(account: Account) -> int:
    """Set the clock to where the settled minutes end with five of the clock's; gives that time."""
    settled = int(account.clock.now) // 300 * 300 - 300
    account.clock.now = settled + 121.0
    return settled


def test_a_rule_s_latency_is_that_of_the_last_minutes_in_which_it_delivered(oms: Account) -> None:
    nightly = Rule("default", "nightly")
    aws_events.create_rules(oms.endpoint_url, nightly.bus, (nightly.name,))
    end = settle_at_a_period(oms)
    for rule, minute, latencies in (
        (SCHEMA, end - 60, (100.0, 600.0)),
        (SCHEMA, end - 360, (9000.0,)),  # an older period
        (SCHEMA, end, (9000.0,)),  # not settled
        (nightly, end - 600, (42.0,)),
    ):
        put(oms, rule, "Invocations", {minute: 1.0})
        for latency in latencies:
            put(oms, rule, "IngestionToInvocationSuccessLatency", {minute: latency})
    source, client = oms.source()
    for _ in range(2):
        assert source.poll().latencies == {
            SCHEMA: Latency(0.35, 0.6),
            nightly: Latency(0.042, 0.042),
        }
        oms.clock.now += 60
    assert client.requests["GetMetricData"] == 3
    oms.clock.now += 180
    assert source.poll().latencies == {SCHEMA: Latency(9.0, 9.0)}
    oms.clock.now += 900
    assert source.poll().latencies == {}
    assert client.requests["GetMetricData"] == 6  # nothing was invoked, so nothing was asked


def test_history_reads_the_slo_metrics_of_the_chosen_rules_once(oms: Account) -> None:
    day = oms.minute // 300 * 300 - 86_400
    put(oms, SCHEMA, "Invocations", {day: 4.0, day + 60: 5.0, day + 300: 6.0})
    put(oms, SCHEMA, "FailedInvocations", {day + 60: 1.0})
    put(oms, SCHEMA, "TriggeredRules", {day: 9.0})
    source, client = oms.source()
    points = source.history([SCHEMA], day, oms.minute, 300)
    assert {key: value for key, value in points.items() if value} == {
        (SCHEMA, "Invocations"): {day: 9.0, day + 300: 6.0},
        (SCHEMA, "FailedInvocations"): {day: 1.0},
    }
    assert len(points) == 4
    assert client.dollars == pytest.approx(4 * 0.01e-3)
    assert client.dollars_per_month == 0.0


def test_history_beyond_the_retention_of_aws_is_not_requested(oms: Account) -> None:
    put(oms, SCHEMA, "Invocations", {oms.minute: 4.0})
    source, client = oms.source()
    now = oms.clock.now
    points = source.history([SCHEMA], now - 90 * 86_400, now - 16 * 86_400, 60)
    assert len(points) == 4
    assert {series: found for series, found in points.items() if found} == {}
    assert client.requests == {}
    points = source.history([SCHEMA], now - 90 * 86_400, now, 900)
    assert points[SCHEMA, "Invocations"] == {oms.minute // 900 * 900: 4.0}


def test_published_metrics_can_be_read_back_and_are_priced(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    dimensions = (("Stream", "OMS_EVENTS"), ("Consumer", "oms-processor"))
    datum: MetricDatumTypeDef = {
        "MetricName": "ConsumerLag",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
        "Timestamp": datetime.fromtimestamp(account.minute, UTC),
        "Value": 12.0,
    }
    client.put_metric_data("oms", [datum])
    series = MetricSeries("oms", "ConsumerLag", "Maximum", dimensions)
    start, end = account.minute, account.minute + 60
    assert client.metric_data([series], start, end, 60) == {series: {start: 12.0}}
    assert client.requests == {"PutMetricData": 1, "GetMetricData": 1}
    assert client.dollars == pytest.approx(0.01e-3 + 0.01e-3)
    assert client.dollars_per_month == pytest.approx(0.30 + 2 * 0.01e-3 * 43_800)


def test_a_thousand_metrics_fit_one_publishing_request(account: Account) -> None:
    client = AwsClient(account.spec(), account.clock)
    data: list[MetricDatumTypeDef] = [
        {
            "MetricName": "ConsumerLag",
            "Dimensions": [{"Name": "Consumer", "Value": f"consumer-{number}"}],
            "Timestamp": datetime.fromtimestamp(account.minute, UTC),
            "Value": float(number),
        }
        for number in range(1000)
    ]
    client.put_metric_data("oms", data)
    series = [
        MetricSeries("oms", "ConsumerLag", "Maximum", (("Consumer", f"consumer-{number}"),))
        for number in range(1000)
    ]
    found = client.metric_data(series, account.minute, account.minute + 60, 60)
    assert [found[one] for one in series] == [{account.minute: float(n)} for n in range(1000)]
    assert client.requests == {"PutMetricData": 1, "GetMetricData": 2}


def test_counters_equal_what_was_fed_with_late_and_corrected_points(oms: Account) -> None:
    source, _ = oms.source()
    total = CumulativeTotal(int(oms.clock.now) - 3600)
    seen = []
    for points in (
        {oms.minute: 5.0},
        {oms.minute - 1800: 3.0},  # late
        {oms.minute: 2.0},  # corrected upwards, to 7
        {oms.minute: -4.0},  # corrected downwards, to 3
        {oms.minute + 60: 10.0},
    ):
        put(oms, SCHEMA, "FailedInvocations", points)
        snapshot = source.poll()
        total.update(snapshot.points[SCHEMA, "FailedInvocations"], until=snapshot.settled)
        seen.append(total.total)
    assert seen == [5.0, 8.0, 10.0, 10.0, 16.0]
