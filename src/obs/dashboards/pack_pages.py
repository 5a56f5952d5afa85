"""The pages of packs: declarations, drawn like every other page."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.alerts.conditions.beyond import PanelReader
from obs.alerts.quantities import Quantity
from obs.catalogue.cloudwatch_names import SOURCE
from obs.catalogue.metric import Metric
from obs.dashboards import theme
from obs.dashboards.alert_expression import unit_named
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope, how_many, worst
from obs.dashboards.field_options import Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable
from obs.dashboards.thresholds import from_one
from obs.packs.pack import pack_of
from obs.packs.page import Lines, PackPage, Row, Stat
from obs.spec.pack_settings import PackSettings
from obs.spec.system import System

_NONE: Final = "No such series; `obs check` says what is not scraped"
_SIDE_BY_SIDE: Final = 3
_USUAL: Final = 10
"""Series drawn in one panel, unless it says otherwise: those with the highest values."""


def pack_pages(system: System, context: BuildContext) -> Iterator[Page]:
    """The pages of the packs that a system uses."""
    for name, settings in system.packs.used():
        for page in pack_of(name, settings).pages:
            yield _Drawing(page, settings, context).page()


def _variable(page: PackPage, label: str, metric: Metric) -> Variable:
    beside = tuple(each for each in page.beside if label in each.labels)
    return Variable(label, metric, beside=beside)


class _Drawing:
    """Draws one page of a pack."""

    def __init__(self, page: PackPage, settings: PackSettings, context: BuildContext) -> None:
        self._page = page
        labels = tuple(label for label, _ in page.variables)
        foreign = all(metric.foreign for _, metric in page.variables)
        self._panels = MetricPanels(
            context,
            VariableScope(labels, selecting=settings.matchers),
            _NONE,
            None if foreign else context.aws_poll,
        )

    def page(self) -> Page:
        """The page."""
        page = self._page
        stats = Band(4, [self._stat(each) for each in page.stats])
        rows = [*self._rows()]
        first = [Section("", [stats, *rows[0].bands])] if rows and not rows[0].title else None
        sections = [*first, *rows[1:]] if first else [Section("", [stats]), *rows]
        return Page(
            page.name,
            page.title,
            page.question,
            [_variable(page, label, metric) for label, metric in page.variables],
            sections,
            selecting=self._panels.scope.selecting,
            of_pack=True,
        )

    def _rows(self) -> Iterator[Section]:
        sections: list[Section] = []
        for row in self._page.rows:
            bands = list(self._bands(row))
            if row.title or not sections:
                sections.append(Section(row.title, bands))
            else:
                sections[-1] = replace(sections[-1], bands=[*sections[-1].bands, *bands])
        yield from sections

    def _bands(self, row: Row) -> Iterator[Band]:
        for first in range(0, len(row.panels), _SIDE_BY_SIDE):
            shown = row.panels[first : first + _SIDE_BY_SIDE]
            yield Band(8, [self._lines(each) for each in shown])

    def _key(self, key: str) -> str:
        return f"{self._page.name}/{key}"

    def _stat(self, stat: Stat) -> core.Stat:
        key, metric = self._key(stat.key), stat.quantity.metrics()[0]
        value = stat.quantity.promql(PanelReader(self._panels.scope, self._page.by))
        if stat.above is None and stat.below is None:
            return self._panels.stat(
                key,
                metric,
                title=stat.title,
                description=stat.description,
                expr=f"{stat.total}({value})",
                unit="short" if stat.total == "count" else unit_named(stat.quantity.unit),
                legend="",
                mappings=(),
                none=_NONE,
            )
        compared = f"> {stat.above:.15g}" if stat.above is not None else f"< {stat.below:.15g}"
        return self._panels.stat(
            key,
            metric,
            background=True,
            title=stat.title,
            description=stat.description,
            expr=how_many(value, compared),
            unit="short",
            legend="",
            steps=from_one(theme.CRITICAL),
            mappings=(),
            none=_NONE,
            decimals=0,
        )

    def _lines(self, lines: Lines) -> core.TimeSeries:
        key = self._key(lines.key)
        by = self._page.by if lines.by is None else lines.by
        one_source = {SOURCE}.difference(self._panels.context.origins)
        legend = " ".join(f"{{{{{label}}}}}" for label in by if label not in one_source)
        if not lines.lines:
            condition = self._panels.context.thresholds.condition(key)
            metric = condition.metrics()[0]
            return self._panels.alert_lines(
                key,
                title=lines.title,
                description=lines.description or metric.help,
                legend=legend,
                highest=lines.highest or _USUAL,
                none=lines.none or _NONE,
            )
        first = lines.lines[0].quantity
        queries = [
            Query(
                self._expr(each.quantity, by, lines.highest if len(lines.lines) == 1 else None),
                " ".join(filter(None, (legend, each.legend))),
            )
            for each in lines.lines
        ]
        return self._panels.lines(
            key,
            first.metrics()[0],
            title=lines.title,
            description=lines.description or first.metrics()[0].help,
            queries=queries,
            unit=unit_named(first.unit),
            none=lines.none or _NONE,
        )

    def _expr(self, quantity: Quantity, by: tuple[str, ...], highest: int | None) -> str:
        value = quantity.promql(PanelReader(self._panels.scope, by))
        return worst(highest, value) if highest else value
