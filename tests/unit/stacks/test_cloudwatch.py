import copy
from pathlib import Path

import pytest

from obs.errors import SourceError
from obs.spec.load import load
from obs.spec.system import System
from obs.stacks.aws import OWNER
from obs.stacks.cloudwatch import CloudWatchAlarms
from obs.stacks.cloudwatch_alarm import parents_first
from obs.stacks.plan import Action, PlanStep, changing_steps, is_as_wanted
from tests.unit.stacks.aws_account import ACCOUNT, AwsAccount, children

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"


@pytest.fixture(scope="module")
def system() -> System:
    return load([OMS], variables={"NATS_PASSWORD": "x"})


@pytest.fixture
def account() -> AwsAccount:
    return AwsAccount()


def stack(system: System, account: AwsAccount) -> CloudWatchAlarms:
    return CloudWatchAlarms(system, "cloud", opened=account, pause=lambda seconds: None)


def applied(system: System, account: AwsAccount) -> tuple[PlanStep, ...]:
    one = stack(system, account)
    steps = one.plan()
    one.apply(steps, lambda step: None)
    return steps


def without_slos(system: System) -> System:
    return system.model_copy(update={"slos": ()})


def composites(account: AwsAccount) -> set[str]:
    return {name for name, alarm in account.alarms.items() if "AlarmRule" in alarm}


def test_alarms_of_every_kind_are_made_with_their_tag_and_a_second_apply_changes_nothing(
    system: System, account: AwsAccount
) -> None:
    steps = applied(system, account)
    assert {step.action for step in steps} == {Action.CREATE}
    assert composites(account)
    assert any("Metrics" in alarm for alarm in account.alarms.values())
    assert {tags[OWNER] for tags in account.tags.values()} == {"oms/production/cloud"}
    account.calls.clear()
    assert is_as_wanted(applied(system, account))
    assert account.writes() == 0


def test_topics_by_name_are_those_of_the_account(system: System, account: AwsAccount) -> None:
    applied(system.model_copy(update={"notify": None}), account)
    told = {topic for alarm in account.alarms.values() for topic in alarm["AlarmActions"]}
    assert told == {f"arn:aws:sns:us-east-1:{ACCOUNT}:oms-alerts"}


def test_what_is_built_no_more_goes_composites_before_their_children(
    system: System, account: AwsAccount
) -> None:
    applied(system, account)
    before = composites(account)
    steps = applied(without_slos(system), account)
    gone = [step.name for step in steps if step.action is Action.DELETE]
    assert before <= set(gone)
    assert set(gone) & account.alarms.keys() == set()
    assert is_as_wanted(stack(without_slos(system), account).plan())


@pytest.mark.parametrize("most", [0, 1, 7])
def test_an_apply_that_ended_half_way_is_finished_by_the_next(
    most: int, system: System, account: AwsAccount
) -> None:
    account.most = most
    with pytest.raises(SourceError):
        applied(system, account)
    account.most = 1_000_000
    left = applied(system, account)
    assert len(changing_steps(left)) == len(left) - most
    assert is_as_wanted(stack(system, account).plan())


def test_alarms_and_dashboards_of_somebody_else_are_left_alone(
    system: System, account: AwsAccount
) -> None:
    applied(system, account)
    alarm, other, *_ = account.alarms.values()
    account.tags[alarm["AlarmArn"]] = {"team": "other"}
    account.tags[other["AlarmArn"]][OWNER] = "oms/staging/cloud"
    alarm["Threshold"] = 12345.0
    (board,) = account.dashboards
    account.dashboards[board] = '{"widgets": []}'
    theirs = {"AlarmName": "oms-theirs", "AlarmArn": "arn:theirs", "AlarmActions": []}
    account.alarms["oms-theirs"] = theirs
    before = copy.deepcopy((account.alarms, account.tags, account.dashboards))
    steps = applied(system, account)
    foreign = {step.name: step.why for step in steps if step.action is Action.FOREIGN}
    assert foreign.keys() == {alarm["AlarmName"], other["AlarmName"], board}
    assert foreign[other["AlarmName"]].startswith("is of oms/staging/cloud")
    for name in (alarm["AlarmName"], other["AlarmName"], "oms-theirs"):
        assert account.alarms[name] == before[0][name]
    assert account.dashboards == before[2]


def test_what_was_changed_by_hand_is_set_right_and_others_tags_stay(
    system: System, account: AwsAccount
) -> None:
    applied(system, account)
    alarm = next(iter(account.alarms.values()))
    alarm["ActionsEnabled"] = False
    alarm["Threshold"] += 1
    tags = account.tags[alarm["AlarmArn"]]
    tags["cost-center"] = "42"
    tags["severity"] = "info"
    steps = changing_steps(stack(system, account).plan())
    assert [step.name for step in steps] == [alarm["AlarmName"]]
    assert "-ActionsEnabled: false" in steps[0].diff
    applied(system, account)
    assert tags["cost-center"] == "42"
    assert tags["severity"] != "info"
    assert is_as_wanted(stack(system, account).plan())


def test_two_environments_in_one_account_do_not_touch_each_other(account: AwsAccount) -> None:
    variables = {"NATS_PASSWORD": "x"}
    production = load([OMS], variables=variables)
    staging = load([OMS], env="staging", variables=variables)
    applied(production, account)
    applied(staging, account)
    assert is_as_wanted(stack(production, account).plan())
    assert is_as_wanted(stack(staging, account).plan())


def test_a_throttled_request_is_sent_again(system: System, account: AwsAccount) -> None:
    account.throttled = 4
    applied(system, account)
    assert is_as_wanted(stack(system, account).plan())


def test_composites_of_composites_are_in_an_order_in_which_they_can_go() -> None:
    def alarm(name: str, *of: str) -> tuple[dict[str, str], dict[str, str]]:
        return {"AlarmName": name, "AlarmRule": " OR ".join(f'ALARM("{c}")' for c in of)}, {}

    alarms = [alarm("leaf"), alarm("top", "middle"), alarm("middle", "leaf", "other"), alarm("x")]
    order = [each["AlarmName"] for each, _ in parents_first(alarms)]
    for each, _ in alarms:
        for child in children(each):
            assert child not in order or order.index(each["AlarmName"]) < order.index(child)
    assert sorted(order) == ["leaf", "middle", "top", "x"]
