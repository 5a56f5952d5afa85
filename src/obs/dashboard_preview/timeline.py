"""The state timeline as a plotly figure: a row for each series, a bar for each state."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from obs.dashboard_preview.axes import LETTER, gutter, local
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import faded, readable_on
from obs.dashboard_preview.context import Context, Drawn, plain
from obs.dashboard_preview.field_display import shown
from obs.dashboard_preview.frames import Frame
from obs.dashboard_preview.plot import STILL_AXIS, plot_layout
from obs.dashboard_preview.timeseries import Line, lines

_LONGEST_NAME: Final = 0.3  # of the panel's width


@dataclass(frozen=True, slots=True)
class TimelineState:
    """A row was in a state from `start` to `end` (milliseconds)."""

    row: int
    start: float
    end: float
    value: float


@dataclass(slots=True)
class _Kind:
    """All bars of the same text and colour."""

    colour: str
    value: float
    bars: list[TimelineState] = field(default_factory=list)


def states(
    times: Sequence[float], values: Sequence[float | None], end: float, row: int, *, merge: bool
) -> Iterator[TimelineState]:
    """The states that a series went through; nothing where it has no value.

    A state lasts until the next point; `merge` makes one of neighbours that are the same.
    """
    begun: TimelineState | None = None
    for place, (time, value) in enumerate(zip(times, values, strict=True)):
        until = times[place + 1] if place + 1 < len(times) else max(end, time)
        if merge and begun is not None and begun.value == value:
            begun = TimelineState(row, begun.start, until, begun.value)
            continue
        if begun is not None:
            yield begun
        begun = None if value is None else TimelineState(row, time, until, value)
    if begun is not None:
        yield begun


def state_timeline(panel: Json, frames: Sequence[Frame], context: Context) -> Drawn:
    """The figure and the legend of a state timeline or a status history."""
    options = panel.get("options") or {}
    merge = panel.get("type") == "state-timeline" and options.get("mergeValues", True) is not False
    drawn = [line for line in lines(panel, frames, context) if not line.hidden]
    end = context.during.end * 1000
    kinds: dict[str, _Kind] = {}
    for row, line in enumerate(drawn):
        for state in states(line.times, line.values, end, row, merge=merge):
            seen = shown(state.value, line.display, context.palette, context.moment)
            kind = _Kind(seen.colour or line.colour, state.value)
            kinds.setdefault(str(seen.text), kind).bars.append(state)
    ordered = sorted(kinds.items(), key=lambda item: item[1].value)
    height = float(options.get("rowHeight", 0.9))
    traces = [_trace(text, kind, drawn, height, options, context) for text, kind in ordered]
    return {
        "kind": "figure",
        "figure": {"data": traces, "layout": _layout(drawn, context)},
        "legend": _legend(options.get("legend") or {}, ordered),
    }


def _trace(
    text: str,
    kind: _Kind,
    drawn: Sequence[Line],
    height: float,
    options: Json,
    context: Context,
) -> dict[str, Any]:
    opacity = float(drawn[0].custom.get("fillOpacity", 70)) / 100
    name = plain(text)
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "base": [local(state.start / 1000, context.moment) for state in kind.bars],
        "x": [state.end - state.start for state in kind.bars],
        "y": [state.row for state in kind.bars],
        "width": height,
        "marker": {"color": faded(kind.colour, opacity), "line": {"width": 0}},
        "text": name if options.get("showValue", "auto") != "never" else "",
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": readable_on(kind.colour) if opacity > 0.6 else context.palette.text},
        "customdata": [
            [plain(drawn[state.row].display.name), local(state.end / 1000, context.moment)[:19]]
            for state in kind.bars
        ],
        "hovertemplate": "%{customdata[0]}: <b>" + name + "</b><br>%{base|%Y-%m-%d %H:%M:%S} to "
        "%{customdata[1]}<extra></extra>",
        "showlegend": False,
    }


def _layout(drawn: Sequence[Line], context: Context) -> dict[str, Any]:
    longest = int(context.width * _LONGEST_NAME / LETTER)
    names = [_shortened(line.display.name, longest) for line in drawn]
    return plot_layout(context) | {
        "margin": {"l": gutter(names), "r": 12, "t": 4, "b": 24},
        "hovermode": "closest",
        "barmode": "overlay",
        "uniformtext": {"minsize": 10, "mode": "hide"},
        "yaxis": {
            "range": [len(drawn) - 0.5, -0.5],
            "tickmode": "array",
            "tickvals": list(range(len(drawn))),
            "ticktext": [plain(name) for name in names],
            "showgrid": False,
            **STILL_AXIS,
        },
    }


def _shortened(name: str, longest: int) -> str:
    return name if len(name) <= longest else f"{name[: max(longest - 1, 1)]}…"


def _legend(options: Json, ordered: Sequence[tuple[str, _Kind]]) -> Drawn | None:
    if options.get("displayMode") == "hidden" or options.get("showLegend") is False:
        return None
    items = [
        {"name": text, "colour": kind.colour, "trace": number, "links": [], "values": []}
        for number, (text, kind) in enumerate(ordered)
    ]
    placement = options.get("placement", "bottom")
    return {"mode": "list", "placement": placement, "columns": [], "items": items}
