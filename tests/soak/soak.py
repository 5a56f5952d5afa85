"""A collector that lives for hours in compressed time, and what it held meanwhile."""

import asyncio
import os
import threading
import time
import tracemalloc
import urllib.request
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

from obs.collector.assembly import Assembled, assemble
from obs.collector.collector import Collector
from obs.collector.reloading import Reloading, SpecFiles
from obs.collector.served import ServedCollector
from obs.collector.signals import Stop
from obs.spec.load import load
from obs.spec.system import System
from obs.web.server import serve
from tests.soak.compressed import CompressedClock, CompressedLoop
from tests.soak.measured import Sample, looked_at
from tests.soak.neighbours import MINUTE, Neighbours, neighbours
from tests.soak.past import write_past
from tests.soak.specs import Specs

_VARIABLES: Final = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "an-example"}
_KEPT_BY_NUMBER: Final = (
    "obs.collector.counter_starts.GONE",
    "obs.collector.split_slos._MOST_GONE",
    "obs.sources.nats.forgetting.ENDED",
)
_GARBAGE: Final = "obs.collector.garbage.EVERY"
_SCRAPED: Final = ("/metrics", "/", "/api/v1/status", "/api/v1/slo/history", "/healthz")
_TOP: Final = 12  # places of allocation that are told


@dataclass(frozen=True)
class Plan:
    """How long (hours), and how often there is a poll, a reload and a look (minutes of compressed
    time). `most`, if not 0: so many are kept of what is kept by number, so that it is full soon.
    """

    hours: float = 24.0
    poll_minutes: float = 1.0
    reload_minutes: float = 10.0
    look_minutes: float = 10.0
    trace: bool = False
    most: int = 0


@dataclass
class Lived:
    """What became of it: samples, counts of what happened, and what was allocated most."""

    samples: list[Sample] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    grown: list[str] = field(default_factory=list)
    real_seconds: float = 0.0


def soak(plan: Plan, folder: Path, tell: Callable[[str], None]) -> Lived:
    """Let a collector live as planned; `folder` is its own. `tell` hears how far it is."""
    lived, begun = Lived(), time.monotonic()
    begin = time.time()
    every = plan.poll_minutes * MINUTE
    values: dict[str, float] = {_GARBAGE: every}  # once a poll is what a collector does
    if plan.most:
        values |= dict.fromkeys(_KEPT_BY_NUMBER, plan.most)
    with (
        neighbours(begin, every) as at,
        patch.dict(os.environ, _VARIABLES),
        ExitStack() as patches,
    ):
        for name, value in values.items():
            patches.enter_context(patch(name, value))
        loop = CompressedLoop()
        asyncio.set_event_loop(loop)
        clock = CompressedClock(loop, begin)
        with (
            patch("obs.sources.nats.polled_cluster.steady_time", clock.monotonic),
            patch("obs.sinks.repeats._FIRST", 0.0),  # a thread's pause would pass in real time
        ):
            try:
                specs = Specs(folder, at)
                write_past(specs.state, "main", begin)
                life = _Life(plan, specs, at, clock, lived, tell)
                loop.run_until_complete(life.run())
                loop.run_until_complete(loop.shutdown_default_executor())
            finally:
                asyncio.set_event_loop(None)
                loop.close()
    lived.real_seconds = time.monotonic() - begun
    return lived


class _Life:
    def __init__(
        self,
        plan: Plan,
        specs: Specs,
        at: Neighbours,
        clock: CompressedClock,
        lived: Lived,
        tell: Callable[[str], None],
    ) -> None:
        self._plan, self._specs, self._at = plan, specs, at
        self._clock, self._lived, self._tell = clock, lived, tell
        self._reloads = 0
        self._made: list[weakref.ref[Collector]] = []

    async def run(self) -> None:
        stop = Stop()
        system = self._read()
        built = self._assemble(system, None, False)
        site = ServedCollector(built.collector)
        server = await serve(site, "127.0.0.1:0")
        files = SpecFiles([self._specs.file], self._read, self._assemble)
        reloading = Reloading(files, system, built, site, stop, look_every=MINUTE)
        del built  # as `obs collect`: a reload drops it
        driver = asyncio.create_task(self._drive(stop, server.url.rstrip("/")))
        await reloading.run()
        await driver
        await server.close()

    def _read(self) -> System:
        return load([self._specs.file], variables={})

    def _assemble(self, system: System, before: Assembled | None, only_try: bool) -> Assembled:
        self._lived.counts["assembled"] += 1
        made = assemble(system, clock=self._clock, before=before, only_try=only_try)
        self._made.append(weakref.ref(made.collector))
        return made

    async def _drive(self, stop: Stop, url: str) -> None:
        """At every poll of the day: time, scrapes, reloads, and looks."""
        plan, counts = self._plan, self._lived.counts
        every = int(plan.poll_minutes)
        minutes = int(plan.hours * 60) // every * every
        first: tracemalloc.Snapshot | None = None
        for minute in range(every, minutes + 1, every):
            await asyncio.sleep(minute * MINUTE - self._clock.monotonic())
            self._at.tell(self._clock.wall())
            await self._scrape(url, minute // every)
            if not minute % plan.look_minutes:
                self._lived.samples.append(looked_at(self._clock.monotonic(), self._specs.state))
                kept = sum(each() is not None for each in self._made)
                counts["most collectors kept"] = max(kept, counts["most collectors kept"])
                self._tell(f"{minute / 60:.1f} h of {plan.hours:g} h")
            if plan.trace and first is None and minute >= minutes // 4:
                tracemalloc.start(4)
                first = tracemalloc.take_snapshot()
            if not minute % plan.reload_minutes and minute < minutes:
                self._reloads += 1
                counts["reloads"] += 1
                self._specs.write(self._reloads)
                stop.reload.set()
        if first is not None:
            self._lived.grown = _grown(first)
        stop.asked.set()

    async def _scrape(self, url: str, number: int) -> None:
        """A scrape, in turn of every path, as Prometheus would and as a person."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()

        path = _SCRAPED[number % len(_SCRAPED)]

        def get() -> None:
            try:
                with urllib.request.urlopen(url + path, timeout=60) as answer:
                    found = len(answer.read())
            except OSError:
                found = 0
            loop.call_soon_threadsafe(done.set_result, found)

        threading.Thread(target=get, name="scrape", daemon=True).start()
        self._lived.counts["scrapes answered" if await done else "scrapes failed"] += 1


def _grown(first: tracemalloc.Snapshot) -> list[str]:
    """Where more is held than at the first snapshot, the most first."""
    now = tracemalloc.take_snapshot()
    tracemalloc.stop()
    ours = (tracemalloc.Filter(False, tracemalloc.__file__), tracemalloc.Filter(False, __file__))
    before, after = (each.filter_traces(ours) for each in (first, now))
    grown = [each for each in after.compare_to(before, "traceback") if each.size_diff > 0]
    grown.sort(key=lambda each: -each.size_diff)
    return [
        f"{each.size_diff / 1000:+,.0f} kB, {each.count_diff:+d} blocks: "
        + " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(each.traceback))
        for each in grown[:_TOP]
    ]
