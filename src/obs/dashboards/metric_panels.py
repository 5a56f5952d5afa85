"""Panels of metrics: a page says only what differs from the metric and its alert.

Title, description, unit, legend and states come from the metric. Threshold steps, and a line of
the description for each alert, come from the alerts that name the panel, or that compare the
metric itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Unpack

from grafanalib import core

from obs.alerts.conditions.condition import Condition
from obs.catalogue import slo
from obs.catalogue.metric import Kind, Metric
from obs.dashboards import alert_expression, panel_alerts, panels, theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.differences import ColumnDifferences, Differences, Shown
from obs.dashboards.expressions import RANGE, VariableScope, ever, how_many, worst
from obs.dashboards.field_options import NO_STEPS, FieldOptions, Json, Query
from obs.dashboards.panels import USUAL_STYLE, LineStyle
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import PLAIN, from_one
from obs.dashboards.units import NUMBER, PER_SECOND, SINCE, unit_of

_OPTIONS: Final = frozenset(each.name for each in fields(FieldOptions))
_COLUMN: Final = frozenset(each.name for each in fields(Column)) - {"expr"}


@dataclass(frozen=True, slots=True)
class MetricPanels:
    """Builds the panels of a page, of its system's series; `none` is the text of an empty one.

    A counter is shown as its rate per second, any other metric by its values.
    """

    context: BuildContext
    scope: VariableScope
    none: str
    interval: str | None = None
    links: Sequence[Json] = ()

    def __post_init__(self) -> None:
        apart = ((slo.SLO[0], slo.OBJECT),) if self.context.slo_objects else ()
        own = replace(
            self.scope, system=self.context.labels, origins=self.context.origins, apart=apart
        )
        object.__setattr__(self, "scope", own)  # frozen

    @property
    def options(self) -> FieldOptions:
        """The options of a panel of plain numbers."""
        return FieldOptions(NUMBER, none=self.none, interval=self.interval)

    def query(
        self, metric: Metric, legend: str = "", colour: str = "", **shown: Unpack[Shown]
    ) -> Query:
        """One of several queries of a panel; its legend is that of its labels by default."""
        legend = legend or self.scope.legend(_labels(self.scope, metric, shown))
        return Query(self._expr(metric, shown), legend, colour)

    def lines(
        self,
        key: str,
        metric: Metric,
        style: LineStyle = USUAL_STYLE,
        **changes: Unpack[Differences],
    ) -> core.TimeSeries:
        """The metric over time."""
        usual = replace(self.options, minimum=0, links=self.links)
        return panels.lines(*self._parts(key, metric, changes, usual), style)

    def alert_lines(
        self, key: str, style: LineStyle = USUAL_STYLE, **changes: Unpack[Differences]
    ) -> core.TimeSeries:
        """What the alert of a panel compares, over time.

        Where low values are bad, all series are shown. Raises ValueError where no alert names the
        panel.
        """
        alert = changes.get("alert", key)
        condition = self.context.thresholds.condition(alert)
        usual: Differences = {
            "title": panel_alerts.title(condition),
            "description": panel_alerts.description(condition),
            "none": panel_alerts.empty(condition, self.none),
            "expr": alert_expression.compared(self.scope, condition),
            "alert": alert,
        }
        changes = {**usual, **changes}
        if self.context.thresholds.is_on_too_little(alert):
            changes.pop("highest", None)
        return self.lines(key, condition.metrics()[0], style, **changes)

    def stat(
        self,
        key: str,
        metric: Metric,
        *,
        background: bool = False,
        text: Literal["auto", "value", "name", "value_and_name"] = "auto",
        **changes: Unpack[Differences],
    ) -> core.Stat:
        """The metric at the end of the time range, as one number for each series."""
        usual = replace(self.options, steps=NO_STEPS if metric.states else PLAIN)
        parts = self._parts(key, metric, changes, usual)
        return panels.stat(*parts, background=background, text=text)

    def count(
        self, key: str, metric: Metric, condition: str, **changes: Unpack[Differences]
    ) -> core.Stat:
        """How many series of the metric meet a condition such as `> 0`; coloured from 1 on."""
        usual: Differences = {
            "unit": NUMBER,
            "mappings": (),
            "steps": from_one(theme.WARNING),
            "legend": "",
        }
        changes = {**usual, **changes, "expr": how_many(self._expr(metric, changes), condition)}
        changes.pop("window", None)
        return self.stat(key, metric, background=True, **changes)

    def states(
        self, key: str, metric: Metric, **changes: Unpack[Differences]
    ) -> core.StateTimeline:
        """The states of each series over time."""
        usual = replace(self.options, links=self.links)
        return panels.states(*self._parts(key, metric, changes, usual))

    def bars(self, key: str, metric: Metric, **changes: Unpack[Differences]) -> core.BarGauge:
        """The metric at the end of the time range, as one bar for each series."""
        usual = replace(self.options, links=self.links)
        return panels.bar_gauge(*self._parts(key, metric, changes, usual))

    def column(self, metric: Metric, **changes: Unpack[ColumnDifferences]) -> Column:
        """A table's column of the metric."""
        alert = self._alert("", metric, changes)
        usual = Column(
            _title(metric, changes),
            self._expr(metric, changes),
            self._unit(metric, changes, None),
            steps=self.context.thresholds.steps(alert) if alert and not metric.states else (),
            mappings=theme.states(metric.states) if metric.states else (),
        )
        return replace(usual, **_among(_COLUMN, changes))

    def alert_column(self, key: str, **changes: Unpack[ColumnDifferences]) -> Column:
        """A table's column of what the alert of a panel compares."""
        condition = self.context.thresholds.condition(key)
        usual: ColumnDifferences = {
            "title": panel_alerts.title(condition),
            "alert": key,
            "expr": alert_expression.compared(self.scope, condition),
            "unit": alert_expression.unit(condition),
        }
        changes = {**usual, **changes}
        return self.column(condition.metrics()[0], **changes)

    def table(
        self,
        key: str,
        title: str,
        description: str,
        rows: TableRows,
        columns: Sequence[Column],
        sort_by: str,
        *,
        descending: bool = True,
    ) -> core.Table:
        """One row for each object, one column for each metric."""
        shown = [each for each in columns if self._is_exported(each.expr)] or columns
        titles = [each.title for each in shown]
        return table(
            key,
            title,
            description,
            rows,
            shown,
            self.options,
            sort_by=sort_by if sort_by in (*rows.labels.values(), *titles) else titles[0],
            descending=descending,
        )

    def _parts(
        self, key: str, metric: Metric, changes: Differences, usual: FieldOptions
    ) -> tuple[str, str, str, Sequence[Query], FieldOptions]:
        """Key, title, description, queries and options of a panel."""
        thresholds, alert = self.context.thresholds, self._alert(key, metric, changes)
        condition = thresholds.condition(alert) if alert else None
        options: dict[str, Any] = {
            "unit": self._unit(metric, changes, condition),
            "steps": thresholds.steps(alert) if condition else usual.steps,
            "mappings": theme.states(metric.states) if metric.states else (),
            "none": panel_alerts.or_silent(metric.absent) if metric.absent else usual.none,
            **_among(_OPTIONS, changes),
        }
        labels = () if "total" in changes else _labels(self.scope, metric, changes)
        legend = changes.get("legend", self.scope.legend(labels))
        description = changes.get("description", f"{metric.help}{_how_calculated(metric, changes)}")
        return (
            key,
            changes.get("title", _title(metric, changes)),
            thresholds.described(alert, description),
            self._queries(changes) or [Query(self._expr(metric, changes), legend)],
            replace(usual, **options),
        )

    def _queries(self, changes: Differences) -> Sequence[Query]:
        """Those given that read what is exported; all where none does: the page leaves it out."""
        given = changes.get("queries", ())
        return [each for each in given if self._is_exported(each.expr)] or given

    def _is_exported(self, promql: str) -> bool:
        return self.context.exported.suffices(promql)

    def _expr(self, metric: Metric, changes: Shown) -> str:
        by = _labels(self.scope, metric, changes)
        if not (expr := changes.get("expr", "")):
            if window := changes.get("window"):
                expr = self.scope.grown(metric, window, by=by)
            elif metric.kind is Kind.COUNTER:
                expr = self.scope.rate(metric, by=by)
            else:
                where = [("window", "=", changes["over"])] if "over" in changes else []
                expr = self.scope.value(metric, *where, by=by)
            if _is_moment(metric):
                expr = f"1000 * {expr}"
        if total := changes.get("total"):
            expr = f"{total}({expr})"
        if highest := changes.get("highest"):
            expr = worst(highest, expr)
        return ever(expr) if changes.get("ever") else expr

    def _unit(self, metric: Metric, changes: Shown, condition: Condition | None) -> str:
        if condition is not None:
            return alert_expression.unit(condition)
        if _is_moment(metric) and "expr" not in changes:
            return SINCE
        is_rate = metric.kind is Kind.COUNTER and not ("window" in changes or "expr" in changes)
        return PER_SECOND if is_rate else unit_of(metric)

    def _alert(self, key: str, metric: Metric, changes: Differences | ColumnDifferences) -> str:
        """The panel whose alerts apply: the one given, this one, or that of the metric."""
        if alert := changes.get("alert"):
            return alert
        if self.context.thresholds.names(key):
            return key
        is_metric = not changes.get("expr") and changes.get("total") not in ("sum", "count")
        return panel_alerts.panel_of(metric) if is_metric else ""


def _is_moment(metric: Metric) -> bool:
    """Whether its values are Unix seconds; Grafana wants milliseconds."""
    return metric.family.endswith("_timestamp_seconds")


def _labels(scope: VariableScope, metric: Metric, changes: Shown) -> Sequence[str]:
    """The labels of the result."""
    own = scope.labels_of(metric)
    varying = [label for label in own if label != "window" or "over" not in changes]
    return changes.get("by", varying)


def _title(metric: Metric, changes: Shown) -> str:
    span = changes.get("over") or changes.get("window", RANGE)
    return metric.display_title if span == RANGE else f"{metric.display_title}, {span}"


def _how_calculated(metric: Metric, changes: Shown) -> str:
    """The sentences of the description on how the values are calculated."""
    text = ""
    if window := changes.get("window"):
        text = " In the time range." if window == RANGE else f" In the last {window}."
    elif metric.kind is Kind.COUNTER and "expr" not in changes:
        text = " Per second."
    if highest := changes.get("highest"):
        text += f" The {highest} with the highest values in the time range."
    return text


def _among(names: frozenset[str], changes: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name in names}
