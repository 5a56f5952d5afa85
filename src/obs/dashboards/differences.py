"""What a page may say of a panel or of a column beyond its metric."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from obs.dashboards.field_options import Json, Query
from obs.dashboards.thresholds import ThresholdStep


class Shown(TypedDict, total=False):
    """Which values are shown.

    `expr` is PromQL instead of the metric's own. `window`, a duration, makes a counter's increase
    of its rate per second; `over` is the value of a metric's label `window`. `by` are the labels
    of the result, `total` is one number of all series, `highest` is how many series to show, and
    `ever` shows those that were above 0 at any moment of the time range.
    """

    expr: str
    window: str
    over: str
    by: Sequence[str]
    total: Literal["sum", "max", "min", "count"]
    highest: int
    ever: bool


class Differences(Shown, total=False):
    """What a panel has instead of what follows from its metric, its alert and its page.

    `alert` is the key of another panel, whose alerts apply here too. `queries` replace the single
    query. The others are those of FieldOptions.
    """

    title: str
    description: str
    alert: str
    legend: str
    queries: Sequence[Query]
    unit: str
    steps: Sequence[ThresholdStep]
    none: str
    decimals: float | None
    minimum: float | None
    maximum: float | None
    mappings: Sequence[Json]
    links: Sequence[Json]
    interval: str | None


class ColumnDifferences(Shown, total=False):
    """What a column has instead of what follows from its metric and its alert."""

    title: str
    alert: str
    unit: str
    steps: Sequence[ThresholdStep]
    mappings: Sequence[Json]
    decimals: float | None
    width: int | None
    gauge: tuple[float, float] | None
