"""Results of Prometheus as frames: named columns, the form that Grafana's panels take."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from obs.clients.prometheus import Series

Kind = Literal["time", "number", "string"]

_LEGEND: Final = re.compile(r"\{\{([^{}]+)\}\}")


@dataclass(frozen=True, slots=True)
class Field:
    """One column. Times are milliseconds since the epoch; None is a missing value."""

    name: str
    kind: Kind
    values: tuple[Any, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    display: str | None = None
    """The displayed name unless an override has another: the legend."""

    def at(self, rows: Sequence[int]) -> "Field":
        """Only these rows, in this order."""
        return replace(self, values=tuple(self.values[row] for row in rows))


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns of the same length, from the query `ref_id`."""

    ref_id: str
    fields: tuple[Field, ...]

    @property
    def length(self) -> int:
        """How many rows it has."""
        return len(self.fields[0].values) if self.fields else 0

    def field(self, name: str) -> Field | None:
        """The first column of that name."""
        return next((each for each in self.fields if each.name == name), None)


def legend(form: str, labels: Mapping[str, str]) -> str:
    """The name of a series: `{{label}}` is replaced, by nothing for an absent label."""
    named = "" if form == "__auto" else filled_in(form, labels)
    return named if named.strip() else selector(labels)


def filled_in(form: str, labels: Mapping[str, str]) -> str:
    """A text with each `{{label}}` replaced."""
    return _LEGEND.sub(lambda match: labels.get(match[1].strip(), ""), form)


def legend_labels(form: str) -> tuple[str, ...]:
    """The labels in a legend."""
    return tuple(dict.fromkeys(map(str.strip, _LEGEND.findall(form))))


def selector(labels: Mapping[str, str]) -> str:
    """A series as Prometheus writes it: name{label="value"}."""
    inner = ", ".join(f'{key}="{labels[key]}"' for key in sorted(labels) if key != "__name__")
    name = labels.get("__name__", "")
    return f"{name}{{{inner}}}" if inner or not name else name


def series_frames(
    ref_id: str, series: Sequence[Series], form: str, step: float | None = None
) -> list[Frame]:
    """A frame each series: Time, and Value with the labels.

    With a `step` in seconds, a missing value marks a gap that is longer.
    """
    return [_series_frame(ref_id, each, form, step) for each in series]


def _series_frame(ref_id: str, series: Series, form: str, step: float | None) -> Frame:
    times: list[float] = []
    values: list[float | None] = []
    for moment, value in series.points:
        if step and times and moment * 1000 - times[-1] > step * 1500:
            times.append(times[-1] + step * 1000)
            values.append(None)
        times.append(moment * 1000)
        values.append(value)
    name = legend(form, series.labels)
    fields = (
        Field("Time", "time", tuple(times)),
        Field("Value", "number", tuple(values), series.labels, name),
    )
    return Frame(ref_id, fields)


def table_frame(ref_id: str, series: Sequence[Series], *, only: bool) -> Frame:
    """One frame with a row for each point: Time, the labels in order, Value.

    Where the panel has further queries the value is called `Value #A`, as Grafana does.
    """
    labels = sorted({name for each in series for name in each.labels})
    rows = [(each, point) for each in series for point in each.points]
    fields = [Field("Time", "time", tuple(point[0] * 1000 for _, point in rows))]
    for name in labels:
        values = tuple(each.labels.get(name) for each, _ in rows)
        fields.append(Field(name, "string", values))
    value = "Value" if only else f"Value #{ref_id}"
    fields.append(Field(value, "number", tuple(point[1] for _, point in rows)))
    return Frame(ref_id, tuple(fields)) if rows else Frame(ref_id, ())


def bucket_frames(ref_id: str, series: Sequence[Series]) -> list[Frame]:
    """One frame of a histogram's buckets, lowest first: Time, and for each `le` its own count.

    Prometheus' buckets hold everything up to `le`; here each holds what the one below does not.
    """
    ordered = sorted(series, key=lambda each: _bound(each.labels.get("le", "")))
    times = sorted({moment for each in ordered for moment, _ in each.points})
    if not times:
        return []
    fields = [Field("Time", "time", tuple(moment * 1000 for moment in times))]
    below = dict.fromkeys(times, 0.0)
    for each in ordered:
        counts = dict(each.points)
        values = tuple(
            None if (count := counts.get(moment)) is None else max(count - below[moment], 0.0)
            for moment in times
        )
        below |= counts
        fields.append(Field(each.labels.get("le", "Value"), "number", values, each.labels))
    return [Frame(ref_id, tuple(fields))]


_HUGE: Final = 1e150


def _bound(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.inf


def present(values: Sequence[Any]) -> list[float]:
    """The numbers that are present and finite, as far as sums and axes can hold them."""
    return [value for value in values if isinstance(value, int | float) and abs(value) < _HUGE]
