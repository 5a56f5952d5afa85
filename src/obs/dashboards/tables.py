"""The builder of tables: a row for each object, a column for each query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from grafanalib import core

from obs.dashboards import theme
from obs.dashboards.field_options import FieldOptions, Json, Query, common, defaults, named
from obs.dashboards.thresholds import ThresholdStep


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: the value of `expr` for each row."""

    title: str
    expr: str
    unit: str = "short"
    steps: Sequence[ThresholdStep] = ()
    mappings: Sequence[Json] = ()
    decimals: float | None = None
    width: int | None = None
    gauge: tuple[float, float] | None = None  # draw a bar between these bounds


@dataclass(frozen=True, slots=True)
class TableRows:
    """The labels that identify a row, as titled columns.

    By label: `links` are data links, `mappings` colour values, `widths` are in pixels. `hidden`
    labels are there for links only.
    """

    labels: Mapping[str, str]
    links: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    mappings: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    widths: Mapping[str, int] = field(default_factory=dict)
    hidden: Sequence[str] = ()


def table(
    key: str,
    title: str,
    description: str,
    rows: TableRows,
    columns: Sequence[Column],
    options: FieldOptions,
    *,
    sort_by: str,
    descending: bool = True,
) -> core.Table:
    """One row for each combination of the labels, one column for each expression."""
    titles = [*rows.labels.values(), *(column.title for column in columns)]
    values = _value_fields(len(columns))
    renamed = {
        **rows.labels,
        **{
            name: column.title
            for names, column in zip(values, columns, strict=True)
            for name in names
        },
    }
    order = {name: titles.index(title) for name, title in renamed.items()}
    return core.Table(
        **common(
            key,
            title,
            description,
            [Query(column.expr) for column in columns],
            options,
            instant=True,
            form="table",
        ),
        transformations=[
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": order,
                    "renameByName": renamed,
                },
            },
        ],
        extraJson={
            "fieldConfig": {
                "defaults": {
                    **defaults(options),
                    "color": theme.BY_THRESHOLD,
                    "custom": {
                        "align": "auto",
                        "cellOptions": {"type": "auto"},
                        "filterable": False,
                        "inspect": False,
                    },
                },
                "overrides": [
                    *(_column(column) for column in columns),
                    *(
                        named(rows.labels[label], ("links", list(links)))
                        for label, links in rows.links.items()
                    ),
                    *(
                        named(
                            rows.labels[label],
                            ("mappings", list(mappings)),
                            ("custom.cellOptions", {"type": "color-text"}),
                        )
                        for label, mappings in rows.mappings.items()
                    ),
                    *(
                        named(rows.labels[label], ("custom.width", width))
                        for label, width in rows.widths.items()
                    ),
                    *(named(rows.labels[label], *_HIDDEN) for label in rows.hidden),
                ],
            },
            "options": {
                "cellHeight": "sm",
                "footer": {"show": False, "reducer": ["sum"], "countRows": False, "fields": ""},
                "showHeader": True,
                "sortBy": [{"displayName": sort_by, "desc": descending}],
            },
        },
    )


_HIDDEN: Final = (
    ("custom.hidden", True),
    ("custom.hideFrom", {"viz": True, "legend": True, "tooltip": True}),
)
"""Properties that hide a column, before and since Grafana 12.2."""


def _column(column: Column) -> Json:
    # A row may lack a value that others have; only a table without rows says why it is empty.
    properties: list[tuple[str, Any]] = [("unit", column.unit), ("noValue", "–")]
    if column.decimals is not None:
        properties.append(("decimals", column.decimals))
    if column.mappings:
        properties.append(("mappings", list(column.mappings)))
    if column.steps:
        properties.append(("thresholds", {"mode": "absolute", "steps": list(column.steps)}))
    if column.gauge:
        low, high = column.gauge
        properties += [
            ("min", low),
            ("max", high),
            ("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
        ]
    elif column.steps or column.mappings:
        properties.append(("custom.cellOptions", {"type": "color-text"}))
    if column.width:
        properties.append(("custom.width", column.width))
    return named(column.title, *properties)


def _value_fields(count: int) -> list[tuple[str, ...]]:
    """Grafana's names of the values of each query; a single one has no letter."""
    if count == 1:
        return [("Value", "Value #A")]
    return [(f"Value #{chr(ord('A') + index)}",) for index in range(count)]
