"""The servers of a run, what stands in front of them, and what goes wrong with them at random."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from obs.sandbox.nats_server import NatsCluster, NatsServer
from tests.integration.nats_binary import run_by
from tests.integration.nats_monitor import Monitor, monitor_of
from tests.truth.clock import WrongClock, nats_through
from tests.truth.driver import Driver
from tests.truth.kinds import Server

GIVEN_UP = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"
SHIFT = 90
"""Seconds by which a clock is wrong."""
DEAD_FOR = (1.0, 4.0)
HUNG_FOR = (1.0, 5.0)


@dataclass
class Group:
    """One source of the collectors: a server or a cluster, and the streams on it."""

    name: Server
    members: tuple[NatsServer, ...]
    client: Client
    monitors: dict[str, Monitor]  # by the server's name
    connections: list[str]  # for a collector
    clock: WrongClock | None = None
    drivers: list[Driver] = field(default_factory=list)

    async def given_up(self, message: Msg) -> None:
        """Tell the stream's driver of an advisory."""
        for driver in self.drivers:
            if f".{driver.kind.name}." in message.subject:
                driver.given_up(message)

    async def run_faults(self, chance: Random, told: Callable[[str], None]) -> None:
        """One thing after the other goes wrong, until cancelled."""
        faults = {"one": _restart, "ahead": _restart, "steps": _step, "cluster": _trouble}
        while True:
            await asyncio.sleep(chance.uniform(5.0, 12.0))
            await faults[self.name](self, chance, told)

    async def settle_doubts(self) -> None:
        """Ask what a killed server has forgotten, until cancelled."""
        while True:
            await asyncio.sleep(0.5)
            for driver in self.drivers:
                await driver.ask_floors()


async def _restart(group: Group, chance: Random, told: Callable[[str], None]) -> None:
    member = chance.choice(group.members)
    killed = chance.random() < 0.6
    told(f"{member.name} is {'killed' if killed else 'stopped'}")
    at = time.time()
    await asyncio.to_thread(member.kill if killed else member.stop)
    for driver in group.drivers if killed else ():
        driver.killed(at)
    await asyncio.sleep(chance.uniform(*DEAD_FOR))
    await asyncio.to_thread(member.start, 40.0)
    told(f"{member.name} is back")


async def _step(group: Group, chance: Random, told: Callable[[str], None]) -> None:
    assert group.clock
    shift = chance.choice((0, SHIFT, -SHIFT, 5, -3))
    told(f"the clock of {group.name} is set to {shift:+d} s")
    group.clock.step(time.time(), shift)


async def _trouble(group: Group, chance: Random, told: Callable[[str], None]) -> None:
    if chance.random() < 0.5:
        await _restart(group, chance, told)
        return
    name = chance.choice(sorted(group.monitors))
    told(f"{name} hangs")
    group.monitors[name].mood = "hang"
    await asyncio.sleep(chance.uniform(*HUNG_FOR))
    group.monitors[name].mood = "pass"
    told(f"{name} hangs no more")


@asynccontextmanager
async def single(name: Server, folder: Path, binary: str | None) -> AsyncIterator[Group]:
    """One server."""
    server = run_by(NatsServer(folder / name, name=name), binary)
    clock = None if name == "one" else WrongClock(SHIFT if name == "ahead" else 0)
    async with AsyncExitStack() as stack:
        stack.callback(server.stop)
        await asyncio.to_thread(server.start, 40.0)
        monitor = stack.enter_context(monitor_of(server.monitor))
        url = server.url
        if clock:
            monitor.edit = clock.edited
            through = nats_through(clock, server.host, server.port)
            url = await stack.enter_async_context(through)
        client = await _connected([server.url], stack)
        yield await _listening(Group(name, (server,), client, {server.name: monitor}, [url], clock))


@asynccontextmanager
async def cluster(folder: Path, binary: str | None) -> AsyncIterator[Group]:
    """Three servers."""
    servers = NatsCluster(folder / "cluster")
    for member in servers.members:
        run_by(member, binary)
    async with AsyncExitStack() as stack:
        stack.callback(servers.stop)
        await asyncio.to_thread(servers.start, 60.0)
        monitors = {
            member.name: stack.enter_context(monitor_of(member.monitor))
            for member in servers.members
        }
        urls = [member.url for member in servers.members]
        client = await _connected(urls, stack)
        yield await _listening(Group("cluster", servers.members, client, monitors, urls))


async def _listening(group: Group) -> Group:
    await group.client.subscribe(GIVEN_UP, cb=group.given_up)
    return group


async def _connected(urls: list[str], stack: AsyncExitStack) -> Client:
    async def says_nothing(error: Exception) -> None:
        """Servers die here on purpose."""

    client = await nats.connect(
        urls,
        max_reconnect_attempts=-1,
        reconnect_time_wait=0.1,
        error_cb=says_nothing,
        allow_reconnect=True,
    )

    async def close() -> None:
        with contextlib.suppress(OSError):  # it may be connecting to a server that is dead
            await client.close()

    stack.push_async_callback(close)
    return client
