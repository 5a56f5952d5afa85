import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from typing import Never

import pytest

from obs.catalogue import own
from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.daemon import HISTORY_RETRY_POLLS, Daemon, InCore, PolledSource, PushedSink
from obs.collector.health import PushHealth, SourceHealth
from obs.errors import SourceError
from obs.families.family import Family, single
from obs.sinks.pushed import Pushed
from obs.snapshot.nats import NatsSnapshot
from obs.sources.kind import Snapshot
from tests.integration.waiting import eventually_async


class Lacking(Collector):
    """A collector whose SLOs lack history until some is taken in."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.taken = 0
        self.failures: list[tuple[str, str]] = []

    def record_poll(self, health: SourceHealth, snapshot: Snapshot, started: float) -> None:
        health.succeeded(0.0, 0.0, 0.0)

    def lacks_history(self, source: str) -> bool:
        return not self.taken

    def history_failed(self, source: str, error: SourceError) -> None:
        self.failures.append((source, error.reason))

    def take(self) -> None:
        self.taken += 1


def empty() -> Snapshot:
    return NatsSnapshot(0.0, (), (), ())


async def test_history_that_cannot_be_read_is_requested_again_some_polls_later() -> None:
    collector = Lacking()
    requested: list[int] = []

    def past() -> Callable[[], None]:
        requested.append(health.polls)
        if len(requested) == 1:
            raise SourceError("throttled", "later")
        return collector.take

    health = SourceHealth("aws", "aws", True, 1.0, 10.0)
    daemon = Daemon(collector, [PolledSource(health, empty, 5.0, past=past)], [])
    for _ in range(3 * HISTORY_RETRY_POLLS):
        await daemon.poll_once()
    assert requested == [1, 1 + HISTORY_RETRY_POLLS]
    assert collector.taken == 1
    assert collector.failures == [("aws", "throttled")]
    assert health.up


async def test_a_poll_stands_where_it_cannot_be_refined() -> None:
    refined: list[int] = []

    async def refine(in_core: InCore) -> Never:
        refined.append(health.polls)
        raise RuntimeError("a fault of the collector's own")

    health = SourceHealth("nats", "nats", True, 1.0, 10.0)
    daemon = Daemon(Lacking(), [PolledSource(health, empty, 5.0, refine=refine)], [])
    await daemon.poll_once()
    assert refined == [1]
    assert health.up


class Pushing(Collector):
    """A collector that has something to push, and remembers what became of it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.outcomes: list[tuple[Pushed, float]] = []

    def families(self) -> list[Family]:
        return [single(own.AWS_COST, 1.0)]

    def pushed(self, health: PushHealth, outcome: Pushed, wait: float) -> None:
        self.outcomes.append((outcome, wait))

    def close(self) -> None:
        """Nothing is saved."""

    def expire_stale(self) -> None:
        """Nothing grows stale."""


class HangingSink:
    """Its pushes hang until `released`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.released = threading.Event()
        self.begun = 0
        self.running = 0
        self.most = 0

    def push(self, families: Sequence[Family], at: float) -> Pushed:
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        self.released.wait(30)
        self.running -= 1
        return Pushed(5)

    def close(self) -> None:
        """Does not end what hangs."""


async def pushed_until(
    collector: Pushing, sink: PushedSink, done: Callable[[], bool]
) -> list[tuple[Pushed, float]]:
    stop = asyncio.Event()
    running = asyncio.create_task(Daemon(collector, [], [sink]).run(stop))
    await eventually_async(done)
    stop.set()
    await running
    return collector.outcomes


def push_health(interval: float) -> PushHealth:
    return PushHealth("otlp", "http://127.0.0.1:4318", interval)


async def test_a_push_that_hangs_is_down_and_none_begins_beside_it() -> None:
    collector, hanging = Pushing(), HangingSink()
    sink = PushedSink(push_health(0.02), hanging.push, hanging.close, limit=0.05)
    outcomes = await pushed_until(collector, sink, lambda: len(collector.outcomes) >= 4)
    texts = [str(outcome.failure) for outcome, _ in outcomes]
    assert texts[0] == "the push did not end within 0.05 s"
    assert set(texts[1:]) == {"an earlier push has not ended yet"}
    assert {outcome.failure.reason for outcome, _ in outcomes if outcome.failure} == {"timeout"}
    assert (hanging.begun, hanging.most) == (1, 1)
    hanging.released.set()


async def test_once_a_push_that_hung_has_ended_the_next_begins_at_its_time() -> None:
    collector, hanging = Pushing(), HangingSink()
    sink = PushedSink(push_health(0.02), hanging.push, hanging.close, limit=0.05)

    def ended() -> bool:
        if len(collector.outcomes) >= 2:
            hanging.released.set()
        return any(outcome == Pushed(5) for outcome, _ in collector.outcomes)

    await pushed_until(collector, sink, ended)
    assert hanging.begun >= 2
    assert hanging.most == 1


async def test_a_daemon_ends_while_a_push_and_its_sink_hang() -> None:
    collector, hanging = Pushing(), HangingSink()

    def close() -> None:
        hanging.released.wait(30)

    sink = PushedSink(push_health(0.01), hanging.push, close, limit=30)
    started = time.monotonic()
    await pushed_until(collector, sink, lambda: hanging.begun > 0)
    assert time.monotonic() - started < 5
    hanging.released.set()


async def test_the_next_push_waits_as_long_as_the_receiver_asks() -> None:
    collector = Pushing()
    refused = Pushed(failure=SourceError("throttled", "no", pause=45.0))
    sink = PushedSink(push_health(0.01), lambda *_: refused, lambda: None, limit=5)
    outcomes = await pushed_until(collector, sink, lambda: bool(collector.outcomes))
    assert outcomes == [(refused, 45.0)]


async def test_a_listener_that_fails_is_a_line_and_begins_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("obs.collector.daemon.LISTEN_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr("obs.collector.daemon.LISTEN_WITHIN_SECONDS", 0.0)
    begun: list[int] = []

    async def listener(in_core: InCore) -> None:
        begun.append(1)
        if len(begun) < 3:
            raise KeyError("hunter2")

    await Daemon(Lacking(), [], [])._listen(listener)
    assert len(begun) == 3
    assert caplog.text.count("internal error: KeyError at obs/collector/daemon.py:") == 2
    assert "hunter2" not in caplog.text
