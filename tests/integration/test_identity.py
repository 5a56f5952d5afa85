"""What is told apart, and what stays the same, on real servers."""

import http.server
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import (
    CollectorProcess,
    Scrape,
    collectors,
    key,
    spec_of,
)
from tests.integration.nats_jwt import Member, make_operator

__all__ = ["collectors"]

pytestmark = pytest.mark.integration

STREAM, CONSUMER = "S", "c"
EXPLICIT = ConsumerConfig(durable_name=CONSUMER, max_deliver=1, ack_wait=1)


@asynccontextmanager
async def jetstream(
    server: NatsServer, credentials: Path | None = None
) -> AsyncIterator[JetStreamContext]:
    given = {} if credentials is None else {"user_credentials": str(credentials)}
    client = await nats.connect(server.url, **given)
    try:
        yield client.jetstream()
    finally:
        await client.close()


def credentials_of(folder: Path, member: Member) -> Path:
    file = folder / f"{member.account}.creds"
    file.write_text(member.credentials)
    return file


def of_consumer(name: str, account: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return key(name, nats="nats", account=account, stream=STREAM, consumer=CONSUMER)


LAG = "nats_consumer_lag_messages"


async def pending(js: JetStreamContext, messages: int) -> None:
    """A stream with a consumer that has so many messages pending."""
    await js.add_stream(name=STREAM, subjects=["s"])
    await js.add_consumer(STREAM, EXPLICIT)
    for _ in range(messages):
        await js.publish("s", b"")


async def test_two_accounts_of_one_name_have_series_of_their_own_which_keep_their_labels(
    tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    operator = make_operator("orders", "orders")
    first, second = operator.members
    with NatsServer(tmp_path / "nats", extra=operator.config) as server:
        async with jetstream(server, credentials_of(tmp_path, first)) as js:
            await pending(js, 3)
        credentials = str(credentials_of(tmp_path, second))
        source = {
            "monitor": [server.monitor],
            "connection": {
                "servers": [server.url],
                "credentials_file": credentials,
                "account": second.account,
            },
        }
        collector = CollectorProcess(tmp_path / "obs", spec_of(tmp_path / "obs", nats=source))
        collectors.append(collector.start())
        alone = of_consumer(LAG, "orders")
        assert collector.until(lambda scrape: alone in scrape)[alone] == 3

        async with jetstream(server, Path(credentials)) as js:
            await pending(js, 700)
            added = of_consumer(LAG, f"orders ({second.account[:8]})")
            both = collector.until(lambda scrape: scrape.get(added) == 700)
            assert both[alone] == 3
            await fail_one(js)
        letters = "nats_consumer_dead_letters_total"
        given_up = of_consumer(letters, f"orders ({second.account[:8]})")
        assert collector.until(lambda scrape: scrape.get(given_up) == 1)

        assert collector.stop() == 0
        collector.start()
        again = collector.polls("nats")
        assert {each for each in again if each[0] == LAG} == {alone, added}
        assert again[alone] == 3
        assert again[given_up] == 1


async def fail_one(js: JetStreamContext) -> None:
    """One message runs out of deliveries; that shows when more are asked for."""
    subscription = await js.pull_subscribe_bind(CONSUMER, STREAM)
    (message,) = await subscription.fetch(1)
    await message.term()


async def test_a_consumer_created_again_has_its_series_at_once_and_every_delivery_counts(
    tmp_path: Path, nats_server: NatsServer, collectors: list[CollectorProcess]
) -> None:
    resets = {"metrics": {"include": ["nats_consumer_resets_total"]}}
    spec = spec_of(tmp_path, nats={"monitor": [nats_server.monitor]}) | resets
    collector = CollectorProcess(tmp_path, spec)
    async with jetstream(nats_server) as js:
        await pending(js, 0)
        collectors.append(collector.start())
        total = of_consumer("nats_consumer_delivered_total", "$G")
        seen = [collector.until(lambda scrape: scrape.get(total) == 0)[total]]
        for messages in (80, 100):
            for _ in range(messages):
                await js.publish("s", b"")
            await take(js, messages)
            seen.append(reached(collector, total, sum((80, 100)[: len(seen)])))
            await js.delete_consumer(STREAM, CONSUMER)
            await js.purge_stream(STREAM)
            await js.add_consumer(STREAM, EXPLICIT)
        assert seen == [0, 80, 180]
        last = collector.polls("nats")
        assert last[total] == 180
        assert last[of_consumer("nats_consumer_resets_total", "$G")] == 2
        assert sum(after - before for before, after in pairwise(seen)) == 180


def reached(
    collector: CollectorProcess, total: tuple[str, frozenset[tuple[str, str]]], count: int
) -> float:
    """The total once it is so large: well within the pause between readings of settings."""
    begin = time.monotonic()
    found = collector.until(lambda scrape: scrape.get(total) == count)[total]
    assert time.monotonic() - begin < 10
    return found


async def take(js: JetStreamContext, messages: int) -> None:
    subscription = await js.pull_subscribe_bind(CONSUMER, STREAM)
    for message in await subscription.fetch(messages):
        await message.ack_sync()


@contextmanager
def balancer(servers: Mapping[str, NatsServer]) -> Iterator[str]:
    """One address in front of several monitoring ports, by the first part of the path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name, _, rest = self.path[1:].partition("/")
            try:
                with urllib.request.urlopen(f"{servers[name].monitor}/{rest}", timeout=5) as answer:
                    body = answer.read()
            except OSError:
                return self.send_error(502)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def up(scrape: Scrape) -> dict[str, float]:
    return {
        dict(labels)["server"]: value
        for (name, labels), value in scrape.items()
        if name == "nats_server_up"
    }


def test_servers_behind_one_address_are_told_apart_by_their_paths(
    tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    names = ("n1", "n2")
    with (
        NatsServer(tmp_path / "n1", name="n1") as first,
        NatsServer(tmp_path / "n2", name="n2") as second,
        balancer(dict(zip(names, (first, second), strict=True))) as address,
    ):
        urls = [f"http://{address}/{name}" for name in names]
        collector = CollectorProcess(
            tmp_path / "obs", spec_of(tmp_path / "obs", nats={"monitor": urls})
        )
        collectors.append(collector.start())
        servers = {f"{address}/n1": 1.0, f"{address}/n2": 1.0}
        assert up(collector.until(lambda scrape: len(up(scrape)) == 2)) == servers
        second.kill()
        after = collector.until(lambda scrape: 0 in up(scrape).values())
        assert up(after) == servers | {f"{address}/n2": 0.0}
