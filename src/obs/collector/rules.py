"""What the collector remembers of one AWS source: the true counters of its rules."""

import logging
from collections.abc import Callable

import msgspec

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.collector.state import State
from obs.series.aws import queue_families, rule_families
from obs.series.family import Family, KeptRows
from obs.slo.minutes import minute_of
from obs.slo.totals import CumulativeTotal, TotalState
from obs.snapshot import AwsSnapshot, Rule

log = logging.getLogger(__name__)

_KIND = "cloudwatch_total"
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(TotalState).decode
_SEPARATOR = "\x1f"  # occurs in no name


class RuleCounters:
    """Counters of every rule of one source, kept over restarts."""

    def __init__(self, source: str, state: State, on_damage: Callable[[], None]) -> None:
        self._source = source
        self._state = state
        self._kept = KeptRows()
        self._totals: dict[tuple[Rule, str], CumulativeTotal] = {}
        for key, value in state.entries(_KIND).items():
            saved_source, bus, rule, metric = key.split(_SEPARATOR)
            if saved_source != source:
                continue
            try:
                self._totals[Rule(bus, rule), metric] = CumulativeTotal.restored(_DECODE(value))
            except msgspec.DecodeError:
                on_damage()
                log.warning("state of %s %s %s is unreadable; it starts anew", bus, rule, metric)
        self.snapshot: AwsSnapshot | None = None

    def absorb(self, snapshot: AwsSnapshot) -> list[Family]:
        """Count what is new in the snapshot's points; gives the source's families."""
        self.snapshot = snapshot
        for rule in snapshot.rules:
            for metric in aws.RULE_METRICS:
                self._absorb_points(rule, _twin(metric), snapshot)
        since = min(
            (total.since for total in self._totals.values()), default=minute_of(snapshot.at)
        )
        return [
            *rule_families(self._source, snapshot.rules, self._total, since, self._kept),
            *queue_families(self._source, snapshot.queues, self._kept),
        ]

    def _absorb_points(self, rule: Rule, metric: str, snapshot: AwsSnapshot) -> None:
        total = self._totals.get((rule, metric))
        if total is None:
            total = self._totals[rule, metric] = CumulativeTotal(minute_of(snapshot.at))
        total.absorb(snapshot.points.get((rule, metric), {}))
        if changed := total.changed():
            key = _SEPARATOR.join((self._source, rule.bus, rule.name, metric))
            self._state.put(_KIND, key, _ENCODE(changed))

    def _total(self, rule: Rule, metric: Metric) -> float:
        return self._totals[rule, _twin(metric)].total


def _twin(metric: Metric) -> str:
    assert metric.aws is not None
    return metric.aws.metric
