"""What a metric is: its name, kind, unit, labels, help, and its counterpart in CloudWatch."""

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
    """The CloudWatch twin of a metric that obs itself publishes with PutMetricData.

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
    """One metric family. `unit` is the name's unit suffix, empty where it has none."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    unit: str = ""
    aws: AwsMetric | None = None
    cloudwatch: Published | None = None

    @property
    def family(self) -> str:
        """The family's name in OpenMetrics: without `_total` or `_info`."""
        return self.name.removesuffix("_total").removesuffix("_info")

    @property
    def twin(self) -> AwsMetric:
        """The metric of AWS that it is made from. Raises ValueError where there is none."""
        if self.aws is None:
            raise ValueError(f"{self.name} is made from no metric of AWS")
        return self.aws


def gauge(
    name: str,
    labels: tuple[str, ...],
    help: str,
    unit: str = "",
    *,
    aws: AwsMetric | None = None,
    cloudwatch: Published | None = None,
) -> Metric:
    """A value that goes up and down."""
    return Metric(name, Kind.GAUGE, help, labels, unit, aws, cloudwatch)


def counter(
    name: str, labels: tuple[str, ...], help: str, unit: str = "", *, aws: AwsMetric | None = None
) -> Metric:
    """A total that never falls; its name ends in `_total`."""
    return Metric(name, Kind.COUNTER, help, labels, unit, aws)


def info(name: str, labels: tuple[str, ...], help: str) -> Metric:
    """A constant 1 whose labels say something; its name ends in `_info`."""
    return Metric(name, Kind.INFO, help, labels)
