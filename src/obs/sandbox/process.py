"""Child processes that cannot outlive the one that started them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from obs.errors import ObsError

_POLL: Final = 0.02
_TAIL_BYTES: Final = 2000
_STANDS_WITHIN: Final = 5.0  # seconds

# The kernel sends the signal when the *thread* that forked ends, so one thread forks them all.
_SPAWNER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="obs-spawn")

# Runs in the child before exec: no Python code between fork and exec of a threaded process.
_DIE_WITH_PARENT: Final = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
if os.getppid() != int(sys.argv[1]): os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


class ProcessFailed(ObsError):  # noqa: N818  reads as a sentence where it is raised
    """A child ended, or was not ready in time; the message carries the end of its log."""


class Process:
    """One child process, its output going to a log file.

    The kernel kills it when this process ends, however it ends (Linux).
    """

    def __init__(
        self,
        argv: Sequence[str],
        log: Path,
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """`argv[0]` is the executable's path; `env` is added to this process' environment."""
        self.argv = tuple(argv)
        self.log = log
        self._env = env
        self._cwd = cwd
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None before the first start."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it, unless it runs. Raises ProcessFailed where it cannot be executed."""
        if not self.alive:
            self._child = _SPAWNER.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        argv = list(self.argv)
        if sys.platform == "linux":
            starter = [sys.executable, "-ISc", _DIE_WITH_PARENT, str(os.getpid())]
            argv = [*starter, *argv]
        with self.log.open("ab") as log:
            try:
                return subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, **(self._env or {})},
                    cwd=self._cwd,
                    start_new_session=True,  # Ctrl-C is for the parent, which stops it gracefully
                )
            except OSError as error:
                raise ProcessFailed(f"{self.argv[0]}: {error.strerror}") from error

    def wait_until(self, ready: Callable[[], bool], timeout: float = 10.0) -> None:
        """Return once `ready()` is true; raise ProcessFailed after `timeout` s or when it ends."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.alive:
                raise ProcessFailed(f"{self.argv[0]} ended at once: {self.tail()}")
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{self.argv[0]} not ready in {timeout:g} s: {self.tail()}")
            time.sleep(_POLL)

    def stop(self, grace: float = 5.0) -> None:
        """SIGTERM, then SIGKILL after `grace` seconds. Does nothing where it does not run."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def terminate(self) -> None:
        """SIGTERM, without waiting for the end."""
        self._signal(signal.SIGTERM)

    def wait(self, timeout: float) -> int | None:
        """The exit status, negative where a signal ended it; None where it was never started.

        Raises ProcessFailed where it still runs after `timeout` seconds.
        """
        try:
            return self._child.wait(timeout) if self._child else None
        except subprocess.TimeoutExpired:
            raise ProcessFailed(f"{self.argv[0]} still runs after {timeout:g} s") from None

    def kill(self) -> None:
        """SIGKILL, as a crash would end it."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def pause(self) -> None:
        """SIGSTOP: its connections stay open, but it does not respond. Returns once it stands."""
        self._signal(signal.SIGSTOP)
        deadline = time.monotonic() + _STANDS_WITHIN
        while self._runs() and time.monotonic() < deadline:
            time.sleep(0.005)

    def _runs(self) -> bool:
        """Whether a thread of it has not stopped yet; false where the system does not tell."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/stat")
        with contextlib.suppress(OSError):
            states = [each.read_text().rpartition(") ")[2][:1] for each in tasks]
            return any(state not in "TtZX" for state in states)
        return False

    def resume(self) -> None:
        """SIGCONT, after `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def tail(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()


def free_ports(count: int, hosts: Sequence[str] = ("127.0.0.1",)) -> list[int]:
    """Different TCP ports that are free on every one of `hosts` at this moment."""
    held: list[socket.socket] = []
    ports: list[int] = []
    try:
        while len(ports) < count:
            port = _hold(0, hosts[0], held)
            if port and all(_hold(port, host, held) for host in hosts[1:]):
                ports.append(port)
    finally:
        for listener in held:
            listener.close()
    return ports


def _hold(port: int, host: str, held: list[socket.socket]) -> int:
    """Bind a port, with the socket in `held`; returns the port, or 0 where it is taken."""
    listener = socket.socket()
    held.append(listener)
    try:
        listener.bind((host, port))
    except OSError:
        return 0
    return int(listener.getsockname()[1])
