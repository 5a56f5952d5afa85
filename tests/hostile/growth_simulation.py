"""A collector polled in simulated time, of a cluster whose streams and consumers come and go."""

import json
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.health import SourceHealth
from obs.collector.served import ServedCollector
from obs.snapshot.messages import DeadLetter
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.hearing import Arrival
from obs.sources.nats.opened import cluster_by_http
from obs.spec.nats import NatsConnection, NatsSource
from obs.spec.sources import Sources
from obs.spec.system import System
from obs.state import FILE_NAME, open_state

BEGIN = 1_790_000_000.0


@dataclass
class Cluster:
    """One server, whose name changes with `server`; what it lists is `lives` polls old at most."""

    now: float = BEGIN
    poll: int = 0
    streams: int = 0  # new ones a poll
    consumers: int = 0  # new ones a poll, on the stream that stays
    lives: int = 3  # polls
    recreated: bool = False  # new consumers have the names of earlier ones
    server: str = "n1"
    accounts: bool = False  # each new stream is in an account of its own

    def next(self, seconds: float) -> None:
        """A poll later."""
        self.now += seconds
        self.poll += 1

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        if "/varz" in url:
            server = {"server_id": self.server, "server_name": self.server, "version": "2.15.1"}
            return json.dumps(server).encode()
        if "/healthz" in url:
            return b'{"status": "ok"}'
        return json.dumps(self._jsz(config="config=1" in url)).encode()

    def _jsz(self, *, config: bool) -> dict[str, object]:
        since = max(self.poll - self.lives, 0)
        born = range(since, self.poll)
        workers = [
            (f"w{n if self.recreated else f'{poll}-{n}'}", poll)
            for poll in born
            for n in range(self.consumers)
        ]
        workers = list(dict(workers).items()) if self.recreated else workers
        accounts: dict[str, list[object]] = {"A": [self._stream("STAYS", 0, config, workers)]}
        for poll in born:
            for n in range(self.streams):
                name = f"NEW_{poll}_{n}"
                account = f"ACCOUNT_{poll}_{n}" if self.accounts else "A"
                accounts.setdefault(account, []).append(
                    self._stream(name, poll, config, [("worker", poll)])
                )
        details = [{"name": name, "stream_detail": of} for name, of in accounts.items()]
        count = sum(map(len, accounts.values()))
        return {"server_id": self.server, "streams": count, "account_details": details}

    def _stream(
        self, name: str, born: int, config: bool, consumers: list[tuple[str, int]]
    ) -> dict[str, object]:
        last = (self.poll - born + 1) * 100 + self.poll * self.poll % 97
        stamp = datetime.fromtimestamp(self.now - 1, UTC).isoformat()
        first = datetime.fromtimestamp(self.now - 3600, UTC).isoformat()
        settings: dict[str, object] = {"config": {"max_age": 3_600_000_000_000}} if config else {}
        state: dict[str, object] = {
            "messages": last,
            "first_seq": 1,
            "last_seq": last,
            "last_ts": stamp,
        }
        stream: dict[str, object] = {
            "name": name,
            "created": f"2026-01-01T00:00:{born:06d}Z",
            "state": state | {"first_ts": first, "consumer_count": len(consumers)},
            "consumer_detail": [self._consumer(each, at, last, config) for each, at in consumers],
        }
        return stream | settings

    def _consumer(self, name: str, born: int, last: int, config: bool) -> dict[str, object]:
        settings = {"durable_name": name, "ack_policy": "explicit", "max_deliver": 3}
        done = max(last - 30, 0)
        consumer: dict[str, object] = {
            "name": name,
            "created": f"2026-01-01T00:00:{born:06d}Z",
            "delivered": {"consumer_seq": done, "stream_seq": done},
            "ack_floor": {"consumer_seq": max(done - 5, 0), "stream_seq": max(done - 5, 0)},
            "num_ack_pending": 5,
            "num_pending": last - done,
        }
        return consumer | ({"config": settings} if config else {})


class _Clock(Clock):
    def __init__(self, cluster: Cluster) -> None:
        self.wall = lambda: cluster.now
        self.monotonic = lambda: cluster.now


@dataclass
class Simulation:
    """A collector of a cluster, with state in a folder of its own."""

    cluster: Cluster
    folder: Path
    heard: bool = False  # a dead letter of each new consumer is heard

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it on the state that is there."""
        connection = NatsConnection(servers=("nats://n:4222",), account="A")
        self.spec = NatsSource(
            monitor=("http://n:8222",),
            discover=False,
            poll="60s",
            config_every="60s",
            ephemeral="each",
            connection=connection if self.heard else None,
        )
        system = System(
            version=1,
            system="s",
            state_dir=str(self.folder),
            sources=Sources(nats={"main": self.spec}),
        )
        clock = _Clock(self.cluster)
        self.health = SourceHealth("main", "nats", True, 60.0, 300.0)
        self.state = open_state(self.folder, lambda _: None)
        self.state._connection.execute("PRAGMA synchronous = OFF")  # hours in seconds
        self.collector = Collector(
            system, self.state, [self.health], [], [], state_errors=Counter(), clock=clock
        )
        tracker = self.collector.trackers["main"]
        assert isinstance(tracker, ConsumerTracker)
        self.tracker = tracker
        self.served = ServedCollector(self.collector)
        self.source = cluster_by_http(
            "main", self.spec, self.cluster, clock.wall, self.tracker.accounts
        )
        if self.heard:
            self.tracker.hear("A", [Arrival(heard_until=self.cluster.now, begins=True)])

    def restart(self) -> None:
        """Stop it and start it again."""
        self.source.close()
        self.collector.close()
        self.start()

    def poll(self, times: int = 1, seconds: float = 60.0) -> None:
        """So many polls, each after so many seconds, with a scrape and a look at the page."""
        for _ in range(times):
            self.cluster.next(seconds)
            # Without the clock that is never set, which does not know of simulated time.
            snapshot = replace(self.source.poll(), steady=None)
            self.collector.record_poll(self.health, snapshot, self.cluster.now)
            self.collector.expire_stale()
            self.collector.exposition.body(openmetrics=True, gzip=True)
            if self.heard:
                self._hear()

    def _hear(self) -> None:
        poll = self.cluster.poll - 1
        letters = tuple(
            DeadLetter("A", "STAYS", f"w{poll}-{n}", 7, self.cluster.now, "max_deliveries", 3)
            for n in range(self.cluster.consumers)
        )
        arrival = Arrival(letters, received=self.cluster.now)
        self.collector.update("main", lambda: self.tracker.hear("A", [arrival]))

    @property
    def state_bytes(self) -> int:
        """How much the state file has of the source's history and dead letters."""
        self.tracker.save(self.cluster.now)
        self.state.flush()
        kinds = ("nats_history", "nats_dead_letters")
        return sum(len(each) for kind in kinds for each in self.state.entries(kind).values())


@contextmanager
def simulation(cluster: Cluster, *, heard: bool = False) -> Iterator[Simulation]:
    """A collector that is closed at the end."""
    with tempfile.TemporaryDirectory(prefix="obs-growth-") as folder:
        made = Simulation(cluster, Path(folder), heard)
        try:
            yield made
        finally:
            made.source.close()
            made.collector.close()
            assert (Path(folder) / FILE_NAME).exists()
