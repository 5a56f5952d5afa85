from pathlib import Path

import pytest

from obs.errors import SourceError
from obs.spec.load import load
from obs.spec.system import System
from obs.stacks.amp import Amp
from obs.stacks.aws import OWNER
from obs.stacks.plan import Action, PlanStep, is_as_wanted
from tests.unit.stacks.aws_account import ACTIVE, AwsAccount

SPEC = """\
version: 1
system: shop
sources: {nats: {main: {monitor: ["http://nats:8222"]}}}
stacks: {amp: {workspace: ws-1a2b3c4d, region: eu-central-1}}
"""


@pytest.fixture
def system(tmp_path: Path) -> System:
    path = tmp_path / "obs.yaml"
    path.write_text(SPEC)
    return load([path])


@pytest.fixture
def account() -> AwsAccount:
    return AwsAccount()


def stack(system: System, account: AwsAccount) -> Amp:
    assert system.stacks.amp is not None
    return Amp(system, system.stacks.amp, opened=account, pause=lambda seconds: None)


def applied(system: System, account: AwsAccount) -> tuple[PlanStep, ...]:
    one = stack(system, account)
    steps = one.plan()
    one.apply(steps, lambda step: None)
    return steps


def test_a_namespace_a_file_is_made_with_its_tag_and_a_second_apply_changes_nothing(
    system: System, account: AwsAccount
) -> None:
    applied(system, account)
    assert account.namespaces.keys() == {"shop-production-nats", "shop-production-collector"}
    assert {one["tags"][OWNER] for one in account.namespaces.values()} == {"shop/production"}
    account.calls.clear()
    assert is_as_wanted(applied(system, account))
    assert account.writes() == 0


def test_a_namespace_of_somebody_else_is_left_alone_and_ours_that_is_built_no_more_goes(
    system: System, account: AwsAccount
) -> None:
    data = {"data": b"groups: []", "status": ACTIVE}
    account.namespaces = {
        name: {"name": name, "tags": tags, **data}
        for name, tags in (
            ("shop-production-nats", {}),
            ("other", {}),
            ("shop-production-old", {OWNER: "shop/production"}),
        )
    }
    verdicts = {step.name: step.action for step in applied(system, account)}
    assert verdicts == {
        "shop-production-nats": Action.FOREIGN,
        "shop-production-collector": Action.CREATE,
        "shop-production-old": Action.DELETE,
    }
    assert account.namespaces["shop-production-nats"]["data"] == b"groups: []"
    assert account.namespaces.keys() == {
        "shop-production-nats",
        "shop-production-collector",
        "other",
    }


def test_rules_that_aws_cannot_read_are_an_error_and_stay_to_be_done(
    system: System, account: AwsAccount
) -> None:
    applied(system, account)
    name = "shop-production-nats"
    there = account.namespaces[name]
    account.namespaces[name] = {**there, "status": {"statusCode": "UPDATE_FAILED"}}
    (step,) = (step for step in stack(system, account).plan() if step.name == name)
    assert step.action is Action.CHANGE
    one = stack(system, account)
    one._texts = {**one._texts, name: "no rules"}
    with pytest.raises(SourceError, match="shop-production-nats: UPDATE_FAILED: bad rules"):
        one.apply(one.plan(), lambda step: None)


def test_an_apply_that_ended_half_way_is_finished_by_the_next(
    system: System, account: AwsAccount
) -> None:
    account.most = 1
    with pytest.raises(SourceError):
        applied(system, account)
    account.most = 1_000_000
    applied(system, account)
    assert is_as_wanted(stack(system, account).plan())
