"""CloudWatch metrics that a spec names as families."""

from collections.abc import Mapping

from obs.catalogue.metric import Kind, Metric
from obs.families.family import Family, RowCache, Value, whole
from obs.snapshot.cloudwatch import Dimensions


def metric_family(
    metric: Metric,
    source: str,
    values: Mapping[Dimensions, Value],
    since: float,
    cache: RowCache,
) -> Family:
    """The series of a named metric by their dimensions; counters were 0 at `since`."""
    series = sorted(values)
    rows = cache.rows(metric.name, [(source, *(value for _, value in each)) for each in series])
    begun = since if metric.kind is Kind.COUNTER else None
    return Family(metric, rows, [whole(values[each]) for each in series], begun)
