"""What commands print is redacted, and nothing in it is obeyed by a terminal."""

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Iterator

import pytest

from obs.cli.main import main
from obs.cli.main import parser as commands
from obs.cli.output import json_text
from obs.cli.terminal import (
    coloured,
    diff_coloured,
    located,
    note,
    plain_output,
    say,
    set_quiet,
    working,
)
from obs.redaction.known import KNOWN


def test_a_terminal_is_shown_what_it_must_not_obey(capsys: pytest.CaptureFixture[str]) -> None:
    KNOWN.add("hunter2hunter2")
    with plain_output():
        sys.stdout.write("stream a\x1b[2Jb\u202e: hunter2hunter2\n")
        sys.stderr.write("Authorization: Bearer abcdef \x07\n")
    out, err = capsys.readouterr()
    assert out == "stream a\\u001b[2Jb\\u202e: …\n"
    assert err == "Authorization: Bearer … \\u0007\n"


def test_json_that_is_printed_has_the_same_values(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"name": "a\x1b\u202e\\\x85\U000e0041\u00a0é"}
    with plain_output():
        sys.stdout.write(json_text(document))
    out = capsys.readouterr().out
    assert out.replace("\n", "").isprintable()
    assert json.loads(out) == document


def test_examples_in_output_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_output():
        sys.stdout.write("write nats://user:password@host")
    assert capsys.readouterr().out == "write nats://user:password@host"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Iterator[Screen]:
    """What stdout and stderr show, both of them a terminal."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    shown = Screen()
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown), plain_output():
        yield shown


def test_a_terminal_shows_colours_and_what_others_say_is_not_obeyed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with terminal(monkeypatch) as screen:
        sys.stdout.write(f"{coloured('✗', 'red')} a\x1b[2J\n")
        sys.stderr.write(f"{located('obs.yaml:6: sources: wrong')}\n")
    assert screen.getvalue() == (
        "\x1b[31m✗\x1b[0m a\\u001b[2J\n\x1b[1mobs.yaml:6:\x1b[0m sources: wrong\n"
    )


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_that_wants_no_colours_gets_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with terminal(monkeypatch, **{name: value}) as screen:
        sys.stdout.write(f"{coloured('✓', 'green')} {diff_coloured('+ a')}\n")
    assert screen.getvalue() == "✓ + a\n"


def test_a_file_gets_neither_colours_nor_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with plain_output(), working("asking"):
        sys.stdout.write(f"{coloured('✓', 'green')}\n")
    assert capsys.readouterr() == ("✓\n", "")


def test_progress_is_removed_from_a_terminal_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch) as screen, working("asking nats://x\x1b[2J"):
        pass
    assert screen.getvalue() == "\rasking nats://x\\u001b[2J …\x1b[K\r\r\x1b[K"


@pytest.mark.parametrize("quiet", [True, False])
def test_quiet_leaves_neither_notes_nor_progress_nor_confirmations(
    monkeypatch: pytest.MonkeyPatch, quiet: bool
) -> None:
    with terminal(monkeypatch) as screen:
        set_quiet(quiet)
        with working("asking"):
            note("by the way")
            say("done")
    assert bool(screen.getvalue()) != quiet


@pytest.mark.parametrize("line", ["--quiet validate", "validate --quiet", "validate -q"])
def test_a_valid_spec_needs_no_words_where_it_is_quiet(
    line: str, spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([*line.split(), "--spec", spec])
    assert (code, capsys.readouterr().out) == ((2, "") if line[0] == "-" else (0, ""))


def test_every_command_can_be_quiet() -> None:
    def without(parser: argparse.ArgumentParser) -> list[str]:
        below = [
            each
            for action in parser._actions
            if isinstance(action, argparse._SubParsersAction)
            for each in action.choices.values()
        ]
        own = [] if "--quiet" in parser._option_string_actions else [parser.prog]
        return own + [name for each in below for name in without(each)]

    assert without(commands()) == ["obs"]
