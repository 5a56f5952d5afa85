"""An AWS endpoint on loopback: a ministack process, removed with its files afterwards.

It emulates CloudWatch, EventBridge with its pipes and schedules, SQS, SNS, Lambda, STS, IAM,
DynamoDB and the tagging API. It publishes no service metrics, so sandbox/aws_events does.
"""

import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from obs.errors import SourceError
from obs.sandbox.process import Process, ProcessFailed, free_ports

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"
ACCESS_KEY: Final = "test"  # the emulator accepts any
SECRET_KEY: Final = "test"
_SERVICES: Final = "monitoring,events,sqs,sns,sts,iam,lambda,pipes,scheduler,tagging,dynamodb"
_START_TIMEOUT: Final = 30.0


class AwsEmulator:
    """Context manager: serves at `endpoint_url` while entered, and leaves nothing behind.

    `port` 0 picks a free one; `folder` holds its files instead of a temporary folder. It is killed
    when this process ends, however it ends. Raises SourceError where it does not start. With
    `enforce_iam`, policies apply to all requests not signed with ACCESS_KEY.
    """

    def __init__(
        self, port: int = 0, folder: Path | None = None, *, enforce_iam: bool = False
    ) -> None:
        self._port = port
        self._enforce_iam = enforce_iam
        self._given_folder = folder
        self._folder: Path | None = None
        self._process: Process | None = None

    @property
    def endpoint_url(self) -> str:
        """Its address, once entered."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return None if self._process is None else self._process.pid

    def start(self) -> Self:
        """Start the process and wait until it is healthy."""
        if not self._port:
            (self._port,) = free_ports(1)
        self._folder = folder = self._given_folder or Path(tempfile.mkdtemp(prefix="obs-aws-"))
        folder.mkdir(exist_ok=True)
        self._process = Process(
            [sys.executable, "-m", "obs.sandbox.aws_process"],
            folder / "log",
            env=_environment(folder, self._port, self._enforce_iam),
            cwd=folder,
        )
        try:
            self._process.start()
            self._process.wait_until(self._healthy, _START_TIMEOUT)
        except ProcessFailed as error:
            self.stop()
            raise SourceError("connection", f"the AWS emulator did not start: {error}") from None
        return self

    def stop(self) -> None:
        """End the process and remove its files; no effect when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def reset(self) -> None:
        """Delete every resource and data point."""
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


def _environment(folder: Path, port: int, enforce_iam: bool) -> dict[str, str]:
    return {
        "AUTH": str(enforce_iam).lower(),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "STATE_DIR": str(folder / "state"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "SERVICES": _SERVICES,
        "LOG_LEVEL": "ERROR",  # it warns of every event whose function does not exist
        "IOT_MTLS_ENABLED": "0",  # it would listen on all interfaces
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/none",  # it would look for containers to clean up
    }
