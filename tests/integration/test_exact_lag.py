"""Lag in seconds where the collector has a NATS connection to ask, against known times."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, Scrape, collectors, key
from tests.integration.lag_collectors import (
    ACCOUNT,
    POLL,
    by_http_and_connected,
    client,
    collector,
    of,
    start,
)
from tests.integration.readings import LAST_SUCCESS

__all__ = ["collectors"]
pytestmark = pytest.mark.integration

PAUSE = 6 * POLL
EXACT = 0.1
CONSUMERS: dict[str, tuple[list[str], int, int]] = {  # filters, acknowledged, in flight
    "all": ([], 6, 0),
    "new": (["orders.new"], 3, 0),
    "working": (["orders.new"], 3, 1),
    "several": (["orders.late", "orders.new"], 3, 0),
}
CONNECTED = key("obs_source_up", source="nats/connection")
ADVISORIES = "$JS.EVENT.ADVISORY.CONSUMER.>"
STAYS = "lag in seconds stays an estimate"


@asynccontextmanager
async def jetstream(server: NatsServer, **login: str) -> AsyncIterator[JetStreamContext]:
    async with client(server, **login) as (_, js):
        await js.add_stream(name="ORDERS", subjects=["orders.>"])
        yield js


async def publish(js: JetStreamContext, subjects: Sequence[str]) -> float:
    """When the last of these arrived (Unix seconds, within milliseconds)."""
    for subject in subjects:
        await js.publish(subject, b"x" * 100)
    return time.time()


async def lagging(js: JetStreamContext, *consumers: str) -> float:
    """Stop them within the first of two bursts; gives when the oldest unprocessed one arrived."""
    for name in consumers:
        config = ConsumerConfig(durable_name=name, filter_subjects=CONSUMERS[name][0])
        await js.add_consumer("ORDERS", config)
    await publish(js, ["orders.other", "orders.new"] * 3)
    oldest = await publish(js, ["orders.new", "orders.late"])
    await publish(js, ["orders.other", "orders.new"] * 3)
    for name in consumers:
        _, acknowledged, in_flight = CONSUMERS[name]
        pull = await js.pull_subscribe_bind(consumer=name, stream="ORDERS")
        messages = await pull.fetch(acknowledged + in_flight, timeout=5)
        for message in messages[:acknowledged]:
            await message.ack_sync()
    await asyncio.sleep(PAUSE)  # what HTTP alone takes for a steady stream of messages
    await publish(js, ["orders.other", "orders.new"])
    return oldest


def errors(scrape: Scrape, oldest: float, *consumers: str) -> list[float]:
    """By how many seconds each lag is off."""
    age = scrape.get(LAST_SUCCESS, float("inf")) - oldest
    return [
        abs(age - scrape[of("ORDERS", name, "nats_consumer_lag_seconds")]) for name in consumers
    ]


def doubts(scrape: Scrape, *consumers: str) -> list[float | None]:
    """By how many seconds each lag may be off, where that is reported."""
    return [
        scrape.get(of("ORDERS", name, "nats_consumer_lag_uncertainty_seconds"))
        for name in consumers
    ]


def exact(oldest: float, *consumers: str) -> Callable[[Scrape], bool]:
    return lambda scrape: max(errors(scrape, oldest, *consumers)) < EXACT


async def test_what_is_older_than_the_collector_is_exact_with_a_connection_only(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    async with jetstream(nats_server) as js:
        oldest = await lagging(js, *CONSUMERS)
        by_http, connected = await by_http_and_connected(collectors, tmp_path, nats_server)
        first = await asyncio.to_thread(connected.until, exact(oldest, *CONSUMERS))
        assert doubts(first, *CONSUMERS) == [None] * len(CONSUMERS)
        estimate = await asyncio.to_thread(by_http.polls, "nats")
        assert min(errors(estimate, oldest, *CONSUMERS)) > POLL
        unsure = doubts(estimate, *CONSUMERS)
        assert [doubt for doubt in unsure if not (doubt and doubt > POLL)] == []
        for _ in range(3):
            later = await asyncio.to_thread(connected.polls, "nats")
            assert max(errors(later, oldest, *CONSUMERS)) < EXACT


async def test_a_filtered_consumer_among_other_subjects_is_followed(
    nats_server: NatsServer, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    watching = collector(tmp_path, nats_server, **ACCOUNT)
    async with jetstream(nats_server) as js:
        oldest = await lagging(js, "new")
        await start(collectors, watching)
        await asyncio.to_thread(watching.until, exact(oldest, "new"))
        pull = await js.pull_subscribe_bind(consumer="new", stream="ORDERS")
        *taken, last = await pull.fetch(5, timeout=5)  # the last one is of the second burst
        for message in taken:
            await message.ack_sync()
        arrived = last.metadata.timestamp.timestamp()
        assert arrived - oldest > PAUSE
        await asyncio.to_thread(watching.until, exact(arrived, "new"))


def users(**permissions: dict[str, Any]) -> dict[str, Any]:
    """A server's users; all have the same password."""
    return {
        "authorization": {
            "users": [
                {"user": name, "password": "secret", "permissions": allowed}
                for name, allowed in permissions.items()
            ]
        }
    }


async def test_a_user_without_permission_to_query_still_counts_dead_letters_and_is_logged_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collectors: list[CollectorProcess]
) -> None:
    monkeypatch.setenv("OBS_TEST_PASSWORD", "secret")
    querying = {"publish": ["$JS.API.STREAM.MSG.GET.*"], "subscribe": ["_INBOX.>", ADVISORIES]}
    listening = {"publish": {"deny": ">"}, "subscribe": [ADVISORIES]}
    extra = users(app={"publish": [">"], "subscribe": [">"]}, asks=querying, listens=listening)
    with NatsServer(tmp_path / "nats", extra=extra) as server:
        asks, listens = (
            collector(tmp_path / user, server, user=user, password="${OBS_TEST_PASSWORD}")
            for user in ("asks", "listens")
        )
        async with jetstream(server, user="app", password="secret") as js:
            oldest = await lagging(js, "new")
            await start(collectors, asks, listens)
            await asyncio.to_thread(asks.until, exact(oldest, "new"))
            assert STAYS not in asks.log
            await asyncio.to_thread(listens.until, lambda _: STAYS in listens.log)
            await terminate_next(js)
            last = await asyncio.to_thread(listens.polls, "nats", 3)
            listens.logged(STAYS, times=1)
    (doubt,) = doubts(last, "new")
    assert doubt
    assert doubt > POLL
    assert last[CONNECTED] == 1
    assert last[of("ORDERS", "new", "nats_consumer_dead_letters_total")] == 1


async def terminate_next(js: JetStreamContext) -> None:
    pull = await js.pull_subscribe_bind(consumer="new", stream="ORDERS")
    (message,) = await pull.fetch(1, timeout=5)
    await message.term()
