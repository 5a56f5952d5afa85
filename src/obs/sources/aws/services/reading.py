"""The CloudWatch series of resources: what is asked of each, and what the answer says."""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from obs.catalogue import BY_NAME
from obs.catalogue.metric import AwsMetric, Kind, Missing
from obs.clients.aws import AwsClient
from obs.clients.aws_limits import all_within
from obs.clients.metric_data import MetricSeries, Points, billed_metrics
from obs.errors import SourceError
from obs.slo.windows import MINUTE
from obs.snapshot.aws_services import Resource, ResourceKey
from obs.sources.aws.services.kinds import BY_KEY

_log = logging.getLogger(__name__)

_HOLDS: Final = 300  # seconds before `settled` in which a level must have been reported

Series = dict[ResourceKey, MetricSeries]


def series_of(resources: Iterable[Resource], kind: Kind | None = None) -> Series:
    """The series of these resources: all, or those of a kind of metric.

    Several statistics of a metric are one to AWS if one request asks for them. So they come first
    and side by side: a batch has a whole number of pairs.
    """
    series = {
        (resource, metric.name): _series(resource, metric.twin)
        for resource in resources
        for metric in BY_KEY[resource.kind].metrics
        if metric.aws is not None and kind in (None, metric.kind)
    }
    statistics = Counter(map(_metric, series.values()))
    ordered = sorted(series, key=lambda key: statistics[_metric(series[key])] == 1)
    return {key: series[key] for key in ordered}


def is_counter(key: ResourceKey) -> bool:
    """Whether its metric is a counter."""
    return BY_NAME[key[1]].kind is Kind.COUNTER


@lru_cache(maxsize=64)  # each source asks several times at each poll
def billed(resources: tuple[Resource, ...]) -> int:
    """How many metrics AWS charges for at each poll."""
    return billed_metrics([*series_of(resources).values()])


def levels(
    points: Mapping[ResourceKey, Points], settled: int, poll: float
) -> dict[ResourceKey, float]:
    """The present value of each gauge that has points here, in our units, where there is one.

    Of minutes before `settled` (Unix seconds), which AWS has completed.
    """
    values = {
        key: level(metric.twin, each, settled, poll)
        for key, each in points.items()
        if (metric := BY_NAME[key[1]]).kind is Kind.GAUGE
    }
    return {key: value for key, value in values.items() if value is not None}


def told(
    client: AwsClient, resources: Iterable[Resource], at: float, seconds: float
) -> dict[ResourceKey, float]:
    """What the services' own APIs tell of these resources at `at` (Unix seconds).

    A service that does not answer within these seconds leaves out what only it knows.
    """
    watched = frozenset(resources)
    found: dict[ResourceKey, float] = {}
    for key in sorted({resource.kind for resource in watched}):
        try:
            with all_within(seconds):
                for name, metric, value in BY_KEY[key].told(client, at):
                    if (resource := Resource(key, name)) in watched:
                        found[resource, metric.name] = value
        except SourceError as error:
            _log.warning("%s; what it tells is left out", error)
    return found


def level(twin: AwsMetric, points: Points, settled: int, poll: float) -> float | None:
    """A gauge's present value; None where CloudWatch has none of the last minutes.

    An average is that of the newest minute. A maximum or a percentile is the highest of the minutes
    since the poll before, so that polls that are rare miss no peak. `poll` is in seconds.
    """
    span = math.ceil(poll / MINUTE) * MINUTE
    newest = max((at for at in points if at < settled), default=None)
    if newest is None or newest < settled - max(_HOLDS, span):
        return 0.0 if twin.missing is Missing.ZERO else None
    if twin.statistic == "Average":
        return points[newest] / twin.per_unit
    recent = [value for at, value in points.items() if newest - span < at <= newest]
    return max(recent) / twin.per_unit


def _series(resource: Resource, twin: AwsMetric) -> MetricSeries:
    dimensions = tuple((dimension, resource.name) for dimension, _ in twin.dimensions)
    return MetricSeries(twin.namespace, twin.metric, twin.statistic, dimensions)


def _metric(series: MetricSeries) -> tuple[object, ...]:
    """What it is a statistic of."""
    return series.namespace, series.metric, series.dimensions
