"""Reduces many values to one, by Grafana's calculations."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from obs.dashboard_preview.frames import present


def reduced(values: Sequence[Any], calculation: str) -> Any:
    """The reduced value of a column; None without values. An unknown calculation is the last.

    Texts are only ever taken, the last or the first, and not reckoned with.
    """
    if calculation in ("last", "first"):
        return (values[-1] if calculation == "last" else values[0]) if values else None
    there = [value for value in values if value is not None and not _is_nan(value)]
    if calculation in ("firstNotNull", "first"):
        return there[0] if there else None
    numbers = [] if any(isinstance(value, str) for value in there) else present(there)
    if numbers and calculation in _CALCULATIONS:
        return _CALCULATIONS[calculation](numbers)
    if calculation in ("count", "sum") and not there:
        return 0.0
    return there[-1] if there else None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _increase(numbers: Sequence[float]) -> float:
    """The sum of all increases: a counter's increase, resets included."""
    pairs = pairwise(numbers)
    return sum(after - before if after >= before else after for before, after in pairs)


_CALCULATIONS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "count": lambda numbers: float(len(numbers)),
    "delta": _increase,
    "diff": lambda numbers: numbers[-1] - numbers[0],
    "max": max,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "range": lambda numbers: max(numbers) - min(numbers),
    "sum": math.fsum,
}
