"""Workspaces of Amazon Managed Prometheus: who may query them and write to them."""

from typing import Any, cast

import pytest

from obs.errors import BadInput
from obs.iam.policy_options import PolicyOptions
from obs.iam.roles import policies_for, policy_for
from obs.iam.trust import trust_policies
from obs.spec.system import System
from tests.unit.iam.test_roles import ACCOUNT, ROLE, faults

WORKSPACE = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1a2b-3c"
ARN = f"arn:aws:aps:eu-west-1:{ACCOUNT}:workspace/ws-1a2b-3c"
OPTIONS = PolicyOptions(account=ACCOUNT)


def system(
    *,
    aws: dict[str, Any] | None = None,
    query: dict[str, Any] | None = None,
    write: dict[str, Any] | None = None,
    url: str = WORKSPACE,
) -> System:
    """One with these signatures of queries and of remote write."""
    sources: dict[str, Any] = {"aws": {"cloud": aws} if aws else {}}
    if query:
        sources["prometheus"] = {"shop": {"url": url, "sigv4": query}}
    pushed = {"url": f"{url}/api/v1/remote_write", "sigv4": write}
    given = {"system": "shop", "version": 1, "sources": sources}
    return System.model_validate({**given, "outputs": {"remote_write": pushed} if write else {}})


def test_a_spec_with_workspaces_alone_needs_exactly_what_it_asks_of_them() -> None:
    signed = {"region": "eu-west-1"}
    for of, actions in (
        (system(query=signed), {"aps:QueryMetrics"}),
        (system(write=signed), {"aps:RemoteWrite"}),
        (system(query=signed, write=signed), {"aps:QueryMetrics", "aps:RemoteWrite"}),
    ):
        policy = policy_for("collector", of, OPTIONS)
        assert policy.actions == actions
        assert {each.resources for each in policy.statements} == {(ARN,)}
        assert faults(policy) == []


def test_who_reads_cloudwatch_with_the_same_credentials_has_one_policy_for_both() -> None:
    signed = {"region": "eu-west-1"}
    both = system(aws={"region": "us-east-1"}, query=signed, write=signed)
    (policy,) = policies_for("collector", both, OPTIONS).values()
    assert {"cloudwatch:GetMetricData", "aps:QueryMetrics", "aps:RemoteWrite"} < policy.actions
    assert "aps:QueryMetrics" in policy_for("check", both, OPTIONS).actions
    assert "aps:RemoteWrite" not in policy_for("check", both, OPTIONS).actions
    nats_only = PolicyOptions(account=ACCOUNT, kinds={"nats"})
    assert policy_for("collector", both, nats_only).actions == {"aps:RemoteWrite"}


def test_a_role_for_a_workspace_has_a_policy_of_its_own_and_is_assumed() -> None:
    signed = {"region": "eu-west-1", "role_arn": ROLE}
    of = system(aws={"region": "us-east-1"}, write=signed)
    found = policies_for("collector", of, PolicyOptions())
    assert list(found) == ["default credentials", ROLE]
    assert found[ROLE].actions == {"aps:RemoteWrite"}
    assert found[ROLE].statements[0].resources == (ARN,)  # the account is the role's
    assert not any(each.startswith("aps:") for each in found["default credentials"].actions)
    assert policy_for("sign-in", of, PolicyOptions()).statements[0].resources == (ROLE,)
    two = system(query={"region": "eu-west-1"}, write=signed)
    assert len(policies_for("collector", two, OPTIONS)) == 2
    with pytest.raises(BadInput, match="separate policies"):
        policy_for("collector", two, OPTIONS)


def test_an_address_that_names_no_workspace_allows_those_of_the_region() -> None:
    behind_a_proxy = system(query={"region": "eu-west-1"}, url="https://metrics.example.com")
    (statement,) = policy_for("collector", behind_a_proxy, OPTIONS).statements
    assert statement.resources == (f"arn:aws:aps:eu-west-1:{ACCOUNT}:workspace/*",)


def test_signatures_for_another_service_need_no_right_of_prometheus() -> None:
    other = system(query={"region": "eu-west-1", "service": "execute-api"})
    with pytest.raises(BadInput, match="no AWS source"):
        policy_for("collector", other, OPTIONS)


def test_a_role_for_a_workspace_trusts_who_assumes_it() -> None:
    hub = f"arn:aws:iam::{ACCOUNT}:role/collector"
    signed = {"region": "eu-west-1", "role_arn": ROLE, "external_id": "orders-1"}
    for of in (system(write=signed), system(aws={"region": "us-east-1"}, query=signed)):
        ((role, policy),) = trust_policies(of, hub).items()
        (statement,) = cast("list[dict[str, Any]]", policy["Statement"])
        assert (role, statement["Principal"]) == (ROLE, {"AWS": hub})
        assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "orders-1"}}
    with pytest.raises(BadInput, match="the spec has no role_arn"):
        trust_policies(system(write={"region": "eu-west-1"}), hub)
