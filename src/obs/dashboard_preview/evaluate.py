"""Runs every query of a dashboard on a Prometheus server, as Grafana would."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from obs.clients.prometheus import Series
from obs.dashboard_preview import board
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.frames import (
    Frame,
    bucket_frames,
    legend_labels,
    series_frames,
    table_frame,
)
from obs.dashboard_preview.given import readable
from obs.dashboard_preview.notes import Annotation, evaluated_annotations
from obs.dashboard_preview.odd import ODD, why
from obs.dashboard_preview.promise import partly, prometheus_targets, reason_against
from obs.dashboard_preview.ranges import (
    Steps,
    TimeRange,
    aligned,
    duration_seconds,
    steps,
)
from obs.dashboard_preview.repeats import Copy, copies
from obs.dashboard_preview.variables import LabelQueries, Variable, resolved, scope_of
from obs.dashboards.build_context import USUAL_SCRAPE
from obs.dashboards.interpolate import Chosen, VariableScope, for_query, for_text
from obs.dashboards.kinds import Kinds, kinds_of
from obs.errors import SourceError

_STEPS_OF_NONE: Final = Steps(USUAL_SCRAPE, 4 * USUAL_SCRAPE)
_AT_ONCE: Final = 6  # concurrent queries; Prometheus runs 20 at a time by default
USUAL_WIDTH: Final = 1280  # pixels of the page
MOST_SERIES: Final = 500  # of a query: more take minutes to draw, and nobody can tell them apart


class PrometheusServer(LabelQueries, Protocol):
    """The queries that a Prometheus server answers."""

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The result of an expression over a time range."""


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """A query as it was sent, and its result."""

    ref_id: str
    expr: str
    form: str
    """`time_series`, `table` or `heatmap`."""
    instant: bool
    legend: str
    series: tuple[Series, ...] = ()
    error: str | None = None
    """What failed, or what is left out."""

    @property
    def unresolved(self) -> tuple[str, ...]:
        """Labels in the legend that some series lacks."""
        return tuple(
            name
            for name in legend_labels(self.legend)
            if any(name not in series.labels for series in self.series)
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel with the results of its queries, and the values of the variables in it.

    `undrawn` says why the preview does not draw it, `left_out` what it leaves out.
    """

    json: Json
    steps: Steps
    targets: tuple[PanelQuery, ...] = ()
    scope: VariableScope = field(default_factory=dict)
    undrawn: str = ""
    left_out: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The title in the dashboard, variables not replaced."""
        return str(self.json.get("title") or "")

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors of its queries and what is left out of it, one line each."""
        failed = tuple(target.error for target in self.targets if target.error)
        return (*failed, *self.left_out)

    @property
    def empty(self) -> bool:
        """Whether it has queries and none returned a series."""
        return bool(self.targets) and not any(target.series for target in self.targets)

    @property
    def empty_text(self) -> str:
        """Its text for an empty result."""
        return board.empty_text(self.json)

    @property
    def frames(self) -> list[Frame]:
        """The results as columns, before any transformation."""
        return [frame for query in self.targets for frame in self._frames(query)]

    def _frames(self, query: PanelQuery) -> list[Frame]:
        if query.form == "table":
            return [table_frame(query.ref_id, query.series, only=len(self.targets) == 1)]
        if query.form == "heatmap":
            return bucket_frames(query.ref_id, query.series)
        step = None if query.instant else self.steps.step
        return series_frames(query.ref_id, query.series, query.legend, step)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A dashboard with the options of its variables and the results of its queries."""

    during: TimeRange
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    panels: tuple[Panel, ...]

    @property
    def scope(self) -> VariableScope:
        """The values of its variables, those of the time range included."""
        return {**scope_of(self.variables), **self.during.scope}


def evaluated(
    dashboard: Json,
    server: PrometheusServer,
    during: TimeRange,
    *,
    chosen: Mapping[str, Sequence[str]] | None = None,
    scrape: float = USUAL_SCRAPE,
    width: int = USUAL_WIDTH,
) -> Evaluation:
    """Every variable, annotation and panel of a dashboard (its JSON), rows left out.

    `chosen` has values of variables by name, as `var-x` in a URL; `scrape` is the scrape interval
    in seconds, for `$__rate_interval`; `width` is that of the page in pixels, for the steps. A
    query that fails raises no error: the error is in the result.
    """
    dashboard = readable(dashboard)
    found = resolved(dashboard, server, chosen or {}, during)
    scope = {**scope_of(found), **during.scope}
    annotations = evaluated_annotations(dashboard, server, scope, during)
    panels = evaluated_panels(dashboard, server, scope, during, scrape, width)
    return Evaluation(during, tuple(found), tuple(annotations), tuple(panels))


def evaluated_panels(
    dashboard: Json,
    server: PrometheusServer,
    scope: VariableScope,
    during: TimeRange,
    scrape: float,
    width: int,
) -> Iterator[Panel]:
    """The panels in the dashboard's order, each as soon as it and those before it have results.

    Repeated ones for each value. A panel that is odd says so, and stops no other.
    """
    kinds = kinds_of(dashboard)

    def evaluate(copy: Copy) -> Panel:
        try:
            usual = panel_steps(copy.json, during, scrape, width)
            return run_queries(copy.json, server, copy.scope, during, usual, kinds)
        except ODD as odd:
            return Panel(copy.json, _STEPS_OF_NONE, scope=copy.scope, undrawn=why(odd))

    shown = [copy for copy in copies(dashboard, scope) if copy.json.get("type") != "row"]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="obs-preview") as pool:
        yield from pool.map(evaluate, shown)


def panel_steps(panel: Json, during: TimeRange, scrape: float, width: int) -> Steps:
    """The steps of a panel on a page of this width; its maxDataPoints and interval override it."""
    columns = (panel.get("gridPos") or {}).get("w", board.COLUMNS)
    points = int(panel.get("maxDataPoints") or width * columns / board.COLUMNS)
    return steps(during.seconds, points, duration_seconds(panel.get("interval")), scrape)


def run_queries(
    panel: Json,
    server: PrometheusServer,
    scope: VariableScope,
    during: TimeRange,
    usual: Steps,
    kinds: Kinds,
) -> Panel:
    """A panel with the results of its queries to Prometheus."""
    if reason := reason_against(panel, kinds):
        return Panel(panel, usual, scope=scope, undrawn=reason)
    inner: dict[str, Chosen] = {**scope, **usual.scope}
    targets = prometheus_targets(panel, kinds)
    queries = tuple(_run(target, server, inner, during, usual) for target in targets)
    return Panel(panel, usual, queries, scope, left_out=tuple(partly(panel, kinds)))


def _run(
    target: Json, server: PrometheusServer, scope: VariableScope, during: TimeRange, usual: Steps
) -> PanelQuery:
    expr = for_query(str(target["expr"]), scope)
    instant = bool(target.get("instant")) and not target.get("range")
    query = PanelQuery(
        ref_id=str(target.get("refId") or "A"),
        expr=expr,
        form=str(target.get("format") or "time_series"),
        instant=instant,
        legend=for_text(str(target.get("legendFormat") or ""), scope),
    )
    try:
        series = (
            server.query(expr, during.end)
            if instant
            else server.query_range(expr, *aligned(during, usual.step), usual.step)
        )
    except SourceError as error:
        return replace(query, error=str(error))
    if len(series) > MOST_SERIES:
        told = f"query {query.ref_id} has more than {MOST_SERIES} series; {MOST_SERIES} are drawn"
        return replace(query, series=tuple(series[:MOST_SERIES]), error=told)
    return replace(query, series=tuple(series))
