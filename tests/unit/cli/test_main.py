"""The frame of the command line."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from obs import __version__
from obs.cli import main as frame
from obs.errors import BadInput, SourceError


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], int]:
    """Runs `obs act`, a command that does what the test says."""

    def run(act: Callable[[], int]) -> int:
        class Module:
            @staticmethod
            def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
                commands.add_parser("act").set_defaults(run=lambda arguments: act())

        monkeypatch.setattr(frame, "COMMAND_MODULES", ("module",))
        monkeypatch.setattr(frame, "import_module", lambda name: Module)
        return frame.main(["act"])

    return run


def raising(error: BaseException) -> Callable[[], int]:
    def act() -> int:
        raise error

    return act


def test_a_command_decides_its_exit_code(running: Callable[..., int]) -> None:
    assert running(lambda: 1) == 1


@pytest.mark.parametrize(
    ("error", "code"), [(BadInput("a.yaml:1: x: y"), 2), (SourceError("timeout", "no answer"), 3)]
)
def test_an_error_of_obs_is_its_message_and_its_exit_code(
    running: Callable[..., int], capsys: pytest.CaptureFixture[str], error: Exception, code: int
) -> None:
    assert running(raising(error)) == code
    assert capsys.readouterr() == ("", f"{error}\n")


@pytest.mark.parametrize("error", [KeyError("hunter2"), RecursionError("x"), MemoryError()])
def test_an_unforeseen_error_is_a_line_that_says_where_and_what_to_do(
    running: Callable[..., int], capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    assert running(raising(error)) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"obs: internal error: {type(error).__name__} at obs/cli/main.py:")
    assert err.endswith(f"; please report it, with this line and the version (obs {__version__})\n")
    assert "hunter2" not in err
    assert err.count("\n") == 1


def test_an_interrupt_ends_quietly(
    running: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert running(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["--version"]) == 0
    assert capsys.readouterr().out == f"obs {__version__}\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("colect", "obs: no command 'colect'; did you mean collect?"),
        ("--versoin", "obs: unknown option --versoin; did you mean --version?"),
        ("alerts biuld", "obs alerts: no action 'biuld'; did you mean build?"),
        ("iam nonsense", "obs iam: no action 'nonsense'; choose from policy"),
        ("alerts --chek", "obs alerts: unknown option --chek; see `obs alerts --help`"),
        ("collect --sepc x", "obs collect: unknown option --sepc; did you mean --spec?"),
        ("collect --sepc=x", "obs collect: unknown option --sepc; did you mean --spec?"),
        ("validate -x", "obs validate: unknown option -x; see `obs validate --help`"),
        ("validate a", "obs validate: unexpected argument a; see `obs validate --help`"),
        (
            "alerts apply --tagret amp",
            "obs alerts apply: unknown option --tagret; did you mean --target?",
        ),
        (
            "validate --format jsn",
            "obs validate: --format jsn: no such choice; did you mean json?",
        ),
        (
            "check --format x",
            "obs check: --format x: no such choice; choose from text, json, junit",
        ),
        (
            "alerts apply",
            "obs alerts apply: the following arguments are required: --target",
        ),
    ],
)
def test_a_wrong_argument_is_bad_input_in_one_line(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(line.split()) == 2
    assert capsys.readouterr() == ("", f"{message}\n")


@pytest.mark.parametrize("argv", [["--", "--x"], ["--x y"]])
def test_what_argparse_takes_for_a_value_is_no_unknown_option(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main(["alerts", "explain", "--spec", "missing.yaml", *argv]) == 2
    assert "unknown option" not in capsys.readouterr().err


def test_an_option_may_be_shortened(capsys: pytest.CaptureFixture[str]) -> None:
    assert frame.main(["check", "--lis"]) == 0
    assert capsys.readouterr().err == ""


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return {
        name: below
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, below in action.choices.items()
    }


def command_names() -> list[str]:
    return list(subcommands(frame.parser()))


def groups() -> list[str]:
    commands = subcommands(frame.parser())
    return [name for name, command in commands.items() if subcommands(command)]


@pytest.mark.parametrize("argv", [[], *([name] for name in groups())])
def test_a_command_that_only_holds_others_prints_its_help(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main([*argv, "--help"]) == 0
    text = capsys.readouterr().out
    assert frame.main(argv) == 0
    assert capsys.readouterr() == (text, "")


@pytest.mark.parametrize("group", groups())
def test_the_help_of_every_action_has_an_example_and_its_exit_codes(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for action in subcommands(subcommands(frame.parser())[group]):
        assert frame.main([group, action, "--help"]) == 0
        text = capsys.readouterr().out
        assert f"examples:\n  obs {group} {action}" in text
        assert "exit codes:\n  0   done" in text


@pytest.mark.parametrize("name", command_names())
def test_the_help_of_every_command_has_an_example_and_its_exit_codes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert frame.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"examples:\n  obs {name}" in text
    assert "exit codes:\n  0   done" in text


def test_a_reader_that_goes_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "obs", "schema"],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("arguments", ["schema", "validate --spec collectors/oms.yaml"])
def test_a_full_disk_is_no_error_within_obs(arguments: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "obs", *arguments.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    told = b"obs: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (3, told)


@pytest.mark.parametrize(
    ("arguments", "code"), [("schema", 0), ("validate --spec nowhere.yaml", 2), ("nonsense", 2)]
)
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_may_be_missing(arguments: str, code: int, closed: str) -> None:
    command = f"exec {sys.executable} -m obs {arguments} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=60)
    assert (done.returncode, b"Traceback" in done.stderr) == (code, False)


def test_the_frame_loads_nothing_heavy() -> None:
    code = (
        "import sys; from obs.cli.main import parser; parser();"
        "heavy = {'pydantic', 'yaml', 'boto3', 'aiohttp', 'nats', 'requests', 'msgspec', 'grpc'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_a_named_command_is_parsed_without_the_others() -> None:
    assert list(subcommands(frame.parser(["collect", "--once"]))) == ["collect"]
    assert list(subcommands(frame.parser(["--help"]))) == command_names()
    assert list(subcommands(frame.parser(["no-such"]))) == command_names()
