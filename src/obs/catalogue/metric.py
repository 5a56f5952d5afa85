"""What a metric is: its name, kind, unit, labels, help, and its counterpart in CloudWatch.

A `Metric` made here stands alone; `obs.catalogue.declare` is what adds one to the catalogue.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """Types of the exposition formats that obs uses."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"
    HISTOGRAM = "histogram"


class Missing(StrEnum):
    """What it means that AWS has no data point for a minute."""

    ZERO = "zero"  # published only when something happened
    UNKNOWN = "unknown"  # nothing to measure


@dataclass(frozen=True, slots=True)
class Published:
    """The CloudWatch metric that obs publishes with PutMetricData for a metric of ours.

    `dimensions` maps a CloudWatch dimension to the label it is filled from.
    """

    metric: str
    dimensions: tuple[tuple[str, str], ...]
    unit: str = "Count"


@dataclass(frozen=True, slots=True)
class AwsMetric:
    """A metric that an AWS service publishes; `per_unit` of its values are one unit of ours.

    `dimensions` maps each CloudWatch dimension to the label that is filled from it. Rules and
    queues, whose dimensions follow rules of their own, have none here.
    """

    namespace: str
    metric: str
    statistic: str
    missing: Missing
    per_unit: float = 1.0
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. `unit` is the name's unit suffix, empty where it has none.

    `title` is its short name on panels. `states` names its values from 0 where they stand for
    states. `absent` says what it means that there is no series, although its source answers.
    `lowest_counts`: where collectors tell different values the lowest stands, not the highest.
    `on_request`: not exported unless the spec includes it. `rare`: an object has a series
    only while something is out of the ordinary, or where the user has set it up. `buckets`: the
    upper bounds of a histogram's classic buckets, without infinity. `foreign`: another exporter has
    it, so its series have none of the labels of a system of obs.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    unit: str = ""
    title: str = ""
    states: tuple[str, ...] = ()
    absent: str = ""
    aws: AwsMetric | None = None
    cloudwatch: Published | None = None
    lowest_counts: bool = False
    on_request: bool = False
    rare: bool = False
    buckets: tuple[float, ...] = ()
    foreign: bool = False

    def with_labels(self, chosen: tuple[str, ...]) -> "Metric":
        """The same metric with labels of the user's choice after its own."""
        return replace(self, labels=(*self.labels, *chosen))

    @property
    def family(self) -> str:
        """The family's name in OpenMetrics: without `_total` or `_info`."""
        return self.name.removesuffix("_total").removesuffix("_info")

    @property
    def series(self) -> tuple[str, ...]:
        """The names of its series: of a histogram also those of the classic one."""
        if self.kind is not Kind.HISTOGRAM:
            return (self.name,)
        return (self.name, *(f"{self.name}_{part}" for part in ("bucket", "count", "sum")))

    @property
    def display_title(self) -> str:
        """Its title, or the words of its name where it has none."""
        return self.title or self.family.replace("_", " ").capitalize()

    @property
    def twin(self) -> AwsMetric:
        """The AWS metric that it is read from. Raises ValueError where there is none."""
        if self.aws is None:
            raise ValueError(f"{self.name} is not read from an AWS metric")
        return self.aws
