"""Drills on the state file, on signals, on the log and on values of a spec."""

import os
import shutil
import signal
import time
from itertools import islice
from pathlib import Path

from obs.state import FILE_NAME
from tests.hostile import state_damage
from tests.hostile.drill import Drill, Limits, Outcome
from tests.hostile.memory import forget_peak, peak_mb, resident_mb
from tests.hostile.state_process import Logging, collecting, command, until

_FLIPS = 300
_FUZZED = 3000


def _unread_log(folder: Path) -> Outcome:
    """Seconds: from SIGTERM to the end."""
    with collecting(folder) as running:
        idle = resident_mb(running.child.pid)
        forget_peak(running.child.pid)
        running.fill()
        for signum in (signal.SIGUSR1, signal.SIGHUP):
            running.child.send_signal(signum)
        polls = _polls(running)
        slow = until(lambda: _polls(running) > polls + 2, 10)
        memory = peak_mb(running.child.pid) - idle
        status, seconds = running.ended(signal.SIGTERM, 15)
    wrong = "" if status == 0 else f"exit status {status}"
    return Outcome(memory, seconds, 0, f"two more polls and scrapes in {slow:.1f} s", wrong)


def _polls(running: Logging) -> float:
    for line in running.scrape().splitlines():
        if line.startswith("obs_source_polls_total{"):
            return float(line.rsplit(" ", 1)[1])
    return -1.0


def _folder_deleted(folder: Path) -> Outcome:
    """Seconds: until the state is there again."""
    file = folder / "state" / FILE_NAME
    with collecting(folder) as running:
        idle = resident_mb(running.child.pid)
        running.drain()
        before, slowest = running.read.count(b"\n"), 0.0
        for _ in range(3):
            shutil.rmtree(folder / "state")
            slowest = max(slowest, until(file.exists, 5))
        handles = len(list(Path(f"/proc/{running.child.pid}/fd").iterdir()))
        memory = resident_mb(running.child.pid) - idle
        status, _ = running.ended(signal.SIGTERM, 15)
        running.drain()
        lines = running.read.count(b"\n") - before
    modes = [oct(each.stat().st_mode & 0o777) for each in (file, file.parent)]
    right = status == 0 and modes == ["0o600", "0o700"]
    return Outcome(
        *(memory, slowest, lines, f"{handles} open files"),
        "" if right else f"exit status {status}, modes {modes}",
    )


def _hangup(folder: Path) -> Outcome:
    """Seconds: from SIGINT to the end, after five signals that it ignores."""
    with collecting(folder) as running:
        idle = resident_mb(running.child.pid)
        for signum in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
            running.child.send_signal(signum)
            time.sleep(0.05)
        running.wait_for(b"SIGUSR2 is ignored")
        running.scrape()
        memory = resident_mb(running.child.pid) - idle
        status, seconds = running.ended(signal.SIGINT, 15)
        running.drain()
        lines = running.read.count(b"\n")
    saved = (folder / "state" / FILE_NAME).exists()
    wrong = "" if status == 0 and saved else f"exit status {status}, saved: {saved}"
    return Outcome(memory, seconds, lines, "scraped meanwhile", wrong)


_BEGIN = "version: 1\nsystem: oms\n"


def _hostile_specs(folder: Path) -> Outcome:
    """Seconds: until `obs validate` has refused all of them, at once."""
    good = folder / "good.yaml"
    good.write_text(_BEGIN)
    _, _, _, usual = command("validate", "--spec", str(good))
    specs = folder / "specs"
    specs.mkdir()
    os.mkfifo(specs / "pipe.yaml")
    (specs / "device.yaml").symlink_to("/dev/zero")
    (specs / "directory.yaml").mkdir()
    (specs / "large.yaml").write_text(_BEGIN + "# much\n" * 8_000_000)
    (specs / "deep.yaml").write_text(_BEGIN + "links: " + "[" * 100_000)
    bomb = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30))
    (specs / "bomb.yaml").write_text(f"a0: &a0 [x]\n{bomb}")
    (specs / "values.yaml").write_text(
        "version: true\nsystem: oms\nsources: {nats: {n: {monitor: [http://a:1], "
        "poll: 0.000001s, timeout: 999999999999d}}}\n"
    )
    status, output, seconds, peak = command("validate", "--spec", str(specs))
    lines = output.splitlines()
    told = [any(f"{name}.yaml" in line for line in lines) for name in _SPECS]
    right = status == 2 and all(told) and "Traceback" not in output
    wrong = "" if right else f"exit status {status}: {output[-500:]}"
    return Outcome(peak - usual, seconds, len(lines), "-", wrong)


_SPECS = ("pipe", "device", "directory", "large", "deep", "bomb", "values")


def _damages(folder: Path) -> Outcome:
    """Seconds: of the slowest start on a damaged state file."""
    content = state_damage.fill(folder / "whole")
    file = state_damage.clean(folder / "state")
    flips = state_damage.byte_flips(content, _FLIPS, seed=int(time.time()))
    pages = islice(state_damage.page_damages(content), 0, None, 2)
    slowest, wrong, number, lines = 0.0, "", 0, 0
    for name, damage in (*flips, *pages, *state_damage.other_files(content)):
        damage(state_damage.clean(file.parent))
        number += 1
        begun = time.monotonic()
        try:
            with collecting(folder) as running:
                slowest = max(slowest, time.monotonic() - begun)
                status, _ = running.ended(signal.SIGTERM, 15)
                running.drain()
                lines = max(lines, running.read.count(b"\n"))
        except AssertionError as error:
            status, wrong = None, f"{name}: {error}"
        if status != 0:
            wrong = wrong or f"{name}: exit status {status}"
    return Outcome(0.0, slowest, lines, f"{number} starts", wrong)


def _fuzz(folder: Path) -> Outcome:
    """Seconds: a damage, with the polls after it."""
    content = state_damage.fill(folder / "whole")
    seed, begun = int(time.time()), time.monotonic()
    number, wrong = state_damage.faults(
        folder / "state",
        (
            *state_damage.byte_flips(content, _FUZZED, seed),
            *state_damage.page_damages(content),
            *state_damage.other_files(content),
            *state_damage.column_damages(content),
            *state_damage.value_damages(content, _FUZZED, seed),
        ),
    )
    each = (time.monotonic() - begun) / number
    faults = f"{len(wrong)} of {number}, seed {seed}: {'; '.join(wrong[:3])}" if wrong else ""
    return Outcome(0.0, each, 0, f"{number} damages", faults)


DRILLS: tuple[Drill, ...] = (
    Drill("nobody reads the log", Limits(20, 3.0, 0), _unread_log),
    Drill("the state folder is deleted three times", Limits(20, 3.0, 20), _folder_deleted),
    Drill("signals that end other programs", Limits(20, 3.0, 20), _hangup),
    Drill("specs that are no files, or bombs", Limits(60, 8.0, 20), _hostile_specs),
    Drill("damaged state files, real processes", Limits(0, 10.0, 20), _damages, short=False),
    Drill("damaged state files, by the thousand", Limits(0, 1.0, 0), _fuzz, short=False),
)
