"""What checks read, each thing once however many checks ask for it."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar, cast

from obs.checks.eventbridge import EventBridgeFacts
from obs.checks.eventbridge_live import read_eventbridge
from obs.clients.aws import AwsClient
from obs.errors import SourceError
from obs.spec.system import System

Answer = TypeVar("Answer")


class Asking:
    """Context manager: the clients of one run of the checks. Everything raises SourceError."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._answers: dict[tuple[str, str], Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Asking":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def aws(self, name: str) -> AwsClient:
        """The client of an AWS source."""

        def opened() -> AwsClient:
            client = AwsClient(self.system.sources.aws[name], time.monotonic)
            self._stack.callback(client.close)
            return client

        return self._once("aws", name, opened)

    def eventbridge(self, name: str) -> EventBridgeFacts:
        """The rules of an AWS source, their targets, and the queues of those."""
        spec = self.system.sources.aws[name]
        return self._once("eventbridge", name, lambda: read_eventbridge(self.aws(name), spec))

    def _once(self, kind: str, name: str, ask: Callable[[], Answer]) -> Answer:
        """An answer, or the error that came instead of it, kept."""
        key = (kind, name)
        if key not in self._answers:
            try:
                self._answers[key] = ask()
            except SourceError as error:
                self._answers[key] = error
        answer = self._answers[key]
        if isinstance(answer, SourceError):
            raise answer
        return cast("Answer", answer)
