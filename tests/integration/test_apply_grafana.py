"""Rules and dashboards in Grafana: as its documentation says, over HTTP."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from obs.dashboards.build import boards
from obs.spec.load import load
from tests.integration.applying import SPEC, Killed, Server, run
from tests.integration.grafana_api import Grafana

pytestmark = pytest.mark.integration

RULES = ("alerts", "apply", "--target", "grafana")
BOARDS = ("dashboards", "apply", "--target", "grafana")
TOKEN = "glsa-secret-of-the-tests"


@pytest.fixture
def grafana() -> Grafana:
    return Grafana(TOKEN)


@pytest.fixture
def server(grafana: Grafana) -> Iterator[Server]:
    with Server(grafana) as running:
        yield running


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    monkeypatch.setattr("obs.clients.rest.time.sleep", lambda seconds: None)
    path = tmp_path / "obs.yaml"
    stack = f"{{url: '{server.url}', token: '${{GRAFANA_TOKEN}}'}}"
    path.write_text(f"{SPEC}stacks: {{grafana: {stack}}}\n")
    return path


@pytest.mark.parametrize("argv", [RULES, BOARDS], ids=["rules", "dashboards"])
def test_a_second_apply_changes_nothing(
    argv: tuple[str, ...], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *argv, "--check").code == 1
    assert server.writes() == []
    first = run(capsys, *argv, "--yes")
    assert first.code == 0, first.err
    assert "created folder shop" in first.out
    server.requests.clear()
    second = run(capsys, *argv, "--yes", "--format", "json")
    assert second.code == 0, second.out
    assert set(second.verdicts().values()) == {"keep"}
    assert server.writes() == []
    assert run(capsys, *argv, "--check").code == 0


@pytest.mark.parametrize("argv", [RULES, BOARDS], ids=["rules", "dashboards"])
def test_an_apply_that_was_killed_is_finished_by_the_next(
    argv: tuple[str, ...], server: Server, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = Killed(nth=3)
    server.before = killed
    assert killed.run(*argv, "--yes", cwd=spec.parent) == -9
    server.before = lambda request: None
    assert run(capsys, *argv, "--check").code == 1
    outcome = run(capsys, *argv, "--yes")
    assert outcome.code == 0, outcome.err
    assert run(capsys, *argv, "--check").code == 0


def test_the_rules_of_the_provisioning_file_arrive_with_their_panel_and_plain_dollars(
    grafana: Grafana, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = "alerts: {NatsConsumerLagHigh: {labels: {price: 5$}}}\n"
    spec.write_text(spec.read_text() + more)
    assert run(capsys, *RULES, "--yes").code == 0
    (rule,) = (one for one in grafana.rules.values() if one["title"] == "NatsConsumerLagHigh")
    assert rule["labels"]["price"] == "5$"
    assert rule["annotations"]["__dashboardUid__"] == "obs-shop-consumer"
    assert rule["annotations"]["__panelId__"].isdigit()
    assert rule["provenance"] == "api"


def test_a_foreign_rule_group_is_left_alone(
    grafana: Grafana, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *RULES, "--yes")
    theirs = next(iter(grafana.rules.values()))
    name = theirs["ruleGroup"]
    theirs["labels"] = {"team": "other"}
    before = copy.deepcopy(grafana.rules)
    outcome = run(capsys, *RULES, "--yes", "--format", "json")
    assert outcome.code == 1
    assert {each.rpartition("/")[2]: verdict for each, verdict in outcome.verdicts().items()}[
        name
    ] == "foreign"
    assert grafana.rules == before


def test_a_foreign_rule_with_our_title_is_reported_as_a_conflict(
    grafana: Grafana, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *RULES, "--yes")
    ours = copy.deepcopy(next(iter(grafana.rules.values())))
    theirs = {**ours, "uid": "theirs", "ruleGroup": "theirs", "provenance": "", "labels": {}}
    folder = ours["folderUID"]
    grafana.rules = {"theirs": theirs}
    outcome = run(capsys, *RULES, "--yes")
    assert outcome.code == 3
    assert (
        f"/folder/{folder}/rule-groups/{ours['ruleGroup']}: HTTP 409: conflicts with" in outcome.err
    )
    assert grafana.rules["theirs"] == theirs


def test_paused_rules_are_resumed_and_rules_no_longer_built_are_removed(
    grafana: Grafana, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *RULES, "--yes")
    paused, *_, last = grafana.rules.values()
    paused["isPaused"] = True
    old = {**copy.deepcopy(last), "uid": "obs-old", "ruleGroup": "shop-production-old"}
    grafana.rules["obs-old"] = {**old, "title": "Old"}
    outcome = run(capsys, *RULES, "--yes")
    assert outcome.code == 0
    assert "-    isPaused: true" in outcome.out
    assert "obs-old" not in grafana.rules
    assert [uid for uid, rule in grafana.rules.items() if rule["isPaused"]] == []
    assert run(capsys, *RULES, "--check").code == 0


def test_rules_move_where_the_folder_is_another(
    grafana: Grafana, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *RULES, "--yes")
    spec.write_text(spec.read_text() + "targets: {grafana: {folder: Elsewhere}}\n")
    outcome = run(capsys, *RULES, "--yes")
    assert outcome.code == 0, outcome.err
    (uid,) = (uid for uid, title in grafana.folders.items() if title == "Elsewhere")
    assert {rule["folderUID"] for rule in grafana.rules.values()} == {uid}
    assert run(capsys, *RULES, "--check").code == 0


def test_a_foreign_dashboard_with_our_uid_or_title_is_left_alone(
    grafana: Grafana, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, *_ = boards(load([spec]))
    run(capsys, *BOARDS, "--yes")
    grafana.dashboards[first.uid]["dashboard"]["tags"] = ["mine"]
    theirs = grafana.dashboards.pop(second.uid)
    theirs["dashboard"] |= {"uid": "theirs", "tags": []}
    grafana.dashboards["theirs"] = theirs
    before = copy.deepcopy(grafana.dashboards)
    outcome = run(capsys, *BOARDS, "--yes", "--format", "json")
    assert outcome.code == 1
    assert outcome.verdicts()[first.uid] == "foreign"
    assert outcome.verdicts()[second.uid] == "foreign"
    assert grafana.dashboards == before


def test_a_provisioned_dashboard_is_left_to_its_file(
    grafana: Grafana, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *BOARDS, "--yes")
    uid = boards(load([spec]))[0].uid
    grafana.provisioned.add(uid)
    outcome = run(capsys, *BOARDS, "--check")
    assert outcome.code == 1
    assert f"foreign dashboard {uid}: is provisioned from a file" in outcome.out


def test_an_edited_dashboard_is_shown_and_restored_and_one_no_longer_built_is_removed(
    grafana: Grafana, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *BOARDS, "--yes")
    uid = boards(load([spec]))[0].uid
    edited = grafana.dashboards[uid]["dashboard"]
    edited["panels"][0]["title"] = "Edited by hand"
    edited["schemaVersion"] += 1
    edited["version"] = 7
    old = copy.deepcopy(grafana.dashboards[uid])
    old["dashboard"] |= {"uid": "obs-shop-old", "title": "Old"}
    grafana.dashboards["obs-shop-old"] = old
    outcome = run(capsys, *BOARDS, "--yes")
    assert outcome.code == 0, outcome.err
    assert "Edited by hand" in outcome.out
    assert "schemaVersion" not in outcome.out
    assert grafana.dashboards[uid]["dashboard"]["version"] == 8
    assert "obs-shop-old" not in grafana.dashboards
    assert run(capsys, *BOARDS, "--check").code == 0


def test_a_dashboard_saved_in_the_meantime_is_not_overwritten(
    grafana: Grafana, server: Server, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *BOARDS, "--yes")
    uid = boards(load([spec]))[0].uid
    grafana.dashboards[uid]["dashboard"]["panels"] = []

    def meanwhile(request: object) -> None:
        if getattr(request, "method", "") == "POST":
            grafana.dashboards[uid]["dashboard"]["version"] = 99

    server.before = meanwhile
    outcome = run(capsys, *BOARDS, "--yes")
    assert outcome.code == 3
    assert "HTTP 412: changed by someone else in the meantime" in outcome.err
    assert grafana.dashboards[uid]["dashboard"]["panels"] == []


def test_requests_to_a_busy_grafana_are_retried_and_secrets_stay_out_of_errors(
    grafana: Grafana, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    grafana.busy = 4
    assert run(capsys, *BOARDS, "--yes").code == 0
    monkeypatch.setenv("GRAFANA_TOKEN", "glsa-another-secret")
    outcome = run(capsys, *BOARDS, "--yes")
    assert outcome.code == 3
    assert "HTTP 401: credentials rejected: Invalid API key" in outcome.err
    assert "secret" not in outcome.err + outcome.out
    monkeypatch.delenv("GRAFANA_TOKEN")
    assert run(capsys, *BOARDS, "--yes").code == 2


def test_the_reference_system_goes_in_whole(
    grafana: Grafana,
    server: Server,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("GRAFANA_URL", server.url)
    monkeypatch.setenv("GRAFANA_TOKEN_FILE", "token")
    oms = Path(__file__).parents[2] / "collectors" / "oms.yaml"
    for argv in (RULES, BOARDS):
        outcome = run(capsys, *argv, "--spec", str(oms), "--yes")
        assert outcome.code == 0, outcome.err
        assert run(capsys, *argv, "--spec", str(oms), "--check").code == 0
    assert len(grafana.rules) > 30
    assert len(grafana.dashboards) == len(boards(load([oms], variables={})))
