"""A family of samples, kept as columns: one list of label values, one list of numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from obs.catalogue.metric import Metric

Value = int | float | None  # None: this row has no sample of the metric


class Rows:
    """The label values of a family's rows, in the order of the metric's labels.

    Immutable and compared by identity, so that a sink may keep what it rendered for as long as
    the same object comes back: pass the same Rows as long as the identities are the same.
    """

    __slots__ = ("__weakref__", "values")

    def __init__(self, values: Iterable[tuple[str, ...]]) -> None:
        self.values: tuple[tuple[str, ...], ...] = tuple(values)

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one metric. `values[i]` belongs to `rows.values[i]`.

    `since` is when the counters began (Unix seconds), for sinks whose format wants a start time.
    """

    metric: Metric
    rows: Rows
    values: Sequence[Value]
    since: float | None = None

    def __len__(self) -> int:
        """How many samples there are."""
        return len(self.values) - self.values.count(None)


SINGLE = Rows([()])  # of a metric without labels


def single(metric: Metric, value: Value) -> Family:
    """A family of one sample without labels."""
    return Family(metric, SINGLE, [value])


class KeptRows:
    """Gives back the same Rows for as long as the label values asked for stay the same."""

    def __init__(self) -> None:
        self._kept: dict[str, Rows] = {}

    def rows(self, of: str, values: Sequence[tuple[str, ...]]) -> Rows:
        """The rows named `of` with these label values."""
        wanted = tuple(values)
        kept = self._kept.get(of)
        if kept is None or kept.values != wanted:
            kept = self._kept[of] = Rows(wanted)
        return kept
