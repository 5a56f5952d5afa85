"""Rules in a real Prometheus: applied, kept, changed, taken back, and foreign ones left alone."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.artifacts import MANIFEST
from obs.sandbox.process import Process, free_ports
from obs.sandbox.prometheus import prometheus_binary
from tests.integration.applying import SPEC, Answer, Killed, Reloadable, Request, Server, run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(prometheus_binary() is None, reason="no prometheus here"),
]

ARGV = ("alerts", "apply", "--target", "prometheus")


class Running(Reloadable):
    """A Prometheus that reads the rule files in `rules`."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.rules = folder / "rules"
        self.rules.mkdir()
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({"rule_files": [f"{self.rules}/*.yaml"]}))
        binary = prometheus_binary()
        assert binary
        self.process = Process(
            [
                binary,
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--web.enable-lifecycle",
            ],
            folder / "log",
        )

    def forget(self) -> None:
        """No rules at all."""
        for path in self.rules.iterdir():
            path.unlink()
        self.ask("/-/reload", "POST")

    def groups(self) -> set[str]:
        """The groups in memory."""
        groups = json.loads(self.ask("/api/v1/rules"))["data"]["groups"]
        return {each["name"] for each in groups}

    def passed_on(self, request: Request) -> Answer:
        """The answer to a request sent to another server."""
        try:
            return 200, self.ask(request.path, request.method)
        except urllib.error.HTTPError as error:
            return error.code, error.read()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("prometheus")).running() as server:
        yield server


@pytest.fixture
def rules(prometheus: Running) -> Path:
    prometheus.forget()
    return prometheus.rules


