"""A family of samples as columns: one list of label values, one list of numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from obs.catalogue.metric import Kind, Metric
from obs.families.histogram import Histogram

Value = int | float | None  # None: this row has no sample of the metric


class Rows:
    """The label values of a family's rows, in the order of the metric's labels.

    Immutable and compared by identity, so that a sink can cache what it rendered for as long as it
    gets the same object: pass the same Rows while the label values are the same.
    """

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: Iterable[tuple[str, ...]]) -> None:
        self.values: tuple[tuple[str, ...], ...] = tuple(values)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one metric. `values[i]` belongs to `rows.values[i]`.

    `since` is when the counters began (Unix seconds), for sinks whose format has a start time;
    `restarts` has a later one of the rows, by index, that began anew.
    `histograms[i]` is that of row i, and `values[i]` its count; empty unless the metric's kind is
    histogram.
    """

    metric: Metric
    rows: Rows
    values: Sequence[Value]
    since: float | None = None
    histograms: Sequence[Histogram | None] = ()
    restarts: Mapping[int, float] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.values) - self.values.count(None)


def begun(families: Iterable[Family], since: float) -> list[Family]:
    """The same families, where counters and histograms that do not say when they began did so at
    `since`."""
    return [
        replace(family, since=since)
        if family.metric.kind in (Kind.COUNTER, Kind.HISTOGRAM) and family.since is None
        else family
        for family in families
    ]


SINGLE = Rows([()])  # of a metric without labels


def single(metric: Metric, value: Value) -> Family:
    """A family of one sample without labels."""
    return Family(metric, SINGLE, [value])


def whole(value: Value) -> Value:
    """The value, as an int where it is a whole number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class RowCache:
    """Returns the same Rows object while the label values stay the same."""

    def __init__(self) -> None:
        self._by_name: dict[str, Rows] = {}

    def rows(self, name: str, values: Sequence[tuple[str, ...]]) -> Rows:
        """Rows with these label values; `name` identifies them in the cache."""
        new = tuple(values)
        cached = self._by_name.get(name)
        if cached is None or cached.values != new:
            cached = self._by_name[name] = Rows(new)
        return cached
