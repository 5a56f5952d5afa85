from collections.abc import Callable
from typing import Never

import pytest

from obs.collector.collector import Collector
from obs.collector.daemon import HISTORY_RETRY_POLLS, Daemon, InCore, PolledSource
from obs.collector.health import SourceHealth
from obs.errors import SourceError
from obs.snapshot import NatsSnapshot
from obs.sources.kind import Snapshot


class Lacking(Collector):
    """A collector whose SLOs lack history until some is taken in."""

    def __init__(self) -> None:
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
