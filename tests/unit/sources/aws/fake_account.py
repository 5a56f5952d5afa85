"""An AWS account whose truth is known, and a collector's source that polls it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries, Points, billed_metrics
from obs.errors import SourceError
from obs.snapshot.aws import AwsSnapshot
from obs.sources.aws.eventbridge import EventBridge
from obs.sources.aws.retention import retention
from obs.sources.aws.tracker import AwsTracker
from obs.spec.aws import AwsSource
from obs.state import open_state

MINUTE, HOUR, DAY = 60, 3600, 86_400
START = 1_800_000_000 // HOUR * HOUR + 17 * MINUTE


class FakeAccount:
    """Answers as a client of it does: without rules and queues, with points by the value of a
    series' last dimension."""

    def __init__(self) -> None:
        self.now = float(START)
        self.points: dict[str, dict[int, float]] = defaultdict(dict)
        self.requests: list[tuple[int, int, int]] = []
        self.billed = 0
        self.down = False

    def add(self, name: str, count: float, at: float | None = None) -> None:
        """Something happened now, or at another time (Unix seconds)."""
        minute = int(self.now if at is None else at) // MINUTE * MINUTE
        of = self.points[name]
        of[minute] = of.get(minute, 0.0) + count

    def event_buses(self) -> dict[str, str]:
        self.answer()
        return {}

    def metric_data(
        self, series: Sequence[MetricSeries], start: int, end: int, period: int, **_: object
    ) -> dict[MetricSeries, Points]:
        self.answer()
        assert start % period == end % period == 0
        assert start >= self.now - retention(period)
        self.requests.append((start, end, period))
        self.billed += billed_metrics(series)
        return {each: self._sums(each, start, end, period) for each in series}

    def answer(self) -> None:
        if self.down:
            raise SourceError("connection", "AWS is unreachable")

    def counts(self, series: MetricSeries) -> Mapping[int, float]:
        """What happened, by minute."""
        return self.points[series.dimensions[-1][1]]

    def _sums(self, series: MetricSeries, start: int, end: int, period: int) -> Points:
        sums: Points = {}
        for minute, count in self.counts(series).items():
            bucket = minute // period * period
            if start <= bucket < end and minute <= self.now:
                sums[bucket] = sums.get(bucket, 0.0) + count
        return sums


class RunningSource:
    """The source and its counters, which may be killed and started again."""

    def __init__(self, cloud: FakeAccount, folder: Path) -> None:
        self.cloud, self.folder = cloud, folder
        self.shown: dict[tuple[str, str], Any] = {}
        """By the name of a metric and the value of its last label."""
        self.start()

    def start(self, **spec: object) -> None:
        self.state = open_state(self.folder, pytest.fail)
        given = AwsSource.model_validate({"region": "us-east-1", **spec})
        self.counters = AwsTracker("aws", self.state, pytest.fail, given.selection, given.metrics)
        client = cast("AwsClient", self.cloud)
        self.source = EventBridge(
            "aws", given, client, lambda: self.cloud.now, self.counters.memory
        )

    def restart(self, **spec: object) -> None:
        self.state.close()
        self.start(**spec)

    def poll(self) -> AwsSnapshot:
        snapshot = self.source.poll()
        self.shown = {
            (family.metric.name, row[-1]): value
            for family in self.counters.update(snapshot)
            for row, value in zip(family.rows.values, family.values, strict=True)
        }
        self.state.flush()
        return snapshot

    def polls(self, count: int, every: float = MINUTE) -> None:
        for _ in range(count):
            self.cloud.now += every
            self.poll()
