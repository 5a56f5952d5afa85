"""What all plotly figures have in common."""

from typing import Any, Final

from obs.dashboard_preview.axes import font, local, time_axis
from obs.dashboard_preview.colours import faded
from obs.dashboard_preview.context import Context, plain

_CLEAR: Final = "rgba(0,0,0,0)"
STILL_AXIS: Final = {
    **{"zeroline": False, "fixedrange": True},
    **{"ticks": "outside", "ticklen": 6, "tickcolor": _CLEAR},
}
"""A value axis: it cannot be dragged, and its labels are outside the drawing."""


def plot_layout(context: Context) -> dict[str, Any]:
    """A layout without a value axis: the theme's colours, and the time range as x axis."""
    palette = context.palette
    start, end = context.during.start, context.during.end
    ticks, texts = time_axis(start, end, context.width, context.moment)
    return {
        "paper_bgcolor": _CLEAR,
        "plot_bgcolor": _CLEAR,
        "font": font(palette.text),
        "hoverlabel": {
            "font": font(palette.text),
            "bgcolor": palette.raised,
            "bordercolor": palette.grid,
            "namelength": -1,
        },
        "dragmode": "zoom",
        "showlegend": False,
        "xaxis": {
            "type": "date",
            "range": [local(start, context.moment), local(end, context.moment)],
            "tickmode": "array",
            "tickvals": ticks,
            "ticktext": texts,
            "tickangle": 0,
            "gridcolor": palette.grid,
            "zeroline": False,
            "hoverformat": "%Y-%m-%d %H:%M:%S",
            # plotly draws the line at the pointer with a white rim of 2 px; this leaves none.
            **{"spikethickness": -2, "spikedash": "solid", "spikecolor": palette.secondary},
        },
    }


def note_shapes(context: Context) -> list[dict[str, Any]]:
    """A band for the period of each annotation."""
    return [
        {
            **{"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"},
            "x0": local(note.start, context.moment),
            "x1": local(note.end, context.moment),
            "fillcolor": faded(context.palette.colour(note.colour), 0.1),
            "line": {"width": 1, "dash": "3px,3px", "color": context.palette.colour(note.colour)},
        }
        for note in context.notes
    ]


def note_marks(context: Context, ground: float) -> list[dict[str, Any]]:
    """A mark at the bottom of each band with its text."""
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": "",
            "x": [local(note.start, context.moment) for note in context.notes],
            "y": [ground for _ in context.notes],
            "text": [plain(f"{note.title} {note.text}".strip()) for note in context.notes],
            "hovertemplate": "<b>%{text}</b><extra></extra>",
            "marker": {
                **{"symbol": "triangle-up", "size": 9},
                "color": [context.palette.colour(note.colour) for note in context.notes],
            },
            "cliponaxis": False,
            "showlegend": False,
        }
    ]
