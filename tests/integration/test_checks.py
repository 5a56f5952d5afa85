"""obs check on a system that is right; then on that system with one thing wrong, and put right by
following the advice to the letter."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from obs.checks.catalogue import CHECKS
from obs.checks.finding import Outcome
from obs.checks.run import exit_code, run
from obs.cli.main import main
from obs.errors import DONE, FOUND, UNAVAILABLE
from obs.sandbox.aws_events import BUS, DEAD_LETTER_QUEUE, queue_arn
from obs.sandbox.oms_streams import PROCESSOR, STREAM
from obs.sandbox.prometheus import prometheus_binary
from obs.spec.load import load
from tests.integration.aws_fixtures import emulator  # noqa: F401
from tests.integration.readiness import ROLES, TOPIC, Ready, ready  # noqa: F401

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(prometheus_binary() is None, reason="no prometheus here"),
]

RULE = "oms-schema-changed"
TARGET = f"{BUS}/{RULE} → {RULE}-target"
ALARM = "oms-eventbridge-failed-invocations"


def put_target(system: Ready, **changes: Any) -> None:
    """The rule's target; a field of None is left out."""
    target = {
        "Id": f"{RULE}-target",
        "Arn": f"arn:aws:lambda:us-east-1:000000000000:function:{RULE}",
        "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600},
        "DeadLetterConfig": {"Arn": queue_arn(DEAD_LETTER_QUEUE)},
        **changes,
    }
    target = {name: value for name, value in target.items() if value is not None}
    system.aws("events").put_targets(Rule=RULE, EventBusName=BUS, Targets=[target])


def set_queue(system: Ready, **attributes: str) -> None:
    sqs = system.aws("sqs")
    url = sqs.get_queue_url(QueueName=DEAD_LETTER_QUEUE)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)


