"""Pages of packs as declarations; `obs.dashboards.pack_pages` draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from obs.alerts.quantities import Quantity
from obs.catalogue.metric import Metric

Total = Literal["sum", "max", "min", "avg", "count"]


@dataclass(frozen=True, slots=True)
class Line:
    """One of the quantities of a panel. `legend` names it; its objects' labels follow."""

    quantity: Quantity
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """A panel over time. `key` is its name on the page.

    What an alert compares that names the panel, unless there are lines. `by` are the labels that
    tell the series apart; those of the page unless given. `none`: why it may be empty.
    """

    key: str
    title: str
    lines: Sequence[Line] = ()
    description: str = ""
    by: tuple[str, ...] | None = None
    highest: int | None = None
    none: str = ""


@dataclass(frozen=True, slots=True)
class Stat:
    """A number at the top of the page: a quantity of all chosen objects together.

    With `above` or `below`, how many objects are beyond that, which is coloured from one on.
    """

    key: str
    title: str
    quantity: Quantity
    description: str
    total: Total = "max"
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels side by side below a title; without a title they continue the row above."""

    title: str
    panels: Sequence[Lines]


@dataclass(frozen=True, slots=True)
class PackPage:
    """One dashboard of a pack. `name` is the first part of its panels' keys, and unique.

    `variables` are labels to choose objects by, from the general to the particular, each with a
    metric that all objects have. `by` are the labels that tell its objects apart. `beside` are
    metrics that objects have instead of those, where other exporters tell of them.
    """

    name: str
    title: str
    question: str
    variables: Sequence[tuple[str, Metric]]
    by: tuple[str, ...]
    stats: Sequence[Stat]
    rows: Sequence[Row]
    beside: tuple[Metric, ...] = ()
