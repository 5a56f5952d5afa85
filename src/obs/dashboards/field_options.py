"""What all panels share: queries, how values are displayed, and overrides by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from grafanalib import core

from obs.dashboards import theme
from obs.dashboards.thresholds import ThresholdStep
from obs.ids import panel_id

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
NO_STEPS: Final[tuple[ThresholdStep, ...]] = ({"color": theme.GOOD, "value": None},)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One query; `legend` names each series by its labels, such as `{{consumer}}`.

    `colour` is that of all its series; empty leaves it to Grafana.
    """

    expr: str
    legend: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class FieldOptions:
    """How a panel displays its values, and the text it shows when it has none.

    `links` are data links. `minimum` and `maximum` bound the axis or the bar. `interval` is the
    least step between two points: how often the source is polled.
    """

    unit: str
    steps: Sequence[ThresholdStep] = NO_STEPS
    none: str = "No data"
    decimals: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    mappings: Sequence[Json] = ()
    links: Sequence[Json] = ()
    interval: str | None = None


def common(
    key: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    options: FieldOptions,
    *,
    instant: bool = False,
    form: str = "time_series",
) -> Json:
    """The arguments that every panel of grafanalib takes."""
    return {
        "title": title,
        "description": description,
        "id": panel_id(key),
        "dataSource": DATASOURCE,
        "interval": options.interval,
        "targets": [
            _target_of(query, instant)(
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


class _WithExemplars(core.Target):  # type: ignore[misc]
    """A query whose points lead to traces, where the application records exemplars."""

    def to_json_data(self) -> Json:
        return {**super().to_json_data(), "exemplar": True}


def _target_of(query: Query, instant: bool) -> type[core.Target]:
    drawn = "histogram_quantile(" in query.expr and not instant
    return _WithExemplars if drawn else core.Target


def defaults(options: FieldOptions) -> Json:
    """Grafana's field defaults of these options."""
    bounds = {"min": options.minimum, "max": options.maximum, "decimals": options.decimals}
    return {
        "unit": options.unit,
        "noValue": options.none,
        "thresholds": {"mode": "absolute", "steps": list(options.steps)},
        **({"mappings": list(options.mappings)} if options.mappings else {}),
        **({"links": list(options.links)} if options.links else {}),
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
