"""Which counters of a rule are asked for: CloudWatch charges for those without a point too."""

from collections.abc import Iterable, Sequence
from typing import Final

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.clients.metric_data import MetricSeries
from obs.snapshot.aws import Rule, RuleKey, RuleTarget
from obs.sources.aws.rule_series import rule_series

_OF_DEAD_LETTERS: Final = (aws.DEAD_LETTERED, aws.DEAD_LETTER_FAILURES)


class AskedCounters:
    """Leaves out the counters of dead letters where no target of a rule has a queue for them.

    They are asked for until `horizon` seconds after the queue was taken away: points come late.
    """

    def __init__(self, horizon: float) -> None:
        self._horizon = horizon
        self._listed = 0.0
        self._had_queue: dict[Rule, float] = {}

    def note(self, targets: Iterable[RuleTarget], at: float) -> None:
        """Take the targets that were listed at `at` (Unix seconds)."""
        self._listed = at
        self._had_queue.update({each.rule: at for each in targets if each.dead_letter_queue})

    def of(self, rules: Iterable[Rule], metrics: Sequence[Metric]) -> dict[RuleKey, MetricSeries]:
        """The series to ask for by rule and CloudWatch metric, without those that cannot have
        points.
        """
        return {
            (rule, metric.twin.metric): rule_series(rule, metric.twin)
            for rule in rules
            for metric in metrics
            if metric not in _OF_DEAD_LETTERS or self._has_queue(rule)
        }

    def _has_queue(self, rule: Rule) -> bool:
        had = self._had_queue.get(rule)
        return had is not None and self._listed - had <= self._horizon
