"""The daemon: polls every source on its own clock, pushes, serves, and stops cleanly."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Final

from obs import spans
from obs.clients.failures import as_source_error
from obs.clients.threads import failure_of, in_thread
from obs.collector.collector import Collector
from obs.collector.garbage import (
    calm_garbage_collection,
    collect_after_failure,
    collect_forever,
)
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.schedule import seconds_to_next_poll, seconds_to_next_push
from obs.errors import SourceError
from obs.failure import unforeseen
from obs.families.family import Family
from obs.sinks.pushed import Pushed
from obs.sources.kind import Snapshot

log = logging.getLogger(__name__)

STALE_CHECK_SECONDS: Final = 1.0
STOP_WITHIN_SECONDS: Final = 3.0
SAVE_WITHIN_SECONDS: Final = 5.0
CLOSE_WITHIN_SECONDS: Final = 0.5
TRACED_WITHIN_SECONDS: Final = 1.0
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
    """A sink that is pushed to; a push ends by itself, at the latest after `limit` seconds.

    `kept` is what the sink of a later spec goes on from.
    """

    health: PushHealth
    push: Callable[[Sequence[Family], float], Pushed]
    close: Callable[[], None]
    limit: float
    kept: object = None


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
        tracer: spans.Tracer | None = None,
    ) -> None:
        self._tracer = tracer or spans.NoTracer()
        self._collector = collector
        self._sources = sources
        self._sinks = sinks
        self._listeners = listeners
        self._core = ThreadPoolExecutor(1, thread_name_prefix="core")
        self._unpolled = len(sources)
        self._all_polled = asyncio.Event()
        self._history_not_before: dict[str, int] = {}  # polls, by source
        self._latest_push: dict[str, asyncio.Future[Pushed]] = {}  # by sink

    async def poll_once(self) -> None:
        """Poll every source one time."""
        await asyncio.gather(*(self._poll(source) for source in self._sources))

    async def run(self, stop: asyncio.Event, hurry: asyncio.Event | None = None) -> None:
        """Poll, push and withdraw what is stale until `stop` is set; then save the state.

        Once `hurry` is set, what is under way is no longer waited for.
        """
        tasks = [
            *(asyncio.create_task(self._poll_forever(source)) for source in self._sources),
            *(asyncio.create_task(self._push_forever(sink)) for sink in self._sinks),
            *(asyncio.create_task(self._listen(listener)) for listener in self._listeners),
            asyncio.create_task(self._expire_stale()),
            asyncio.create_task(collect_forever()),
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
            ended = asyncio.gather(*tasks, return_exceptions=True)
            hurried = asyncio.create_task((hurry or asyncio.Event()).wait())
            either: set[asyncio.Future[Any]] = {ended, hurried}
            await asyncio.wait(
                either, timeout=STOP_WITHIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            hurried.cancel()
            await self.close()

    async def close(self) -> None:
        """Save the state and close the sinks; neither is waited for without end."""
        traced = in_thread(self._tracer.close, "close-traces")
        saving = asyncio.ensure_future(self.in_core(self._collector.close))
        closing = [in_thread(each.close, f"close-{each.health.name}") for each in self._sinks]
        _, late = await asyncio.wait({saving}, timeout=SAVE_WITHIN_SECONDS)
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_WITHIN_SECONDS)
        await asyncio.wait({traced}, timeout=TRACED_WITHIN_SECONDS)
        self._core.shutdown(wait=False, cancel_futures=True)
        if late:
            log.error("the state is not saved: it takes longer than %g s", SAVE_WITHIN_SECONDS)
        else:
            saving.result()

    async def _listen(self, listener: Listener) -> None:
        """Run a listener after the first poll has been served, and again where it fails."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_WITHIN_SECONDS):
                await self._all_polled.wait()
        while True:
            try:
                await listener(self.in_core)
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
        health = source.health
        about = {"obs.source": health.name, "obs.source.kind": health.kind}
        with self._tracer.trace(f"poll {health.name}", about) as span:
            started = self._collector.clock.monotonic()
            call = in_thread(source.poll, f"poll-{health.name}")
            call.add_done_callback(asyncio.Future.exception)  # read, even where this is cancelled
            await asyncio.wait({call}, timeout=source.limit)
            failure = await self._recorded(source, call, started)
            if failure is not None:
                span.failed(failure.reason)
                await self.in_core(self._collector.fail, health, failure, started)
            else:
                span.note("obs.series", health.series)
                await self._after(source)
        if failure is not None:
            await asyncio.wait({call})
            collect_after_failure()

    async def _after(self, source: PolledSource) -> None:
        """What a poll that succeeded gives rise to."""
        if source.refine:
            await self._refine(source.health, source.refine)
        if source.past and self._collector.lacks_history(source.health.name):
            await self._backfill(source.health, source.past)

    async def _recorded(
        self, source: PolledSource, call: asyncio.Future[Snapshot], started: float
    ) -> SourceError | None:
        """Why a poll has no snapshot that could be recorded; None where it has one, recorded."""
        if not call.done():
            return SourceError("timeout", f"timed out after {source.limit:g} s")
        failure = failure_of(call)
        if failure is not None:
            return failure
        try:
            record = self._collector.record_poll
            await self.in_core(record, source.health, call.result(), started)
        except Exception as error:  # noqa: BLE001  a failure of one source must not affect another
            return as_source_error(error)
        return None

    async def _backfill(self, health: SourceHealth, past: Callable[[], Callable[[], None]]) -> None:
        if health.polls < self._history_not_before.get(health.name, 0):
            return
        try:
            with spans.step("history"):
                await self.in_core(await in_thread(past, f"history-{health.name}"))
        except Exception as error:  # noqa: BLE001  until it is read, SLOs begin with the polls
            self._history_not_before[health.name] = health.polls + HISTORY_RETRY_POLLS
            failure = as_source_error(error)
            await self.in_core(self._collector.history_failed, health.name, failure)

    async def _refine(self, health: SourceHealth, refine: Listener) -> None:
        try:
            with spans.step("refine"):
                await refine(self.in_core)
        except Exception as error:  # noqa: BLE001  the result of the poll stays
            log.warning(
                "source %s: cannot make lags exact: %s", health.name, as_source_error(error)
            )

    async def _push_forever(self, sink: PushedSink) -> None:
        wait = sink.health.interval
        while True:
            await asyncio.sleep(wait)
            wait = await self._push(sink)

    async def _push(self, sink: PushedSink) -> float:
        """One push; gives the seconds until the next."""
        families = self._collector.families()
        if not families:
            return sink.health.interval
        clock = self._collector.clock
        started = clock.monotonic()
        with self._tracer.trace(f"push {sink.health.name}", {"obs.sink": sink.health.name}) as span:
            outcome = await self._pushed(sink, families)
            span.note("obs.points", outcome.accepted)
            if outcome.failure:
                span.failed(outcome.failure.reason)
        pause = outcome.failure.pause if outcome.failure else None
        took = clock.monotonic() - started
        wait = seconds_to_next_push(sink.health.interval, took, pause)
        await self.in_core(self._collector.pushed, sink.health, outcome, wait)
        if outcome.failure is not None:
            collect_after_failure()
        return wait

    async def _pushed(self, sink: PushedSink, families: Sequence[Family]) -> Pushed:
        """What became of a push. None begins before the one before has ended."""
        name, wall = sink.health.name, self._collector.clock.wall()
        latest = self._latest_push.get(name)
        if latest is not None and not latest.done():
            return Pushed(failure=SourceError("timeout", "an earlier push has not ended yet"))
        call = in_thread(lambda: sink.push(families, wall), f"push-{name}")
        self._latest_push[name] = call
        await asyncio.wait({call}, timeout=sink.limit)
        if not call.done():
            call.add_done_callback(asyncio.Future.exception)  # read, or asyncio logs it
            why = f"the push did not end within {sink.limit:g} s"
            return Pushed(failure=SourceError("timeout", why))
        failure = failure_of(call)
        return call.result() if failure is None else Pushed(failure=failure)

    async def _expire_stale(self) -> None:
        while True:
            await asyncio.sleep(STALE_CHECK_SECONDS)
            await self.in_core(self._collector.expire_stale)

    async def in_core(self, call: Callable[..., Any], *arguments: Any) -> None:
        """Call it in the one thread that changes the collector, with the caller's context."""
        run = copy_context().run
        await asyncio.get_running_loop().run_in_executor(self._core, run, call, *arguments)
