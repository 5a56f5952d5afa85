"""What a metric of ours is called in CloudWatch, and which of them can be published there.

A metric that declares no name of its own gets one from a rule: `nats_stream_bytes` is
`StreamBytes`, with the dimensions Nats, Stream, System and Environment. Several accounts may have
a stream of the same name, and an alarm, which needs the value of each dimension, is written before
the account is known: what has a stream has no dimension for its account, and each account's value
is a data point of the same series.
"""

from functools import cache
from typing import Final

from obs.catalogue.metric import Kind, Metric, Published

MOST_DIMENSIONS: Final = 30  # of a metric, the limit of AWS

_SYSTEM: Final = ("system", "environment")
"""Labels that every series has in the end, so that two systems may share a namespace."""
_UNITS: Final = (
    ("_timestamp_seconds", "None"),  # a moment, not a duration
    ("_seconds", "Seconds"),
    ("_bytes", "Bytes"),
    ("_percent", "Percent"),
    *((suffix, "None") for suffix in ("_ratio", "_rate", "_cores", "_per_month")),
)
"""CloudWatch's unit by how the name ends without `_total`; the first that fits."""


def why_unpublished(metric: Metric) -> str:
    """Why a metric cannot be published to CloudWatch; empty where it can."""
    if metric.aws is not None:
        return f"is read from CloudWatch, where it is {metric.aws.namespace} {metric.aws.metric}"
    if metric.kind is Kind.INFO:
        return "says what it says in labels, and CloudWatch has numbers only"
    if metric.kind not in (Kind.GAUGE, Kind.COUNTER):
        return f"is a {metric.kind}, of which CloudWatch would make a metric for each bucket"
    return ""


@cache
def published(metric: Metric) -> Published:
    """Name, dimensions and unit in CloudWatch: as declared, or by the rule.

    A counter's data points are what it grew by, never its total: statistic Sum.
    """
    if metric.cloudwatch is not None:
        return metric.cloudwatch
    own = [label for label in metric.labels if label != "account" or "stream" not in metric.labels]
    labels = (*own, *(label for label in _SYSTEM if label not in own))
    return Published(
        _camel(metric.name.removeprefix("nats_").removesuffix("_total")),
        tuple((_camel(label), label) for label in labels),
        _unit(metric),
    )


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _unit(metric: Metric) -> str:
    if metric.states:
        return "None"
    name = metric.name.removesuffix("_total")
    return next((unit for suffix, unit in _UNITS if name.endswith(suffix)), "Count")
