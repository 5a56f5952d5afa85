"""The heatmap as a plotly figure: counts by time and size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.dashboard_preview.axes import gutter, local, tick_texts, value_axis
from obs.dashboard_preview.board import Json
from obs.dashboard_preview.colours import Theme
from obs.dashboard_preview.context import Context, Drawn, plain
from obs.dashboard_preview.field_display import FieldDisplay
from obs.dashboard_preview.frames import Frame, present
from obs.dashboard_preview.plot import STILL_AXIS, plot_layout
from obs.dashboard_preview.ranges import duration_seconds, rounded_step
from obs.dashboard_preview.transform import shown_name
from obs.dashboard_preview.units import formatted

_PIXELS_A_COLUMN: Final = 18
_PIXELS_A_LABEL: Final = 18
_ROWS_A_LINE: Final = 3  # buckets per grid line of other panels

# From few to many; the ground that few stand on is the panel's.
_SCALES: Final[Mapping[str, tuple[str, ...]]] = {
    "Blues": ("#16325C", "#2171B5", "#6BAED6", "#C6DBEF"),
    "Greens": ("#0B3D1C", "#238B45", "#74C476", "#C7E9C0"),
    "Greys": ("#2F3136", "#70747C", "#A9ADB5", "#E4E6EA"),
    "Oranges": ("#4A1E05", "#A63603", "#F16913", "#FDD0A2"),
    "Purples": ("#2B1152", "#6A51A3", "#9E9AC8", "#DADAEB"),
    "Reds": ("#520B12", "#A50F15", "#EF3B2C", "#FCBBA1"),
    "Spectral": ("#3288BD", "#66C2A5", "#FEE08B", "#F46D43", "#D53E4F"),
    "RdYlGn": ("#1A9850", "#A6D96A", "#FEE08B", "#F46D43", "#D73027"),
    "Turbo": ("#30123B", "#28BBEC", "#A2FC3C", "#FB8022", "#7A0403"),
    "Viridis": ("#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725"),
}


@dataclass(frozen=True, slots=True)
class Grid:
    """Counts: `counts[row][column]`; a column begins at its time (ms), a row has its label."""

    times: tuple[float, ...]
    rows: tuple[str, ...]
    counts: tuple[tuple[float | None, ...], ...]
    lines: bool = False
    """Whether the labels are at the upper edge of their rows."""


def heatmap(panel: Json, frames: Sequence[Frame], context: Context) -> Drawn:
    """The figure of a heatmap."""
    options = panel.get("options") or {}
    unit = str((options.get("yAxis") or {}).get("unit") or "short")
    display = FieldDisplay("", unit, (options.get("yAxis") or {}).get("decimals"))
    grid = (
        counted(frames, options.get("calculation") or {}, display, context)
        if options.get("calculate")
        else bucketed(frames, display, context)
    )
    trace = _trace(grid, options, context)
    return {
        "kind": "figure",
        "figure": {"data": [trace], "layout": _layout(grid, context)},
        "legend": None,
    }


def bucketed(frames: Sequence[Frame], display: FieldDisplay, context: Context) -> Grid:
    """Buckets that Prometheus counted: a column of a frame, or a frame, each."""
    columns = [
        (frame.fields[0].values, field)
        for frame in frames
        for field in frame.fields
        if field.kind == "number"
    ]
    times = sorted({time for stamps, _ in columns for time in stamps})
    rows, counts = [], []
    for stamps, field in columns:
        at = dict(zip(stamps, field.values, strict=True))
        rows.append(_bound(shown_name(field), display, context))
        counts.append(tuple(at.get(time) for time in times))
    return Grid(tuple(times), tuple(rows), tuple(counts), lines=True)


def _bound(name: str, display: FieldDisplay, context: Context) -> str:
    try:
        return str(formatted(float(name), display.unit, display.decimals, context.moment))
    except ValueError:
        return name


def counted(
    frames: Sequence[Frame], calculation: Json, display: FieldDisplay, context: Context
) -> Grid:
    """Counts of the values of series, by time and size."""
    points = [
        (time, value)
        for frame in frames
        for field in frame.fields
        if field.kind == "number"
        for time, value in zip(frame.fields[0].values, field.values, strict=True)
        if present([value])
    ]
    wanted = duration_seconds(str((calculation.get("xBuckets") or {}).get("value") or ""))
    columns = max(context.width / _PIXELS_A_COLUMN, 4)
    step = 1000 * (wanted or rounded_step(context.during.seconds / columns))
    start = context.during.start * 1000 // step * step
    times = [start + step * n for n in range(int((context.during.end * 1000 - start) // step) + 1)]
    sizes = [value for _, value in points]
    edges = value_axis(min(sizes), max(sizes), context.height * _ROWS_A_LINE)
    height = edges[1] - edges[0]
    counts: list[list[float | None]] = [[None] * len(times) for _ in edges[1:]]
    for time, value in points:
        column = int((time - start) // step)
        row = min(int((value - edges[0]) / height), len(counts) - 1)
        if 0 <= column < len(times):
            counts[row][column] = (counts[row][column] or 0) + 1
    labels = tick_texts(edges[1:], display, context.moment)
    return Grid(tuple(times), tuple(labels), tuple(map(tuple, counts)), lines=True)


def _trace(grid: Grid, options: Json, context: Context) -> dict[str, Any]:
    colour = options.get("color") or {}
    hidden = float((options.get("filterValues") or {}).get("le") or 0.0)
    seen = [
        [None if count is None or count <= hidden else count for count in row]
        for row in grid.counts
    ]
    legend = (options.get("legend") or {}).get("show", True)
    return {
        "type": "heatmap",
        "x": [local(time / 1000, context.moment) for time in grid.times],
        "y": list(range(len(grid.rows))),
        "z": seen,
        "customdata": [[plain(labels)] * len(grid.times) for labels in grid.rows],
        "hovertemplate": "%{x|%Y-%m-%d %H:%M:%S}<br>≤ %{customdata}: <b>%{z:.4~g}</b>"
        "<extra></extra>",
        "hoverongaps": False,
        "colorscale": _scale(colour, context.theme),
        "zmin": colour.get("min"),
        "zmax": colour.get("max"),
        # A gap is taken from its cell: narrow ones would vanish.
        "xgap": 1 if context.width / max(len(grid.times), 1) > 6 else 0,
        "ygap": 1,
        "showscale": legend is not False,
        "colorbar": {
            **{"ticks": "", "thickness": 8, "outlinewidth": 0, "nticks": 4, "xpad": 6, "ypad": 4},
            "tickfont": {"color": context.palette.secondary, "size": 10},
        },
    }


def _scale(colour: Json, theme: Theme) -> list[list[Any]]:
    colours = list(_SCALES.get(str(colour.get("scheme")), _SCALES["Oranges"]))
    if (theme == "light") != bool(colour.get("reverse")):
        colours.reverse()
    return [[place / (len(colours) - 1), each] for place, each in enumerate(colours)]


def _layout(grid: Grid, context: Context) -> dict[str, Any]:
    every = max(round(len(grid.rows) * _PIXELS_A_LABEL / max(context.height - 40, 40) + 0.49), 1)
    labelled = range(len(grid.rows) - 1, -1, -every)
    labels = [grid.rows[row] for row in labelled]
    return plot_layout(context) | {
        "margin": {"l": gutter(labels), "r": 8, "t": 12, "b": 24},
        "hovermode": "closest",
        "yaxis": {
            "range": [-0.5, len(grid.rows) - 0.5],
            "tickmode": "array",
            "tickvals": [row + (0.5 if grid.lines else 0) for row in labelled],
            "ticktext": [plain(text) for text in labels],
            "showgrid": False,
            **STILL_AXIS,
        },
    }
