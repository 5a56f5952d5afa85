"""Rules in a ruler with the API of Mimir: as its documentation says, over HTTP."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.applying import SPEC, Killed, Server, run
from tests.integration.mimir_api import Mimir

pytestmark = pytest.mark.integration

ARGV = ("alerts", "apply", "--target", "mimir")
TOKEN = "glc-secret-of-the-tests"
NAMESPACE = "obs-shop-production"
FOREIGN = {"name": "shop-nats", "rules": [{"alert": "Mine", "expr": "vector(1)"}]}


@pytest.fixture
def mimir() -> Mimir:
    return Mimir(token=TOKEN)


@pytest.fixture
def server(mimir: Mimir) -> Iterator[Server]:
    with Server(mimir) as running:
        yield running


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("obs.clients.rest.time.sleep", lambda seconds: None)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    path = tmp_path / "obs.yaml"
    path.write_text(
        f"{SPEC}stacks:\n  mimir: {{url: '{server.url}', tenant: team, token_file: token}}\n"
    )
    return path


def test_groups_are_set_one_by_one_and_a_second_apply_changes_nothing(
    mimir: Mimir, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *ARGV, "--check").code == 1
    assert server.writes() == []
    first = run(capsys, *ARGV, "--yes")
    assert first.code == 0, first.err
    assert set(mimir.groups["team"][NAMESPACE]) == {"shop-nats", "shop-nats-2", "shop-collector"}
    server.requests.clear()
    second = run(capsys, *ARGV, "--yes", "--format", "json")
    assert set(second.verdicts().values()) == {"keep"}
    assert server.writes() == []
    assert run(capsys, *ARGV, "--check").code == 0


def test_foreign_groups_and_other_namespaces_are_left_alone(
    mimir: Mimir, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = {NAMESPACE: {"shop-nats": FOREIGN}, "other": {"shop-collector": FOREIGN}}
    mimir.groups["team"] = copy.deepcopy(theirs)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 1
    assert "foreign rule group shop-nats: has rules without the annotation" in outcome.out
    assert mimir.groups["team"]["other"] == theirs["other"]
    assert mimir.groups["team"][NAMESPACE]["shop-nats"] == FOREIGN
    assert "shop-collector" in mimir.groups["team"][NAMESPACE]


def test_edited_groups_are_shown_and_restored_and_groups_no_longer_built_are_removed(
    mimir: Mimir, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    groups = mimir.groups["team"][NAMESPACE]
    groups["shop-nats"]["rules"][0]["for"] = "1h"
    groups["shop-old"] = {**copy.deepcopy(groups["shop-collector"]), "name": "shop-old"}
    check = run(capsys, *ARGV, "--check")
    assert check.code == 1
    assert "    -  - alert:" not in check.out
    assert "    -    for: 3600.0" in check.out
    outcome = run(capsys, *ARGV, "--yes", "--format", "json")
    assert outcome.verdicts() == {
        "shop-nats": "change",
        "shop-nats-2": "keep",
        "shop-collector": "keep",
        "shop-old": "delete",
    }
    assert set(mimir.groups["team"][NAMESPACE]) == {"shop-nats", "shop-nats-2", "shop-collector"}
    assert run(capsys, *ARGV, "--check").code == 0


@pytest.mark.parametrize("nth", [1, 2])
def test_an_apply_that_was_killed_is_finished_by_the_next(
    nth: int, mimir: Mimir, server: Server, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = Killed(nth)
    server.before = killed
    assert killed.run(*ARGV, "--yes", cwd=spec.parent) == -9
    server.before = lambda request: None
    assert len(mimir.groups["team"].get(NAMESPACE, {})) == nth - 1
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0


def test_requests_to_a_busy_ruler_are_retried(
    mimir: Mimir, capsys: pytest.CaptureFixture[str]
) -> None:
    mimir.busy = 3
    assert run(capsys, *ARGV, "--yes").code == 0


def test_a_wrong_token_is_one_line_without_the_token(
    mimir: Mimir, capsys: pytest.CaptureFixture[str]
) -> None:
    mimir.token = "another"
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    assert "HTTP 401: credentials rejected: unauthorized" in outcome.err
    assert outcome.err.count("\n") == 1
    assert TOKEN not in outcome.err + outcome.out


def test_one_changed_number_is_one_line_of_the_plan_in_whatever_order_fields_come_back(
    mimir: Mimir, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    spec.write_text(spec.read_text() + "alerts: {NatsConsumerLagHigh: {for: 7m}}\n")
    shown = run(capsys, *ARGV, "--check").out
    changed = [line.strip() for line in shown.splitlines() if line.startswith(("    +", "    -"))]
    assert changed == ["--- there", "+++ wanted", "-    for: 300.0", "+    for: 420.0"]


def many_slos(spec: Path, number: int, more: str = "") -> None:
    """A spec with recording rules of so many SLOs."""
    slos = "".join(
        f"  - {{name: slo-{n}, service: shop, objective: 99, sli: {{nats_lag: {{source: main, "
        f"stream: ORDERS, consumer: c{n}, max_messages: 10}}}}}}\n"
        for n in range(number)
    )
    text = spec.read_text().partition("slos:")[0].replace(", recording: true", "")
    text = text.replace("tenant: team,", f"tenant: team, recording: true,{more}")
    spec.write_text(f"{text}slos:\n{slos}")


def rules_of(groups: Mapping[str, Any]) -> int:
    return sum(len(group["rules"]) for group in groups.values())


def test_recording_rules_of_many_slos_are_fitted_to_the_limits_of_the_ruler(
    mimir: Mimir, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many_slos(spec, 10)
    assert run(capsys, *ARGV, "--yes").code == 0
    groups = mimir.groups["team"][NAMESPACE]
    assert "shop-slo-recording-shop-slo-0" in groups
    ten = rules_of({name: group for name, group in groups.items() if "recording" in name})
    many_slos(spec, 66)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 0, outcome.err
    assert len(groups) < 70
    recorded = {name: group for name, group in groups.items() if "recording" in name}
    assert rules_of(recorded) == ten / 10 * 66
    assert set(recorded) == {f"shop-slo-recording-{n + 1}" for n in range(len(recorded))}
    assert run(capsys, *ARGV, "--check").code == 0
    many_slos(spec, 65)  # there is room for a change
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0


def test_groups_that_do_not_fit_are_refused_before_anything_is_written(
    mimir: Mimir, server: Server, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mimir.groups["team"] = {"other": {f"g{n}": {**FOREIGN, "name": f"g{n}"} for n in range(30)}}
    many_slos(spec, 66)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 2
    assert "rule groups of at most 20 rules do not fit beside 30 of others" in outcome.err
    assert "the ruler allows 70 a tenant" in outcome.err
    assert server.writes() == []
    mimir.most_groups = 150
    many_slos(spec, 66, " max_groups: 150,")
    assert run(capsys, *ARGV, "--yes").code == 0


def test_obsolete_groups_go_first_where_there_is_no_room_for_both(
    mimir: Mimir, server: Server, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mimir.groups["team"] = {"other": {f"g{n}": {**FOREIGN, "name": f"g{n}"} for n in range(55)}}
    many_slos(spec, 9)
    assert run(capsys, *ARGV, "--yes").code == 0
    spec.write_text(spec.read_text().replace("slo-", "objective-"))
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 0, outcome.err
    assert run(capsys, *ARGV, "--check").code == 0


def test_a_limit_that_the_spec_does_not_know_is_named_with_the_field_to_write(
    mimir: Mimir, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mimir.most_rules = 5
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 2
    assert "HTTP 400: per-user rules per rule group limit (limit: 5 actual: " in outcome.err
    assert "write stacks.mimir.max_rules_per_group: 5, the limit of this tenant" in outcome.err
    assert "stopped after 0 of 3 steps; correct this, then run the command again" in outcome.err
    text = spec.read_text()
    spec.write_text(text.replace("tenant: team,", "tenant: team, max_rules_per_group: 5,"))
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0
    assert max(len(each["rules"]) for each in mimir.groups["team"][NAMESPACE].values()) == 5


def test_a_target_that_cannot_be_built_stops_no_other_and_is_told_at_the_end(
    mimir: Mimir, capsys: pytest.CaptureFixture[str]
) -> None:
    both = ("alerts", "apply", "--target", "alertmanager", "--target", "cloudwatch")
    outcome = run(capsys, *both, "--target", "mimir", "--yes")
    assert outcome.code == 2
    assert set(mimir.groups["team"][NAMESPACE]) == {"shop-nats", "shop-nats-2", "shop-collector"}
    assert "alertmanager: not applied: --target alertmanager:" in outcome.out
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == [
        "--target alertmanager",
        "--target cloudwatch",
    ]
    told = run(capsys, *both, "--target", "mimir", "--yes", "--format", "json")
    assert told.code == 2
    assert {step["verdict"] for step in told.steps} == {"keep"}


def test_an_unknown_target_is_refused_before_anything_is_applied(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(capsys, *ARGV, "--target", "mimr", "--yes")
    assert (outcome.code, server.requests) == (2, [])
    assert "--target mimr: unknown target" in outcome.err


def test_groups_under_the_name_of_older_versions_are_removed_those_of_others_there_are_not(
    mimir: Mimir, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec.write_text(f"{spec.read_text()}environment: eu-west\n")
    assert run(capsys, *ARGV, "--yes").code == 0
    ((namespace, groups),) = mimir.groups["team"].items()
    assert namespace.startswith("obs-shop-eu-west-")
    mimir.groups["team"] = {"obs-shop-eu-west": {**groups, "shop-eu-nats": FOREIGN}}
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 0, outcome.err
    assert "delete  rule group obs-shop-eu-west/shop-eu-west" in outcome.out
    assert mimir.groups["team"] == {
        "obs-shop-eu-west": {"shop-eu-nats": FOREIGN},
        namespace: groups,
    }
    assert run(capsys, *ARGV, "--check").code == 0
