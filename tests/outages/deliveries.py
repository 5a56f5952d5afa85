"""A collector that watches one consumer, and how much was delivered to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.orders import DELIVERED, Orders


@dataclass
class Delivering:
    """`orders` know the truth: how many messages were handed to the consumer."""

    orders: Orders
    collector: CollectorProcess

    @property
    def delivered(self) -> int:
        """Messages that were handed to the consumer."""
        return self.orders.delivered

    def deliver(self, messages: int) -> None:
        """Publish so many messages, and have them delivered and acknowledged."""
        self.orders.deliver(messages)

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
        orders = Orders((server.url,))
        orders.create()
        of = folder / "obs"
        spec = spec_of(of, nats={"monitor": [server.monitor]}, aws=aws, **outputs)
        made = Delivering(orders, CollectorProcess(of, spec, environment=environment or {}))
        try:
            made.deliver(3)
            made.collector.start()
            made.seen()
            yield made
        finally:
            made.collector.kill()
