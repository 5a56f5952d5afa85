from typing import Never

from obs.collector.daemon import HISTORY_RETRY_POLLS, Daemon, PolledSource
from obs.collector.health import SourceHealth
from obs.errors import SourceError


class Lacking:
    """A collector whose SLOs lack history until some is taken in."""

    def __init__(self) -> None:
        self.taken = 0
        self.failures = []

    def record_poll(self, health, snapshot, started) -> None:
        health.succeeded(0.0, 0.0, 0.0)

    def lacks_history(self, source) -> bool:
        return not self.taken

    def history_failed(self, source, error) -> None:
        self.failures.append((source, error.reason))

    def take(self) -> None:
        self.taken += 1


async def test_history_that_cannot_be_read_is_asked_for_again_some_polls_later() -> None:
    asked, collector = [], Lacking()

    def past():
        asked.append(health.polls)
        if len(asked) == 1:
            raise SourceError("throttled", "later")
        return collector.take

    health = SourceHealth("aws", "aws", True, 1.0, 10.0)
    daemon = Daemon(collector, [PolledSource(health, dict, 5.0, past=past)], [])
    for _ in range(3 * HISTORY_RETRY_POLLS):
        await daemon.poll_once()
    assert asked == [1, 1 + HISTORY_RETRY_POLLS]
    assert collector.taken == 1
    assert collector.failures == [("aws", "throttled")]
    assert health.up


async def test_a_poll_stands_where_it_cannot_be_refined() -> None:
    refined = []

    async def refine(in_core) -> Never:
        refined.append(health.polls)
        raise RuntimeError("a fault of the collector's own")

    health = SourceHealth("nats", "nats", True, 1.0, 10.0)
    daemon = Daemon(Lacking(), [PolledSource(health, dict, 5.0, refine=refine)], [])
    await daemon.poll_once()
    assert refined == [1]
    assert health.up
