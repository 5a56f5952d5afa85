"""What operators do with running collectors: watch them in a terminal, let systemd manage them."""

import codecs
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, collectors, key, spec_of
from tests.integration.test_spec_names import create
from tests.integration.waiting import PATIENCE, eventually

__all__ = ["collectors"]

pytestmark = pytest.mark.integration

Started = list[CollectorProcess]
TAKEN, BACK = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
COLOUR = re.compile(r"\x1b\[[0-9]+m")
SIZE = ("LINES", "COLUMNS")
"""Where a shell has exported them, they count instead of the terminal's own size."""


@pytest.fixture(autouse=True)
def sigint_is_not_ignored() -> Iterator[None]:
    """A shell ignores it in what it runs in the background, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Terminal:
    """A pseudo terminal of 100 columns with a command of obs in it."""

    def __init__(self, *arguments: str, lines: int = 40, **variables: str) -> None:
        self.shown = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end in a character
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (lines, 100))
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", *SIZE)}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "obs", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm", **variables},
            start_new_session=True,
        )
        os.close(theirs)

    def shows(self, text: str, times: int = 1) -> str:
        """All that was shown, once a text was shown so many times."""
        deadline = time.monotonic() + PATIENCE
        while self.shown.count(text) < times:
            assert time.monotonic() < deadline, self.shown
            self._read(0.1)
        return self.shown

    def ends(self, signum: signal.Signals) -> int:
        """Its exit code after a signal; all that it shows meanwhile is read."""
        self.child.send_signal(signum)
        deadline = time.monotonic() + PATIENCE
        while self.child.poll() is None:
            assert time.monotonic() < deadline, self.shown
            self._read(0.05)
        self._read(0)
        return self.child.returncode

    def close(self) -> None:
        """End it, however it is."""
        self.child.kill()
        self.child.wait()
        os.close(self._ours)

    def _read(self, within: float) -> None:
        try:
            while select.select([self._ours], [], [], within)[0]:
                self.shown += self._decoder.decode(os.read(self._ours, 65_536))
                within = 0
        except OSError:  # it has ended
            return


def frames(shown: str) -> list[list[str]]:
    """The lines of each time that the screen was drawn, without colours."""
    plain = COLOUR.sub("", shown)
    return [
        [line.removeprefix("\x1b[2K") for line in frame.partition("\x1b[J")[0].split("\r\n")]
        for frame in plain.split("\x1b[H")[1:]
    ]


@pytest.fixture
def shard(nats_server: NatsServer, tmp_path: Path, collectors: Started) -> CollectorProcess:
    """The collector of the first of three shards."""
    create(nats_server, "worker", "mailer")
    return of_shard(nats_server, tmp_path, collectors, "1/3")


def of_shard(
    server: NatsServer, folder: Path, collectors: Started, shard: str, **environment: str
) -> CollectorProcess:
    written = spec_of(folder, nats={"monitor": [server.monitor]})
    where = folder / shard.replace("/", "-")
    found = CollectorProcess(where, written, ("--shard", shard), environment)
    collectors.append(found)
    return found.start()


@pytest.mark.parametrize(
    ("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_watched_in_a_terminal_the_page_is_drawn_in_place_and_the_terminal_is_given_back(
    shard: CollectorProcess, signum: signal.Signals, code: int
) -> None:
    terminal = Terminal("status", "--url", shard.url, "--watch", "--every", "1")
    try:
        shown = terminal.shows("\x1b[J", times=2)
        assert shown.startswith(TAKEN)
        assert COLOUR.search(shown)
        first, second, *_ = frames(shown)
        assert first[0].startswith("oms · ")
        assert [line.split()[:2] for line in first[:4]] == [line.split()[:2] for line in second[:4]]
        assert all(len(line) <= 100 for line in first)
        assert terminal.ends(signum) == code
        assert terminal.shown.endswith(BACK)
    finally:
        terminal.close()


def test_a_page_higher_than_the_terminal_says_how_much_is_not_shown(
    shard: CollectorProcess,
) -> None:
    terminal = Terminal("status", "--url", shard.url, "--watch", lines=5)
    try:
        (frame, *_) = frames(terminal.shows("\x1b[J"))
        assert len(frame) == 5
        assert re.fullmatch(r"… \d+ more lines: make the window higher", frame[-1])
    finally:
        terminal.close()


def test_a_collector_that_goes_away_is_told_above_its_last_page_until_it_is_back(
    shard: CollectorProcess,
) -> None:
    terminal = Terminal("status", "--url", shard.url, "--watch", "--every", "1", NO_COLOR="1")
    try:
        terminal.shows("\x1b[J")
        shard.stop()
        shown = terminal.shows("cannot connect")
        assert not COLOUR.search(shown)
        assert eventually(lambda: frames(shown)[-1][2].startswith("oms · "))
    finally:
        terminal.close()


def test_in_a_pipe_watched_pages_follow_each_other_without_what_a_terminal_obeys(
    shard: CollectorProcess,
) -> None:
    command = [sys.executable, "-m", "obs", "status", "--url", shard.url]
    with subprocess.Popen(
        [*command, "--watch", "--every", "1"], stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        read = ""
        while len(re.findall(r"^--- [0-9-]{10} [0-9:]{8} UTC ---$", read, re.MULTILINE)) < 2:
            read += watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE) == 130
    assert "\x1b" not in read
    assert read.count("oms · ") == 2


def test_the_health_of_several_shards_is_in_one_place(
    shard: CollectorProcess, nats_server: NatsServer, tmp_path: Path, collectors: Started
) -> None:
    other = of_shard(nats_server, tmp_path, collectors, "2/3")
    asked = ["obs", "status", "--url", shard.url, "--url", other.url]
    first = told(*asked)
    assert first.returncode == 0, first.stdout + first.stderr
    assert re.search(r"1/3 +oms · \w+ +1 of 1 up .* ✓ All is well", first.stdout)
    assert re.search(r"2/3 +oms · \w+ +1 of 1 up .* ✓ All is well", first.stdout)
    assert "Not among these: 3/3" in first.stdout

    nats_server.stop()
    other.until(lambda scrape: scrape.get(key("obs_source_up", source="nats")) == 0)
    shard.stop()
    second = told(*asked)
    assert second.returncode == 3
    assert "cannot connect" in second.stdout
    assert "shard 2/3: Source nats: last poll failed" in second.stdout
    facts = json.loads(told(*asked, "--format", "json").stdout)
    assert [(bool(each["error"]), bool(each["status"])) for each in facts] == [
        (True, False),
        (False, True),
    ]


def told(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket of a service manager."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(PATIENCE)
        yield listening


def until(manager: socket.socket, field: str) -> Mapping[str, str]:
    """The fields of the next message that has one of this name."""
    while True:
        lines = manager.recv(4096).decode().splitlines()
        fields = dict(line.split("=", 1) for line in lines)
        if field in fields:
            return fields


def test_a_service_manager_follows_start_reload_refusal_watchdog_and_end(
    nats_server: NatsServer, tmp_path: Path, collectors: Started, manager: socket.socket
) -> None:
    environment = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "1000000"}
    collector = of_shard(nats_server, tmp_path, collectors, "1/1", **environment)
    assert until(manager, "READY")["STATUS"] == f"serving {collector.url}/"
    assert until(manager, "WATCHDOG")["WATCHDOG"] == "1"

    before = time.monotonic_ns() // 1000
    assert collector.process.pid is not None
    os.kill(collector.process.pid, signal.SIGHUP)
    reload = until(manager, "RELOADING")
    assert before <= int(reload["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert until(manager, "READY")["STATUS"] == "the spec was read again and is in force"

    collector.spec_file.write_text("version: 1\nsytem: oms\n")
    os.kill(collector.process.pid, signal.SIGHUP)
    until(manager, "RELOADING")
    refused = until(manager, "READY")["STATUS"]
    assert refused.startswith("the changed spec is not in force: ")
    assert "did you mean system?" in refused
    assert collector.get("/readyz").status == 200

    collector.terminate()
    assert until(manager, "STOPPING")["STATUS"] == "saving the state and ending"
    assert collector.wait() == 0
