"""A part of a poll: one kind of objects, and what is read of them."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from obs.catalogue import aws as catalogue
from obs.catalogue.metric import Metric
from obs.clients.metric_data import MetricSeries, Points
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.cloudwatch import AskedMetric
from obs.sources.aws.budget import Pace, Stage
from obs.sources.aws.inventory import Inventory
from obs.sources.aws.metric_listing import Listing
from obs.sources.aws.metric_reader import Asked

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Covered:
    """What polls cover: the objects that exist, and the named metrics with their series."""

    inventory: Inventory
    asked: Asked
    listings: Mapping[AskedMetric, Listing]


@dataclass(frozen=True, slots=True)
class Poll:
    """One poll at the time `at`: points are read from `since` on, those before `settled` are
    complete. All in Unix seconds. `pace` is None where no budget slows it down.
    """

    at: float
    since: int
    settled: int
    covered: Covered
    pace: Pace | None

    @property
    def inventory(self) -> Inventory:
        """The objects that exist."""
        return self.covered.inventory

    @property
    def counters(self) -> Sequence[Metric]:
        """The counters of rules to ask for."""
        return self.pace.counters if self.pace else catalogue.RULE_METRICS

    @property
    def needed_only(self) -> bool:
        """Whether the budget is spent, so that only what alerts and SLOs need is read."""
        return self.pace is not None and self.pace.stage is Stage.OVER


class Part(ABC, Generic[Key]):
    """One kind of what is polled. Methods block.

    As it stands, its series are none of those that a poll asks for together.
    """

    def series(self, poll: Poll) -> Mapping[Key, MetricSeries]:
        """What is read from CloudWatch since the start of the poll, by the part's own keys."""
        return {}

    @abstractmethod
    def read(self, poll: Poll, points: dict[Key, Points], found: AwsSnapshot) -> AwsSnapshot:
        """The snapshot with what the part found; `points` are those of its series.

        Raises SourceError rather than leave something out.
        """
