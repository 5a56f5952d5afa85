"""The daemon: polls every source on its own clock, pushes, serves, and stops cleanly."""

import asyncio
import contextlib
import gc
import logging
import random
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from obs.collector.collector import Collector
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.schedule import seconds_to_next_poll
from obs.collector.threads import in_thread
from obs.errors import SourceError
from obs.failure import unforeseen
from obs.families.family import Family
from obs.sources.kind import Snapshot

log = logging.getLogger(__name__)

STALE_CHECK_SECONDS: Final = 1.0
STOP_WITHIN_SECONDS: Final = 3.0
LISTEN_WITHIN_SECONDS: Final = 2.0
LISTEN_AGAIN_SECONDS: Final = 15.0
HISTORY_RETRY_POLLS: Final = 5  # history costs more than a poll


InCore = Callable[..., Coroutine[Any, Any, None]]
Listener = Callable[[InCore], Coroutine[Any, Any, None]]
"""Runs on the event loop until cancelled; changes the collector only through its argument."""


@dataclass(frozen=True, slots=True)
class PolledSource:
    """A source with its schedule; `limit` is how long one poll may take (seconds)."""

    health: SourceHealth
    poll: Callable[[], Snapshot]
    limit: float
    past: Callable[[], Callable[[], None]] | None = None
    """Reads the missing history of SLOs; blocks. Returns a function that records it."""
    refine: Listener | None = None
    """Refines the result of a poll; ends soon."""


@dataclass(frozen=True, slots=True)
class PushedSink:
    """A sink that is pushed to; `push` gives the number of points accepted."""

    health: PushHealth
    push: Callable[[Sequence[Family], float], int]
    close: Callable[[], None]


class Daemon:
    """Runs a collector's sources and sinks on one event loop.

    All changes of the collector happen on one worker thread (`_core`), one after the other;
    polls and pushes, which block, run in threads of their own.
    """

    def __init__(
        self,
        collector: Collector,
        sources: Sequence[PolledSource],
        sinks: Sequence[PushedSink],
        listeners: Sequence[Listener] = (),
    ) -> None:
        self._collector = collector
        self._sources = sources
        self._sinks = sinks
        self._listeners = listeners
        self._core = ThreadPoolExecutor(1, thread_name_prefix="core")
        self._unpolled = len(sources)
        self._all_polled = asyncio.Event()
        self._history_not_before: dict[str, int] = {}  # polls, by source

    async def poll_once(self) -> None:
        """Poll every source one time."""
        await asyncio.gather(*(self._poll(source) for source in self._sources))

    async def run(self, stop: asyncio.Event) -> None:
        """Poll, push and withdraw what is stale until `stop` is set; then save the state."""
        tasks = [
            *(asyncio.create_task(self._poll_forever(source)) for source in self._sources),
            *(asyncio.create_task(self._push_forever(sink)) for sink in self._sinks),
            *(asyncio.create_task(self._listen(listener)) for listener in self._listeners),
            asyncio.create_task(self._expire_stale()),
        ]
        calm_garbage_collection()
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done() and (error := task.exception()):
                    raise error
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_WITHIN_SECONDS):
                    await asyncio.gather(*tasks, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        """Save the state and close the sinks."""
        for sink in self._sinks:
            sink.close()
        await self._in_core(self._collector.close)
        self._core.shutdown(wait=False, cancel_futures=True)

    async def _listen(self, listener: Listener) -> None:
        """Run a listener after the first poll has been served, and again where it fails."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_WITHIN_SECONDS):
                await self._all_polled.wait()
        while True:
            try:
                await listener(self._in_core)
            except Exception as error:  # noqa: BLE001  it must not end the other sources
                unforeseen(error)
                await asyncio.sleep(LISTEN_AGAIN_SECONDS)
            else:
                return

    async def _poll_forever(self, source: PolledSource) -> None:
        uniform = random.random
        await self._poll(source)
        self._unpolled -= 1
        if not self._unpolled:
            self._all_polled.set()
        while True:
            await asyncio.sleep(
                seconds_to_next_poll(source.health.interval, source.health.failures, uniform)
            )
            await self._poll(source)

    async def _poll(self, source: PolledSource) -> None:
        """One poll. Ends when its thread does: a source is never polled twice at once."""
        started = time.monotonic()
        call = in_thread(source.poll, f"poll-{source.health.name}")
        await asyncio.wait({call}, timeout=source.limit)
        try:
            if not call.done():
                raise SourceError("timeout", f"timed out after {source.limit:g} s")
            snapshot = call.result()
            await self._in_core(self._collector.record_poll, source.health, snapshot, started)
        except Exception as error:  # noqa: BLE001  a failure of one source must not affect another
            failure = _as_source_error(error)
            await self._in_core(self._collector.fail, source.health, failure, started)
            await asyncio.wait({call})
            call.exception()
        else:
            if source.refine:
                await self._refine(source.health, source.refine)
            if source.past and self._collector.lacks_history(source.health.name):
                await self._backfill(source.health, source.past)

    async def _backfill(self, health: SourceHealth, past: Callable[[], Callable[[], None]]) -> None:
        if health.polls < self._history_not_before.get(health.name, 0):
            return
        try:
            await self._in_core(await in_thread(past, f"history-{health.name}"))
        except Exception as error:  # noqa: BLE001  until it is read, SLOs begin with the polls
            self._history_not_before[health.name] = health.polls + HISTORY_RETRY_POLLS
            failure = _as_source_error(error)
            await self._in_core(self._collector.history_failed, health.name, failure)

    async def _refine(self, health: SourceHealth, refine: Listener) -> None:
        try:
            await refine(self._in_core)
        except Exception as error:  # noqa: BLE001  the result of the poll stays
            log.warning(
                "source %s: cannot make lags exact: %s", health.name, _as_source_error(error)
            )

    async def _push_forever(self, sink: PushedSink) -> None:
        while True:
            await asyncio.sleep(sink.health.interval)
            await self._push(sink)

    async def _push(self, sink: PushedSink) -> None:
        families = self._collector.families()
        if not families:
            return
        wall = time.time()
        try:
            points = await in_thread(lambda: sink.push(families, wall), f"push-{sink.health.name}")
        except Exception as error:  # noqa: BLE001  a failure of a sink must not affect the rest
            failure = _as_source_error(error)
            await self._in_core(self._collector.push_failed, sink.health, failure)
        else:
            await self._in_core(self._collector.pushed, sink.health, points)

    async def _expire_stale(self) -> None:
        while True:
            await asyncio.sleep(STALE_CHECK_SECONDS)
            await self._in_core(self._collector.expire_stale)

    async def _in_core(self, call: Callable[..., Any], *arguments: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._core, call, *arguments)


def calm_garbage_collection() -> None:
    """Make Python collect reference cycles rarely.

    A poll makes and drops tens of thousands of objects without a cycle among them; at Python's
    own pace the search goes through all that is remembered, again and again in every poll.
    """
    gc.collect()
    gc.freeze()  # imported modules are permanent
    gc.set_threshold(100_000, 20, 20)


def stop_on_signals(stop: asyncio.Event) -> None:
    """SIGTERM and SIGINT set `stop`; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):

        def on_signal(signum: signal.Signals = signum) -> None:
            loop.remove_signal_handler(signum)
            stop.set()

        loop.add_signal_handler(signum, on_signal)


def _as_source_error(error: Exception) -> SourceError:
    return error if isinstance(error, SourceError) else unforeseen(error)
