"""What the page is given to draw."""

import json
import math
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from obs.clients.prometheus import Series
from obs.dashboard_preview.axes import tick_texts, time_axis, value_axis
from obs.dashboard_preview.context import Context
from obs.dashboard_preview.drawing import drawn, outline
from obs.dashboard_preview.evaluate import Panel, PanelQuery
from obs.dashboard_preview.field_display import FieldDisplay
from obs.dashboard_preview.given import readable
from obs.dashboard_preview.notes import Note
from obs.dashboard_preview.ranges import Steps, time_range
from obs.dashboard_preview.text import markdown
from obs.dashboard_preview.timeline import TimelineState, states
from obs.dashboard_preview.units import Moment
from obs.dashboards.interpolate import Chosen

NOW = 1_700_000_000.0
MOMENT = Moment(NOW, UTC)
HOUR = time_range("now-1h", "now", NOW)
CONTEXT = Context({"stream": Chosen(("A",))}, HOUR, MOMENT, "dark", 600, 300)
HOSTILE = "<img src=x onerror=alert(1)>"
STEPS = [{"color": "green", "value": None}, {"color": "red", "value": 2}]


def series(*values: float, **labels: str) -> Series:
    start = NOW - 15 * (len(values) - 1)
    return Series(labels, tuple((start + 15 * n, value) for n, value in enumerate(values)))


def panel(kind: str, *found: Series, form: str = "time_series", **more: Any) -> Panel:
    defaults = {"thresholds": {"steps": STEPS}, **more.pop("defaults", {})}
    config = {"defaults": defaults, "overrides": more.pop("overrides", [])}
    legend, error = more.pop("legend", "{{name}}"), more.pop("error", None)
    asked = PanelQuery("A", "x", form, form == "table", legend, found, error)
    whole = {"id": 7, "type": kind, "title": "T", "fieldConfig": config, **more}
    return Panel(whole, Steps(15, 60), (asked,))


def draw(one: Panel, **changes: Any) -> dict[str, Any]:
    fields = ("scope", "during", "moment", "theme", "width", "height", "notes")
    values = {name: getattr(CONTEXT, name) for name in fields}
    found = drawn(one, Context(**values | changes))
    json.dumps(found, allow_nan=False)  # the browser reads no NaN
    return found


def test_a_time_series_is_a_line_each_with_its_legend() -> None:
    options = {"legend": {"displayMode": "table", "calcs": ["lastNotNull", "max"]}}
    one = panel("timeseries", series(1, 3, 2, name="w"), options=options, defaults={"unit": "s"})
    found = draw(one)
    (trace,) = found["figure"]["data"]
    assert trace["y"] == [1, 3, 2]
    assert trace["text"] == ["1 s", "3 s", "2 s"]
    assert trace["x"][-1] == "2023-11-14 22:13:20.000"
    assert found["legend"]["columns"] == ["Last *", "Max"]
    assert found["legend"]["items"][0]["values"] == ["2 s", "3 s"]


def test_stacked_series_are_added_up_on_the_axis() -> None:
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 20}
    pair = (series(10, 10, name="a"), series(30, 30, name="b"))
    found = draw(panel("timeseries", *pair, defaults={"custom": custom}))
    assert found["figure"]["layout"]["yaxis"]["range"] == [0, 40]
    assert {trace["stackgroup"] for trace in found["figure"]["data"]} == {"FalseA"}


def test_an_override_draws_a_line_dashed_and_in_its_colour() -> None:
    properties = [
        {"id": "custom.lineStyle", "value": {"fill": "dash"}},
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "#123456"}},
    ]
    override = {"matcher": {"id": "byName", "options": "limit"}, "properties": properties}
    pair = (series(1, name="w"), series(2, name="limit"))
    plain, dashed = draw(panel("timeseries", *pair, overrides=[override]))["figure"]["data"]
    assert plain["line"]["dash"] == "solid"
    assert (dashed["line"]["dash"], dashed["line"]["color"]) == ("8px,6px", "#123456")


@pytest.mark.parametrize(
    ("mode", "shapes"), [("off", []), ("dashed", ["line"]), ("area", ["rect", "rect"])]
)
def test_thresholds_are_drawn_as_the_panel_asks(mode: str, shapes: list[str]) -> None:
    custom = {"thresholdsStyle": {"mode": mode}}
    found = draw(panel("timeseries", series(0, 4, name="w"), defaults={"custom": custom}))
    assert [shape["type"] for shape in found["figure"]["layout"]["shapes"]] == shapes


