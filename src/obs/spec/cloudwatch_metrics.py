"""CloudWatch metrics that a spec names: which series, which statistic, and what a gap means."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PrivateAttr, model_validator

from obs import catalogue
from obs.catalogue.cloudwatch_names import (
    UNITS,
    derived_name,
    is_counted,
    label_of,
    named_metric,
    per_unit,
    usual_unit,
)
from obs.catalogue.metric import AwsMetric, Kind, Metric, Missing
from obs.spec.globs import is_plain
from obs.spec.model import Glob, Matching, Model, wrong
from obs.spec.quantity import Duration, within

MINUTE: Final = 60
DAY: Final = 86_400
_MOST_DIMENSIONS: Final = 30  # of a metric, says CloudWatch

_OWN_WORDS: Final = frozenset(name.split("_")[0] for name in catalogue.BY_NAME) - {"aws"} | {
    *("cloudwatch", "process", "python", "up"),
}
"""What the names of obs' own metrics begin with."""

Namespace = Annotated[
    str,
    Field(max_length=255, examples=["AWS/Lambda"]),
    Matching(r"^[^:\x00-\x1f\s][^:\x00-\x1f]*$", "a namespace, for example AWS/Lambda"),
]
MetricName = Annotated[str, Field(min_length=1, max_length=255, examples=["Errors"])]
DimensionName = Annotated[
    str,
    Field(max_length=255),
    Matching(r"^[^:\x00-\x1f\s][^\x00-\x1f]*$", "a dimension's name, for example FunctionName"),
]
Statistic = Annotated[
    str,
    Field(max_length=16, examples=["Sum", "p99"]),
    Matching(
        r"^(Sum|Average|Minimum|Maximum|SampleCount|IQM"
        r"|(p|tm|wm)([0-9]|[1-9][0-9])(\.[0-9]{1,10})?|(p|tm|wm)100)$",
        "Sum, Average, Minimum, Maximum, SampleCount, a percentile such as p99 or p99.9, or a "
        "trimmed mean such as tm90",
    ),
]
"""A statistic as GetMetricData takes it."""
CountedStatistic = Literal["Sum", "SampleCount"]
Meaning = Literal["sparse", "heartbeat", "level"]
"""What it means that CloudWatch has no value for a period."""


class MetricSelection(Model):
    """The series of a CloudWatch metric: those with exactly these dimensions."""

    namespace: Namespace
    """Namespace, for example AWS/Lambda or that of your own metrics."""
    name: MetricName
    """Name of the metric as CloudWatch writes it, for example Errors."""
    dimensions: Annotated[dict[DimensionName, Glob], Field(max_length=_MOST_DIMENSIONS)] = {}
    """All dimensions of the series by name, as values or globs (default: none). CloudWatch keeps
    series apart by all of their dimensions: one with more or other dimensions is another series."""

    @property
    def is_listed(self) -> bool:
        """Whether only CloudWatch can tell which series there are."""
        return not all(map(is_plain, self.dimensions.values()))

    @property
    def in_words(self) -> str:
        """For people: `AWS/Lambda Errors of FunctionName=oms-*`."""
        of = ", ".join(f"{name}={glob}" for name, glob in self.dimensions.items())
        return f"{self.namespace} {self.name}{f' of {of}' if of else ''}"


class CountedMetric(MetricSelection):
    """A CloudWatch metric whose values are numbers of events."""

    statistic: CountedStatistic = "Sum"
    """Sum of the values, or SampleCount: how many values were published."""


class MeasuredMetric(MetricSelection):
    """A statistic of a CloudWatch metric."""

    statistic: Statistic
    """Statistic of each period: Sum, Average, Minimum, Maximum, SampleCount, a percentile such as
    p99, or a trimmed mean such as tm90."""


