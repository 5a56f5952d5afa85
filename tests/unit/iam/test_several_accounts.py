"""Policies and trust of the roles of several accounts."""

from typing import Any, cast

import pytest

from obs.errors import BadInput
from obs.iam.policy import document
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policies_for, policy_for
from obs.iam.trust import trust_policies, trust_remarks
from obs.spec.system import System

ROLES = {name: f"arn:aws:iam::{digit * 12}:role/obs" for name, digit in (("a", "1"), ("b", "2"))}
HUB = "arn:aws:iam::333333333333:role/collector"
ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/ABC"
PROVIDER = f"arn:aws:iam::333333333333:oidc-provider/{ISSUER}"


def system(**fields: Any) -> System:
    given = [{"name": name, "role_arn": arn} for name, arn in ROLES.items()]
    cloud = {"regions": ["us-east-1", "eu-west-1"], "accounts": given, **fields}
    return System.model_validate(
        {"version": 1, "system": "orders", "sources": {"aws": {"cloud": cloud}}}
    )


def test_each_role_has_a_policy_for_all_its_regions_in_its_own_account() -> None:
    found = policies_for("collector", system(queues=["dlq"]), PolicyOptions(account="9" * 12))
    assert [*found] == [*ROLES.values()]
    for arn, policy in found.items():
        written = cast("list[dict[str, Any]]", document(policy)["Statement"])
        (queues,) = (each for each in written if each["Sid"] == "ReadQueues")
        account = arn.split(":")[4]
        assert queues["Resource"] == [
            f"arn:aws:sqs:{region}:{account}:dlq" for region in ("eu-west-1", "us-east-1")
        ]


def test_one_account_is_chosen_by_any_of_its_sources_and_all_by_the_name_in_the_spec() -> None:
    chosen = policies_for("collector", system(), PolicyOptions(source="cloud-b-eu-west-1"))
    assert [*chosen] == [ROLES["b"]]
    assert [*policies_for("collector", system(), PolicyOptions(source="cloud"))] == [
        *ROLES.values()
    ]


def test_who_signs_in_may_assume_every_role() -> None:
    ((who, policy),) = policies_for("sign-in", system(), PolicyOptions()).items()
    assert who == "default credentials"
    assert {arn for each in policy.statements for arn in each.resources} == set(ROLES.values())


def test_roles_that_are_assumed_with_a_token_need_nobody_who_signs_in() -> None:
    with pytest.raises(BadInput, match="with a token alone, see --for trust"):
        policy_for("sign-in", system(web_identity_token_file="/run/token"), PolicyOptions())


def trusted(spec: System, principal: str | None) -> dict[str, dict[str, Any]]:
    found: Any = trust_policies(spec, principal)
    return {arn: each["Statement"][0] for arn, each in found.items()}


def test_a_role_trusts_who_knows_its_external_id() -> None:
    for arn, statement in trusted(system(external_id="orders-1"), HUB).items():
        assert arn in ROLES.values()
        assert statement["Principal"] == {"AWS": HUB}
        assert statement["Action"] == "sts:AssumeRole"
        assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "orders-1"}}
    assert "Condition" not in trusted(system(), HUB)[ROLES["a"]]


def test_a_session_is_trusted_as_its_role() -> None:
    session = "arn:aws:sts::333333333333:assumed-role/collector/i-0abc"
    assert trusted(system(), session)[ROLES["a"]]["Principal"] == {"AWS": HUB}


def test_a_role_for_a_token_trusts_the_issuer_as_its_own_account_knows_it() -> None:
    spec = system(web_identity_token_file="/run/token")
    for arn, statement in trusted(spec, PROVIDER).items():
        own = PROVIDER.replace("333333333333", arn.split(":")[4])
        assert statement["Principal"] == {"Federated": own}
        assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        assert statement["Condition"] == {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}
    assert "HOST:sub" in trust_remarks(spec)[0]
    assert trust_remarks(system()) == []


@pytest.mark.parametrize(
    ("fields", "principal", "sentence"),
    [
        ({}, None, "name the identity that assumes the roles with --principal"),
        ({}, "me", "--principal me: write an ARN, for example"),
        ({}, PROVIDER, "is assumed with credentials"),
        ({"web_identity_token_file": "/t"}, HUB, "write the ARN of its OIDC provider"),
        ({"accounts": None}, HUB, "the spec has no role_arn"),
    ],
)
def test_who_cannot_assume_the_roles_is_told(
    fields: dict[str, Any], principal: str | None, sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        trust_policies(system(**fields), principal)
