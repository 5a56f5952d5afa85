"""EventBridge rules: their CloudWatch points over the last hours, and their queues."""

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from obs.catalogue import aws as catalogue
from obs.catalogue.metric import Metric
from obs.clients.aws import AwsClient
from obs.clients.aws_cost import Estimate, estimate
from obs.clients.aws_limits import all_within, seconds_of_call
from obs.clients.metric_data import MetricSeries, Points
from obs.errors import SourceError
from obs.snapshot import AwsSnapshot, Rule
from obs.sources.aws.inventory import Inventory, take_inventory
from obs.sources.aws.latency import Latencies, latency_period
from obs.sources.aws.missed import FindUncounted, spans
from obs.sources.aws.rule_series import rule_series
from obs.sources.aws.sqs import age_series, read_queues
from obs.spec.aws import AwsSource

HORIZON: Final = 3 * 3600  # seconds in which a late or corrected point is still seen
PERIOD: Final = 60
HISTORY_METRICS: Final = (
    catalogue.INVOCATIONS,
    catalogue.FAILED_INVOCATIONS,
    catalogue.DEAD_LETTERED,
    catalogue.DEAD_LETTER_FAILURES,
)
_DAY: Final = 86_400
_RETENTION: Final = ((3600, 455 * _DAY), (300, 63 * _DAY), (60, 15 * _DAY))  # period, seconds

_log = logging.getLogger(__name__)

RulePoints = dict[tuple[Rule, str], Points]


class EventBridge:
    """The rules and queues of one AWS source. Methods block; poll from one thread at a time.

    `clock` returns Unix seconds; `uncounted` says what the counters lack from before a poll.
    """

    def __init__(
        self,
        name: str,
        spec: AwsSource,
        client: AwsClient,
        clock: Callable[[], float],
        uncounted: FindUncounted = lambda rules, until: None,
    ) -> None:
        self.name = name
        self._spec = spec
        self._client = client
        self._clock = clock
        self._uncounted = uncounted
        self._inventory: Inventory | None = None
        self._latencies = Latencies(client, latency_period(spec.poll))

    def poll(self) -> AwsSnapshot:
        """The current snapshot, within `poll_seconds`.

        Raises SourceError rather than return part of it.
        """
        with all_within(self.poll_seconds):
            return self._poll()

    @property
    def poll_seconds(self) -> float:
        """Seconds that a poll may take: four timeouts of a request, or the interval if longer."""
        return max(seconds_of_call(self._spec.timeout), self._spec.poll)

    def _poll(self) -> AwsSnapshot:
        at = self._clock()
        inventory = self._current_inventory(at)
        self._check_budget(inventory)
        settled = int(at - self._spec.delay) // PERIOD * PERIOD
        since = settled - HORIZON
        rules = _all_series(inventory.rules, catalogue.RULE_METRICS)
        ages = [age_series(queue.name) for queue in inventory.queues]
        end = int(at) // PERIOD * PERIOD + PERIOD
        data = self._client.metric_data([*rules.values(), *ages], since, end, PERIOD)
        points = {key: data[series] for key, series in rules.items()}
        queues, left_out = read_queues(self._client, inventory.queues, data, settled)
        missed = self._missed(inventory.rules, since)
        return AwsSnapshot(
            at=at,
            since=since,
            settled=settled,
            rules=inventory.rules,
            targets=inventory.targets,
            points=points,
            queues=queues,
            left_out=dict(inventory.left_out + left_out),
            latencies=self._latencies.read(inventory.rules, points, settled),
            listed=inventory.at,
            names=inventory.names,
            missed=missed,
        )

    def history(self, rules: Iterable[Rule], start: float, end: float, period: int) -> RulePoints:
        """Points of HISTORY_METRICS from `start` to before `end` (Unix seconds), by `period`.

        What AWS keeps no longer at that period (`retention`) is not there. Raises SourceError where
        AWS does not answer in full.
        """
        return self._past(_all_series(rules, HISTORY_METRICS), start, end, period)

    def _missed(self, rules: Iterable[Rule], until: int) -> RulePoints:
        """Points before `until` that the counters lack; none while polls follow each other."""
        uncounted = self._uncounted(rules, until)
        if uncounted is None:
            return {}
        _log.info("%s: reading what happened since %s", self.name, _text(uncounted.since))
        series = _all_series(rules, catalogue.RULE_METRICS)
        found: RulePoints = {key: {} for key in series}
        for span in spans(uncounted, until):
            for key, points in self._past(series, *span).items():
                found[key].update(points)
        return found

    def _past(
        self,
        series: Mapping[tuple[Rule, str], MetricSeries],
        start: float,
        end: float,
        period: int,
    ) -> RulePoints:
        oldest = self._clock() - retention(period)
        first = -(-int(max(start, oldest)) // period) * period
        last = -(-int(end) // period) * period
        if first >= last:
            return {key: {} for key in series}
        data = self._client.metric_data([*series.values()], first, last, period, every=0)
        return {key: data[one] for key, one in series.items()}

    def estimate(self, *, published: int = 0, publish_every: float = 60.0) -> Estimate:
        """Cost of polling the current rules and queues; listing is free, except for queues.

        `published` custom metrics are written every `publish_every` seconds.
        Raises SourceError.
        """
        inventory = self._current_inventory(self._clock())
        return self._cost(inventory, published, publish_every)

    def _cost(
        self, inventory: Inventory, published: int = 0, publish_every: float = 60.0
    ) -> Estimate:
        return estimate(
            rules=len(inventory.rules),
            queues=len(inventory.queues),
            poll=self._spec.poll,
            latency_every=latency_period(self._spec.poll),
            published=published,
            publish_every=publish_every,
        )

    def _check_budget(self, inventory: Inventory) -> None:
        """Raise before the first paid request, or after rules were added, if it is over budget."""
        budget = self._spec.monthly_budget_dollars
        dollars = self._cost(inventory).dollars
        if budget is not None and dollars > budget:
            raise SourceError(
                "budget",
                f"would cost about ${dollars:,.2f} a month, above monthly_budget_dollars "
                f"{budget:g}; raise it, poll less often or choose fewer rules",
            )

    def _current_inventory(self, at: float) -> Inventory:
        known = self._inventory
        # An old inventory must expire even if the clock was set back.
        if known is not None and 0 <= at - known.at < self._spec.inventory_every:
            return known
        try:
            self._inventory = take_inventory(self._client, self._spec, at)
        except SourceError as error:
            if known is None:
                raise
            _log.warning("%s: keeping the rules known so far: %s", self.name, error)
            return known
        return self._inventory


def retention(period: int) -> int:
    """How long CloudWatch keeps points of a period, both in seconds; `period` is whole minutes.

    60 s for 15 d, 300 s for 63 d, 3 600 s for 455 d: CloudWatch user guide, metrics retention.
    """
    return next(age for shortest, age in _RETENTION if period >= shortest)


def _all_series(
    rules: Iterable[Rule], metrics: Iterable[Metric]
) -> dict[tuple[Rule, str], MetricSeries]:
    twins = [metric.aws for metric in metrics if metric.aws is not None]
    return {(rule, twin.metric): rule_series(rule, twin) for rule in rules for twin in twins}


def _text(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
