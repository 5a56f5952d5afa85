"""One AWS source: what polls read of it, its history, and what it costs."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from obs.catalogue import aws as catalogue
from obs.clients.aws import AwsClient
from obs.clients.aws_cost import METRIC_REQUESTED, Estimate
from obs.clients.aws_limits import all_within, seconds_of_call
from obs.clients.metric_data import Points
from obs.errors import SourceError
from obs.slo.totals import HORIZON_SECONDS
from obs.snapshot.aws import AwsSnapshot, Rule, RuleKey
from obs.snapshot.cloudwatch import AskedMetric, Reading, SeriesPoints
from obs.sources.aws.asked import AskedCounters
from obs.sources.aws.inventory import Inventory, take_inventory
from obs.sources.aws.memory import Memory
from obs.sources.aws.metric_counters import asked_metrics
from obs.sources.aws.metric_polls import MetricPolls
from obs.sources.aws.metric_reader import MetricReader
from obs.sources.aws.parts import Covered, Part, Poll
from obs.sources.aws.past import Past, time_text
from obs.sources.aws.poll_costs import PollCosts
from obs.sources.aws.queue_polls import QueuePolls
from obs.sources.aws.rule_polls import RulePolls, all_series
from obs.sources.aws.services.polls import ServicePolls
from obs.sources.aws.tags import TagReader
from obs.spec.aws import AwsSource

PERIOD: Final = 60
HISTORY_METRICS: Final = (
    catalogue.INVOCATIONS,
    catalogue.FAILED_INVOCATIONS,
    catalogue.DEAD_LETTERED,
    catalogue.DEAD_LETTER_FAILURES,
)

_log = logging.getLogger(__name__)

RulePoints = dict[RuleKey, Points]


class EventBridge:
    """What one AWS source polls. Methods block; poll from one thread at a time.

    `clock` returns Unix seconds; `memory` has what a poll has to know of earlier ones.
    """

    def __init__(
        self,
        name: str,
        spec: AwsSource,
        client: AwsClient,
        clock: Callable[[], float],
        memory: Memory | None = None,
    ) -> None:
        self.name = name
        self._spec = spec
        self._client = client
        self._clock = clock
        memory = memory or Memory()
        of_the_spec = asked_metrics(spec.metrics)
        self._asked = memory.asked or (lambda: of_the_spec)
        self._inventory: Inventory | None = None
        self._tags = TagReader(name, client, spec)
        self._counters = AskedCounters(HORIZON_SECONDS)
        self._costs = PollCosts(name, spec, self._counters, memory.spending)
        self._metrics = MetricReader(name, client, spec.poll)
        self._past = Past(name, client, clock)
        self._parts: tuple[Part[Any], ...] = (
            ServicePolls(spec, client, memory, self._past),
            RulePolls(spec, client, self._counters, memory, self._past),
            QueuePolls(name, spec, client, memory, self._past),
            MetricPolls(spec, self._metrics, memory),
        )

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
        covered = self._covered(at)
        pace = self._costs.pace(covered, at)
        settled = int(at - self._spec.delay) // PERIOD * PERIOD
        poll = Poll(at, settled - HORIZON_SECONDS, settled, covered, pace)
        series = [part.series(poll) for part in self._parts]
        every = [one for each in series for one in each.values()]
        end = int(at) // PERIOD * PERIOD + PERIOD
        data = self._client.metric_data(every, poll.since, end, PERIOD)
        found = _of_the_inventory(poll)
        for part, of_part in zip(self._parts, series, strict=True):
            points = {key: data[one] for key, one in of_part.items()}
            found = part.read(poll, points, found)
        return found

    def history(self, rules: Iterable[Rule], start: float, end: float, period: int) -> RulePoints:
        """Points of HISTORY_METRICS from `start` to before `end` (Unix seconds), by `period`.

        What AWS keeps no longer at that period (`retention`) is not there. Raises SourceError where
        AWS does not answer in full.
        """
        return self._past.read(all_series(rules, HISTORY_METRICS), start, end, period)

    def metric_history(
        self, asked: Mapping[AskedMetric, Reading], start: float, end: float, period: int
    ) -> Mapping[AskedMetric, SeriesPoints]:
        """Points of the series of these readings from `start` to before `end`, as `history`."""
        first, last = (-(-int(each) // period) * period for each in (start, end))
        number = sum(len(reading.points) for reading in asked.values())
        _log.info(
            "%s: reading %d metrics from %s to %s, for about $%.4f",
            *(self.name, number, time_text(first), time_text(last), number * METRIC_REQUESTED),
        )
        return self._metrics.history(asked, first, last, period, self._clock())

    def estimate(self, *, published: int = 0, publish_every: float = 60.0) -> Estimate:
        """Cost of polling the current rules and queues; listing is free, except for queues.

        `published` custom metrics are written every `publish_every` seconds.
        Raises SourceError.
        """
        covered = self._covered(self._clock())
        return self._costs.estimate(covered, published=published, publish_every=publish_every)

    def _covered(self, at: float) -> Covered:
        inventory, asked = self._current_inventory(at), self._asked()
        return Covered(inventory, asked, self._metrics.current(asked, at))

    def _current_inventory(self, at: float) -> Inventory:
        known = self._inventory
        # An old inventory must expire even if the clock was set back.
        if known is not None and 0 <= at - known.at < self._spec.inventory_every:
            return known
        try:
            tags = self._tags.read(at)
            self._inventory = take_inventory(self._client, self._spec, at, tags)
        except SourceError as error:
            if known is None:
                raise
            _log.warning("%s: keeping the rules known so far: %s", self.name, error)
            return known
        self._counters.note(self._inventory.targets, at)
        return self._inventory


def _of_the_inventory(poll: Poll) -> AwsSnapshot:
    """What the inventory says of a poll; each part adds what it finds."""
    inventory = poll.inventory
    return AwsSnapshot(
        at=poll.at,
        since=poll.since,
        settled=poll.settled,
        rules=inventory.rules,
        targets=inventory.targets,
        points={},
        queues=(),
        left_out=dict(inventory.left_out),
        listed=inventory.at,
        names=inventory.names,
        tags=inventory.tags,
    )
