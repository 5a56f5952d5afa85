"""What a metric is: its name, kind, unit, labels, help, and its counterpart in CloudWatch.

A `Metric` made here stands alone; `obs.catalogue.declare` is what adds one to the catalogue.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Types of the exposition formats that obs uses."""

    GAUGE = "gauge"
    COUNTER = "counter"
    INFO = "info"


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
    """A metric that an AWS service publishes; `per_unit` of its values are one unit of ours."""

    namespace: str
    metric: str
    statistic: str
    missing: Missing
    per_unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric family. `unit` is the name's unit suffix, empty where it has none.

    `title` is its short name on panels. `states` names its values from 0 where they stand for
    states. `absent` says what it means that there is no series, although its source answers.
    `lowest_counts`: where collectors tell different values the lowest stands, not the highest.
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

    @property
    def family(self) -> str:
        """The family's name in OpenMetrics: without `_total` or `_info`."""
        return self.name.removesuffix("_total").removesuffix("_info")

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