def test_annotations_are_bands_with_a_mark() -> None:
    note = Note("red", "Down", "main", NOW - 600, NOW - 300)
    found = draw(panel("timeseries", series(1, 2, name="w")), notes=(note,))
    assert found["figure"]["layout"]["shapes"][-1]["type"] == "rect"
    assert found["figure"]["data"][-1]["text"] == ["Down main"]


def test_a_stat_shows_one_number_with_its_colour_and_course() -> None:
    (tile,) = draw(panel("stat", series(1, 2, 3.5, name="w"), defaults={"unit": "s"}))["tiles"]
    assert (tile["text"], tile["suffix"], tile["name"]) == ("3.50", " s", "")
    assert tile["colour"] == "#F2495C"
    assert tile["spark"] == [0, 0.4, 1]


def test_a_stat_of_several_names_them() -> None:
    found = draw(panel("stat", series(1, name="a"), series(2, name="b")))
    assert [tile["name"] for tile in found["tiles"]] == ["a", "b"]


def test_a_stat_without_end_has_no_number_that_json_does_not_know() -> None:
    (tile,) = draw(panel("stat", series(1, math.inf, math.nan, name="w")))["tiles"]
    assert tile["text"] == "∞"


def test_a_table_has_its_columns_colours_and_links() -> None:
    link = {"title": "This", "url": "/d/c?var-c=${__data.fields.consumer}&${stream:queryparam}"}
    overrides = [
        {
            "matcher": {"id": "byName", "options": "consumer"},
            "properties": [{"id": "links", "value": [link]}],
        },
        {
            "matcher": {"id": "byName", "options": "Value"},
            "properties": [
                {"id": "custom.cellOptions", "value": {"type": "color-background"}},
                {"id": "displayName", "value": "Lag"},
            ],
        },
    ]
    steps = [{"id": "organize", "options": {"excludeByName": {"Time": True}}}]
    rows = (series(1, consumer="a b"), series(5, consumer="c"))
    one = panel("table", *rows, form="table", overrides=overrides, transformations=steps)
    found = draw(one)
    assert [(c["title"], c["align"]) for c in found["columns"]] == [
        ("consumer", "left"),
        ("Lag", "right"),
    ]
    assert found["rows"][0][0]["links"][0]["url"] == "/d/c?var-c=a%20b&var-stream=A"
    assert found["rows"][1][1] == {"text": "5", "background": "#F2495C", "colour": "#FFFFFF"}


def test_a_table_is_sorted_as_its_options_say() -> None:
    rows = (series(1, c="a"), series(5, c="b"))
    options = {"sortBy": [{"displayName": "Value", "desc": True}]}
    found = draw(panel("table", *rows, form="table", options=options))
    assert [row[1]["text"] for row in found["rows"]] == ["b", "a"]


def test_bars_share_one_scale() -> None:
    rows = (series(1, name="a"), series(4, name="b"))
    found = draw(panel("bargauge", *rows, defaults={"min": 0}))
    assert [bar["reach"] for bar in found["bars"]] == [0.25, 1.0]
    assert [bar["text"] for bar in found["bars"]] == ["1", "4"]


def test_states_last_until_the_next_and_neighbours_of_a_kind_are_one() -> None:
    times, values = [0.0, 10.0, 20.0, 30.0, 40.0], [1.0, 1.0, 2.0, None, 2.0]
    assert list(states(times, values, 50, 3, merge=True)) == [
        TimelineState(3, 0, 20, 1),
        TimelineState(3, 20, 30, 2),
        TimelineState(3, 40, 50, 2),
    ]
    assert len(list(states(times, values, 50, 3, merge=False))) == 4


def test_a_state_timeline_has_a_colour_each_state() -> None:
    mappings = [{"type": "value", "options": {"0": {"text": "ok", "color": "green"}}}]
    found = draw(
        panel("state-timeline", series(0, 0, 5, name="w"), defaults={"mappings": mappings})
    )
    assert [item["name"] for item in found["legend"]["items"]] == ["ok", "5"]
    assert [trace["x"] for trace in found["figure"]["data"]] == [[30_000], [0.0]]


