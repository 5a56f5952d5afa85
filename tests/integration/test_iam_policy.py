"""The printed policy is what the collector needs: AWS enforces it, and sees every action of it.

The emulator takes the bus of a rule for the resource of ListTargetsByRule and knows no
cloudwatch:namespace, events:source and events:detail-type, so these are left out of what it
enforces; unit tests hold them. For batches it wants rights of their own, which AWS does not have.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from obs.cli.main import main
from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.iam.policy import Policy, document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.sandbox import aws_events
from obs.sandbox.aws_emulator import ACCOUNT, AwsEmulator
from obs.sandbox.nats_server import NatsServer
from obs.sources.aws.eventbridge import EventBridge
from obs.sources.canary.by_hand import run_once
from obs.spec.nats import NatsSource
from obs.spec.system import System
from tests.integration.collector_process import (
    CollectorProcess,
    Spec,
    collectors,
    key,
    named,
    spec_of,
)
from tests.integration.orders import Orders

__all__ = ["collectors"]

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

pytestmark = pytest.mark.integration

ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs"
REFUSED = "not permitted"
_IN_BATCHES = ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:SendMessage")
CHECKS = (
    *("eventbridge-rules", "eventbridge-dead-letters", "retries", "alarms"),
    *("alarm-subscribers", "alarm-metrics", "iam"),
)
PUBLISHED = key("obs_push_points_total", sink="cloudwatch")


@dataclass(frozen=True)
class Account:
    """An account that enforces policies, with a user who may only assume the collector's role."""

    endpoint_url: str
    credentials: dict[str, str]

    def grant(self, policy: Policy) -> None:
        """What the role may do from now on."""
        aws_events.aws("iam", self.endpoint_url).put_role_policy(
            RoleName="obs", PolicyName="obs", PolicyDocument=json.dumps(document(policy))
        )


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("account")
    with AwsEmulator(folder=folder, enforce_iam=True) as emulator:
        aws_events.create_oms(emulator.endpoint_url)
        iam = aws_events.aws("iam", emulator.endpoint_url)
        iam.create_user(UserName="runner")
        made = iam.create_access_key(UserName="runner")["AccessKey"]
        who = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/runner"}
        trust = {"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName="obs",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
        )
        sign_in = policy_for("sign-in", System.model_validate(_spec(folder, "")), PolicyOptions())
        iam.put_user_policy(
            UserName="runner", PolicyName="in", PolicyDocument=json.dumps(document(sign_in))
        )
        credentials = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        yield Account(emulator.endpoint_url, credentials)


