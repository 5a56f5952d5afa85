"""What each policy allows, and that AWS knows every action, resource and condition in it."""

import json
import re
from pathlib import Path
from typing import Any, cast

import pytest

import obs
from obs.errors import BadInput
from obs.iam import ROLES
from obs.iam.policy import Policy, Statement, document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policy_for
from obs.spec.aws import AwsSource
from obs.spec.load import read_spec
from obs.spec.slos import Slo
from obs.spec.stacks import AmpStack, Stacks
from obs.spec.system import System

PACKAGE = Path(obs.__file__).parent
OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/obs"


@pytest.fixture(scope="module")
def oms() -> System:
    return read_spec([OMS]).system


def with_aws(system: System, **sources: dict[str, Any]) -> System:
    """The system with these AWS sources, and nothing published."""
    aws = {name: AwsSource.model_validate(fields) for name, fields in sources.items()}
    return system.model_copy(
        update={
            "sources": system.sources.model_copy(update={"aws": aws}),
            "outputs": system.outputs.model_copy(update={"cloudwatch": None}),
        }
    )


@pytest.fixture(scope="module")
def whole(oms: System) -> System:
    """One for which every role has a policy."""
    given = {"region": "us-east-1", "role_arn": ROLE, "queues": ["dlq"]}
    amp = AmpStack(workspace="ws-1a2b", region="eu-west-1")
    return with_aws(oms, cloud=given).model_copy(update={"stacks": Stacks(amp=amp)})


def statement(policy: Policy, action: str) -> dict[str, Any]:
    (found,) = (each for each in policy.statements if action in each.actions)
    (written,) = cast("list[dict[str, Any]]", document(Policy((found,)))["Statement"])
    return written


def test_the_collector_of_the_oms_may_do_this_and_no_more(oms: System) -> None:
    policy = policy_for("collector", oms, PolicyOptions(account=ACCOUNT))
    assert policy.actions == {
        "cloudwatch:GetMetricData",
        "cloudwatch:PutMetricData",
        "events:ListEventBuses",
        "events:ListRules",
        "events:ListTargetsByRule",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ListQueues",
    }
    assert statement(policy, "events:ListTargetsByRule")["Resource"] == [
        f"arn:aws:events:us-east-1:{ACCOUNT}:rule/oms-events/oms-object-changed",
        f"arn:aws:events:us-east-1:{ACCOUNT}:rule/oms-events/oms-schema-changed",
    ]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:oms-events-dlq"
    assert statement(policy, "sqs:GetQueueUrl")["Resource"] == queue
    assert statement(policy, "cloudwatch:PutMetricData")["Condition"] == {
        "StringEquals": {"aws:RequestedRegion": "us-east-1", "cloudwatch:namespace": "OMS/Events"}
    }


def test_whatever_has_no_resource_is_bound_to_the_region(oms: System) -> None:
    for role in ("collector", "apply"):
        for each in policy_for(role, oms, PolicyOptions()).statements:
            keys = {condition.key for condition in each.conditions}
            assert each.resources != ("*",) or "aws:RequestedRegion" in keys


def test_a_side_container_may_publish_and_nothing_else(oms: System) -> None:
    policy = policy_for("collector", oms, PolicyOptions(kinds={"nats"}))
    assert policy.actions == {"cloudwatch:PutMetricData"}


def test_a_collector_of_aws_alone_has_nothing_of_nats_to_publish(oms: System) -> None:
    actions = policy_for("collector", oms, PolicyOptions(kinds={"aws"})).actions
    assert "cloudwatch:PutMetricData" not in actions
    assert "cloudwatch:GetMetricData" in actions