@pytest.fixture
def spec(tmp_path: Path, prometheus: Running, rules: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_spec(tmp_path, prometheus.url, rules)


def write_spec(folder: Path, url: str, rules: Path, more: str = "") -> Path:
    path = folder / "obs.yaml"
    path.write_text(f"{SPEC}stacks:\n  prometheus: {{url: '{url}', rules_dir: '{rules}'}}\n{more}")
    return path


def without_reloads(prometheus: Running) -> Server:
    """The same Prometheus, as if it ran without its lifecycle API."""

    def answer(request: Request) -> Answer:
        if request.method == "POST":
            return 403, b"Lifecycle API is not enabled."
        return prometheus.passed_on(request)

    return Server(answer)


@pytest.mark.usefixtures("spec")
def test_rules_are_written_and_loaded_and_a_second_apply_changes_nothing(
    prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, *ARGV, "--check").code == 1
    assert prometheus.groups() == set()
    first = run(capsys, *ARGV, "--yes")
    assert first.code == 0, first.err
    assert prometheus.groups() == {"shop-nats", "shop-nats-2", "shop-collector"}
    written = {path.name: path.stat().st_mtime_ns for path in rules.iterdir()}
    second = run(capsys, *ARGV, "--yes", "--format", "json")
    assert second.code == 0
    assert set(second.verdicts().values()) == {"keep"}
    assert {path.name: path.stat().st_mtime_ns for path in rules.iterdir()} == written
    assert run(capsys, *ARGV, "--check").code == 0


@pytest.mark.usefixtures("spec")
def test_without_a_terminal_and_without_yes_nothing_is_done(
    rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(capsys, *ARGV)
    assert outcome.code == 2
    assert outcome.err == "2 steps to apply and no terminal to confirm at; give --yes\n"
    assert list(rules.iterdir()) == []


def test_a_changed_threshold_is_shown_as_a_diff_and_loaded(
    prometheus: Running, rules: Path, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    write_spec(spec.parent, prometheus.url, rules, "alerts: {NatsConsumerLagHigh: {for: 7m}}\n")
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 0
    assert "change  file obs-shop-production-nats.yaml" in outcome.out
    assert "    +" in outcome.out
    groups = json.loads(prometheus.ask("/api/v1/rules"))["data"]["groups"]
    held = {
        rule["duration"]
        for group in groups
        for rule in group["rules"]
        if rule["name"] == "NatsConsumerLagHigh"
    }
    assert held == {420}


@pytest.mark.usefixtures("spec")
def test_a_foreign_file_stays_as_it_is_and_the_others_are_applied(
    prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign, beside = rules / "obs-shop-production-nats.yaml", rules / "mine.yaml"
    text = "groups: [{name: mine, rules: [{record: a, expr: vector(1)}]}]\n"
    foreign.write_text(text)
    beside.write_text("groups: []\n")
    outcome = run(capsys, *ARGV, "--yes", "--format", "json")
    assert outcome.code == 1
    assert outcome.verdicts()[foreign.name] == "foreign"
    assert foreign.read_text() == text
    assert beside.read_text() == "groups: []\n"
    assert prometheus.groups() == {"mine", "shop-collector"}
    assert run(capsys, *ARGV, "--check").code == 1


@pytest.mark.usefixtures("spec")
def test_what_is_built_no_more_is_deleted(
    prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    old = rules / "obs-shop-production-slo.yaml"
    old.write_text((rules / "obs-shop-production-nats.yaml").read_text().replace("shop-", "old-"))
    manifest = json.loads((rules / MANIFEST).read_text())
    manifest["prometheus shop/production"].append(old.name)
    (rules / MANIFEST).write_text(json.dumps(manifest))
    outcome = run(capsys, *ARGV, "--yes", "--format", "json")
    assert outcome.verdicts()[old.name] == "delete"
    assert not old.exists()
    assert old.name not in (rules / MANIFEST).read_text()
    assert prometheus.groups() == {"shop-nats", "shop-nats-2", "shop-collector"}


@pytest.mark.usefixtures("spec")
def test_files_go_back_where_prometheus_refuses_them(
    prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    ours = rules / "obs-shop-production-nats.yaml"
    edited = ours.read_text() + "# edited by hand\n"
    ours.write_text(edited)
    (rules / "broken.yaml").write_text("groups: [{name: mine, rules: [{record: a, expr: 1 +}]}]\n")
    outcome = run(capsys, *ARGV, "--yes")
    (rules / "broken.yaml").unlink()
    assert outcome.code == 3
    assert "HTTP 500" in outcome.err
    assert "The previous files were restored" in outcome.err
    assert ours.read_text() == edited
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0


def test_rules_that_prometheus_does_not_read_are_taken_back(
    prometheus: Running, tmp_path: Path, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write_spec(spec.parent, prometheus.url, elsewhere)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    assert f"is {elsewhere}/*.yaml among its rule_files?" in outcome.err
    assert list(elsewhere.glob("*.yaml")) == []


def test_an_apply_killed_before_the_reload_is_finished_by_the_next(
    prometheus: Running, rules: Path, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed = Killed(nth=1)
    with Server(prometheus.passed_on, before=killed) as between:
        write_spec(spec.parent, between.url, rules)
        assert killed.run(*ARGV, "--yes", cwd=spec.parent) == -9
    assert len(list(rules.glob("*.yaml"))) == 2
    assert prometheus.groups() == set()
    write_spec(spec.parent, prometheus.url, rules)
    check = run(capsys, *ARGV, "--check")
    assert check.code == 1
    assert "change  loaded rules" in check.out
    assert run(capsys, *ARGV, "--yes").code == 0
    assert prometheus.groups() == {"shop-nats", "shop-nats-2", "shop-collector"}
    assert run(capsys, *ARGV, "--check").code == 0


EDITS: dict[str, Callable[[Any, Any], None]] = {
    "expression": lambda group, rule: rule.update(expr=f"1 < ({rule['expr']})"),
    "for": lambda group, rule: rule.update({"for": "6m"}),
    "keep_firing_for": lambda group, rule: rule.update(keep_firing_for="9m"),
    "interval": lambda group, rule: group.update(interval="7s"),
    "limit": lambda group, rule: group.update(limit=5),
    "labels": lambda group, rule: rule["labels"].update(severity="info"),
    "annotations": lambda group, rule: rule["annotations"].update(summary="Once."),
    "order": lambda group, rule: group["rules"].reverse(),
}


def edited(text: str, edit: Callable[[Any, Any], None] = EDITS["expression"]) -> str:
    """A rule file of which somebody changed the first group or its first rule."""
    document = yaml.safe_load(text)
    group = document["groups"][0]
    edit(group, group["rules"][0])
    return yaml.safe_dump(document)


@pytest.mark.usefixtures("spec")
@pytest.mark.parametrize("what", EDITS)
def test_what_is_loaded_differently_than_the_files_say_is_shown_and_loaded_again(
    what: str, prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody edited the file, reloaded, and put the file back without a reload."""
    run(capsys, *ARGV, "--yes")
    file = rules / "obs-shop-production-nats.yaml"
    ours = file.read_text()
    file.write_text(edited(ours, EDITS[what]))
    prometheus.ask("/-/reload", "POST")
    file.write_text(ours)
    judged = run(capsys, "check", "--only", "rules")
    assert judged.code == (0 if what == "order" else 1)
    check = run(capsys, *ARGV, "--check")
    assert check.code == 1
    assert "change  loaded rules" in check.out
    changed = [line for line in check.out.splitlines() if line[:5] in ("    +", "    -")][2:]
    assert changed
    assert what == "order" or len(changed) <= 24, changed  # of one rule, not of the file
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0
    assert run(capsys, "check", "--only", "rules").code == 0


def test_files_that_are_right_but_not_loaded_need_a_reload_that_prometheus_allows(
    prometheus: Running, rules: Path, spec: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    file = rules / "obs-shop-production-nats.yaml"
    ours = file.read_text()
    file.write_text(edited(ours))
    prometheus.ask("/-/reload", "POST")
    file.write_text(ours)

    with without_reloads(prometheus) as locked:
        write_spec(spec.parent, locked.url, rules)
        outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 2
    assert "send it SIGHUP now: the files are as wanted, but not what it loaded" in outcome.err
    assert "restored" not in outcome.err
    assert file.read_text() == ours


def test_another_folder_with_files_of_the_same_names_is_named(
    prometheus: Running,
    rules: Path,
    tmp_path: Path,
    spec: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(capsys, *ARGV, "--yes")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    tuned = "alerts: {NatsConsumerLagHigh: {above: 7}}\n"
    write_spec(spec.parent, prometheus.url, elsewhere, tuned)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    nats = "obs-shop-production-nats.yaml"
    assert f"{rules / nats} has other rules there than {elsewhere / nats} has here" in outcome.err
    assert list(elsewhere.glob("*.yaml")) == []


@pytest.mark.usefixtures("spec")
def test_a_copy_of_our_rules_in_a_file_of_somebody_else_is_never_as_wanted(
    prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    copy = rules / "copied-by-hand.yaml"
    ours = (rules / "obs-shop-production-nats.yaml").read_text()
    copy.write_text(edited(ours))
    prometheus.ask("/-/reload", "POST")
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 1
    assert f"foreign loaded rules shop-nats in {copy}: a copy that obs does not" in outcome.out
    assert run(capsys, *ARGV, "--check").code == 1
    copy.unlink()
    prometheus.ask("/-/reload", "POST")
    assert run(capsys, *ARGV, "--check").code == 0


@pytest.mark.usefixtures("spec")
def test_a_group_that_is_loaded_but_in_no_file_any_more_is_unloaded(
    prometheus: Running, rules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, *ARGV, "--yes")
    ours = rules / "obs-shop-production-nats.yaml"
    old = rules / "obs-shop-production-slo.yaml"
    old.write_text(ours.read_text().replace("shop-", "old-"))
    prometheus.ask("/-/reload", "POST")
    old.unlink()
    assert "change  loaded rules" in run(capsys, *ARGV, "--check").out
    assert run(capsys, *ARGV, "--yes").code == 0
    assert prometheus.groups() == {"shop-nats", "shop-nats-2", "shop-collector"}


def test_a_prometheus_without_the_lifecycle_api_is_recognised(
    rules: Path, spec: Path, prometheus: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    with without_reloads(prometheus) as locked:
        write_spec(spec.parent, locked.url, rules)
        outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 2
    assert "does not allow reloads; start it with --web.enable-lifecycle" in outcome.err
    assert list(rules.glob("*.yaml")) == []


def test_the_reference_system_is_loaded_with_its_recording_rules(
    prometheus: Running,
    rules: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    oms = (Path(__file__).parents[2] / "collectors" / "oms.yaml").read_text()
    spec = tmp_path / "oms.yaml"
    spec.write_text(oms.replace("\n    rules_dir:", "\n    recording: true\n    rules_dir:"))
    monkeypatch.setenv("PROMETHEUS_URL", prometheus.url)
    monkeypatch.setenv("PROMETHEUS_RULES_DIR", str(rules))
    outcome = run(capsys, *ARGV, "--spec", str(spec), "--yes")
    assert outcome.code == 0, outcome.err
    assert "oms-slo-recording-oms-event-delivery" in prometheus.groups()
    assert run(capsys, *ARGV, "--spec", str(spec), "--check").code == 0