class ExportedMetric(MeasuredMetric):
    """A CloudWatch metric that is exported."""

    missing: Meaning | None = None
    """What it means that CloudWatch has no value. `sparse`: nothing happened (exported as a
    counter). `heartbeat`: silence, shown as 0. `level`: unknown; the newest value stays for a
    second period, then the series goes. (default: sparse for Sum and SampleCount, else level)"""
    period: Annotated[Duration, within("1m", "1d")] = 60.0
    """Period of the values, whole minutes; read once a period if that is longer than `poll`. AWS
    publishes some metrics every five minutes, and storage once a day."""
    unit: Literal[tuple(UNITS)] | None = None  # type: ignore[valid-type]
    """Unit of the values as CloudWatch spells it; exported in the base unit, seconds for
    Milliseconds and a ratio for Percent (default: that of well-known metrics)."""
    exported_as: (
        Annotated[
            str,
            Field(max_length=128),
            Matching(r"^[a-z][a-z0-9_]*$", "a metric name of lower-case letters, digits and _"),
        ]
        | None
    ) = None
    """Name to export it by (default: derived, for example aws_lambda_errors_total)."""
    _listed_as: str = PrivateAttr("")

    @property
    def listed_as(self) -> str:
        """The metric by which its series are found; empty for its own."""
        return self._listed_as

    def found_by(self, name: str) -> "ExportedMetric":
        """The same of all objects that have the metric `name`: AWS does not list a count before
        something happened, and an object without it has had none."""
        found = self.model_copy()
        found._listed_as = name
        return found

    @property
    def meaning(self) -> Meaning:
        """What a gap means."""
        return self.missing or ("sparse" if is_counted(self.statistic) else "level")

    @property
    def exported_metric(self) -> Metric:
        """The family that it is exported as."""
        counter = self.meaning == "sparse"
        unit = self.unit or usual_unit(self.namespace, self.name)
        name = self.exported_as or derived_name(
            self.namespace, self.name, self.statistic, unit, counter=counter
        )
        gap = Missing.UNKNOWN if self.meaning == "level" else Missing.ZERO
        per = per_unit(self.statistic, unit)
        twin = AwsMetric(self.namespace, self.name, self.statistic, gap, per)
        kind = Kind.COUNTER if counter else Kind.GAUGE
        own = f"{self.namespace.removeprefix('AWS/')} {self.name}"
        title = own if counter else f"{own}, {self.statistic}"
        base = UNITS[unit].base
        return named_metric(name, kind, twin, tuple(self.dimensions), base=base, title=title)

    @model_validator(mode="after")
    def _can_be_exported(self) -> "ExportedMetric":
        counter = self.meaning == "sparse"
        if counter and not is_counted(self.statistic):
            raise wrong(
                f"{self.statistic} of nothing is not 0; write level, or statistic: Sum", "missing"
            )
        if self.period % MINUTE or DAY % self.period:
            raise wrong("write whole minutes of which a day has a whole number, as 5m", "period")
        name = self.exported_as
        if name is not None and counter != name.endswith("_total"):
            advice = "ends in _total" if counter else "does not end in _total, as counters do"
            raise wrong(
                f"the name of a {'counter' if counter else 'gauge'} {advice}", "exported_as"
            )
        if name is not None and name.split("_")[0] in _OWN_WORDS:
            raise wrong(f"{name} may be a metric of obs itself; choose another", "exported_as")
        _check_labels(self.dimensions)
        return self


def selections(part: Model) -> Iterator[MetricSelection]:
    """The metrics that a part of a spec has as fields."""
    yield from (value for _, value in part if isinstance(value, MetricSelection))


def clashes(named: Iterable[tuple[Any, ExportedMetric]]) -> Iterator[tuple[Any, str]]:
    """Metrics that become a family of another one; each comes with its place, which is returned.

    The same metric may be named several times, with other globs.
    """
    first: dict[str, tuple[ExportedMetric, Metric]] = {}
    for place, metric in named:
        family = metric.exported_metric
        other, known = first.setdefault(family.family, (metric, family))
        if known != family or other.period != metric.period:
            yield (
                place,
                f"{family.name} is also the name of {other.in_words}; write exported_as, so that "
                "no query adds up the two",
            )


def _check_labels(dimensions: Mapping[str, str]) -> None:
    labels: dict[str, str] = {}
    for name in dimensions:
        if (other := labels.setdefault(label_of(name), name)) != name:
            raise wrong(f"{name} and {other} become the same label", "dimensions")
