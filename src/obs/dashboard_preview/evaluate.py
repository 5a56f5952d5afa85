"""Every query of a dashboard, asked of a Prometheus server as Grafana would ask it."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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
from obs.dashboard_preview.notes import Annotation, asked_annotations
from obs.dashboard_preview.ranges import (
    Steps,
    TimeRange,
    aligned,
    duration_seconds,
    steps,
)
from obs.dashboard_preview.variables import Labels, Variable, resolved, scope_of
from obs.dashboards.build_context import USUAL_SCRAPE
from obs.dashboards.interpolate import Chosen, VariableScope, for_query, for_text
from obs.errors import SourceError

_AT_ONCE: Final = 6  # queries under way; Prometheus answers 20 at a time unless told otherwise
USUAL_WIDTH: Final = 1280  # pixels of the page


class Server(Labels, Protocol):
    """What is asked: a Prometheus server."""

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """What an expression gives over a time."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it was sent, and what came back."""

    ref_id: str
    expr: str
    form: str
    """`time_series`, `table` or `heatmap`."""
    instant: bool
    legend: str
    series: tuple[Series, ...] = ()
    error: str | None = None

    @property
    def unresolved(self) -> tuple[str, ...]:
        """Labels that the legend names and a series has not."""
        return tuple(
            name
            for name in legend_labels(self.legend)
            if any(name not in series.labels for series in self.series)
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel with the answers to its queries."""

    json: Json
    steps: Steps
    targets: tuple[Asked, ...]

    @property
    def title(self) -> str:
        """As the dashboard has it, variables not replaced."""
        return str(self.json.get("title") or "")

    @property
    def errors(self) -> tuple[str, ...]:
        """What the server refused, one line each."""
        return tuple(target.error for target in self.targets if target.error)

    @property
    def empty(self) -> bool:
        """Whether queries were asked and none gave a series."""
        return bool(self.targets) and not any(target.series for target in self.targets)

    @property
    def empty_text(self) -> str:
        """What is shown where it is empty."""
        return board.empty_text(self.json)

    @property
    def frames(self) -> list[Frame]:
        """The answers as columns, before any transformation."""
        return [frame for asked in self.targets for frame in self._frames(asked)]

    def _frames(self, asked: Asked) -> list[Frame]:
        if asked.form == "table":
            return [table_frame(asked.ref_id, asked.series, only=len(self.targets) == 1)]
        if asked.form == "heatmap":
            return bucket_frames(asked.ref_id, asked.series)
        step = None if asked.instant else self.steps.step
        return series_frames(asked.ref_id, asked.series, asked.legend, step)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A dashboard with the options of its variables and the answers of its panels."""

    during: TimeRange
    variables: tuple[Variable, ...]
    annotations: tuple[Annotation, ...]
    panels: tuple[Panel, ...]

    @property
    def scope(self) -> VariableScope:
        """What is chosen, and what the time range gives."""
        return {**scope_of(self.variables), **self.during.scope}


def evaluated(
    whole: Json,
    server: Server,
    during: TimeRange,
    *,
    chosen: Mapping[str, Sequence[str]] | None = None,
    scrape: float = USUAL_SCRAPE,
    width: int = USUAL_WIDTH,
) -> Evaluation:
    """Every variable, annotation and panel of a dashboard (its JSON), rows left out.

    `chosen` has values of variables by name, as `var-x` in an address; `scrape` is the scrape
    interval in seconds that `$__rate_interval` reckons with; `width` the page's in pixels, which
    decides on steps. No error is raised for a query that fails: it is in the result.
    """
    found = resolved(whole, server, chosen or {}, during)
    scope = {**scope_of(found), **during.scope}
    annotations = asked_annotations(whole, server, scope, during)
    panels = asked_panels(whole, server, scope, during, scrape, width)
    return Evaluation(during, tuple(found), tuple(annotations), tuple(panels))


def asked_panels(
    whole: Json, server: Server, scope: VariableScope, during: TimeRange, scrape: float, width: int
) -> Iterator[Panel]:
    """The panels in the dashboard's order, each as soon as it and those before it are answered."""

    def asked(panel: Json) -> Panel:
        return ask(panel, server, scope, during, panel_steps(panel, during, scrape, width))

    shown = [panel for panel in board.panels(whole) if panel.get("type") != "row"]
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="obs-preview") as pool:
        yield from pool.map(asked, shown)


def panel_steps(panel: Json, during: TimeRange, scrape: float, width: int) -> Steps:
    """The steps of a panel on a page so wide; its maxDataPoints and interval come first."""
    columns = (panel.get("gridPos") or {}).get("w", board.COLUMNS)
    points = int(panel.get("maxDataPoints") or width * columns / board.COLUMNS)
    return steps(during.seconds, points, duration_seconds(panel.get("interval")), scrape)


def ask(
    panel: Json, server: Server, scope: VariableScope, during: TimeRange, usual: Steps
) -> Panel:
    """A panel's queries, asked."""
    inner: dict[str, Chosen] = {**scope, **usual.scope}
    answers = (_asked(target, server, inner, during, usual) for target in board.targets(panel))
    return Panel(panel, usual, tuple(answers))


def _asked(
    target: Json, server: Server, scope: VariableScope, during: TimeRange, usual: Steps
) -> Asked:
    expr = for_query(str(target["expr"]), scope)
    instant = bool(target.get("instant")) and not target.get("range")
    question = Asked(
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
        return replace(question, error=str(error))
    return replace(question, series=tuple(series))
