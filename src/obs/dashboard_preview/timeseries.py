"""The time series panel as a plotly figure, and its legend."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from obs.dashboard_preview.axes import gutter, local, tick_texts, value_axis
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import faded
from obs.dashboard_preview.context import Context, Drawn, plain
from obs.dashboard_preview.field_display import (
    Extent,
    FieldDisplay,
    extent,
    field_display,
    ranged,
    series_colour,
    shown,
)
from obs.dashboard_preview.frames import Field, Frame, present
from obs.dashboard_preview.plot import STILL_AXIS, note_marks, note_shapes, plot_layout
from obs.dashboard_preview.reduce import reduced
from obs.dashboard_preview.transform import REDUCER_NAMES

_DASHES: Final = {"dash": "8px,6px", "dot": "2px,4px"}
_SHAPES: Final = {"smooth": "spline", "stepBefore": "vh", "stepAfter": "hv"}


@dataclass(frozen=True, slots=True)
class Line:
    """One series, and how it is drawn."""

    times: tuple[float, ...]  # milliseconds
    values: tuple[float | None, ...]
    display: FieldDisplay
    colour: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def custom(self) -> Json:
        """How it is drawn."""
        return self.display.custom

    @property
    def hidden(self) -> bool:
        """Whether it is hidden in the drawing, or everywhere."""
        return bool((self.custom.get("hideFrom") or {}).get("viz"))

    @property
    def right(self) -> bool:
        """Whether its axis is on the right."""
        return bool(self.custom.get("axisPlacement") == "right")


def lines(panel: Json, frames: Sequence[Frame], context: Context) -> list[Line]:
    """Every numeric field of the frames with its time, colour and display options."""
    found: list[Line] = []
    everything = extent(frames)
    for frame in frames:
        time = next((each for each in frame.fields if each.kind == "time"), None)
        if time is None:
            continue
        for one in frame.fields:
            if one.kind == "number":
                found.append(_line(panel, frame, time, one, len(found), everything, context))
    return found


def _line(
    panel: Json,
    frame: Frame,
    time: Field,
    one: Field,
    number: int,
    everything: Extent,
    context: Context,
) -> Line:
    display = field_display(panel, frame, one)
    values = tuple(value if present([value]) else None for value in one.values)
    colour = series_colour(number, values, ranged(display, everything), context.palette)
    return Line(time.values, values, display, colour, one.labels)


def timeseries(panel: Json, frames: Sequence[Frame], context: Context) -> Drawn:
    """The figure and the legend of a time series panel."""
    drawn = [line for line in lines(panel, frames, context) if not line.hidden]
    traces, layout = [_trace(line, context) for line in drawn], _layout(drawn, context)
    if context.notes:
        traces += note_marks(context, layout["yaxis"]["range"][0])
        layout["shapes"] += note_shapes(context)
    return {
        "kind": "figure",
        "figure": {"data": traces, "layout": layout},
        "legend": legend_of(panel, drawn, context),
    }


def _stacked(line: Line) -> bool:
    return (line.custom.get("stacking") or {}).get("mode") in ("normal", "percent")


def _trace(line: Line, context: Context) -> dict[str, Any]:
    custom, style = line.custom, str(line.custom.get("drawStyle") or "line")
    texts = [plain(_written(value, line, context)) for value in line.values]
    trace: dict[str, Any] = {
        "name": plain(line.display.name),
        "x": [local(time / 1000, context.moment) for time in line.times],
        "y": list(line.values),
        "text": texts,
        "textposition": "none",
        "hovertemplate": "%{fullData.name}: <b>%{text}</b><extra></extra>",
        "yaxis": "y2" if line.right else "y",
        "showlegend": False,
    }
    if _stacked(line):
        trace["stackgroup"] = f"{line.right}{(custom.get('stacking') or {}).get('group', 'A')}"
    if style == "bars":
        return trace | {"type": "bar", "marker": {"color": faded(line.colour, 0.85)}}
    dashed = _DASHES.get(str((custom.get("lineStyle") or {}).get("fill")), "solid")
    opacity = float(custom.get("fillOpacity") or 0) / 100
    return trace | {
        "type": "scatter",
        "mode": "markers" if style == "points" else _mode(line),
        "line": {
            "color": line.colour,
            "width": float(custom.get("lineWidth", 1)),
            "dash": dashed,
            "shape": _SHAPES.get(str(custom.get("lineInterpolation")), "linear"),
        },
        "marker": {"color": line.colour, "size": float(custom.get("pointSize", 5))},
        "fill": ("tonexty" if _stacked(line) else "tozeroy") if opacity else "none",
        "fillcolor": faded(line.colour, opacity),
        "connectgaps": custom.get("spanNulls") is True,
    }


def _written(value: Any, line: Line, context: Context) -> str:
    if value is None:
        return ""
    return str(shown(value, line.display, context.palette, context.moment).text)


def _mode(line: Line) -> str:
    """Lines, with points where they are enabled, or where a line would be invisible."""
    points = str(line.custom.get("showPoints") or "auto")
    if points == "always":
        return "lines+markers"
    alone = points == "auto" and len(present(line.values)) == 1
    return "lines+markers" if alone else "lines"


def _layout(drawn: Sequence[Line], context: Context) -> dict[str, Any]:
    left = [line for line in drawn if not line.right]
    right = [line for line in drawn if line.right]
    axis, left_texts = _value_axis(left or right, context)
    layout = plot_layout(context) | {
        "margin": {"l": gutter(left_texts), "r": 12, "t": 8, "b": 24},
        "hovermode": "x unified",
        "barmode": "stack",
        "bargap": 0.1,
        "yaxis": axis,
        "shapes": _thresholds(left or right, axis["range"], context),
    }
    if left and right:
        other, right_texts = _value_axis(right, context)
        layout["yaxis2"] = {**other, "overlaying": "y", "side": "right", "showgrid": False}
        layout["margin"]["r"] = gutter(right_texts)
    return layout


def _value_axis(drawn: Sequence[Line], context: Context) -> tuple[dict[str, Any], list[str]]:
    display = drawn[0].display if drawn else FieldDisplay("")
    low, high = _extent(drawn)
    base = 1024 if "bytes" in display.unit or display.unit.startswith("bin") else 10
    if display.unit == "decbytes":
        base = 10
    ticks = value_axis(low, high, context.height - 40, base)
    first = ticks[0] if display.minimum is None else display.minimum
    last = ticks[-1] if display.maximum is None else display.maximum
    ticks = [tick for tick in ticks if first <= tick <= last]
    texts = tick_texts(ticks, display, context.moment)
    scale = drawn[0].custom.get("scaleDistribution") or {} if drawn else {}
    axis: dict[str, Any] = {
        "range": [first, last],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [plain(text) for text in texts],
        "gridcolor": context.palette.grid,
        **STILL_AXIS,
    }
    if scale.get("type") == "log":
        lowest = min((v for line in drawn for v in present(line.values) if v > 0), default=1.0)
        bottom, top = math.floor(math.log10(lowest)), math.ceil(math.log10(max(last, lowest * 10)))
        ticks = [10.0**power for power in range(bottom, top + 1)]
        texts = tick_texts(ticks, display, context.moment)
        axis |= {"type": "log", "range": [bottom, top], "tickvals": ticks, "ticktext": texts}
    return axis, texts


def _extent(drawn: Sequence[Line]) -> tuple[float, float]:
    """The minimum and maximum to display: values, stacks, the base of fills, soft limits."""
    stacked: dict[float, float] = {}
    numbers: list[float] = []
    for line in drawn:
        numbers += [
            each for each in (line.display.minimum, line.display.maximum) if each is not None
        ]
        for soft in (line.custom.get("axisSoftMin"), line.custom.get("axisSoftMax")):
            numbers += [] if soft is None else [float(soft)]
        bars = line.custom.get("drawStyle") == "bars"
        numbers += [0.0] if _stacked(line) or line.custom.get("fillOpacity") or bars else []
        if _stacked(line):
            for time, value in zip(line.times, line.values, strict=True):
                stacked[time] = stacked.get(time, 0.0) + (value or 0.0)
        else:
            numbers += present(line.values)
    numbers += stacked.values()
    return (min(numbers), max(numbers)) if numbers else (0.0, 1.0)


def _thresholds(
    drawn: Sequence[Line], seen: Sequence[float], context: Context
) -> list[dict[str, Any]]:
    """Lines and areas at the thresholds, where the panel enables them."""
    display = next((line.display for line in drawn if _style(line.display) != "off"), None)
    if display is None:
        return []
    style = _style(display)
    low, high = seen
    shapes: list[dict[str, Any]] = []
    for place, step in enumerate(display.steps):
        colour = context.palette.colour(step.colour)
        nearest = [each.value for each in display.steps[place + 1 : place + 2]] or [math.inf]
        if "area" in style:
            bottom, top = max(step.value, low), min(nearest[0], high)
            if top > bottom:
                shapes.append(_band(bottom, top, faded(colour, 0.12)))
        if ("line" in style or "dashed" in style) and low <= step.value <= high:
            dash = "8px,6px" if "dashed" in style else "solid"
            shapes.append(_rule(step.value, colour, dash))
    return shapes


def _style(display: FieldDisplay) -> str:
    return str((display.custom.get("thresholdsStyle") or {}).get("mode") or "off")


def _band(bottom: float, top: float, colour: str) -> dict[str, Any]:
    return {
        **{"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": bottom, "y1": top},
        **{"fillcolor": colour, "line": {"width": 0}, "layer": "below"},
    }


def _rule(value: float, colour: str, dash: str) -> dict[str, Any]:
    return {
        **{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value},
        "line": {"color": colour, "width": 1.5, "dash": dash},
    }


def legend_of(panel: Json, drawn: Sequence[Line], context: Context) -> Drawn | None:
    """The legend by the panel's options; None where it is hidden."""
    options = (panel.get("options") or {}).get("legend") or {}
    mode = options.get("displayMode", "list")
    if mode == "hidden" or options.get("showLegend") is False:
        return None
    calculations = [str(each) for each in options.get("calcs") or ()]
    items = [
        {
            "name": line.display.name,
            "colour": line.colour,
            "trace": number,
            "links": context.data_links(line.display.links, line.display.name, line.labels),
            "values": [
                _written(reduced(line.values, each), line, context) for each in calculations
            ],
        }
        for number, line in enumerate(drawn)
        if not (line.custom.get("hideFrom") or {}).get("legend")
    ]
    return {
        "mode": mode,
        "placement": options.get("placement", "bottom"),
        "columns": [REDUCER_NAMES.get(each, each) for each in calculations],
        "items": items,
    }