def test_metrics_are_listed_only_where_the_spec_has_globs_for_their_dimensions(oms: System) -> None:
    of = {"namespace": "AWS/Lambda", "name": "Errors", "statistic": "Sum"}
    for function, listed in (("orders", False), ("orders-*", True)):
        metrics = [{**of, "dimensions": {"FunctionName": function}}]
        system = with_aws(oms, cloud={"region": "us-east-1", "metrics": metrics})
        actions = policy_for("collector", system, PolicyOptions()).actions
        assert ("cloudwatch:ListMetrics" in actions) is listed
    plain = with_aws(oms, cloud={"region": "us-east-1"})
    total = {"namespace": "AWS/Lambda", "name": "Invocations", "dimensions": {"FunctionName": "*"}}
    sli = {"cloudwatch": {"source": "cloud", "bad": {**total, "name": "Errors"}, "total": total}}
    slo = Slo.model_validate({"name": "s", "service": "s", "objective": 99, "sli": sli})
    system = plain.model_copy(update={"slos": (slo,)})
    policy = policy_for("collector", system, PolicyOptions())
    assert statement(policy, "cloudwatch:ListMetrics")["Condition"] == {
        "StringEquals": {"aws:RequestedRegion": "us-east-1"}
    }


def test_a_source_without_buses_may_read_metrics_and_no_queue(oms: System) -> None:
    system = with_aws(oms, cloud={"region": "us-east-1", "buses": []})
    policy = policy_for("collector", system, PolicyOptions(kinds={"aws"}))
    assert policy.actions == {
        "cloudwatch:GetMetricData",
        "events:ListEventBuses",
        "events:ListRules",
    }


def test_a_collector_that_asks_nothing_of_aws_needs_no_policy(oms: System) -> None:
    quiet = with_aws(oms, cloud={"region": "us-east-1"})
    with pytest.raises(BadInput, match="makes no request to AWS"):
        policy_for("collector", quiet, PolicyOptions(kinds={"nats"}))


def test_where_no_queue_is_named_none_is_listed_and_all_may_be_read(oms: System) -> None:
    policy = policy_for("collector", with_aws(oms, cloud={"region": "eu-west-1"}), PolicyOptions())
    assert "sqs:ListQueues" not in policy.actions
    assert statement(policy, "sqs:GetQueueUrl")["Resource"] == "arn:aws:sqs:eu-west-1:*:*"
    assert any("name the dead-letter queues" in remark for remark in policy.remarks)


def test_a_role_to_assume_tells_the_account_and_needs_somebody_who_may_assume_it(
    oms: System,
) -> None:
    system = with_aws(oms, cloud={"region": "us-east-1", "role_arn": ROLE, "queues": ["dlq"]})
    policy = policy_for("collector", system, PolicyOptions())
    assert statement(policy, "sqs:GetQueueUrl")["Resource"].split(":")[4] == ACCOUNT
    assert "sts:AssumeRole" not in policy.actions
    assert any("--for sign-in" in remark for remark in policy.remarks)
    sign_in = policy_for("sign-in", system, PolicyOptions())
    assert statement(sign_in, "sts:AssumeRole")["Resource"] == ROLE


def test_without_a_role_nobody_signs_in_for_it(oms: System) -> None:
    with pytest.raises(BadInput, match="no AWS source has a role_arn"):
        policy_for("sign-in", oms, PolicyOptions())


def test_regions_of_one_account_share_a_policy(oms: System) -> None:
    system = with_aws(oms, us={"region": "us-east-1"}, eu={"region": "eu-west-1"})
    policy = policy_for("collector", system, PolicyOptions())
    assert statement(policy, "cloudwatch:GetMetricData")["Condition"] == {
        "StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}
    }
    assert len(statement(policy, "events:ListTargetsByRule")["Resource"]) == 2


def test_sources_that_sign_in_differently_have_policies_of_their_own(oms: System) -> None:
    system = with_aws(
        oms, one={"region": "us-east-1"}, two={"region": "eu-west-1", "role_arn": ROLE}
    )
    with pytest.raises(BadInput, match="--source: one, two"):
        policy_for("collector", system, PolicyOptions())
    chosen = policy_for("collector", system, PolicyOptions(source="two"))
    assert statement(chosen, "sqs:GetQueueUrl")["Resource"].startswith("arn:aws:sqs:eu-west-1")
    with pytest.raises(BadInput, match="did you mean two"):
        policy_for("collector", system, PolicyOptions(source="twoo"))


def test_a_spec_without_aws_is_told(oms: System) -> None:
    with pytest.raises(BadInput, match="no AWS source"):
        policy_for("collector", with_aws(oms), PolicyOptions())


