"""The collector and commands as real processes, for drills on its state, its log and its spec."""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PIPE = 65_536
_SERVING = re.compile(rb"serving (http://\S+)")


class Logging:
    """A collector whose standard error is a pipe that is read when the drill says so."""

    def __init__(self, child: "subprocess.Popen[bytes]", reader: int, writer: int) -> None:
        self.child = child
        self.reader = reader
        self._writer = writer
        self.read = b""
        self.url = ""

    def wait_for(self, words: bytes, within: float = 20.0) -> None:
        """Read the log until it has these words."""
        deadline = time.monotonic() + within
        while words not in self.read:
            assert time.monotonic() < deadline, self.read
            self.drain()
            time.sleep(0.02)

    def drain(self) -> None:
        """Read what is there."""
        with contextlib.suppress(BlockingIOError):
            while more := os.read(self.reader, _PIPE):
                self.read += more

    def fill(self) -> None:
        """Leave no room in the pipe: whoever writes to it now waits for a reader."""
        writer = os.dup(self._writer)
        flags = fcntl.fcntl(writer, fcntl.F_GETFL)
        again = os.open(f"/proc/self/fd/{writer}", os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(again, b"x" * 4096)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(again, b"x")
        os.close(again)
        os.close(writer)
        assert not flags & os.O_NONBLOCK

    def close_writer(self) -> None:
        """Keep only the child's end: once the reader is closed, too, its writes fail."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._writer)

    def scrape(self) -> str:
        """What /metrics holds now. Raises OSError."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
            text: str = answer.read().decode()
            return text

    def ended(self, signum: signal.Signals, within: float) -> tuple[int | None, float]:
        """Its exit status after the signal, None where it goes on; and the seconds it took."""
        begun = time.monotonic()
        self.child.send_signal(signum)
        try:
            status: int | None = self.child.wait(within)
        except subprocess.TimeoutExpired:
            status = None
        return status, time.monotonic() - begun


@contextmanager
def collecting(folder: Path, poll: str = "200ms") -> Iterator[Logging]:
    """A collector of a server that is not there; its state is in `folder`/state."""
    spec = folder / "spec.yaml"
    spec.write_text(
        f"version: 1\nsystem: oms\nstate_dir: {folder / 'state'}\n"
        f"sources: {{nats: {{n: {{monitor: [http://127.0.0.1:9], poll: {poll}, timeout: 1s}}}}}}\n"
        "outputs: {web: {listen: 127.0.0.1:0}}\n"
    )
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    child = subprocess.Popen(
        [sys.executable, "-m", "obs", "collect", "--spec", str(spec)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writer,
    )  # fmt: skip
    running = Logging(child, reader, writer)
    try:
        running.wait_for(b"serving http")
        found = _SERVING.search(running.read)
        assert found is not None
        running.url = found.group(1).decode().rstrip("/")
        yield running
    finally:
        child.kill()
        child.wait()
        os.close(running.reader)
        os.close(writer)


def until(check: Callable[[], bool], within: float) -> float:
    """Seconds until `check` is true; infinite where it is not in time."""
    begun = time.monotonic()
    while not check():
        if time.monotonic() - begun > within:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - begun


def command(*arguments: str, within: float = 60.0) -> tuple[int, str, float, float]:
    """Exit status, output, seconds and peak memory (MB) of an obs command."""
    begun = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-m", "obs", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert child.stdout is not None
    os.set_blocking(child.stdout.fileno(), False)
    output, peak = b"", 0.0
    while child.poll() is None and time.monotonic() - begun < within:
        output += child.stdout.read() or b""
        with contextlib.suppress(OSError, AttributeError):
            status = Path(f"/proc/{child.pid}/status").read_text()
            if found := re.search(r"VmHWM:\s+(\d+) kB", status):
                peak = max(peak, int(found.group(1)) / 1024)
        time.sleep(0.01)
    seconds = time.monotonic() - begun
    child.kill()
    output += child.stdout.read() or b""
    child.stdout.close()
    return child.wait(), output.decode(), seconds, peak
