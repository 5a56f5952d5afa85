import contextlib
import fcntl
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from obs.logs import SAME_LINES, SUMMED_SECONDS, Line, LogWriter, RepeatedLines, is_journal
from obs.redaction.known import KNOWN

_NUMBERS = count(300)


def _renumbered(descriptor: int) -> int:
    """The same under a number that no earlier test had, whose writer may still be at work."""
    renumbered = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, next(_NUMBERS))
    os.close(descriptor)
    return renumbered


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The ends of a pipe that holds 4 096 bytes, for its reader and its writer."""
    reader, writer = map(_renumbered, os.pipe())
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    yield reader, writer
    for end in (reader, writer):
        with contextlib.suppress(OSError):  # a test closed it
            os.close(end)


def started(descriptor: int, queued_bytes: int = 20_000) -> LogWriter:
    writer = LogWriter(descriptor, queued_bytes=queued_bytes)
    writer.start()
    return writer


def test_lines_are_written_in_their_order(pipe: tuple[int, int]) -> None:
    writer = started(pipe[1])
    for number in range(5):
        writer.put(f"line {number}")
    assert writer.flush(within=5)
    assert os.read(pipe[0], 4096).splitlines() == [b"line %d" % number for number in range(5)]


def test_a_pipe_that_nobody_reads_blocks_nobody_and_what_is_dropped_is_told_to_a_later_reader(
    pipe: tuple[int, int],
) -> None:
    writer = started(pipe[1])
    begun = time.monotonic()
    for number in range(2000):
        writer.put(f"{number} {'x' * 100}")
    assert not writer.flush(within=0.1)
    assert time.monotonic() - begun < 2
    dropped = writer.dropped
    assert 1700 < dropped < 1850  # 24 000 bytes hold about 230 lines

    read = b""
    while sum(map(int, re.findall(rb"(\d+) log lines? w\w+ dropped", read))) < dropped:
        read += os.read(pipe[0], 4096)
    assert read.startswith(b"0 xxx")
    assert writer.dropped == dropped


@pytest.mark.parametrize("where", ["closed", "full"])
def test_without_a_reader_or_room_lines_are_dropped_and_counted(
    pipe: tuple[int, int], where: str
) -> None:
    if where == "closed":
        os.close(pipe[0])
    target = pipe[1] if where == "closed" else os.open("/dev/full", os.O_WRONLY)
    writer = started(target)
    for _ in range(3):
        writer.put("line")
    assert writer.flush(within=5)
    assert writer.dropped == 3


def test_a_descriptor_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    os.set_blocking(pipe[1], False)
    writer = started(pipe[1])
    for _ in range(100):
        writer.put("x" * 100)
    read = b""
    while len(read) < 100 * 101:
        read += os.read(pipe[0], 4096)
    assert writer.flush(within=5)
    assert writer.dropped == 0


def test_one_endless_line_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "log"
    writer = started(os.open(file, os.O_WRONLY | os.O_CREAT), queued_bytes=100_000)
    writer.put("x" * 1_000_000)
    assert writer.flush(within=5)
    assert 20_000 < file.stat().st_size < 20_100


class Now:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Now:
    return Now()


def said(text: str) -> Line:
    return Line(logging.WARNING, "obs.x", text)


def passed(lines: RepeatedLines, text: str, times: int) -> int:
    return sum(lines.passes(said(text)) for _ in range(times))


def test_the_same_line_again_and_again_is_summed_in_one_a_minute(now: Callable[[], float]) -> None:
    assert isinstance(now, Now)
    lines = RepeatedLines(now)
    assert passed(lines, "no answer", 1000) == SAME_LINES
    assert passed(lines, "another", 1) == 1
    assert lines.sums() == []
    now.at = SUMMED_SECONDS
    assert lines.sums() == [said("no answer (997 times more within 60 s)")]
    assert passed(lines, "no answer", 1) == 1
    assert lines.sums(ending=True) == []


def test_different_lines_without_end_take_no_memory_and_lose_no_sum(
    now: Callable[[], float],
) -> None:
    lines = RepeatedLines(now)
    passed(lines, "first", SAME_LINES + 1)
    for number in range(10_000):
        assert lines.passes(said(f"line {number} {'x' * 10_000}"))
    assert len(lines._seen) <= 200
    assert lines.sums() == [said("first (once more within 60 s)")]


def test_a_secret_that_the_cut_of_a_summed_line_divides_is_not_in_it(
    now: Callable[[], float],
) -> None:
    KNOWN.add("hunter2hunter2hunter2")
    lines = RepeatedLines(now)
    passed(lines, "x" * 490 + " hunter2hunter2hunter2", SAME_LINES + 1)
    (summed,) = lines.sums(ending=True)
    assert "hunter" not in summed.text


def test_the_journal_is_known_by_its_device_and_inode(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as file:
        found = os.fstat(file.fileno())
        its = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_journal(file.fileno(), its)
        assert not is_journal(file.fileno(), {"JOURNAL_STREAM": f"{found.st_dev}:1"})
        assert not is_journal(file.fileno(), {})
    assert not is_journal(next(_NUMBERS), its)
