"""A collector of a few minutes, whose state file is kept, and what it tells when it goes on."""

import sqlite3
from collections import Counter
from collections.abc import Collection
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from obs.collector.clock import Clock
from obs.collector.collector import Collector
from obs.collector.health import SourceHealth
from obs.collector.objective import PastEvents
from obs.snapshot.aws import AwsSnapshot
from obs.sources.nats.opened import cluster_by_http
from obs.spec.system import System
from obs.state import FILE_NAME, open_state
from tests.hostile.growth_simulation import Cluster
from tests.unit.collector.example_slos import PAID, SENT, START, aws_snapshot

FOLDER: Final = Path(__file__).parent
_MINUTES: Final = 12
_TOLD: Final = (
    *("nats_consumer_delivered_total", "nats_consumer_lag_seconds", "nats_consumer_lag_messages"),
    *("eventbridge_invocations_total", "eventbridge_failed_invocations_total"),
    *("slo_events_total", "slo_good_events_total", "slo_error_budget_remaining_ratio"),
    *("slo_error_ratio", "slo_data_watermark_timestamp_seconds"),
)
"""Metrics whose samples tell counters, history and budgets."""
_OF_RULES: Final = {"source": "account", "bus": "orders", "rules": ["*"]}
_OF_LAG: Final = {"source": "main", "stream": "STAYS", "consumer": "w0-0", "max_seconds": "25s"}
_SPEC: Final = {
    "version": 1,
    "system": "shop",
    "sources": {
        "nats": {
            "main": {"monitor": ["http://n:8222"], "discover": False, "poll": "60s"}
            | {"config_every": "60s"}
        },
        "aws": {"account": {"region": "us-east-1", "buses": [{"name": "orders"}]}},
    },
    "slos": [
        {"name": name, "service": "orders", "objective": 99.0, "sli": sli}
        for name, sli in (
            ("delivery", {"eventbridge": _OF_RULES}),
            ("lag", {"nats_lag": _OF_LAG}),
            ("each", {"nats_lag": {**_OF_LAG, "consumer": "w*", "by": "consumer"}}),
        )
    ],
}


class _Life(Clock):
    """A collector on the state in `folder`, with its NATS server and its AWS account."""

    def __init__(self, folder: Path, minute: int) -> None:
        self.cluster = Cluster(now=float(START + minute * 60), poll=minute, consumers=1, lives=20)
        self.wall = self.monotonic = lambda: self.cluster.now
        system = System.model_validate({**_SPEC, "state_dir": str(folder)})
        nats = SourceHealth("main", "nats", True, 60.0, 300.0)
        aws = SourceHealth("account", "aws", True, 60.0, 300.0)
        self._errors: Counter[str] = Counter()
        state = open_state(folder, lambda reason: self._errors.update([reason]))
        self.collector = Collector(
            system, state, [nats, aws], [], [], state_errors=self._errors, clock=self
        )
        tracker = self.collector.trackers["main"]
        accounts = tracker.accounts  # type: ignore[attr-defined]
        spec = system.sources.nats["main"]
        self._source = cluster_by_http("main", spec, self.cluster, self.wall, accounts)
        self._nats, self._aws = nats, aws

    def poll(self) -> None:
        """A minute later."""
        self.cluster.next(60.0)
        # Without the clock that is never set, which does not know of simulated time.
        snapshot = replace(self._source.poll(), steady=None)
        self.collector.record_poll(self._nats, snapshot, self.cluster.now)
        self.collector.record_poll(self._aws, self._events(), self.cluster.now)
        lacking = self.collector.objectives.lacking_history(self._aws.name)
        self.collector.take_history([PastEvents(each, ()) for each in lacking])

    def _events(self) -> AwsSnapshot:
        minutes = range(START, int(self.cluster.now) - 120, 60)
        invoked = {at: 10.0 + at // 60 % 7 for at in minutes}
        failed = {at: float(at // 60 % 5 == 0) for at in minutes}
        points = {
            (rule, metric): values
            for rule in (PAID, SENT)
            for metric, values in (("Invocations", invoked), ("FailedInvocations", failed))
        }
        return aws_snapshot(self.cluster.now, points)

    def told(self) -> list[str]:
        """The samples that say what it knows."""
        body = self.collector.exposition.body(openmetrics=False, gzip=False).decode()
        return sorted(line for line in body.splitlines() if line.startswith(_TOLD))

    def close(self) -> None:
        """Save the state. Raises AssertionError where the state file had a fault."""
        self._source.close()
        self.collector.close()
        assert not self._errors, self._errors


def lived(folder: Path) -> str:
    """The SQL of the state file that a collector in `folder` leaves."""
    life = _Life(folder, 0)
    for _ in range(_MINUTES):
        life.poll()
    life.close()
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        return "\n".join([f"PRAGMA user_version = {version};", *connection.iterdump(), ""])


def restored(folder: Path, sql: str) -> None:
    """Make the state file of this SQL in `folder`."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        connection.executescript(sql)


def told_after(folder: Path) -> Collection[str]:
    """What a collector tells that goes on from the state in `folder`, after one poll."""
    life = _Life(folder, _MINUTES)
    life.cluster.poll -= 2  # a new leader that is a little behind
    life.poll()
    found = life.told()
    life.close()
    return found
