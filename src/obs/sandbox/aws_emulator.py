"""An AWS endpoint on loopback: ministack as a process of its own, gone with its files afterwards.

It has CloudWatch, EventBridge, SQS, SNS, STS and IAM; it makes no service metrics of its own, so
sandbox/aws_events feeds them.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from obs.errors import SourceError

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
ACCESS_KEY: Final = "test"  # the emulator takes any
SECRET_KEY: Final = "test"
_SERVICES: Final = "monitoring,events,sqs,sns,sts,iam"
_START_TIMEOUT: Final = 30.0
_STOP_TIMEOUT: Final = 5.0


class AwsEmulator:
    """Context manager: ready to answer at `endpoint_url` when entered, nothing left when left.

    `port` 0 takes a free one. Raises SourceError where it does not start.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None

    @property
    def endpoint_url(self) -> str:
        """Where it answers, once entered."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> Self:
        """Start the process and wait until it answers."""
        self._port = self._port or _free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="obs-aws-"))
        log = self._folder / "log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=_environment(self._folder, self._port),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us, and we stop it
            )
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(errors="replace")[-500:]
                self.stop()
                raise SourceError("connection", f"the AWS emulator did not start: {said}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """End the process and remove its files; harmless when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            _end(process)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def reset(self) -> None:
        """Forget every resource and data point."""
        request = urllib.request.Request(f"{self.endpoint_url}/_ministack/reset", method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint_url}/_ministack/health", timeout=1):
                return True
        except OSError:
            return False


def _environment(folder: Path, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "SERVICES": _SERVICES,
        "LOG_LEVEL": "WARNING",
        "DOCKER_HOST": f"unix://{folder}/none",  # it would look for containers to clean up
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_number)
            process.wait(_STOP_TIMEOUT)
        except ProcessLookupError:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            continue
        return
