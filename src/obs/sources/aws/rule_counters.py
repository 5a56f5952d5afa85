"""The counters of one AWS source's rules."""

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.families.aws import rule_families
from obs.families.family import Family, RowCache
from obs.snapshot.aws import AwsSnapshot, Rule, RuleKey
from obs.sources.aws.counters import CounterKind, Counters


class RuleCounters(Counters[RuleKey]):
    """Counters of every rule of one source."""

    kind = CounterKind[RuleKey](
        totals="cloudwatch_total",
        last_poll="cloudwatch_poll",
        words=lambda key: (key[0].bus, key[0].name, key[1]),
        key=lambda bus, rule, metric: (Rule(bus, rule), metric),
    )

    def update(self, snapshot: AwsSnapshot, kept: RowCache) -> list[Family]:
        """Count what is new in the snapshot's points; returns the families of its rules."""
        keys = (
            (rule, metric.twin.metric) for rule in snapshot.rules for metric in aws.RULE_METRICS
        )
        self.count(snapshot, keys, snapshot.points, snapshot.missed, listed=snapshot.listed)
        return rule_families(
            *(self.source, snapshot.rules, self._total, self.since(), kept),
            not_asked=snapshot.not_asked,
        )

    def _total(self, rule: Rule, metric: Metric) -> float:
        return self.value((rule, metric.twin.metric))
