"""AWS charges for the requests of obs: list prices, spending so far, estimates.

Prices are the list prices of us-east-1 in dollars; free tiers are not deducted.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from obs.catalogue.aws import RULE_METRICS

METRIC_REQUESTED: Final = 0.01 / 1_000  # GetMetricData; up to five statistics of one metric are one
PUT_REQUEST: Final = 0.01 / 1_000  # PutMetricData
LIST_REQUEST: Final = 0.01 / 1_000  # ListMetrics
CUSTOM_METRIC_MONTH: Final = 0.30
SQS_REQUEST: Final = 0.40 / 1_000_000
PUT_EVENT: Final = 1.00 / 1_000_000  # PutEvents, of a custom event up to 64 KB
MONTH: Final = 730 * 3600.0  # seconds, as AWS' own calculator counts a month

_HOUR: Final = 3600.0
_RATE_WINDOW: Final = 3600.0  # seconds of spending that make the current rate
_METRICS_A_PUT: Final = 1_000


class CostMeter:
    """Dollars spent, and the rate at which they are being spent. Not thread-safe.

    `interval` is the seconds between two rounds of requests. All times are Unix seconds.
    """

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._rounds: dict[float, _Rounds] = {}
        self._published: dict[object, float] = {}
        self.total = 0.0
        """Dollars for requests since the start; custom metrics are charged by the month."""

    def spend(self, dollars: float, now: float, *, every: float | None = None) -> None:
        """Add to the total, and to the rate unless it is spent only once.

        `every` is the interval in seconds of other rounds than the polls; 0 for spending once.
        """
        self.total += dollars
        interval = self._interval if every is None else every
        if interval:
            self._rounds.setdefault(interval, _Rounds(interval)).add(dollars, now)

    def publish(self, metric: object, now: float) -> float:
        """Record that a custom metric was written; `metric` identifies it.

        Returns the dollars that this costs: AWS charges for each hour with a value.
        """
        before = self._published.get(metric)
        self._published[metric] = now
        paid = before is not None and before // _HOUR == now // _HOUR
        return 0.0 if paid else CUSTOM_METRIC_MONTH * _HOUR / MONTH

    def per_month(self, now: float) -> float:
        """Dollars a month at the current rate, with the metrics published in the last hour."""
        since = now - _RATE_WINDOW
        self._published = {name: at for name, at in self._published.items() if at >= since}
        rate = math.fsum(rounds.per_second(now) for rounds in self._rounds.values())
        return len(self._published) * CUSTOM_METRIC_MONTH + rate * MONTH


class _Rounds:
    """Recurring spending; amounts less than half an interval apart belong to one round."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._rounds: deque[tuple[float, float]] = deque()

    def add(self, dollars: float, now: float) -> None:
        if self._rounds and now - self._rounds[-1][0] < self._interval / 2:
            started, so_far = self._rounds.pop()
            self._rounds.append((started, so_far + dollars))
        else:
            self._rounds.append((now, dollars))
        while self._rounds[0][0] < now - _RATE_WINDOW:
            self._rounds.popleft()

    def per_second(self, now: float) -> float:
        """Dollars a second. n rounds count as n intervals, so one round gives the right rate."""
        rounds = [(at, dollars) for at, dollars in self._rounds if at >= now - _RATE_WINDOW]
        if not rounds:
            return 0.0
        span = max(rounds[-1][0] + self._interval, now) - rounds[0][0]
        return math.fsum(dollars for _, dollars in rounds) / span


@dataclass(frozen=True, slots=True)
class CostLine:
    """One kind of charge: how many units a month (metrics, requests) and their dollars."""

    what: str
    units: float
    dollars: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The monthly cost of a source, and the assumptions behind it."""

    lines: tuple[CostLine, ...]
    assumptions: tuple[str, ...]

    @property
    def dollars(self) -> float:
        """Dollars a month."""
        return math.fsum(line.dollars for line in self.lines)


def estimate(
    *,
    rules: int,
    queues: int,
    poll: float,
    latency_every: float,
    others: int = 0,
    published: int = 0,
    publish_every: float = 60.0,
    counters: int | None = None,
) -> Estimate:
    """Monthly cost of polling `rules` and `queues` every `poll` seconds, at most.

    `counters` is how many metrics of the rules a poll asks for, besides latencies; None: all.
    `others` are metrics of other objects that each poll reads. Each rule's latency is queried every
    `latency_every` seconds while the rule is invoked, here assumed to be always. `published` custom
    metrics are written every `publish_every` seconds.
    """
    polls = MONTH / poll
    asked = rules * len(RULE_METRICS) if counters is None else counters
    requested = (asked + queues + others) * polls + rules * MONTH / latency_every
    puts = math.ceil(published / _METRICS_A_PUT) * MONTH / publish_every
    lines = (
        CostLine("GetMetricData metrics", requested, requested * METRIC_REQUESTED),
        CostLine("SQS requests", queues * polls, queues * polls * SQS_REQUEST),
        CostLine("PutMetricData requests", puts, puts * PUT_REQUEST),
        CostLine("custom metrics", published, published * CUSTOM_METRIC_MONTH),
    )
    read = f"functions, topics, pipes and others: {others} metrics; " if others else ""
    return Estimate(
        tuple(line for line in lines if line.units),
        (
            f"rules: {rules}, with {_each(asked, rules)}; queues: {queues}; "
            f"{read}polled every {poll:g} s",
            f"latency is queried every {latency_every:g} s, assuming that no rule is ever idle",
            "list prices of us-east-1, without free tiers, for a month of 730 h",
            "listing buses, rules and targets is free; listing queues, retries and the history "
            "read at the first start and after hours without a poll are not included",
        ),
    )


def _each(counters: int, rules: int) -> str:
    each, rest = divmod(counters, rules) if rules else (len(RULE_METRICS), 0)
    return f"{counters} metrics in all" if rest else f"{each} metrics each"
