"""What all panels share: their queries, how their values are written, and overrides by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafanalib import core

from obs.dashboards import theme
from obs.dashboards.thresholds import Step
from obs.ids import panel_id

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
NO_STEPS: Final[tuple[Step, ...]] = ({"color": theme.GOOD, "value": None},)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `legend` names each series by its labels, as `{{consumer}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """What panels of numbers have: how values are written, coloured, and what an empty one says.

    `links` are data links. `minimum` and `maximum` bound the axis or the bar.
    """

    unit: str
    steps: Sequence[Step] = NO_STEPS
    none: str = "No data"
    decimals: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    mappings: Sequence[Json] = ()
    links: Sequence[Json] = ()
    interval: str | None = None  # the least step between points: what the source is polled every


def common(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    look: FieldOptions,
    *,
    instant: bool = False,
    form: str = "time_series",
) -> Json:
    return {
        "title": title,
        "description": description,
        "id": panel_id(key),
        "dataSource": DATASOURCE,
        "interval": look.interval,
        "targets": [
            core.Target(
                expr=query.expr,
                legendFormat=query.legend,
                refId=chr(ord("A") + index),
                instant=instant,
                format=form,
                datasource=DATASOURCE,
            )
            for index, query in enumerate(queries)
        ],
    }


def defaults(look: FieldOptions) -> Json:
    bounds = {"min": look.minimum, "max": look.maximum, "decimals": look.decimals}
    return {
        "unit": look.unit,
        "noValue": look.none,
        "thresholds": {"mode": "absolute", "steps": list(look.steps)},
        **({"mappings": list(look.mappings)} if look.mappings else {}),
        **({"links": list(look.links)} if look.links else {}),
        **{name: value for name, value in bounds.items() if value is not None},
    }


def named(name: str, *properties: tuple[str, Any]) -> Json:
    """An override of the series or column of this name; of several by a regular expression."""
    matcher = (
        {"id": "byRegexp", "options": name}
        if name.startswith("/")
        else {"id": "byName", "options": name}
    )
    return {
        "matcher": matcher,
        "properties": [{"id": each, "value": value} for each, value in properties],
    }
