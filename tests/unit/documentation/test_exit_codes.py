"""The page on exit codes and signals says what the code does."""

import argparse
import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

from docs._generate.declared import below
from obs.cli.arguments import EXIT_CODES
from obs.cli.main import parser
from obs.collector.service_manager import STOPPING, ready, reloading
from obs.collector.signals import Stop, listen_for_signals, outlive_hangup
from obs.errors import BAD_INPUT, BROKEN_PIPE, DONE, FOUND, INTERRUPTED, UNAVAILABLE

PAGE = (Path(__file__).parents[3] / "docs/exit-codes.md").read_text(encoding="utf-8")
LEFT_TO_THE_SYSTEM = {"SIGQUIT", "SIGKILL", "SIGPIPE"}


def rows(title: str) -> list[list[str]]:
    """The cells of the last table below a heading."""
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    table = re.findall(r"^\|(?!---)(.*)\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in row.split(" | ")] for row in table]


def commands(of: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for each in below(of):
        yield from commands(each) if below(each) else [each]


def test_every_exit_code_is_on_the_page() -> None:
    told = {int(code): means for code, means in rows("Exit codes") if code.isdigit()}
    assert told == EXIT_CODES
    assert set(told) == {DONE, FOUND, BAD_INPUT, UNAVAILABLE, INTERRUPTED, BROKEN_PIPE}


def test_the_page_says_what_1_means_for_each_command_that_has_it() -> None:
    told = {
        command: means
        for names, means in rows("Exit codes")
        for command in re.findall(r"`(obs [^`]+)`", names)
    }
    helped = {
        each.prog: found[1]
        for each in commands(parser())
        if (found := re.search(r"^  1   (.+)$", each.epilog or "", re.MULTILINE))
    }
    assert told == helped


def test_every_signal_that_the_collector_takes_is_on_the_page() -> None:
    before = {each: signal.getsignal(each) for each in signal.valid_signals()}

    async def taken() -> set[str]:
        outlive_hangup()
        listen_for_signals(Stop())
        changed = [each for each, handler in before.items() if signal.getsignal(each) != handler]
        return {signal.Signals(each).name for each in changed}

    try:
        names = asyncio.run(taken())
    finally:
        for each, handler in before.items():
            if signal.getsignal(each) != handler:
                signal.signal(each, handler)
    told = set(
        re.findall(r"SIG[A-Z0-9]+", " ".join(row[0] for row in rows("Signals of obs collect")))
    )
    assert told == names | LEFT_TO_THE_SYSTEM
    assert not names & LEFT_TO_THE_SYSTEM


def test_every_message_to_systemd_is_on_the_page() -> None:
    sent = "\n".join([STOPPING, ready("serving x"), reloading(), "WATCHDOG=1"])
    told = "".join(row[0] for row in rows("Under systemd"))
    assert set(re.findall(r"([A-Z_]+)=", told)) == set(re.findall(r"^([A-Z_]+)=", sent, re.M))