def test_the_publisher_may_put_events_of_its_own_source_on_its_bus(oms: System) -> None:
    written = statement(
        policy_for("publisher", oms, PolicyOptions(account=ACCOUNT)), "events:PutEvents"
    )
    assert written["Resource"] == f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/oms-events"
    assert written["Condition"] == {"StringEquals": {"events:source": "oms"}}
    other = policy_for("publisher", oms, PolicyOptions(event_source="com.example.oms"))
    condition = statement(other, "events:PutEvents")["Condition"]
    assert condition == {"StringEquals": {"events:source": "com.example.oms"}}


def test_the_processor_of_dead_letters_needs_to_know_their_queues(oms: System) -> None:
    policy = policy_for("dlq-processor", oms, PolicyOptions(account=ACCOUNT))
    assert {arn for each in policy.statements for arn in each.resources} == {
        f"arn:aws:sqs:us-east-1:{ACCOUNT}:oms-events-dlq"
    }
    with pytest.raises(BadInput, match="queues"):
        policy_for("dlq-processor", with_aws(oms, cloud={"region": "us-east-1"}), PolicyOptions())


@pytest.mark.parametrize("role", sorted(ROLES))
def test_no_policy_has_a_wildcard_for_actions_or_a_sid_twice(role: str, whole: System) -> None:
    policy = policy_for(role, whole, PolicyOptions())
    assert not [action for action in policy.actions if "*" in action]
    sids = [each.sid for each in policy.statements]
    assert len(sids) == len(set(sids))


def test_who_checks_may_only_read(whole: System) -> None:
    verbs = {
        action.partition(":")[2] for action in policy_for("check", whole, PolicyOptions()).actions
    }
    assert [verb for verb in verbs if not verb.startswith(("Describe", "Get", "List"))] == []


def test_a_collector_that_runs_the_checks_may_read_what_they_judge(oms: System) -> None:
    checks = oms.checks.model_copy(update={"every": 600.0})
    checking = oms.model_copy(update={"checks": checks})
    actions = policy_for("collector", checking, PolicyOptions()).actions
    alone = policy_for("collector", oms, PolicyOptions()).actions
    assert actions == alone | policy_for("check", oms, PolicyOptions()).actions > alone


def test_who_checks_reads_the_policies_of_the_roles_that_are_named(whole: System) -> None:
    publisher = f"arn:aws:iam::{ACCOUNT}:role/publisher"
    checks = whole.checks.model_copy(update={"roles": {"publisher": publisher}})
    policy = policy_for("check", whole.model_copy(update={"checks": checks}), PolicyOptions())
    assert statement(policy, "iam:GetRolePolicy")["Resource"] == [ROLE, publisher]
    assert "iam:GetUserPolicy" not in policy.actions


def test_who_applies_writes_only_what_begins_with_the_system_s_name(oms: System) -> None:
    policy = policy_for("apply", oms, PolicyOptions(account=ACCOUNT))
    alarms = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:oms*"
    assert statement(policy, "cloudwatch:PutMetricAlarm")["Resource"] == alarms
    boards = f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/oms*"
    assert statement(policy, "cloudwatch:PutDashboard")["Resource"] == boards


def test_who_applies_rules_writes_into_the_workspace_of_the_spec(
    oms: System, whole: System
) -> None:
    namespaces = "arn:aws:aps:eu-west-1:*:rulegroupsnamespace/ws-1a2b/*"
    policy = policy_for("apply-amp", whole, PolicyOptions())
    assert statement(policy, "aps:PutRuleGroupsNamespace")["Resource"] == namespaces
    with pytest.raises(BadInput, match=r"stacks\.amp"):
        policy_for("apply-amp", oms, PolicyOptions())


def requested(*files: str) -> set[str]:
    """The names of operations that occur in these files of the package."""
    text = "".join((PACKAGE / file).read_text(encoding="utf-8") for file in files)
    for of in ("Role", "User"):
        text += text.replace("{of}", of)
    named = r'"((?:Create|Delete|Describe|Get|List|Put|Tag)[A-Z][A-Za-z]+)"'
    # Everybody may ask who they are, and tags given to what is new need a permission of their own.
    return set(re.findall(named, text)) - {"GetCallerIdentity"}


