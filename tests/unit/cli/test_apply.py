import argparse
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from obs.cli.apply import run
from obs.errors import BadInput, ObsError, SourceError
from obs.stacks.plan import PlanStep, Present, Wanted, changing_steps, plan
from obs.stacks.stack import Done


@dataclass
class Shelf:
    """A stack of which one thing is missing, one is another, and one may be foreign."""

    content: dict[str, int] = field(default_factory=lambda: {"other": 1, "same": 1})
    foreign: str = ""
    broken: BaseException | None = None
    before: Callable[[], None] = lambda: None
    where: str = "here"
    closed: bool = False

    def plan(self) -> tuple[PlanStep, ...]:
        wanted = [Wanted("thing", name, n) for name, n in (("new", 1), ("other", 2), ("same", 1))]
        present = [
            Present("thing", name, content, "is theirs" if name == self.foreign else "")
            for name, content in self.content.items()
        ]
        return plan(wanted, present)

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        for step in changing_steps(steps):
            self.content[step.name] = {"new": 1, "other": 2}[step.name]
            done(step)
            if self.broken:
                raise self.broken

    def close(self) -> None:
        self.closed = True


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def arguments(**given: object) -> argparse.Namespace:
    return argparse.Namespace(**{"check": False, "yes": False, "format": "text", **given})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def answering(text: str) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(text))
        monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    return answering


def test_the_plan_is_shown_then_done_then_nothing_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shelf = Shelf()
    assert run(arguments(yes=True), [("shelf", shelf)]) == 0
    assert capsys.readouterr().out == (
        "shelf (here): 1 to create, 1 to change, 1 unchanged\n"
        "  create  thing new\n"
        "  change  thing other\n"
        "    --- there\n    +++ wanted\n    @@ -1 +1 @@\n    -1\n    +2\n"
        "shelf: created thing new\n"
        "shelf: changed thing other\n"
    )
    assert run(arguments(check=True), [("shelf", shelf)]) == 0
    assert shelf.closed


def test_check_changes_nothing_and_finds_something() -> None:
    shelf = Shelf()
    assert run(arguments(check=True), [("shelf", shelf)]) == 1
    assert shelf.content == {"other": 1, "same": 1}


def test_a_foreign_object_is_reported_even_where_the_rest_is_applied() -> None:
    shelf = Shelf(foreign="other")
    assert run(arguments(yes=True), [("shelf", shelf)]) == 1
    assert shelf.content == {"other": 1, "same": 1, "new": 1}


@pytest.mark.parametrize(("answer", "code", "number"), [("y\n", 0, 3), ("\n", 1, 2), ("", 1, 2)])
def test_the_user_at_a_terminal_decides(
    answer: str, code: int, number: int, asked: Callable[[str], None]
) -> None:
    shelf = Shelf()
    asked(answer)
    assert run(arguments(), [("shelf", shelf)]) == code
    assert len(shelf.content) == number


def test_what_changed_while_the_question_was_open_is_not_done(
    asked: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf()
    asked("y\n")
    line = io.StringIO.readline

    def meanwhile(self: io.StringIO) -> str:
        shelf.content["other"] = 7
        return line(self)

    monkeypatch.setattr(Terminal, "readline", meanwhile)
    with pytest.raises(ObsError, match="has changed since the plan was shown"):
        run(arguments(), [("shelf", shelf)])
    assert "new" not in shelf.content


def test_without_a_terminal_and_without_yes_it_is_bad_input() -> None:
    with pytest.raises(
        BadInput, match=r"^2 steps to apply and no terminal to confirm at; give --yes$"
    ):
        run(arguments(), [("shelf", Shelf())])


@pytest.mark.parametrize("broken", [SourceError("timeout", "away"), KeyboardInterrupt()])
def test_an_apply_that_is_stopped_says_how_far_it_came(
    broken: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf(broken=broken)
    with pytest.raises(type(broken)):
        run(arguments(yes=True), [("shelf", shelf)])
    assert capsys.readouterr().err == (
        "shelf: stopped after 1 of 2 steps; run the command again to continue\n"
    )
    assert shelf.closed
    shelf.broken = None
    assert run(arguments(yes=True), [("shelf", shelf)]) == 0


def test_json_has_every_step_and_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    run(arguments(yes=True, format="json"), [("shelf", Shelf(foreign="other"))])
    (report,) = json.loads(capsys.readouterr().out)
    assert report == {
        "target": "shelf",
        "where": "here",
        "steps": [
            {"verdict": "create", "kind": "thing", "name": "new", "done": True},
            {
                "verdict": "foreign",
                "kind": "thing",
                "name": "other",
                "done": False,
                "why": "is theirs",
            },
            {"verdict": "keep", "kind": "thing", "name": "same", "done": False},
        ],
    }
