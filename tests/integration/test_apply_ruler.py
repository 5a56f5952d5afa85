"""Rules in a ruler with the API of Mimir: as its documentation says, over HTTP."""

import copy
from collections.abc import Iterator
from pathlib import Path

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


def test_a_group_that_the_ruler_rejects_is_reported_in_its_words_and_the_rest_is_applied_later(
    mimir: Mimir, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.integration.mimir_api.MOST_RULES", 5)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    assert "HTTP 400: per-user rules per rule group limit (limit: 5 actual: " in outcome.err
    assert "stopped after 0 of 3 steps; run the command again to continue" in outcome.err
    monkeypatch.setattr("tests.integration.mimir_api.MOST_RULES", 20)
    assert run(capsys, *ARGV, "--yes").code == 0
    assert set(mimir.groups["team"][NAMESPACE]) == {"shop-nats", "shop-nats-2", "shop-collector"}
