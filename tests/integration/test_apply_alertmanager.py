"""A real Alertmanager's configuration: applied, kept, taken back, and a foreign one left alone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from obs.sandbox.alerting import alertmanager_binary
from obs.sandbox.process import Process, free_ports
from tests.integration.applying import SPEC, Reloadable, run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(alertmanager_binary() is None, reason="no alertmanager here"),
]

ARGV = ("alerts", "apply", "--target", "alertmanager")
THEIRS = "route: {receiver: theirs}\nreceivers: [{name: theirs}]\n"
NOTIFY = """\
notify:
  receivers:
    chat: {webhook: {url: "http://127.0.0.1:9/chat"}}
  routes:
    critical: {to: [chat]}
    warning: {to: [chat], quiet: [nights]}
  quiet_hours:
    nights: {from: "20:00", until: "07:00"}
"""


class Running(Reloadable):
    """An Alertmanager that was started with a foreign file."""

    def __init__(self, folder: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self.file = folder / "etc" / "alertmanager.yml"
        self.file.parent.mkdir()
        self.file.write_text(THEIRS)
        binary = alertmanager_binary()
        assert binary
        self.process = Process(
            [
                binary,
                f"--config.file={self.file}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            folder / "log",
        )

    def receivers(self) -> set[str]:
        """The receivers that it runs with."""
        status = json.loads(self.ask("/api/v2/status"))
        return {each["name"] for each in yaml.safe_load(status["config"]["original"])["receivers"]}

    def forget(self) -> None:
        """The foreign configuration again, and nothing of ours beside it."""
        for path in self.file.parent.iterdir():
            path.unlink()
        self.file.write_text(THEIRS)
        self.ask("/-/reload", "POST")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("alertmanager")).running() as server:
        yield server


@pytest.fixture
def alertmanager(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    monkeypatch.chdir(tmp_path)
    running.forget()
    write_spec(running)
    return running


def write_spec(alertmanager: Running, notify: str = NOTIFY) -> None:
    stack = f"{{url: '{alertmanager.url}', config_file: '{alertmanager.file}'}}"
    Path("obs.yaml").write_text(f"{SPEC}{notify}stacks: {{alertmanager: {stack}}}\n")


def test_a_foreign_configuration_is_left_alone(
    alertmanager: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 1
    assert "foreign file alertmanager.yml" in outcome.out
    assert "was not written by obs; rename it, or delete it" in outcome.out
    assert alertmanager.file.read_text() == THEIRS
    assert alertmanager.receivers() == {"theirs"}


def test_the_configuration_is_written_and_loaded_and_a_second_apply_changes_nothing(
    alertmanager: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    alertmanager.file.unlink()
    first = run(capsys, *ARGV, "--yes")
    assert first.code == 0, first.err
    assert alertmanager.receivers() == {"chat", "_nobody"}
    second = run(capsys, *ARGV, "--yes", "--format", "json")
    assert set(second.verdicts().values()) == {"keep"}
    assert run(capsys, *ARGV, "--check").code == 0


def test_a_file_that_was_never_loaded_is_loaded_by_the_next_apply(
    alertmanager: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    alertmanager.file.unlink()
    run(capsys, *ARGV, "--yes")
    ours = alertmanager.file.read_text()
    alertmanager.file.write_text(THEIRS)
    alertmanager.ask("/-/reload", "POST")
    alertmanager.file.write_text(ours)
    check = run(capsys, *ARGV, "--check")
    assert check.code == 1
    assert "change  loaded configuration" in check.out
    assert run(capsys, *ARGV, "--yes").code == 0
    assert alertmanager.receivers() == {"chat", "_nobody"}


EVERYTHING = """\
notify:
  receivers:
    chat:
      slack: {api_url_file: /run/slack, channel: "#orders"}
      pagerduty: {routing_key_file: /run/pagerduty}
      webhook: {url: "http://127.0.0.1:9/chat", credentials_file: /run/token}
      sns: {topic_arn: "arn:aws:sns:eu-west-1:123456789012:orders"}
      email:
        to: [a@b.example, c@b.example]
        from: obs@b.example
        smarthost: mail:587
        username: obs
        password_file: /run/mail
        require_tls: false
  routes:
    critical: {to: [chat]}
    warning: {to: [chat], quiet: [nights, weekends]}
    labelled: [{labels: {team: 'a "quoted" \\ team'}, to: [chat]}]
  quiet_hours:
    nights: {from: "20:00", until: "07:00", timezone: Europe/Berlin}
    weekends: {days: [saturday, sunday]}
"""
EDITS: dict[str, Callable[[Any], None]] = {
    "channel": lambda whole: slack(whole).update(channel="#elsewhere"),
    "tls": lambda whole: email(whole).update(require_tls=True),
    "integration": lambda whole: chat(whole).update(opsgenie_configs=[{"api_key": "x"}]),
    "receiver": lambda whole: whole["receivers"].append({"name": "more"}),
    "hours": lambda whole: whole["time_intervals"][1].update(time_intervals=[{"months": ["may"]}]),
    "route": lambda whole: whole["route"]["routes"][0].update({"continue": True}),
    "wait": lambda whole: whole["route"]["routes"][0]["routes"][1].update(group_wait="9m"),
    "inhibition": lambda whole: whole["inhibit_rules"].pop(),
    "grouping": lambda whole: whole["route"].update(group_by=["..."]),
}


def chat(whole: Any) -> Any:
    (found,) = (each for each in whole["receivers"] if each["name"] == "chat")
    return found


def slack(whole: Any) -> Any:
    return chat(whole)["slack_configs"][0]


def email(whole: Any) -> Any:
    return chat(whole)["email_configs"][0]


def test_everything_that_the_spec_can_say_is_loaded_as_written(
    alertmanager: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    alertmanager.file.unlink()
    write_spec(alertmanager, EVERYTHING)
    outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 0, outcome.err
    check = run(capsys, *ARGV, "--check")
    assert check.code == 0, check.out


@pytest.mark.parametrize("what", EDITS)
def test_what_is_loaded_differently_than_the_file_says_is_loaded_again(
    what: str, alertmanager: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    alertmanager.file.unlink()
    write_spec(alertmanager, EVERYTHING)
    run(capsys, *ARGV, "--yes")
    ours = alertmanager.file.read_text()
    whole = yaml.safe_load(ours)
    EDITS[what](whole)
    alertmanager.file.write_text(yaml.safe_dump(whole))
    alertmanager.ask("/-/reload", "POST")
    alertmanager.file.write_text(ours)
    assert "change  loaded configuration" in run(capsys, *ARGV, "--check").out
    assert run(capsys, *ARGV, "--yes").code == 0
    assert run(capsys, *ARGV, "--check").code == 0


def test_the_file_goes_back_where_alertmanager_refuses_it(
    alertmanager: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alertmanager.file.unlink()
    run(capsys, *ARGV, "--yes")
    before = alertmanager.file.read_text()
    with monkeypatch.context() as patched:
        patched.setattr("obs.stacks.alertmanager.HEAD", "nonsense: {}\n")
        outcome = run(capsys, *ARGV, "--yes")
    assert outcome.code == 3
    assert "HTTP 500: failed to reload config" in outcome.err
    assert alertmanager.file.read_text() == before
    assert alertmanager.receivers() == {"chat", "_nobody"}
    assert run(capsys, *ARGV, "--check").code == 0
