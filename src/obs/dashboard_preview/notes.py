"""A dashboard's annotations from Prometheus, drawn over the time series panels."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Protocol

from obs.clients.prometheus import Series
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.frames import filled_in, legend
from obs.dashboard_preview.ranges import TimeRange, aligned, duration_seconds, rounded_step
from obs.dashboards.interpolate import VariableScope, for_query, for_text
from obs.dashboards.kinds import PROMETHEUS, datasource, kinds_of
from obs.errors import SourceError

_MOST: Final = 100  # notes that are drawn
_STEP: Final = 60.0  # seconds, Grafana's own


class RangeQueries(Protocol):
    """The range queries that a Prometheus server answers."""

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The result of an expression over a time range."""


@dataclass(frozen=True, slots=True)
class Note:
    """An event from `start` to `end`, in seconds since the epoch."""

    colour: str
    title: str
    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation query as it was sent, and its result."""

    name: str
    expr: str
    notes: tuple[Note, ...] = ()
    error: str | None = None


def evaluated_annotations(
    dashboard: Json, server: RangeQueries, scope: VariableScope, during: TimeRange
) -> list[Annotation]:
    """Every annotation of a dashboard that is enabled and has an expression."""
    listed = (dashboard.get("annotations") or {}).get("list") or []
    kinds = kinds_of(dashboard)
    return [
        _evaluated(each, server, scope, during)
        if kinds.of_query(datasource(each.get("datasource")), str(each["expr"])) == PROMETHEUS
        else Annotation(str(each.get("name")), "", error="not of Prometheus, so it is not drawn")
        for each in listed
        if each.get("enable") and each.get("expr")
    ]


def _evaluated(
    annotation: Json, server: RangeQueries, scope: VariableScope, during: TimeRange
) -> Annotation:
    query = Annotation(str(annotation.get("name")), for_query(str(annotation["expr"]), scope))
    wanted = duration_seconds(for_text(str(annotation.get("step") or ""), scope)) or _STEP
    step = max(wanted, rounded_step(during.seconds / 1_000))
    try:
        series = server.query_range(query.expr, *aligned(during, step), step)
    except SourceError as error:
        return replace(query, error=str(error))
    notes = sorted(
        (note for each in series for note in notes_of(annotation, each, step)),
        key=lambda note: note.start,
    )
    return replace(query, notes=tuple(notes[-_MOST:]))


def notes_of(annotation: Json, series: Series, step: float) -> Iterator[Note]:
    """A note for each period without a gap in which the series was present and not 0."""
    times = [time for time, value in series.points if value]
    begun: float | None = None
    for place, time in enumerate(times):
        begun = time if begun is None else begun
        following = times[place + 1] if place + 1 < len(times) else None
        if following is None or following - time > step * 1.5:
            yield Note(
                str(annotation.get("iconColor") or "red"),
                legend(str(annotation.get("titleFormat") or ""), series.labels),
                " ".join(filled_in(str(annotation.get("textFormat") or ""), series.labels).split()),
                begun,
                time,
            )
            begun = None
