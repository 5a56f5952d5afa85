"""Delivery latency of rules: read rarely, and only for rules that were invoked."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from obs.catalogue import aws
from obs.clients.aws import AwsClient
from obs.clients.metric_data import Points
from obs.snapshot.aws import Latency, Rule
from obs.sources.aws.rule_series import rule_series

_POLLS: Final = (
    5  # polls per latency query, so that latencies add little cost to that of the counters
)
_LONGEST: Final = 300.0  # seconds, where polls themselves are not rarer
_PERIODS: Final = 2  # number of periods in which an event still gives the latency


def latency_period(poll: float) -> int:
    """Over how many seconds a latency is taken, and how often read; whole minutes.

    `poll` is the seconds between two polls.
    """
    return math.ceil(max(poll, min(_POLLS * poll, _LONGEST)) / 60) * 60


class Latencies:
    """Latencies of one source's rules, read once a `period` (seconds, whole minutes)."""

    def __init__(self, client: AwsClient, period: int) -> None:
        self._client = client
        self._period = period
        self._end = 0
        self._known: dict[Rule, Latency] = {}

    def read(
        self, rules: Iterable[Rule], points: Mapping[tuple[Rule, str], Points], settled: int
    ) -> dict[Rule, Latency]:
        """Latencies up to the last period that ended by `settled` (Unix seconds).

        `points` are the rules' counters: CloudWatch is queried only for rules that were
        invoked; it has no latency of others. Raises SourceError.
        """
        end = settled // self._period * self._period
        if end != self._end:  # also where the clock was set back
            start = end - _PERIODS * self._period
            busy = [rule for rule in rules if _invoked(points, rule, start, end)]
            self._known = self._read(busy, start, end)
            self._end = end
        return self._known

    def _read(self, rules: Iterable[Rule], start: int, end: int) -> dict[Rule, Latency]:
        average, maximum = (metric.twin for metric in aws.LATENCY_METRICS)
        # Side by side: several statistics of a metric cost as one if they are in one request.
        pairs = {rule: (rule_series(rule, average), rule_series(rule, maximum)) for rule in rules}
        series = [one for pair in pairs.values() for one in pair]
        data = self._client.metric_data(series, start, end, self._period, every=self._period)
        latencies: dict[Rule, Latency] = {}
        for rule, (averages, maxima) in pairs.items():
            newest = max(data[averages].keys() & data[maxima].keys(), default=None)
            if newest is not None:
                latencies[rule] = Latency(
                    data[averages][newest] / average.per_unit,
                    data[maxima][newest] / maximum.per_unit,
                )
        return latencies


def _invoked(points: Mapping[tuple[Rule, str], Points], rule: Rule, start: int, end: int) -> bool:
    invocations = points.get((rule, aws.INVOCATIONS.twin.metric), {})
    return any(start <= at < end and count > 0 for at, count in invocations.items())
