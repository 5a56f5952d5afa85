"""What a poll reads of rules: their counters, and the latency of those that were invoked."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from obs.catalogue import aws as catalogue
from obs.catalogue.metric import Metric
from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries, Points
from obs.slo.totals import HORIZON_SECONDS
from obs.snapshot.aws import AwsSnapshot, Rule, RuleKey
from obs.sources.aws.asked import AskedCounters
from obs.sources.aws.budget import FOR_NO_ALERT
from obs.sources.aws.latency import Latencies, latency_period
from obs.sources.aws.memory import Memory
from obs.sources.aws.missed import Uncounted
from obs.sources.aws.parts import Part, Poll
from obs.sources.aws.past import Past
from obs.sources.aws.rule_series import rule_series
from obs.spec.aws import AwsSource


class RulePolls(Part[RuleKey]):
    """The rules of one source."""

    def __init__(
        self,
        spec: AwsSource,
        client: AwsClient,
        counters: AskedCounters,
        memory: Memory,
        past: Past,
    ) -> None:
        self._counters = counters
        self._memory = memory
        self._past = past
        self._latencies = Latencies(client, latency_period(spec.poll))

    def series(self, poll: Poll) -> dict[RuleKey, MetricSeries]:
        return self._counters.of(poll.inventory.rules, poll.counters)

    def read(self, poll: Poll, points: dict[RuleKey, Points], found: AwsSnapshot) -> AwsSnapshot:
        rules = poll.inventory.rules
        # What cannot have points, and so is not asked for, has none.
        keys = ((rule, metric.twin.metric) for rule in rules for metric in poll.counters)
        points = {key: points.get(key, {}) for key in keys}
        latencies = {} if poll.needed_only else self._latencies.read(rules, points, poll.settled)
        left_out = (metric for metric in FOR_NO_ALERT if metric not in poll.counters)
        return replace(
            found,
            points=points,
            missed=self._missed(poll, points),
            latencies=latencies,
            not_asked=frozenset(metric.twin.metric for metric in left_out),
        )

    def _missed(self, poll: Poll, asked: Collection[RuleKey]) -> dict[RuleKey, Points]:
        rules, until = poll.inventory.rules, poll.since
        missed = self._past.missed(
            self._memory.rules(asked, until),
            until,
            lambda: all_series(rules, catalogue.RULE_METRICS),
        )
        return missed if poll.needed_only else missed | self._left_out(rules, until)

    def _left_out(self, rules: Iterable[Rule], until: int) -> dict[RuleKey, Points]:
        """Points before `until` of metrics that were left out until now to save money."""
        spending = self._memory.spending
        since = spending.needed_only_since if spending else None
        if since is None or since - HORIZON_SECONDS >= until:
            return {}
        uncounted = Uncounted(int(since) - HORIZON_SECONDS, int(since))
        return self._past.missed(uncounted, until, lambda: all_series(rules, FOR_NO_ALERT))


def all_series(rules: Iterable[Rule], metrics: Iterable[Metric]) -> dict[RuleKey, MetricSeries]:
    """The series of these metrics of each of the rules."""
    twins = [metric.twin for metric in metrics]
    return {(rule, twin.metric): rule_series(rule, twin) for rule in rules for twin in twins}
