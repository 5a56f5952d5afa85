"""A collector that watches one consumer, and how much was delivered to it."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obs.sandbox.nats_server import NatsServer
from tests.integration import deliveries
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.deliveries import DELIVERED


@dataclass
class Delivering:
    """`delivered` is the truth: the messages that were handed to the consumer."""

    server: NatsServer
    collector: CollectorProcess
    delivered: int = 0

    def deliver(self, messages: int) -> None:
        """Publish so many messages, and have them delivered and acknowledged."""
        asyncio.run(deliveries.deliver(self.server, messages))
        self.delivered += messages

    def seen(self) -> None:
        """Wait until the collector shows what was delivered."""
        self.collector.until(lambda scrape: scrape[DELIVERED] == self.delivered)


@contextmanager
def delivering(
    folder: Path,
    aws: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    **outputs: Any,
) -> Iterator[Delivering]:
    """It runs and has seen the first messages."""
    with NatsServer(folder) as server:
        asyncio.run(deliveries.create_stream(server))
        of = folder / "obs"
        spec = spec_of(of, nats={"monitor": [server.monitor]}, aws=aws, **outputs)
        made = Delivering(server, CollectorProcess(of, spec, environment=environment or {}))
        try:
            made.deliver(3)
            made.collector.start()
            made.seen()
            yield made
        finally:
            made.collector.kill()
