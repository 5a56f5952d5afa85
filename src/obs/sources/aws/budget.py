"""A monthly budget at run time, as arithmetic: how far it is spent, and how often to poll then.

Months are those of the calendar in UTC. All times are Unix seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.spec.quantity import format_duration

LONGEST_INTERVAL: Final = 300.0
"""Seconds between polls at most, where the spec's are not rarer: the shortest window of an alert
on rules has to see every poll."""
NEAR: Final = 0.8
"""Share of the month's budget from which on polls slow down, if the rest does not last."""
_AMPLE: Final = 0.95
"""Share of the budget that the month must fit in before polls are as often as before."""
_DAY: Final = 86_400.0

FOR_NO_ALERT: Final = (aws.TRIGGERED_RULES,)
"""Counters of rules that no alert and no SLO reads, as the latencies: the first to be left out."""


class Stage(IntEnum):
    """How much of a month's budget is spent; the numbers are those of the metric."""

    WITHIN = 0
    NEAR = 1
    OVER = 2


@dataclass(frozen=True, slots=True)
class Rates:
    """Dollars a month at the spec's interval: for everything, and for what alerts need only."""

    everything: float
    needed: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How to poll for now. Dollars of this month: its budget, spent so far, and spent at its end
    at this pace; `interval` in seconds. `budget` is None where the spec has none."""

    stage: Stage
    spent: float
    projected: float
    budget: float | None
    interval: float

    @property
    def counters(self) -> Sequence[Metric]:
        """The counters of rules to ask for."""
        if self.stage is not Stage.OVER:
            return aws.RULE_METRICS
        return [metric for metric in aws.RULE_METRICS if metric not in FOR_NO_ALERT]

    def in_words(self, poll: float) -> str:
        """What is different because of the budget, as a sentence; empty where nothing is."""
        if self.stage is Stage.WITHIN or self.budget is None:
            return ""
        spent = f"${self.spent:,.2f} of this month's ${self.budget:,.2f} are spent"
        every = f"polls every {format_duration(round(self.interval))}"
        slower = f"{every} instead of {format_duration(poll)}" * (self.interval > poll)
        if self.stage is Stage.NEAR:
            return f"near its budget: {spent}; it {slower or every}"
        without = "asks only for what alerts and SLOs need, without matched events and latencies"
        return f"over its budget: {spent}; it {slower and slower + ' and '}{without}"


def month_of(at: float) -> tuple[float, float]:
    """Start and end of the month."""
    day = datetime.fromtimestamp(at, UTC)
    start = datetime(day.year, day.month, 1, tzinfo=UTC)
    end = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
    return start.timestamp(), end.timestamp()


def share_of_month(since: float, month: tuple[float, float]) -> float:
    """The part of a month that is left from `since` on; a day at least, so that a first poll late
    in the month is not beyond its budget."""
    start, end = month
    return min(max(end - since, _DAY) / (end - start), 1.0)


def pace(
    budget: float | None,
    spent: float,
    *,
    since: float,
    at: float,
    poll: float,
    rates: Rates,
    before: Stage,
) -> Pace:
    """How to poll at `at`.

    `spent` dollars of this month were spent from `since` on; `poll` is the interval of the spec
    (seconds), `before` the stage until now.
    """
    start, end = month = month_of(at)
    left, seconds = max(end - at, 0.0), end - start
    full = rates.everything * left / seconds
    if budget is None:
        return Pace(Stage.WITHIN, spent, spent + full, None, poll)
    allowed = budget * share_of_month(since, month)
    slowest = max(poll, LONGEST_INTERVAL)
    if spent >= allowed:
        needed = rates.needed * left / seconds * poll / slowest
        return Pace(Stage.OVER, spent, spent + needed, allowed, slowest)
    enough = _AMPLE if before is Stage.NEAR else 1.0
    if spent < NEAR * allowed or spent + full <= enough * allowed:
        return Pace(Stage.WITHIN, spent, spent + full, allowed, poll)
    interval = min(poll * max(full / (allowed - spent), 1.0), slowest)
    return Pace(Stage.NEAR, spent, spent + full * poll / interval, allowed, interval)