def permitted(role: str, system: System) -> set[str]:
    return {
        action.partition(":")[2] for action in policy_for(role, system, PolicyOptions()).actions
    }


def test_who_applies_may_make_exactly_the_requests_that_are_made(whole: System) -> None:
    made = requested("stacks/cloudwatch.py")
    assert permitted("apply", whole) == made
    namespaces = requested("stacks/amp.py")
    assert permitted("apply-amp", whole) == namespaces | {"TagResource"}


def test_who_checks_may_make_every_request_that_is_made(oms: System) -> None:
    live = ("eventbridge", "alarms", "permissions")
    made = requested(*(f"checks/aws/{name}_live.py" for name in live))
    by_the_client = {"ListEventBuses", "ListTargetsByRule", "GetQueueAttributes"}
    assert permitted("check", oms) == made | by_the_client


def faults(policy: Policy) -> list[str]:
    """What cfn-lint, which has AWS' own list of actions and resources, finds wrong."""
    from cfnlint.api import ManualArgs, lint  # slow, so not in each worker

    template = {
        "Resources": {
            "Policy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": document(policy)},
            }
        }
    }
    found = lint(json.dumps(template), config=ManualArgs(include_checks=["I"]))
    return [str(match) for match in found if match.rule.id != "I3042"]  # partitions: see arns.py


@pytest.mark.parametrize("role", sorted(ROLES))
def test_aws_knows_every_action_and_resource(role: str, whole: System) -> None:
    assert faults(policy_for(role, whole, PolicyOptions())) == []


def test_that_check_sees_an_action_and_a_resource_that_do_not_exist() -> None:
    unknown = Policy((Statement("A", ("events:ListAllRules",)),))
    elsewhere = Policy(
        (Statement("A", ("sqs:GetQueueUrl",), (f"arn:aws:sns:us-east-1:{ACCOUNT}:x",)),)
    )
    assert faults(unknown)
    assert faults(elsewhere)


def test_functions_and_topics_that_the_spec_names_may_be_listed(oms: System) -> None:
    given = {"region": "us-east-1", "functions": ["paid"], "topics": ["*"], "put_events": True}
    listing = {"lambda:ListFunctions", "sns:ListTopics"}
    for role in ("collector", "check"):
        policy = policy_for(role, with_aws(oms, cloud=given), PolicyOptions(account=ACCOUNT))
        for action in listing:
            assert statement(policy, action)["Condition"] == {
                "StringEquals": {"aws:RequestedRegion": "us-east-1"}
            }
    # Targets are known from their rules, and CloudWatch needs no permission of its own.
    targets = with_aws(oms, cloud={"region": "us-east-1", "targets": True, "put_events": True})
    actions = policy_for("collector", targets, PolicyOptions(account=ACCOUNT)).actions
    assert not listing & actions


def test_causes_and_tags_need_these_rights_on_these_queues_and_no_more(oms: System) -> None:
    fields = {"region": "us-east-1", "queues": ["dlq"], "work_queues": ["orders-*"]}
    plain = policy_for("collector", with_aws(oms, cloud=fields), PolicyOptions(account=ACCOUNT))
    asked = {**fields, "dead_letter_causes": True, "tag_labels": ["team"]}
    policy = policy_for("collector", with_aws(oms, cloud=asked), PolicyOptions(account=ACCOUNT))
    own = {"sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "tag:GetResources"}
    assert policy.actions - plain.actions == own
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}"
    assert statement(policy, "sqs:ReceiveMessage")["Resource"] == f"{queue}:dlq"
    assert statement(policy, "sqs:GetQueueAttributes")["Resource"] == [
        f"{queue}:dlq",
        f"{queue}:orders-*",
    ]
    assert any("kms:Decrypt" in remark for remark in policy.remarks)
    few = {**asked, "dead_letter_causes_most": 10}  # one request, which hides nothing
    policy = policy_for("collector", with_aws(oms, cloud=few), PolicyOptions(account=ACCOUNT))
    assert "sqs:ChangeMessageVisibility" not in policy.actions
