"""With which credentials alarms are written and topics are tested where there are several."""

from typing import Any

import pytest

from obs.checks.aws.roles import subjects
from obs.cli.alert_test import _account as account_of_topic
from obs.spec.notify import Sns
from obs.spec.system import System
from obs.stacks.cloudwatch import _account as account_of_alarms

ROLES = {name: f"arn:aws:iam::{digit * 12}:role/obs" for name, digit in (("a", "1"), ("b", "2"))}


def system(**stacks: Any) -> System:
    given = [{"name": name, "role_arn": arn} for name, arn in ROLES.items()]
    cloud = {"regions": ["us-east-1", "eu-west-1"], "external_id": "x1", "accounts": given}
    whole = {"version": 1, "system": "orders", "sources": {"aws": {"cloud": cloud}}}
    return System.model_validate(whole | {"stacks": stacks})


def test_alarms_are_written_with_the_role_of_the_same_name_in_each_account() -> None:
    deploy = "arn:aws:iam::999999999999:role/team/deploy"
    spec = system(cloudwatch={"role_arn": deploy})
    found = account_of_alarms(spec, "cloud-b-eu-west-1")
    assert found.role_arn == "arn:aws:iam::222222222222:role/team/deploy"
    assert (found.region, found.external_id) == ("eu-west-1", None)
    own = account_of_alarms(system(), "cloud-b-eu-west-1")
    assert (own.role_arn, own.external_id) == (ROLES["b"], "x1")


@pytest.mark.parametrize(
    ("topic", "role"),
    [
        ("arn:aws:sns:eu-west-1:222222222222:oncall", ROLES["b"]),
        ("arn:aws:sns:eu-west-1:111111111111:oncall", ROLES["a"]),
        ("arn:aws:sns:eu-west-1:333333333333:oncall", ROLES["a"]),
    ],
)
def test_a_topic_is_tested_in_its_own_account(topic: str, role: str) -> None:
    found = account_of_topic(Sns.model_validate({"topic_arn": topic}), system())
    assert (found.region, found.role_arn) == ("eu-west-1", role)


def test_the_role_of_a_topic_comes_before_that_of_the_source() -> None:
    role = "arn:aws:iam::333333333333:role/publish"
    topic = {"topic_arn": "arn:aws:sns:eu-west-1:222222222222:oncall", "role_arn": role}
    found = account_of_topic(Sns.model_validate(topic), system())
    assert (found.role_arn, found.external_id) == (role, None)


def test_the_role_of_each_account_and_region_is_checked() -> None:
    assert subjects(system()) == tuple(
        f"collector@cloud-{account}-{region}"
        for account in "ab"
        for region in ("us-east-1", "eu-west-1")
    )