def sending(condition: dict[str, Any] | None) -> str:
    """A queue policy that lets EventBridge send."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(DEAD_LETTER_QUEUE),
        **({"Condition": condition} if condition else {}),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def edit_consumer(system: Ready, **changes: Any) -> None:
    config = system.jetstream(f"CONSUMER.INFO.{STREAM}.{PROCESSOR}")["config"]
    body = {"stream_name": STREAM, "config": {**config, **changes}}
    system.jetstream(f"CONSUMER.DURABLE.CREATE.{STREAM}.{PROCESSOR}", body)


def edit_stream(system: Ready, **changes: Any) -> None:
    config = system.jetstream(f"STREAM.INFO.{STREAM}")["config"]
    system.jetstream(f"STREAM.UPDATE.{STREAM}", {**config, **changes})


def edit_alarm(system: Ready, **changes: Any) -> None:
    cloudwatch = system.aws("cloudwatch")
    live = cloudwatch.describe_alarms(AlarmNames=[ALARM])["MetricAlarms"][0]
    fields = (
        *("AlarmName", "AlarmDescription", "AlarmActions", "OKActions", "Metrics", "Threshold"),
        *("ComparisonOperator", "EvaluationPeriods", "DatapointsToAlarm", "TreatMissingData"),
    )
    cloudwatch.put_metric_alarm(**{name: live[name] for name in fields} | changes)


def foreign_alarm(system: Ready, namespace: str, metric: str, **dimensions: str) -> None:
    system.aws("cloudwatch").put_metric_alarm(
        AlarmName="somebodys-alarm",
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
    )


def put_role(system: Ready, part: str, *statements: dict[str, Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": [*statements]}
    name = ROLES[part].rpartition("/")[2]
    system.aws("iam").put_role_policy(
        RoleName=name, PolicyName=f"obs-{part}", PolicyDocument=json.dumps(document)
    )


def change_rules(system: Ready) -> None:
    """An expression is edited where Prometheus reads it."""
    file = next(Path(system.folder / "rules").glob("*-nats.yaml"))
    text = file.read_text(encoding="utf-8")
    assert "> 1000" in text
    file.write_text(text.replace("> 1000", "> 2000"), encoding="utf-8")
    system.reload_prometheus()


def change_dashboard(system: Ready) -> None:
    """A dashboard is edited and saved in Grafana."""
    saved = next(iter(system.grafana.dashboards.values()))
    saved["dashboard"]["panels"][0]["title"] = "Mine"


def unsubscribe(system: Ready) -> None:
    sns = system.aws("sns")
    for one in sns.list_subscriptions_by_topic(TopicArn=TOPIC)["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])


def recreate_rule(system: Ready) -> None:
    events = system.aws("events")
    events.put_rule(Name=RULE, EventBusName=BUS, EventPattern='{"source": ["oms"]}')
    put_target(system)


def delete_rule(system: Ready) -> None:
    events = system.aws("events")
    events.remove_targets(Rule=RULE, EventBusName=BUS, Ids=[f"{RULE}-target"])
    events.delete_rule(Name=RULE, EventBusName=BUS)


@dataclass(frozen=True)
class Wrong:
    """One thing made wrong: which check reports it, of what, in which words.

    `by_hand` does what the advice says in words, where it is no command.
    """

    about: str
    make: Callable[[Ready], object]
    check: str
    resource: str
    words: str
    by_hand: Callable[[Ready], object] | None = None


REGION = "arn:aws:sqs:eu-west-1:000000000000:oms-events-dlq"
ANY = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
WRONGS = (
    Wrong(
        "no retry policy",
        lambda it: put_target(it, RetryPolicy=None),
        *("eventbridge-rules", TARGET, "no complete retry policy: AWS uses 185 retries"),
    ),
    Wrong(
        "a disabled rule",
        lambda it: it.aws("events").disable_rule(Name=RULE, EventBusName=BUS),
        *("eventbridge-rules", f"{BUS}/{RULE}", "the rule is disabled"),
    ),
    Wrong(
        "a rule that is gone",
        delete_rule,
        *("eventbridge-rules", f"{BUS}/{RULE}", "does not exist"),
        recreate_rule,
    ),
    Wrong(
        "no dead-letter queue",
        lambda it: put_target(it, DeadLetterConfig=None),
        *("eventbridge-dead-letters", TARGET, "no dead-letter queue"),
    ),
    Wrong(
        "a queue that does not exist",
        lambda it: put_target(it, DeadLetterConfig={"Arn": queue_arn("nowhere")}),
        *("eventbridge-dead-letters", TARGET, "nowhere does not exist"),
    ),
    Wrong(
        "a queue in another region",
        lambda it: put_target(it, DeadLetterConfig={"Arn": REGION}),
        *("eventbridge-dead-letters", TARGET, "is in eu-west-1, the rule in us-east-1"),
    ),
    Wrong(
        "a queue without a policy",
        lambda it: set_queue(it, Policy=""),
        *("eventbridge-dead-letters", TARGET, "does not let this rule send"),
    ),
    Wrong(
        "a queue that lets another rule send",
        lambda it: set_queue(
            it,
            Policy=sending({"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:1:rule/x"}}),
        ),
        *("eventbridge-dead-letters", TARGET, "does not let this rule send"),
    ),
    Wrong(
        "a queue that lets everybody's rules send",
        lambda it: set_queue(it, Policy=sending(None)),
        *("eventbridge-dead-letters", TARGET, "any rule of any account"),
    ),
    Wrong(
        "a queue that forgets too soon",
        lambda it: set_queue(it, MessageRetentionPeriod="1800"),
        *("eventbridge-dead-letters", TARGET, "retains messages for 30m, no longer than the 1h"),
    ),
    Wrong(
        "more retries than on JetStream",
        lambda it: put_target(
            it, RetryPolicy={"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600}
        ),
        *("retries", TARGET, "tries 10 over 1h; JetStream tries 3 over 1h"),
    ),
    Wrong(
        "longer retries than on JetStream",
        lambda it: put_target(
            it, RetryPolicy={"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 86_400}
        ),
        *("retries", TARGET, "tries 3 over 1d; JetStream tries 3 over 1h"),
    ),
    Wrong(
        "a message that expires before it becomes a dead letter",
        lambda it: edit_consumer(it, ack_wait=1800 * 10**9),
        *("retries", f"{STREAM}/{PROCESSOR}", "it expires before it becomes a dead letter"),
    ),
    Wrong(
        "another ack_wait",
        lambda it: edit_consumer(it, ack_wait=60 * 10**9),
        *("jetstream-limits", f"{STREAM}/{PROCESSOR}", "wait is 1m, expected 30s"),
    ),
    Wrong(
        "another max_deliver",
        lambda it: edit_consumer(it, max_deliver=7),
        *("jetstream-limits", f"{STREAM}/{PROCESSOR}", "max-deliver is 7, expected 3"),
    ),
    Wrong(
        "another max_age",
        lambda it: edit_stream(it, max_age=86_400 * 10**9),
        *("jetstream-limits", STREAM, "max-age is 1d, expected 1h"),
    ),
    Wrong(
        "a consumer that is gone",
        lambda it: it.jetstream(f"CONSUMER.DELETE.{STREAM}.{PROCESSOR}"),
        *("jetstream-limits", f"{STREAM}/{PROCESSOR}", "does not exist"),
    ),
    Wrong(
        "a consumer that delivers without limit",
        lambda it: edit_consumer(it, max_deliver=-1),
        *("jetstream-dead-letters", f"{STREAM}/{PROCESSOR}", "no max_deliver"),
    ),
    Wrong(
        "no stream of advisories",
        lambda it: it.jetstream("STREAM.DELETE.ADVISORIES"),
        *("jetstream-dead-letters", "main", "ADVISORIES does not exist"),
    ),
    Wrong(
        "an alarm that is gone",
        lambda it: it.aws("cloudwatch").delete_alarms(AlarmNames=[ALARM]),
        *("alarms", ALARM, "does not exist"),
    ),
    Wrong(
        "an alarm with another threshold",
        lambda it: edit_alarm(it, Threshold=500),
        *("alarms", ALARM, "Threshold is 500, expected 5"),
    ),
    Wrong(
        "an alarm without actions",
        lambda it: it.aws("cloudwatch").disable_alarm_actions(AlarmNames=[ALARM]),
        *("alarms", ALARM, "its actions are disabled"),
    ),
    Wrong(
        "a topic that is gone",
        lambda it: it.aws("sns").delete_topic(TopicArn=TOPIC),
        *("alarm-subscribers", "oms-alerts", "does not exist"),
    ),
    Wrong(
        "a topic without subscribers",
        unsubscribe,
        "alarm-subscribers",
        "oms-alerts",
        "no subscription",
    ),
    Wrong(
        "an alarm on a bus without its rules",
        lambda it: foreign_alarm(it, "AWS/Events", "FailedInvocations", EventBusName=BUS),
        *("alarm-metrics", "somebodys-alarm", "can never fire: AWS publishes FailedInvocations"),
    ),
    Wrong(
        "an alarm on a rule that does not exist",
        lambda it: foreign_alarm(
            it, "AWS/Events", "FailedInvocations", EventBusName=BUS, RuleName="oms-typo"
        ),
        *("alarm-metrics", "somebodys-alarm", "rule oms-typo does not exist"),
    ),
    Wrong(
        "an alarm on a queue that does not exist",
        lambda it: foreign_alarm(
            it, "AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName="oms-dlq"
        ),
        *("alarm-metrics", "somebodys-alarm", "queue oms-dlq does not exist"),
    ),
    Wrong(
        "an alarm on a metric of ours with other dimensions",
        lambda it: foreign_alarm(it, "OMS/Events", "ConsumerLag", Queue="x"),
        *("alarm-metrics", "somebodys-alarm", "has Consumer and Stream"),
    ),
    Wrong(
        "a processor of dead letters that may do all with every queue",
        lambda it: put_role(it, "dlq-processor", ANY),
        *("iam", "oms-dlq-processor", "permits sqs:*: a wildcard"),
    ),
    Wrong(
        "a publisher that may pass for any source",
        lambda it: put_role(
            it,
            "publisher",
            {
                "Effect": "Allow",
                "Action": "events:PutEvents",
                "Resource": f"arn:aws:events:us-east-1:*:event-bus/{BUS}",
            },
        ),
        *("iam", "oms-publisher", "without the condition events:source = oms"),
    ),
    Wrong(
        "a collector that may publish to any namespace",
        lambda it: put_role(
            it,
            "collector",
            {"Effect": "Allow", "Action": ["cloudwatch:PutMetricData"], "Resource": "*"},
        ),
        *("iam", "oms-collector", "without the condition cloudwatch:namespace = OMS/Events"),
    ),
    Wrong(
        "a rule that was changed by hand",
        change_rules,
        *("rules", "NatsConsumerLagHigh", "differs from the spec: expression"),
    ),
    Wrong(
        "a dashboard that was changed by hand",
        change_dashboard,
        *("applied", "dashboard", "differs from the spec: - "),
    ),
    Wrong(
        "a dashboard that is gone",
        lambda it: it.grafana.dashboards.popitem(),
        *("applied", "dashboard", "is missing"),
    ),
)


@pytest.fixture
def repaired(ready: Ready) -> Iterator[Ready]:  # noqa: F811
    """The system, and what one test leaves behind taken away."""
    yield ready
    ready.aws("cloudwatch").delete_alarms(AlarmNames=["somebodys-alarm"])
    put_target(ready)


def test_a_system_that_is_right_passes_every_check(
    ready: Ready,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    spec = ["--spec", str(ready.spec_file)]
    assert main(["check", *spec, "--strict", "--format", "json"]) == DONE
    results = {each["check"]: each for each in json.loads(capsys.readouterr().out)}
    assert [*results] == [check.name for check in CHECKS]
    outcomes = {name: each["outcome"] for name, each in results.items()}
    assert outcomes.pop("slo-rules") == "skipped"  # no SLO is evaluated by rules
    assert outcomes.pop("probe-targets") == "skipped"  # nothing is probed
    assert outcomes.pop("packs") == "skipped"  # the spec uses none
    assert set(outcomes.values()) == {"passed"}
    assert ["EventBridge", TARGET, "3", "more each time", "1h"] in results["retries"]["table"]
    assert ["JetStream", f"{STREAM}/{PROCESSOR}", "3", "30s", "1h"] in results["retries"]["table"]


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.about)
def test_each_fault_is_reported_and_following_its_advice_fixes_it(
    wrong: Wrong, repaired: Ready
) -> None:
    wrong.make(repaired)
    finding = repaired.becomes_wrong(wrong.check, wrong.resource)
    assert wrong.words in finding.what
    assert finding.advice
    prose = repaired.advised.follow(finding.advice)
    if wrong.by_hand is not None:
        assert prose
        wrong.by_hand(repaired)
    repaired.becomes_right(wrong.check)


def test_personal_data_in_an_alert_is_reported(
    ready: Ready,  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = json.loads(ready.spec_file.read_text(encoding="utf-8"))
    document["alerts"] = {"NatsConsumerLagHigh": {"labels": {"owner": "jane.doe@example.com"}}}
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    check = ["check", "--spec", str(file), "--only", "privacy-built"]
    assert main(check) == FOUND
    output = capsys.readouterr().out
    assert "✗ alert NatsConsumerLagHigh: owner: contains an e-mail address" in output
    assert "jane" not in output
    document["alerts"]["NatsConsumerLagHigh"]["labels"]["owner"] = "team-events"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert main(check) == DONE


def test_a_system_that_is_down_is_a_failed_check_and_not_the_end_of_the_others(
    ready: Ready,  # noqa: F811
    tmp_path: Path,
) -> None:
    document = json.loads(ready.spec_file.read_text(encoding="utf-8"))
    document["sources"]["nats"]["main"]["monitor"] = ["http://127.0.0.1:1"]
    file = tmp_path / "spec.yaml"
    file.write_text(json.dumps(document), encoding="utf-8")
    chosen = [check for check in CHECKS if check.name in ("eventbridge-rules", "jetstream-limits")]
    rules, limits = run(load([file]), chosen)
    assert rules.outcome is Outcome.PASSED
    assert (limits.outcome, limits.unanswered) == (Outcome.FAILED, True)
    assert "could not be read" in limits.findings[0].what
    assert exit_code([rules, limits]) == FOUND
    assert exit_code([limits]) == UNAVAILABLE
