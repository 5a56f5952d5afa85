"""Prometheus names, base units and labels of CloudWatch metrics that a spec names.

A name is `aws_`, the service, the metric, the statistic unless it is a counter, the base unit, and
`_total` for a counter. Nothing of the catalogue begins with `aws_`, so the two never clash.
"""

import re
from dataclasses import dataclass
from typing import Final

from obs.catalogue.metric import AwsMetric, Kind, Metric, Missing

PREFIX: Final = "aws_"
SOURCE: Final = "aws"
"""The label with the name of the source."""
RESERVED_LABELS: Final = frozenset(
    (
        *(SOURCE, "environment", "system", "le", "quantile"),
        *("job", "instance", "namespace", "pod", "container", "endpoint", "service"),
    )
)
"""What every series of obs has, and what scraping adds."""

_BORDERS: Final = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])|(?<=Ingestion)(?=to)"
)
_ONE_WORD: Final = (("DynamoDB", "Dynamodb"), ("IoT", "Iot"), ("IPv", "Ipv"))
_COUNTED: Final = ("Sum", "SampleCount")
_STATISTICS: Final = {
    "Sum": "sum",
    "Average": "average",
    "Minimum": "min",
    "Maximum": "max",
    "SampleCount": "samples",
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of CloudWatch: `per_unit` of it are one of the `base` unit, a name's suffix."""

    base: str
    per_unit: float = 1.0
    alike: tuple[str, ...] = ()
    """Words at the end of a metric's name that the base unit replaces."""


UNITS: Final = {
    "Count": Unit("", alike=("count",)),
    "Seconds": Unit("seconds", alike=("seconds",)),
    "Milliseconds": Unit("seconds", 1e3, ("milliseconds", "millis")),
    "Microseconds": Unit("seconds", 1e6, ("microseconds",)),
    "Bytes": Unit("bytes", alike=("bytes",)),
    "Bits": Unit("bytes", 8.0, ("bits",)),
    "Megabytes": Unit("bytes", 2.0**-20, ("megabytes",)),
    "Percent": Unit("ratio", 100.0, ("percent", "percentage")),
    "Bytes/Second": Unit("bytes_per_second"),
    "Count/Second": Unit("per_second"),
    "None": Unit(""),
}
"""The units that a spec may write, as CloudWatch spells them."""

_MILLISECONDS: Final = (
    ("AWS/ApiGateway", ("Latency", "IntegrationLatency")),
    ("AWS/AppSync", ("Latency",)),
    ("AWS/DynamoDB", ("SuccessfulRequestLatency", "ReplicationLatency")),
    (
        "AWS/Events",
        (
            *("IngestiontoInvocationStartLatency", "IngestiontoInvocationCompleteLatency"),
            *("IngestionToInvocationSuccessLatency", "PutEventsLatency"),
        ),
    ),
    (
        "AWS/Lambda",
        ("Duration", "PostRuntimeExtensionsDuration", "IteratorAge", "AsyncEventAge"),
    ),
    ("AWS/S3", ("FirstByteLatency", "TotalRequestLatency")),
    ("AWS/States", ("ExecutionTime", "ActivityRunTime", "LambdaFunctionRunTime")),
)
_SECONDS: Final = (
    ("AWS/ApplicationELB", ("TargetResponseTime",)),
    ("AWS/ELB", ("Latency",)),
    ("AWS/RDS", ("ReadLatency", "WriteLatency", "ReplicaLag")),
    ("AWS/S3", ("ReplicationLatency",)),
    ("AWS/SQS", ("ApproximateAgeOfOldestMessage",)),
)
_BYTES: Final = (
    ("AWS/Events", ("PutEventsRequestSize",)),
    ("AWS/RDS", ("FreeStorageSpace", "FreeableMemory", "SwapUsage")),
    ("AWS/SNS", ("PublishSize",)),
    ("AWS/SQS", ("SentMessageSize",)),
    ("AWS/EC2", ("NetworkIn", "NetworkOut", "EBSReadBytes", "EBSWriteBytes")),
)
_PERCENT: Final = ("Utilization", "Percent", "Percentage")
_KNOWN: Final = {
    (namespace, metric): unit
    for unit, groups in (
        ("Milliseconds", _MILLISECONDS),
        ("Seconds", _SECONDS),
        ("Bytes", _BYTES),
    )
    for namespace, metrics in groups
    for metric in metrics
}
_BY_END: Final = (
    *(("Milliseconds", "Milliseconds"), ("Microseconds", "Microseconds"), ("Seconds", "Seconds")),
    *(("Bytes", "Bytes"), *((end, "Percent") for end in _PERCENT)),
)


def usual_unit(namespace: str, metric: str) -> str:
    """The unit that AWS documents for a metric, as far as it is known here, or its name says.

    CloudWatch does not tell it with the values. `None` where neither is known.
    """
    if (known := _KNOWN.get((namespace, metric))) is not None:
        return known
    if not namespace.startswith("AWS/") and metric.endswith(_PERCENT):
        return "None"  # of one's own a utilisation may well be a ratio
    return next((unit for end, unit in _BY_END if metric.endswith(end)), "None")


def is_counted(statistic: str) -> bool:
    """Whether the values of two periods add up."""
    return statistic in _COUNTED


def derived_name(namespace: str, metric: str, statistic: str, unit: str, *, counter: bool) -> str:
    """The name of a family; `unit` is one of UNITS."""
    of = UNITS[unit]
    words = snake_case(metric).split("_")
    if len(words) > 1 and words[-1] in (*of.alike, *(("count", "total") if counter else ())):
        words.pop()
    service = snake_case(namespace.removeprefix("AWS/"))
    parts = [service, "_".join(words)]
    if not counter or statistic != "Sum":
        parts.append(_STATISTICS.get(statistic) or snake_case(statistic))
    if of.base and statistic != "SampleCount":
        parts.append(of.base)
    return PREFIX + "_".join(filter(None, [*parts, "total" if counter else ""]))


def per_unit(statistic: str, unit: str) -> float:
    """How many of CloudWatch's values are one of ours; a number of samples has no unit."""
    return 1.0 if statistic == "SampleCount" else UNITS[unit].per_unit


def label_of(dimension: str) -> str:
    """The label of a dimension."""
    label = snake_case(dimension) or "dimension"
    return f"dimension_{label}" if label in RESERVED_LABELS or label[0].isdigit() else label


def snake_case(text: str) -> str:
    """`ApproximateAgeOfOldestMessage` as approximate_age_of_oldest_message."""
    for words, word in _ONE_WORD:
        text = text.replace(words, word)
    return re.sub(r"[^a-z0-9]+", "_", _BORDERS.sub("_", text).lower()).strip("_")


def named_metric(
    name: str, kind: Kind, aws: AwsMetric, dimensions: tuple[str, ...], *, base: str, title: str
) -> Metric:
    """The family of a CloudWatch metric, with a label for each of its dimensions; `base` is its
    base unit."""
    said = f"{aws.statistic} of {aws.metric} in {aws.namespace}, of the newest complete period."
    if kind is Kind.COUNTER:
        said = f"{aws.metric} in {aws.namespace}, counted from CloudWatch's {aws.statistic}."
    return Metric(
        name,
        kind,
        said,
        (SOURCE, *(label_of(dimension) for dimension in dimensions)),
        unit=base
        if base in ("seconds", "bytes", "ratio")
        and name.removesuffix("_total").endswith(f"_{base}")
        else "",
        title=title,
        absent="" if aws.missing is Missing.ZERO else "CloudWatch has no value",
        aws=aws,
    )
