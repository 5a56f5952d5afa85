"""Grafana's transformations: those that our dashboards use, and other common ones."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from obs.dashboard_preview.board import Json
from obs.dashboard_preview.frames import Field, Frame
from obs.dashboard_preview.javascript import pattern_of
from obs.dashboard_preview.reduce import reduced

Frames = list[Frame]


class UnknownTransformation(Exception):  # noqa: N818  the name reads well in an except clause
    """A transformation that the preview does not support; the message is its id."""


def transformed(frames: Frames, transformations: Sequence[Json]) -> Frames:
    """The frames after each transformation in turn. Raises UnknownTransformation."""
    for transformation in transformations:
        if transformation.get("disabled"):
            continue
        name = str(transformation.get("id"))
        if name not in _TRANSFORMATIONS:
            raise UnknownTransformation(name)
        frames = _TRANSFORMATIONS[name](frames, transformation.get("options") or {})
    return frames


def shown_name(field: Field) -> str:
    """The name of a column in transformations."""
    return field.display or field.name


def _merge(frames: Frames, _: Json) -> Frames:
    """One table: rows that agree in all columns common to all frames become one row."""
    frames = [frame for frame in frames if frame.fields]
    if len(frames) < 2:
        return frames
    columns: dict[str, Field] = {}
    for frame in frames:
        for field in frame.fields:
            columns.setdefault(field.name, field)
    common = [name for name in columns if all(frame.field(name) for frame in frames)]
    if not common:
        return frames
    table: list[dict[str, Any]] = []
    alike: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for frame in frames:
        for row in _rows(frame):
            rows = alike.setdefault(tuple(row[name] for name in common), [])
            if not _merged(rows, row):
                rows.append(row)
                table.append(row)
    return [Frame(frames[0].ref_id, tuple(_column(columns[name], table) for name in columns))]


def _merged(rows: Sequence[dict[str, Any]], row: dict[str, Any]) -> bool:
    """Whether the row was merged into one that does not contradict it."""
    for existing in rows:
        if all(existing.get(name) in (None, value) for name, value in row.items()):
            existing.update(row)
            return True
    return False


def _rows(frame: Frame) -> list[dict[str, Any]]:
    names = [field.name for field in frame.fields]
    columns = (field.values for field in frame.fields)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(like: Field, rows: Sequence[Mapping[str, Any]]) -> Field:
    return Field(like.name, like.kind, tuple(row.get(like.name) for row in rows))


def _organize(frames: Frames, options: Json) -> Frames:
    """Columns excluded, ordered and renamed."""
    excluded = {name for name, out in (options.get("excludeByName") or {}).items() if out}
    included = options.get("includeByName") or {}
    order = options.get("indexByName") or {}
    names = options.get("renameByName") or {}

    def organized(frame: Frame) -> Frame:
        fields = [
            field
            for field in frame.fields
            if shown_name(field) not in excluded
            and (not included or included.get(shown_name(field)))
        ]
        if order:
            fields.sort(key=lambda field: order.get(shown_name(field), math.inf))
        return Frame(frame.ref_id, tuple(_renamed(field, names) for field in fields))

    return [organized(frame) for frame in frames]


def _renamed(field: Field, names: Mapping[str, str]) -> Field:
    name = names.get(shown_name(field))
    return replace(field, display=name) if name else field


def _sort_by(frames: Frames, options: Json) -> Frames:
    by = (options.get("sort") or [{}])[0]
    wanted, falling = by.get("field"), bool(by.get("desc"))

    def ordered(frame: Frame) -> Frame:
        column = _found(frame, wanted)
        return frame if column is None else _taken(frame, order_of(column, falling))

    return [ordered(frame) for frame in frames]


def order_of(column: Field, falling: bool) -> list[int]:
    """The rows in the order of a column; those without a value come last."""
    rows = range(len(column.values))
    there = [row for row in rows if not _missing(column.values[row])]
    there.sort(key=lambda row: column.values[row], reverse=falling)
    return there + [row for row in rows if _missing(column.values[row])]


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _found(frame: Frame, name: str | None) -> Field | None:
    return next((each for each in frame.fields if name in (shown_name(each), each.name)), None)


def _taken(frame: Frame, rows: Sequence[int]) -> Frame:
    return Frame(frame.ref_id, tuple(field.at(rows) for field in frame.fields))


def _filter_fields(frames: Frames, options: Json) -> Frames:
    include, exclude = options.get("include"), options.get("exclude")

    def is_included(field: Field) -> bool:
        included = include is None or _named(field, include)
        return included and not (exclude is not None and _named(field, exclude))

    filtered = (
        Frame(frame.ref_id, tuple(field for field in frame.fields if is_included(field)))
        for frame in frames
    )
    return [frame for frame in filtered if frame.fields]


def _named(field: Field, matcher: Json) -> bool:
    pattern = matcher.get("pattern")
    return shown_name(field) in (matcher.get("names") or ()) or bool(
        pattern and pattern_of(pattern).search(shown_name(field))
    )


def _join_by_field(frames: Frames, options: Json) -> Frames:
    """One table: rows with the same value in a column side by side."""
    frames = [frame for frame in frames if frame.fields]
    by = options.get("byField") or "Time"
    keyed = [(frame, key) for frame in frames if (key := _found(frame, by)) is not None]
    if len(keyed) < 2:
        return frames
    sets = [set(key.values) for _, key in keyed]
    inner = options.get("mode") == "inner"
    wanted = set.intersection(*sets) if inner else set.union(*sets)
    keys = [key for key in dict.fromkeys(k for _, f in keyed for k in f.values) if key in wanted]
    if keyed[0][1].kind == "time":
        keys.sort()
    fields = [replace(keyed[0][1], values=tuple(keys))]
    for frame, key in keyed:
        row_of = {value: row for row, value in reversed(list(enumerate(key.values)))}
        for field in frame.fields:
            if field is not key:
                cells = (field.values[row_of[k]] if k in row_of else None for k in keys)
                fields.append(replace(field, values=tuple(cells)))
    return [Frame(keyed[0][0].ref_id, tuple(fields))]


def _labels_to_fields(frames: Frames, options: Json) -> Frames:
    """Labels of values become columns."""
    keep = options.get("keepLabels")

    def spread(frame: Frame) -> Frame:
        labels = {name: value for field in frame.fields for name, value in field.labels.items()}
        columns = [
            Field(name, "string", (value,) * frame.length)
            for name, value in labels.items()
            if keep is None or name in keep
        ]
        plain = [replace(field, labels={}, display=None) for field in frame.fields]
        first = [field for field in plain if field.kind == "time"]
        return Frame(frame.ref_id, (*first, *columns, *(f for f in plain if f.kind != "time")))

    return _merge([spread(frame) for frame in frames], {})


def _reduce(frames: Frames, options: Json) -> Frames:
    """A row for each series, a column for each calculation."""
    calculations = options.get("reducers") or ["max"]
    series = [field for frame in frames for field in frame.fields if field.kind == "number"]
    columns = [Field("Field", "string", tuple(shown_name(field) for field in series))]
    if options.get("labelsToFields"):
        labels = sorted({name for field in series for name in field.labels})
        columns += [
            Field(name, "string", tuple(field.labels.get(name) for field in series))
            for name in labels
        ]
    for name in calculations:
        values = tuple(reduced(field.values, name) for field in series)
        columns.append(Field(REDUCER_NAMES.get(name, name), "number", values))
    return [Frame(frames[0].ref_id if frames else "A", tuple(columns))]


REDUCER_NAMES: Final[Mapping[str, str]] = {
    "lastNotNull": "Last *",
    "last": "Last",
    "firstNotNull": "First *",
    "first": "First",
    "min": "Min",
    "max": "Max",
    "mean": "Mean",
    "sum": "Total",
    "count": "Count",
    "range": "Range",
    "diff": "Difference",
    "delta": "Delta",
    "median": "Median",
}
"""Grafana's names of its calculations in legends and tables."""