def test_with_the_printed_policies_everything_works_and_every_action_is_used(
    account: Account, nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    Orders((nats_server.url,)).create()
    spec = _spec(tmp_path, account.endpoint_url)
    spec["sources"]["nats"] = {"nats": {"monitor": [nats_server.monitor], "poll": "500ms"}}
    system = System.model_validate(spec)
    policy = policy_for("collector", system, PolicyOptions(account=ACCOUNT))
    account.grant(_as_enforced(policy))
    collector = CollectorProcess(tmp_path, spec, environment=account.credentials)
    collectors.append(collector)
    up = key("obs_source_up", source="aws")  # on a busy machine a push may come before it
    scrape = collector.start().until(
        lambda scrape: scrape.get(PUBLISHED, 0) > 0 and scrape.get(up) == 1
    )
    assert scrape[key("sqs_queue_visible_messages", aws="aws", queue="oms-events-dlq")] == 0
    sign_in = policy_for("sign-in", system, PolicyOptions())
    asked = {dict(labels)["operation"] for _, labels in named(scrape, "obs_aws_requests_total")}
    assert asked == {action.partition(":")[2] for action in policy.actions | sign_in.actions}


def test_without_any_one_action_something_is_refused(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account.credentials.items():
        monkeypatch.setenv(name, value)
    system = System.model_validate(_spec(tmp_path, account.endpoint_url))
    policy = policy_for("collector", with_nats(system), PolicyOptions(account=ACCOUNT))
    missed = {}
    for action in ("", *policy.actions):
        account.grant(_as_enforced(_without(policy, action)))
        missed[action] = _refused(system)
    assert missed == {"": False} | dict.fromkeys(policy.actions, True)


def test_causes_and_tags_need_the_rights_that_the_policy_prints_for_them(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account.credentials.items():
        monkeypatch.setenv(name, value)
    spec = _spec(tmp_path, account.endpoint_url)
    spec["sources"]["aws"]["aws"] |= {"dead_letter_causes": True, "tag_labels": ["team"]}
    system = System.model_validate(spec)
    sqs = aws_events.aws("sqs", account.endpoint_url)
    url = sqs.get_queue_url(QueueName="oms-events-dlq")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    aws_events.aws("resourcegroupstaggingapi", account.endpoint_url).tag_resources(
        ResourceARNList=[aws_events.queue_arn("oms-events-dlq")], Tags={"team": "oms"}
    )
    policy = policy_for("collector", with_nats(system), PolicyOptions(account=ACCOUNT))

    def told(without: str) -> tuple[bool, bool]:
        """Whether causes and tags were read."""
        account.grant(_as_enforced(_without(policy, without)))
        with closing(AwsClient(system.sources.aws["aws"], time.monotonic)) as client:
            spec = system.sources.aws["aws"]
            snapshot = EventBridge("aws", spec, client, time.time).poll()
        return not snapshot.sqs.causes["oms-events-dlq"].not_read, bool(snapshot.tags.queues)

    assert told("") == (True, True)
    assert told("tag:GetResources") == (True, False)
    assert told("sqs:ReceiveMessage") == (False, True)
    assert told("sqs:ChangeMessageVisibility") == (False, True)
    sqs.purge_queue(QueueUrl=url)


def test_canaries_need_the_rights_that_the_policy_prints_for_them(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account.credentials.items():
        monkeypatch.setenv(name, value)
    sqs, events = (aws_events.aws(each, account.endpoint_url) for each in ("sqs", "events"))
    sqs.create_queue(QueueName="oms-canary")
    pattern = json.dumps({"source": ["obs.canary"], "detail": {"obscanary": ["bus"]}})
    events.put_rule(Name="canary", EventBusName="oms-events", EventPattern=pattern)
    target = {"Id": "canary", "Arn": aws_events.queue_arn("oms-canary")}
    events.put_targets(Rule="canary", EventBusName="oms-events", Targets=[target])
    spec = _spec(tmp_path, account.endpoint_url)
    path = {"source": "aws", "bus": "oms-events", "queue": "oms-canary"}
    canary = {"eventbridge": path, "timeout": "1s", "lost_after": "3s"}
    spec["sources"]["canary"] = {"bus": canary}
    system = System.model_validate(spec)
    options = PolicyOptions(account=ACCOUNT, kinds=frozenset({"canary"}))
    policy = policy_for("collector", system, options)
    canaries = [each for each in policy.statements if "Canaries" in each.sid]
    assert {each for one in canaries for each in one.actions} == {
        "events:PutEvents",
        *(f"sqs:{each}" for each in ("DeleteMessage", "GetQueueUrl", "ReceiveMessage")),
    }
    assert set(canaries) <= set(
        policy_for("collector", system, PolicyOptions(account=ACCOUNT)).statements
    )
    only = Policy(tuple(canaries))
    outcomes = {}
    for action in ("", *only.actions):
        account.grant(_as_enforced(_without(only, action)))
        outcomes[action] = run_once("bus", system.sources.canary["bus"])
    whole = outcomes.pop("")
    assert whole.stage == "arrived", whole
    assert all(REFUSED in each.error for each in outcomes.values()), outcomes


def test_the_policy_for_checks_may_read_everything_they_judge(
    account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in account.credentials.items():
        monkeypatch.setenv(name, value)
    topic = _judged(account.endpoint_url)
    receivers = {"topic": {"sns": {"topic_arn": topic}}}
    routes = {severity: {"to": ["topic"]} for severity in ("critical", "warning")}
    spec = _spec(tmp_path, account.endpoint_url)
    spec |= {"notify": {"receivers": receivers, "routes": routes}}
    spec |= {"checks": {"roles": {"publisher": ROLE}}}
    policy = policy_for("check", System.model_validate(spec), PolicyOptions(account=ACCOUNT))
    account.grant(_as_enforced(policy))
    file = tmp_path / "obs.yaml"
    file.write_text(json.dumps(spec), encoding="utf-8")
    chosen = [word for name in CHECKS for word in ("--only", name)]
    assert main(["check", "--spec", str(file), "--format", "json", *chosen]) == 1
    said = capsys.readouterr().out
    assert REFUSED not in said
    # Each has come to a judgement of its own.
    assert "which is not needed" in said
    assert "no subscription" in said
    assert "but it does not exist" in said

    account.grant(_as_enforced(_without(policy, "cloudwatch:DescribeAlarms")))
    main(["check", "--spec", str(file), "--format", "json", "--only", "alarms"])
    assert REFUSED in capsys.readouterr().out


def test_dead_letters_need_the_rights_that_the_policy_prints_for_them(
    account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in account.credentials.items():
        monkeypatch.setenv(name, value)
    spec = _spec(tmp_path, account.endpoint_url)
    policy = policy_for("dlq", System.model_validate(spec), PolicyOptions(account=ACCOUNT))
    file = tmp_path / "obs.yaml"
    file.write_text(json.dumps(spec), encoding="utf-8")
    sqs = aws_events.aws("sqs", account.endpoint_url)
    url = sqs.get_queue_url(QueueName="oms-events-dlq")["QueueUrl"]
    sqs.create_queue(QueueName="retry")
    sqs.send_message(QueueUrl=url, MessageBody="x")
    replay = ["dlq", "replay", "oms-events-dlq", "--all", "--to", aws_events.queue_arn("retry")]
    replay += ["--spec", str(file), "--yes", "--watch", "0s", "--hide", "5s"]

    def told(without: str) -> tuple[int, str]:
        account.grant(_as_enforced(_without(policy, without)))
        code = main(replay)
        return code, "".join(capsys.readouterr())

    for action in ("sqs:ReceiveMessage", "sqs:SendMessage", "sqs:DeleteMessage"):
        code, said = told(action)
        assert (code, action in said) == (3, True)
        assert "`obs iam policy --for dlq` prints what it needs" in said
    code, said = told("")  # it was sent and recorded, but not removed
    assert (code, "1 sent by an earlier run, and now removed" in said) == (0, True)
    retry = sqs.get_queue_url(QueueName="retry")["QueueUrl"]
    assert len(sqs.receive_message(QueueUrl=retry, MaxNumberOfMessages=10)["Messages"]) == 1
    sqs.purge_queue(QueueUrl=url)


def _judged(endpoint_url: str) -> str:
    """Things to judge besides the OMS's: an alarm on a queue, a topic; gives the topic's ARN."""
    aws_events.aws("cloudwatch", endpoint_url).put_metric_alarm(
        AlarmName="somebody's",
        Namespace="AWS/SQS",
        MetricName="ApproximateNumberOfMessagesVisible",
        Dimensions=[{"Name": "QueueName", "Value": "oms-events-dlq"}],
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Threshold=1,
        Statistic="Maximum",
    )
    topic = aws_events.aws("sns", endpoint_url)
    return str(topic.create_topic(Name="oms-alerts")["TopicArn"])


def with_nats(system: System) -> System:
    """With a source whose lag is published."""
    nats = {"main": NatsSource(monitor=("http://127.0.0.1:8222",))}
    return system.model_copy(update={"sources": system.sources.model_copy(update={"nats": nats})})


def _refused(system: System) -> bool:
    """Whether AWS refuses any part of a poll and a push of a collector that begins now."""
    spec = system.sources.aws["aws"]
    datum: MetricDatumTypeDef = {"MetricName": "ConsumerLag", "Value": 1.0, "Unit": "Count"}
    with closing(AwsClient(spec, time.monotonic)) as client:
        try:
            snapshot = EventBridge("aws", spec, client, time.time).poll()
            client.put_metric_data("OMS/Events", [datum])
        except SourceError as error:
            return error.reason == "auth"
    return "denied" in snapshot.left_out


def _without(policy: Policy, action: str) -> Policy:
    kept = (
        replace(each, actions=tuple(one for one in each.actions if one != action))
        for each in policy.statements
    )
    return Policy(tuple(each for each in kept if each.actions))


def _as_enforced(policy: Policy) -> Policy:
    """The policy without what the emulator has otherwise than AWS."""
    return Policy(
        tuple(
            replace(
                each,
                actions=tuple(
                    f"{action}{batch}"
                    for action in each.actions
                    for batch in ("", *["Batch"] * (action in _IN_BATCHES))
                ),
                resources=("*",) if "events:ListTargetsByRule" in each.actions else each.resources,
                conditions=tuple(
                    one
                    for one in each.conditions
                    if one.key
                    not in ("cloudwatch:namespace", "events:source", "events:detail-type")
                ),
            )
            for each in policy.statements
        )
    )


def _spec(folder: Path, endpoint_url: str) -> Spec:
    aws = {
        "role_arn": ROLE,
        "inventory_every": "1s",
        "stale_after": "60s",
        "buses": [{"name": "oms-events"}],
        "queues": ["oms-events-dlq"],
        **({"endpoint_url": endpoint_url} if endpoint_url else {}),
    }
    published = {"source": "aws", "namespace": "OMS/Events", "every": "1s"}
    return spec_of(folder, aws=aws, cloudwatch=published)
