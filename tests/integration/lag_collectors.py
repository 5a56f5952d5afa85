"""Collectors of one server's consumers, by HTTP alone or with a connection, and its clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext

from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, Sample, Spec, key, spec_of

POLL: Final = 0.4
ACCOUNT: Final = {"account": "$G"}
"""The connection of a server without accounts."""


def collector(folder: Path, server: NatsServer, **connection: str) -> CollectorProcess:
    """It asks by a connection too where that has any field."""
    source: Spec = {"monitor": [server.monitor], "poll": f"{POLL}s"}
    if connection:
        source["connection"] = {"servers": [server.url]} | connection
    return CollectorProcess(folder, spec_of(folder, nats=source))


async def start(collectors: list[CollectorProcess], *more: CollectorProcess) -> None:
    collectors += more
    await asyncio.gather(*(asyncio.to_thread(each.start) for each in more))


async def by_http_and_connected(
    collectors: list[CollectorProcess], folder: Path, server: NatsServer
) -> tuple[CollectorProcess, CollectorProcess]:
    """Two that run, one by HTTP alone and one with a connection."""
    by_http = collector(folder / "http", server)
    connected = collector(folder / "connected", server, **ACCOUNT)
    await start(collectors, by_http, connected)
    return by_http, connected


@asynccontextmanager
async def client(
    server: NatsServer, **login: str
) -> AsyncIterator[tuple[Client, JetStreamContext]]:
    connection = await nats.connect(server.url, **login)
    try:
        yield connection, connection.jetstream()
    finally:
        await connection.close()


def of(stream: str, consumer: str, name: str) -> Sample:
    """A consumer's sample of that name."""
    return key(name, nats="nats", **ACCOUNT, stream=stream, consumer=consumer)