def _limit(frames: Frames, options: Json) -> Frames:
    number = int(options.get("limitField") or 10)
    return [_taken(frame, range(min(number, frame.length))) for frame in frames]


def _filter_by_ref_id(frames: Frames, options: Json) -> Frames:
    include = options.get("include") or ""
    return [frame for frame in frames if pattern_of(f"^(?:{include})$").search(frame.ref_id)]


def _rename_by_regex(frames: Frames, options: Json) -> Frames:
    pattern = pattern_of(options.get("regex") or "(.*)")
    text = re.sub(r"\$(\d+)", r"\\\1", options.get("renamePattern") or "$1")

    def renamed(field: Field) -> Field:
        return replace(field, display=pattern.replaced(shown_name(field), text))

    return [
        Frame(frame.ref_id, tuple(f if f.kind == "time" else renamed(f) for f in frame.fields))
        for frame in frames
    ]


_TRANSFORMATIONS: Final[Mapping[str, Callable[[Frames, Json], Frames]]] = {
    "filterByRefId": _filter_by_ref_id,
    "filterFieldsByName": _filter_fields,
    "joinByField": _join_by_field,
    "labelsToFields": _labels_to_fields,
    "limit": _limit,
    "merge": _merge,
    "organize": _organize,
    "reduce": _reduce,
    "renameByRegex": _rename_by_regex,
    "seriesToColumns": _join_by_field,
    "sortBy": _sort_by,
}