def test_a_heatmap_has_a_row_each_bucket() -> None:
    buckets = [series(1, 2, le="0.1"), series(3, 3, le="1"), series(3, 6, le="+Inf")]
    options = {"yAxis": {"unit": "s"}}
    found = draw(panel("heatmap", *buckets, form="heatmap", options=options))
    (trace,) = found["figure"]["data"]
    assert trace["z"] == [[1, 2], [2, 1], [None, 3]]
    assert found["figure"]["layout"]["yaxis"]["ticktext"] == ["∞", "1 s", "100 ms"]


def test_a_calculated_heatmap_loses_no_point() -> None:
    found = draw(panel("heatmap", series(1, 5, 9, 9, name="w"), options={"calculate": True}))
    counts = [count for row in found["figure"]["data"][0]["z"] for count in row if count]
    assert sum(counts) == 4


def test_what_is_empty_unknown_or_refused_is_told_in_words() -> None:
    empty = draw(panel("stat", defaults={"noValue": "Nothing on $stream"}))
    assert (empty["kind"], empty["text"]) == ("empty", "Nothing on A")
    undrawn = replace(panel("geomap"), undrawn="panels of type geomap")
    assert draw(undrawn)["text"] == "Not drawn by the preview: panels of type geomap."
    odd = draw(panel("table", series(1), transformations=[{"id": "odd"}]))
    assert odd["text"] == "Not drawn by the preview: the transformation odd."
    assert draw(panel("stat", error="bad_data: no"))["errors"] == ["bad_data: no"]


KINDS = ("timeseries", "state-timeline", "heatmap")


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_text_to_plotly_too(kind: str) -> None:
    found = draw(panel(kind, series(1, 2, name=HOSTILE)))
    assert HOSTILE not in json.dumps(found["figure"])


def test_markdown_brings_no_html_of_its_own_and_no_script() -> None:
    assert "<img" not in markdown(HOSTILE)
    assert "<img" not in markdown("![x](http://evil/x.png)")
    assert "href" not in markdown("[x](javascript:alert(1))")
    assert '<a href="/d/x">' in markdown("[x](/d/x)")


def test_links_lead_to_this_page_or_by_http_only() -> None:
    urls = ("javascript:alert(1)", "data:text/html,x", "/d/x", "https://example.org/")
    found = [CONTEXT.link({"url": url, "title": "T"}, {}) for url in urls]
    assert [link and link["url"] for link in found] == [None, None, *urls[2:]]


def test_the_outline_says_where_panels_stand() -> None:
    inner = {"id": 2, "type": "stat", "gridPos": {"x": 0, "y": 1, "w": 4, "h": 3}}
    row = {"id": 1, "type": "row", "title": "Of $stream", "collapsed": True, "panels": [inner]}
    found = outline(readable({"panels": [row]}), CONTEXT)
    assert [(each["id"], each["title"], each["within"]) for each in found] == [
        (1, "Of A", [2]),
        (2, "", []),
    ]
    assert found[1]["place"] == {"x": 0, "y": 1, "w": 4, "h": 3}


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 2190, [0, 500, 1000, 1500, 2000, 2500]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (5, 5, [5, 6, 7, 8, 9, 10]),
        (-3, 3, [-4, -2, 0, 2, 4]),
    ],
)
def test_an_axis_has_round_numbers(low: float, high: float, ticks: list[float]) -> None:
    assert value_axis(low, high, 250) == ticks


def test_lines_of_an_axis_are_told_apart() -> None:
    assert tick_texts([0, 0.5, 1], FieldDisplay("", "s"), MOMENT) == ["0 s", "500 ms", "1 s"]
    texts = tick_texts([1_000_000, 1_000_400, 1_000_800], FieldDisplay("", "short"), MOMENT)
    assert texts == ["1.0000 Mil", "1.0004 Mil", "1.0008 Mil"]


def test_times_stand_on_round_minutes_of_the_reader_s_clock() -> None:
    moments, words = time_axis(NOW - 3600, NOW, 600, MOMENT)
    assert words == ["21:20", "21:30", "21:40", "21:50", "22:00", "22:10"]
    assert moments[0] == "2023-11-14 21:20:00.000"
