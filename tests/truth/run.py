"""One run: servers, traffic, faults and collectors for a while, and the score at the end."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.integration.collector_process import CollectorProcess
from tests.integration.waiting import ended
from tests.truth.driver import Driver
from tests.truth.kinds import StreamKind, streams
from tests.truth.score import POLL, Row, score
from tests.truth.scrapes import Scrapes
from tests.truth.servers import Group, cluster, single

BEFORE = 3.0
"""Seconds of traffic before a collector starts: what is older than it."""
HTTP, CONNECTED = "HTTP only", "with a connection"
WAYS = (HTTP, CONNECTED)


@dataclass(frozen=True)
class Plan:
    """What to run. `binary` is nats-server, `source` the folder of the package to measure."""

    seconds: float = 60.0
    seed: int = 1
    ways: tuple[str, ...] = WAYS
    servers: tuple[str, ...] = ("one", "ahead", "steps", "cluster")
    streams: tuple[str, ...] = ()  # all by default
    binary: str | None = None
    source: str | None = None
    quiet: bool = False  # no faults


@dataclass(frozen=True)
class Result:
    """Rows by the collector's way, and how often the driver's books surprised it."""

    rows: dict[str, list[Row]]
    events: list[str]
    surprises: list[str]
    logs: dict[str, str]


def run(plan: Plan) -> Result:
    """Run it in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="obs-truth-") as folder:
        return asyncio.run(_run(plan, Path(folder)))


async def _run(plan: Plan, folder: Path) -> Result:
    chance = Random(plan.seed)
    events: list[str] = []
    started = time.time()

    def told(event: str) -> None:
        events.append(f"{time.time() - started:6.2f} s ({time.time():.2f}) {event}")

    async with AsyncExitStack() as stack:
        groups = [
            await stack.enter_async_context(
                cluster(folder, plan.binary)
                if name == "cluster"
                else single(name, folder, plan.binary)
            )
            for name in ("one", "ahead", "steps", "cluster")
            if name in plan.servers
        ]
        told_version = groups[0].client.connected_server_version
        version = (told_version.major, told_version.minor)
        for group in groups:
            await _populate(group, plan, version, chance)
        collectors = {
            way: CollectorProcess(
                folder / way.replace(" ", "-"),
                _spec(folder / way.replace(" ", "-"), groups, way),
                environment={"PYTHONPATH": plan.source} if plan.source else {},
            )
            for way in plan.ways
        }
        scrapes = {way: Scrapes(collector) for way, collector in collectors.items()}
        with _killed(collectors.values()):
            await _go_on(plan, groups, scrapes, chance, told)
        logs = {way: collector.log for way, collector in collectors.items()}
    rows = {way: list(_rows(groups, scrapes[way])) for way in plan.ways}
    return Result(rows, events, list(_surprises(groups)), logs)


async def _populate(group: Group, plan: Plan, version: tuple[int, ...], chance: Random) -> None:
    drivers: dict[str, Driver] = {}
    for kind in streams():
        wanted = not plan.streams or kind.name in plan.streams
        if kind.server != group.name or version < kind.since or not wanted:
            continue
        origin = drivers[kind.mirrors].truth if kind.mirrors else None
        own = Random(chance.random())
        drivers[kind.name] = driver = Driver(
            _possible(kind, version), group.client, own, plan.seconds, origin
        )
        if not origin:
            await driver.create()
    group.drivers = list(drivers.values())


def _possible(kind: StreamKind, version: tuple[int, ...]) -> StreamKind:
    """The same without consumers that so old a server does not have."""
    if version >= (2, 11):
        return kind
    return replace(kind, consumers=tuple(each for each in kind.consumers if not each.paused))


async def _go_on(
    plan: Plan,
    groups: Sequence[Group],
    scrapes: dict[str, Scrapes],
    chance: Random,
    told: Callable[[str], None],
) -> None:
    begin = asyncio.create_task
    works = [each for group in groups for driver in group.drivers for each in driver.works()]
    going = [begin(work) for work in works]
    try:
        await asyncio.sleep(BEFORE)
        starts = (asyncio.to_thread(each.collector.start) for each in scrapes.values())
        await asyncio.gather(*starts)
        told("the collectors are ready")
        going += [begin(each.run()) for each in scrapes.values()]
        for group in groups:
            going.append(begin(group.settle_doubts()))
            if not plan.quiet:
                going.append(begin(group.run_faults(Random(chance.random()), told)))
        first = asyncio.FIRST_EXCEPTION
        failed, _ = await asyncio.wait(going, timeout=plan.seconds, return_when=first)
    finally:
        await ended(*going)
    for task in failed:
        await task  # raises its exception


def _spec(folder: Path, groups: Sequence[Group], way: str) -> dict[str, Any]:
    sources: dict[str, Any] = {}
    for group in groups:
        source: dict[str, Any] = {
            "monitor": [monitor.url for monitor in group.monitors.values()],
            "poll": f"{POLL}s",
            "timeout": "1s",
            "stale_after": "15s",
        }
        if way == CONNECTED:
            source["connection"] = {"servers": group.connections}
        sources[group.name] = source
    return {
        "version": 1,
        "system": "truth",
        "state_dir": str(folder / "state"),
        "sources": {"nats": sources},
        "outputs": {"web": {"listen": "127.0.0.1:0"}},
    }


@contextmanager
def _killed(collectors: Any) -> Iterator[None]:
    try:
        yield
    finally:
        for collector in collectors:
            collector.kill()


def _rows(groups: Sequence[Group], scrapes: Scrapes) -> Iterator[Row]:
    for group in groups:
        addresses = {
            name: monitor.url.removeprefix("http://") for name, monitor in group.monitors.items()
        }
        for driver in group.drivers:
            for name, truth in driver.consumers.items():
                title = f"{driver.kind.name}: {name}"
                yield score(title, group.name, truth, scrapes, addresses)


def _surprises(groups: Sequence[Group]) -> Iterator[str]:
    for group in groups:
        for driver in group.drivers:
            for truth in driver.consumers.values():
                found = sum(each.surprises for each in truth.incarnations)
                if found:
                    yield f"{driver.kind.name}: {truth.name}: {found}"
