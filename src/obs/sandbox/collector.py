"""A collector process: `obs collect` on a spec, on loopback."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from obs.errors import SourceError
from obs.sandbox.process import Process, ProcessFailed

DEMO_SPEC: Final = Path(__file__).with_name("demo.yaml")
_TIMEOUT: Final = 2.0


class CollectorProcess:
    """`obs collect` on the demo's spec, with its state in `directory`, which must exist."""

    def __init__(
        self,
        directory: Path,
        port: int,
        variables: Mapping[str, str],
        choice: Sequence[str] = (),
    ) -> None:
        """`variables`: the environment variables of the spec, except those for listen and state.
        `choice`: arguments that select parts of the spec or add to it.
        """
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        own = {
            "OBS_DEMO_STATE": str(directory / "state"),
            "OBS_DEMO_LISTEN": self.address,
        }
        self.process = Process(
            [sys.executable, "-m", "obs", "collect", "--spec", str(DEMO_SPEC), *choice],
            directory / "collector.log",
            env={**variables, **own},
            cwd=directory,
        )

    def start(self, timeout: float = 30.0) -> None:
        """Start it and wait until its sources are fresh. Raises ProcessFailed."""
        self.process.start()
        try:
            self.process.wait_until(self.ready, timeout)
        except ProcessFailed as error:
            raise ProcessFailed(f"the collector did not start: {error}") from None

    def stop(self) -> None:
        """Stop it, so that it saves its state."""
        self.process.stop()

    def ready(self) -> bool:
        """Whether it serves and every source it needs is fresh."""
        try:
            self.get("/readyz")
        except SourceError:
            return False
        return True

    def get(self, path: str) -> bytes:
        """The body of its response. Raises SourceError where there is none, or an error status."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=_TIMEOUT) as answer:
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            raise SourceError("http_status", f"{self.url}{path} answered {error.code}") from None
        except OSError as error:
            raise SourceError("connection", f"{self.url}{path}: {error}") from None
