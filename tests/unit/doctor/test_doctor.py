"""The questions of `obs doctor` that need no other system."""

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from obs.checks.check import Check
from obs.checks.clocks import judge_clock
from obs.checks.finding import CheckResult, Outcome, right, wrong
from obs.checks.run import run
from obs.doctor import machine
from obs.doctor.catalogue import CHECKS, exit_code, told_once, without_spec
from obs.doctor.installation import Installation, judge_installation, read_installation
from obs.doctor.polled import poll_check
from obs.doctor.receivers import read_receiver
from obs.errors import SourceError
from obs.extras import extras, how_to_install
from obs.sources.kinds import BY_KEY
from obs.spec.system import System

DOCS = (Path(__file__).parents[3] / "docs" / "first-steps.md").read_text(encoding="utf-8")
OTLP = {"version": 1, "system": "shop", "outputs": {"otlp": {"endpoint": "http://127.0.0.1:1"}}}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_question_is_in_the_documentation(check: Check[Any]) -> None:
    assert f"| `{check.name}` | {check.question} |" in DOCS


@pytest.mark.parametrize(
    ("least", "most", "outcome"),
    [
        (0.2, 0.4, Outcome.PASSED),
        (-9.0, 0.0, Outcome.PASSED),  # a slow answer proves nothing
        (-3.1, -3.0, Outcome.WARNED),
        (61.0, 62.0, Outcome.FAILED),
    ],
)
def test_a_clock_is_judged_by_how_far_it_is_off_at_least(
    least: float, most: float, outcome: Outcome
) -> None:
    assert judge_clock("n", least, most).outcome is outcome


def test_an_extra_is_wrong_only_where_the_spec_needs_it() -> None:
    installed = Installation("3.11.7", "1", {"otlp": False, "preview": False}, {})
    system = System.model_validate(OTLP)
    found = {each.resource: each for each in judge_installation(system, installed)}
    assert found["extra otlp"].outcome is Outcome.FAILED
    assert found["extra otlp"].advice == how_to_install("otlp")
    assert found["extra preview"].outcome is Outcome.SKIPPED


def test_every_extra_of_the_installation_is_told_with_a_version() -> None:
    found = read_installation()
    assert found.libraries.keys() == found.extras.keys()
    told = [each.resource for each in judge_installation(None, found)]
    assert told == ["Python", "obs", *(f"extra {name}" for name in extras())]


def test_a_port_in_use_is_wrong_and_a_free_one_right() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        system = System.model_validate(
            {"version": 1, "system": "shop", "outputs": {"web": {"listen": listen}}}
        )
        facts = machine.PortFacts(machine.port_problem(listen), "")
        (used,) = machine.judge_port(system, listen, facts)
    assert used.outcome is Outcome.FAILED
    assert "in use" in used.what
    (free,) = machine.judge_port(system, listen, machine.PortFacts("", ""))
    (ours,) = machine.judge_port(system, listen, machine.PortFacts("in use", "shop"))
    (other,) = machine.judge_port(system, listen, machine.PortFacts("in use", "bank"))
    assert [each.outcome for each in (free, ours, other)] == ["passed", "passed", "failed"]


def test_a_state_folder_that_is_a_file_cannot_be_written_to(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.touch()
    (finding,) = machine.judge_folder(str(file), machine.read_folder(file))
    assert finding.outcome is Outcome.FAILED
    (new,) = machine.judge_folder("new", machine.read_folder(tmp_path / "a" / "b"))
    assert new.outcome is Outcome.PASSED
    assert not (tmp_path / "a").exists()


def test_a_receiver_that_nobody_serves_did_not_answer() -> None:
    with pytest.raises(SourceError) as failed:
        read_receiver(System.model_validate(OTLP), "outputs.otlp")
    assert failed.value.reason == "connection"


def test_few_open_files_are_a_warning() -> None:
    assert [next(machine.judge_files(each)).outcome for each in (256, 4096, -1)] == [
        "warned",
        "passed",
        "passed",
    ]


def test_without_a_spec_it_says_how_to_get_one() -> None:
    results = without_spec()
    assert exit_code(results) == 1
    assert results[-1].findings[0].advice.startswith("obs init")


def test_a_system_that_did_not_answer_outweighs_what_is_wrong() -> None:
    silent = CheckResult("a", "?", (replace(wrong("x", "y"), unanswered=True),))
    bad, good = CheckResult("b", "?", (wrong("x", "y"),)), CheckResult("c", "?", (right("x", "y"),))
    assert [exit_code(each) for each in ([good], [good, bad], [bad, silent])] == [0, 1, 3]


def test_a_kind_without_questions_of_its_own_is_asked_by_a_poll() -> None:
    check = poll_check(BY_KEY["nats"])
    spec = {"sources": {"nats": {"main": {"monitor": ["http://127.0.0.1:1"]}}}}
    system = System.model_validate({"version": 1, "system": "shop", **spec})
    (result,) = run(system, [check])
    assert exit_code([result]) == 3


def test_what_two_questions_find_is_told_once() -> None:
    silent, other = wrong("main", "does not answer"), wrong("main", "is slow")
    first, same = CheckResult("a", "?", (silent,)), CheckResult("b", "?", (silent,))
    both = CheckResult("c", "?", (silent, other))
    found = [(each.check, each.findings) for each in told_once([first, same, both])]
    assert found == [("a", (silent,)), ("c", (other,))]
