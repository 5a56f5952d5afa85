"""Dashboards of grafanalib, and what becomes of them."""

import copy
import json
import math
from typing import Any

import pytest
from grafanalib import core
from grafanalib._gen import DashboardEncoder
from hypothesis import given, settings
from hypothesis import strategies as st

from obs.dashboards.normalise import Normalised, every_panel, normalised
from obs.errors import BadInput

PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
DATASOURCE = core.Template(name="datasource", type="datasource", query="prometheus")
TARGET = core.Target(expr='up{job=~"$job"}', legendFormat="{{job}}", refId="A")
OLD_THRESHOLDS = [core.Threshold("green", 0, 0.0), core.Threshold("red", 1, 80.0)]


def board(*panels: Any, **fields: Any) -> dict[str, Any]:
    templating = fields.pop("templating", core.Templating([DATASOURCE]))
    dashboard = core.Dashboard(
        title="Orders", uid="orders", panels=list(panels), templating=templating, **fields
    )
    return normalised(dashboard.to_json_data())


def only(panel: Any) -> dict[str, Any]:
    """The panel, alone on a dashboard."""
    found: dict[str, Any]
    (found,) = board(panel)["panels"]
    return found


def drawn(kind: Any, **fields: Any) -> dict[str, Any]:
    return only(
        kind(**{"title": "P", "id": 7, "dataSource": "${datasource}", "targets": [TARGET]} | fields)
    )


def defaults(panel: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def steps(panel: dict[str, Any]) -> Any:
    return defaults(panel)["thresholds"]["steps"]


def test_the_schema_is_that_of_grafana_12_and_a_newer_one_stays() -> None:
    assert board()["schemaVersion"] == 42
    assert board(schemaVersion=43)["schemaVersion"] == 43


def test_of_the_dashboard_only_what_says_something_stays() -> None:
    whole = board(description="What orders do", editable=False, timezone="browser")
    assert whole == {
        "annotations": {"list": []},
        "description": "What orders do",
        "editable": False,
        "graphTooltip": 0,
        "links": [],
        "panels": [],
        "refresh": "10s",
        "schemaVersion": 42,
        "tags": [],
        "templating": {
            "list": [
                {
                    "includeAll": False,
                    "multi": False,
                    "name": "datasource",
                    "query": "prometheus",
                    "refresh": 1,
                    "sort": 1,
                    "type": "datasource",
                }
            ]
        },
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "title": "Orders",
        "uid": "orders",
    }


def test_what_somebody_chose_of_the_time_picker_stays() -> None:
    picker = core.TimePicker(refreshIntervals=["1m"], timeOptions=["1h"], hidden=True)
    assert board(timePicker=picker)["timepicker"] == {"hidden": True, "refresh_intervals": ["1m"]}


def test_a_crosshair_shared_in_the_old_way_is_shared_in_the_new_one() -> None:
    assert board(sharedCrosshair=True)["graphTooltip"] == 1
    assert board(sharedCrosshair=True, graphTooltip=2)["graphTooltip"] == 2


def test_a_time_series_has_only_what_its_type_knows() -> None:
    panel = drawn(
        core.TimeSeries,
        thresholds=OLD_THRESHOLDS,
        unit="s",
        legendDisplayMode="hidden",
        gridPos=core.GridPos(8, 12, 0, 0),
    )
    assert panel["gridPos"] == {"h": 8, "w": 12, "x": 0, "y": 0}
    assert set(panel) == {
        *("datasource", "fieldConfig", "gridPos", "id", "options", "targets", "title", "type")
    }
    assert set(defaults(panel)) == {"color", "custom", "thresholds", "unit"}
    assert panel["options"]["legend"] == {
        "calcs": [],
        "displayMode": "list",
        "placement": "bottom",
        "showLegend": False,
    }
    assert panel["targets"] == [
        {
            "datasource": PROMETHEUS,
            "editorMode": "code",
            "expr": 'up{job=~"$job"}',
            "format": "time_series",
            "instant": False,
            "legendFormat": "{{job}}",
            "range": True,
            "refId": "A",
        }
    ]


@pytest.mark.parametrize("kind", [core.TimeSeries, core.Stat, core.BarGauge, core.GaugePanel])
def test_the_first_threshold_is_null_and_no_other_key_is_left(kind: Any) -> None:
    assert steps(drawn(kind, thresholds=OLD_THRESHOLDS)) == [
        {"color": "green", "value": None},
        {"color": "red", "value": 80},
    ]


def test_thresholds_are_put_in_order_as_grafana_reads_them() -> None:
    shuffled = [core.Threshold("red", 1, 9.5), core.Threshold("blue", 0, 0.0)]
    assert [each["color"] for each in steps(drawn(core.Stat, thresholds=shuffled))] == [
        "blue",
        "red",
    ]
    plain = [{"color": "green", "value": -math.inf}, {"color": "red", "value": 2}]
    assert steps(drawn(core.Stat, thresholds=plain))[0] == {"color": "green", "value": None}


@pytest.mark.parametrize("kind", [core.TimeSeries, core.Stat, core.Table, core.StateTimeline])
def test_without_thresholds_nothing_turns_red_at_80(kind: Any) -> None:
    assert steps(drawn(kind)) == [{"color": "green", "value": None}]


def test_a_stat_says_no_data_in_grafanas_words_unless_it_has_its_own() -> None:
    assert "noValue" not in defaults(drawn(core.Stat))
    assert defaults(drawn(core.Stat, noValue="Nothing yet"))["noValue"] == "Nothing yet"


def test_a_stat_keeps_how_it_reduces() -> None:
    panel = drawn(core.Stat, reduceCalc="lastNotNull")
    assert panel["options"]["reduceOptions"] == {
        "calcs": ["lastNotNull"],
        "fields": "",
        "values": False,
    }
    assert panel["pluginVersion"] == "12.0.0"


def test_a_table_is_the_one_of_today() -> None:
    mapping = core.StatValueMappings(core.StatValueMappingItem("up", "1", "green"))
    panel = drawn(
        core.Table,
        displayMode="lcd-gauge",
        mappings=[mapping],
        unit="short",
        sortBy=[core.TableSortByField("Lag", True)],
        overrides=[
            {
                "matcher": {"id": "byName", "options": "Lag"},
                "properties": [{"id": "custom.displayMode", "value": "color-background-solid"}],
            }
        ],
    )
    assert defaults(panel) == {
        "color": {"mode": "thresholds"},
        "custom": {
            "align": "auto",
            "cellOptions": {"mode": "lcd", "type": "gauge"},
            "filterable": False,
        },
        "mappings": [{"options": {"1": {"color": "green", "text": "up"}}, "type": "value"}],
        "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}]},
        "unit": "short",
    }
    assert panel["fieldConfig"]["overrides"][0]["properties"] == [
        {"id": "custom.cellOptions", "value": {"mode": "basic", "type": "color-background"}}
    ]
    assert panel["options"] == {
        "showHeader": True,
        "sortBy": [{"desc": True, "displayName": "Lag"}],
    }
    assert not {"color", "columns", "fontSize", "mappings"} & set(panel)


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("auto", {"type": "auto"}),
        ("basic", {"mode": "basic", "type": "gauge"}),
        ("gradient-gauge", {"mode": "gradient", "type": "gauge"}),
        ("color-background", {"mode": "gradient", "type": "color-background"}),
        ("color-text", {"type": "color-text"}),
    ],
)
def test_every_way_to_show_cells_has_its_new_form(mode: str, options: dict[str, Any]) -> None:
    assert defaults(drawn(core.Table, displayMode=mode))["custom"]["cellOptions"] == options


def test_a_bar_gauge_says_by_its_fields_what_it_said_by_options() -> None:
    panel = drawn(
        core.BarGauge,
        calc="last",
        decimals=1,
        format="s",
        max=60,
        label="Age",
        limit=5,
        valueMaps=[core.ValueMap("none", "null"), core.ValueMap("zero", "0")],
        rangeMaps=[],
        dataLinks=[core.DataLink("more", "/d/more")],
    )
    assert panel["options"] == {
        "displayMode": "lcd",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": ["last"], "fields": "", "limit": 5, "values": False},
    }
    found = defaults(panel)
    assert {name: found[name] for name in ("decimals", "displayName", "max", "min", "unit")} == {
        "decimals": 1,
        "displayName": "Age",
        "max": 60,
        "min": 0,
        "unit": "s",
    }
    assert found["mappings"] == [
        {"options": {"match": "null", "result": {"text": "none"}}, "type": "special"},
        {"options": {"0": {"text": "zero"}}, "type": "value"},
    ]
    assert found["links"] == [{"targetBlank": False, "title": "more", "url": "/d/more"}]


def test_a_bar_gauge_in_its_new_form_gets_nothing_of_grafanalibs_defaults() -> None:
    panel = drawn(
        core.BarGauge,
        extraJson={
            "fieldConfig": {"defaults": {"unit": "s"}, "overrides": []},
            "options": {"reduceOptions": {"calcs": ["max"], "fields": "", "values": False}},
        },
    )
    assert panel["options"]["reduceOptions"]["calcs"] == ["max"]
    assert set(defaults(panel)) == {"thresholds", "unit"}


def test_a_gauge_has_its_reduction_and_marks_among_its_options() -> None:
    panel = drawn(core.GaugePanel, calc="max", label="Fill", thresholdLabels=True)
    assert panel["options"] == {
        "reduceOptions": {"calcs": ["max"], "fields": "", "values": False},
        "showThresholdLabels": True,
        "showThresholdMarkers": True,
    }
    assert set(panel["fieldConfig"]) == {"defaults", "overrides"}
    assert set(defaults(panel)) == {"displayName", "max", "min", "thresholds", "unit"}


def test_mappings_of_before_grafana_8_become_new_ones() -> None:
    old = [
        core.StatValueMapping("up", mapValue="1"),
        core.StatRangeMapping("many", startValue="10", endValue="20"),
    ]
    assert defaults(drawn(core.Stat, mappings=old))["mappings"] == [
        {"options": {"1": {"text": "up"}}, "type": "value"},
        {"options": {"from": 10, "result": {"text": "many"}, "to": 20}, "type": "range"},
    ]


def test_a_range_without_a_bound_keeps_its_null() -> None:
    open_ended = {"type": "range", "options": {"from": 5, "to": None, "result": {"text": "many"}}}
    assert defaults(drawn(core.Stat, mappings=[open_ended]))["mappings"] == [open_ended]


def test_a_heatmap_is_the_one_of_today() -> None:
    panel = drawn(
        core.Heatmap,
        dataFormat="tsbuckets",
        hideZeroBuckets=True,
        reverseYBuckets=True,
        yAxis=core.YAxis(format="s", min="0.5", logBase=1),
        color=core.HeatmapColor(colorScheme="interpolateBlues"),
    )
    options = panel["options"]
    assert options["calculate"] is False
    assert options["filterValues"] == {"le": 1e-9}
    assert options["color"]["scheme"] == "Blues"
    assert options["color"]["mode"] == "scheme"
    assert options["yAxis"] == {
        "axisPlacement": "left",
        "min": 0.5,
        "reverse": True,
        "unit": "s",
    }
    assert not {"cards", "dataFormat", "heatmap", "legend", "tooltip", "yAxis"} & set(panel)


def test_a_heatmap_of_values_says_into_what_it_counts_them() -> None:
    panel = drawn(core.Heatmap, xBucketSize="1m", yBucketNumber=10, yAxis=core.YAxis(logBase=2))
    assert panel["options"]["calculation"] == {
        "xBuckets": {"mode": "size", "value": "1m"},
        "yBuckets": {"mode": "count", "scale": {"log": 2, "type": "log"}, "value": "10"},
    }


def test_a_heatmap_that_has_its_new_options_keeps_them() -> None:
    given_options = {"calculate": False, "color": {"scheme": "Reds"}}
    assert drawn(core.Heatmap, options=given_options)["options"] == given_options


def test_a_text_has_neither_queries_nor_thresholds() -> None:
    assert only(core.Text(title="About", content="*Orders*", id=3)) == {
        "id": 3,
        "options": {"content": "*Orders*", "mode": "markdown"},
        "title": "About",
        "type": "text",
    }


def test_a_panel_of_a_newer_type_keeps_what_is_not_known_here() -> None:
    extra = {
        "type": "trend",
        "options": {"xField": "age", "nested": {"empty": {}}},
        "libraryPanel": {"uid": "lib", "name": "Lib"},
        "fieldConfig": {"defaults": {"min": 0.25}},
    }
    panel = drawn(core.TimeSeries, extraJson=extra, maxDataPoints=500)
    assert panel["type"] == "trend"
    assert panel["options"]["xField"] == "age"
    assert panel["options"]["nested"] == {"empty": {}}
    assert panel["libraryPanel"] == {"uid": "lib", "name": "Lib"}
    assert panel["maxDataPoints"] == 500
    assert defaults(panel)["min"] == 0.25


def test_what_a_series_hides_it_hides_from_tooltips_too() -> None:
    override = {
        "matcher": {"id": "byName", "options": "x"},
        "properties": [{"id": "custom.hideFrom", "value": {"viz": True}}],
    }
    panel = drawn(core.TimeSeries, overrides=[override])
    assert panel["fieldConfig"]["overrides"][0]["properties"][0]["value"] == {
        "tooltip": True,
        "viz": True,
    }


def test_a_row_holds_neither_queries_nor_fields() -> None:
    row = only(core.RowPanel(title="Rows", id=1, gridPos=core.GridPos(1, 24, 0, 0)))
    assert row == {
        "collapsed": False,
        "gridPos": {"h": 1, "w": 24, "x": 0, "y": 0},
        "id": 1,
        "panels": [],
        "title": "Rows",
        "type": "row",
    }


def test_a_collapsed_row_holds_its_panels_and_an_open_one_has_them_behind_it() -> None:
    def text(number: int) -> core.Text:
        return core.Text(title=f"t{number}", id=number)

    whole = board(
        core.RowPanel(title="shut", id=10, collapsed=True),
        text(1),
        text(2),
        core.RowPanel(title="open", id=11, panels=[text(3)]),
        text(4),
        core.RowPanel(title="full", id=12, collapsed=True, panels=[text(5)]),
    )
    assert [
        (each["title"], [p["title"] for p in each.get("panels", ())]) for each in whole["panels"]
    ] == [
        ("shut", ["t1", "t2"]),
        ("open", []),
        ("t3", []),
        ("t4", []),
        ("full", ["t5"]),
    ]


def test_rows_of_before_grafana_5_become_panels_with_places() -> None:
    rows = [
        core.Row(
            title="First",
            panels=[
                core.TimeSeries(title=name, span=span)
                for name, span in (("a", 6), ("b", 6), ("c", 4))
            ],
        ),
        core.Row(panels=[core.Text(title="d", height=core.Pixels(100))], collapse=True),
    ]
    whole = board(rows=rows)
    assert "rows" not in whole
    places = {
        each["title"]: tuple(each["gridPos"][n] for n in "xywh")
        for each in every_panel(whole["panels"])
    }
    assert places == {
        "First": (0, 0, 24, 1),
        "a": (0, 1, 12, 7),
        "b": (12, 1, 12, 7),
        "c": (0, 8, 8, 7),
        "New row": (0, 15, 24, 1),
        "d": (0, 16, 24, 3),
    }
    assert [each["title"] for each in whole["panels"][-1]["panels"]] == ["d"]


def test_two_panels_of_one_id_are_refused_by_their_titles() -> None:
    inside = core.RowPanel(title="r", id=1, collapsed=True, panels=[core.Text(title="Lag", id=2)])
    with pytest.raises(BadInput, match="orders: panels 'Lag', 'Age' have the same id"):
        board(inside, core.Text(title="Age", id=2))


def test_an_id_left_out_comes_from_the_title_and_not_from_the_place() -> None:
    first, second = core.Text(title="first"), core.Text(title="second")
    before = {each["title"]: each["id"] for each in board(first, second)["panels"]}
    after = board(core.Text(title="new"), second, first)["panels"]
    assert {each["title"]: each["id"] for each in after if each["title"] != "new"} == before
    with pytest.raises(BadInput, match="'first', 'first' have the same id"):
        board(first, first)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("${datasource}", PROMETHEUS),
        ("$datasource", PROMETHEUS),
        ("[[datasource]]", PROMETHEUS),
        ("$other", {"uid": "${other}"}),
        ("Prometheus main", {"uid": "Prometheus main"}),
        ("-- Mixed --", {"type": "datasource", "uid": "-- Mixed --"}),
        ({"type": "loki", "uid": "abc"}, {"type": "loki", "uid": "abc"}),
        ({"uid": "$datasource"}, {"type": "prometheus", "uid": "$datasource"}),
    ],
)
def test_data_sources_are_objects(name: Any, expected: dict[str, Any]) -> None:
    assert drawn(core.TimeSeries, dataSource=name)["datasource"] == expected


def test_queries_of_a_mixed_panel_have_their_own_data_sources() -> None:
    targets = [
        core.Target(expr="a", datasource="${datasource}"),
        core.Target(expr="b", datasource={"type": "loki", "uid": "l"}, refId="A"),
        core.Target(expr="c", instant=True, format="table"),
    ]
    panel = drawn(core.TimeSeries, dataSource="-- Mixed --", targets=targets)
    found = panel["targets"]
    assert [each.get("datasource", {}).get("type") for each in found] == [
        "prometheus",
        "loki",
        None,
    ]
    assert [each["refId"] for each in found] == ["B", "A", "C"]
    assert [each.get("range") for each in found] == [True, None, None]


def test_a_query_that_is_instant_asks_for_no_range() -> None:
    (target,) = drawn(core.Stat, targets=[core.Target(expr="a", instant=True)])["targets"]
    assert (target["instant"], target["range"], target["refId"]) == (True, False, "A")


def test_a_variable_of_prometheus_asks_by_an_object() -> None:
    template = core.Template(
        name="job",
        label="Job",
        query="label_values(up, job)",
        dataSource="${datasource}",
        default="All",
        includeAll=True,
        multi=True,
        allValue=".*",
        refresh=2,
    )
    whole = board(templating=core.Templating([DATASOURCE, template]))
    assert whole["templating"]["list"][1] == {
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "datasource": PROMETHEUS,
        "definition": "label_values(up, job)",
        "includeAll": True,
        "label": "Job",
        "multi": True,
        "name": "job",
        "query": {
            "query": "label_values(up, job)",
            "refId": "PrometheusVariableQueryEditor-VariableQuery",
        },
        "refresh": 2,
        "sort": 1,
        "type": "query",
    }


def test_variables_keep_what_was_chosen_and_lose_what_grafana_dropped() -> None:
    templates = [
        core.Template(name="one", query="x", dataSource="sql", default="a", refresh=0, hide=2),
        core.Template(name="all", query="x", dataSource="sql", default="All", includeAll=True),
        core.Template(name="word", query="x", default="All"),
        core.Template(name="every", query="1m,5m", type="interval", default="5m", auto=True),
        core.Template(name="list", query="a,b", type="custom", default="b"),
    ]
    one, everything, word, every, custom = board(templating=core.Templating(templates))[
        "templating"
    ]["list"]
    assert (one["query"], one["refresh"], one["hide"]) == ("x", 1, 2)
    assert one["current"] == {"selected": True, "text": "a", "value": "a"}
    assert everything["current"] == {"selected": True, "text": "All", "value": "$__all"}
    assert word["current"]["value"] == "All"
    assert (every["auto"], every["auto_count"]) == (True, 30)
    assert [each["value"] for each in custom["options"]] == ["a", "b"]
    assert not {"useTags", "tagsQuery", "auto", "regex"} & set(one)


def test_annotations_ask_data_sources_by_objects() -> None:
    annotations = core.Annotations([{"name": "a", "datasource": "$datasource", "expr": "ALERTS"}])
    assert board(annotations=annotations)["annotations"]["list"][0]["datasource"] == PROMETHEUS


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}])
def test_what_json_cannot_say_is_refused(value: Any) -> None:
    with pytest.raises(BadInput, match="dashboard: "):
        drawn(core.TimeSeries, extraJson={"fieldConfig": {"defaults": {"max": value}}})


def test_what_is_given_is_left_as_it_is_and_comes_out_sorted() -> None:
    dashboard = core.Dashboard(title="x", panels=[core.Stat(title="s", targets=[TARGET])])
    raw = json.loads(json.dumps(dashboard.to_json_data(), cls=DashboardEncoder))
    before = copy.deepcopy(raw)
    out = normalised(raw)
    assert raw == before
    assert json.dumps(out) == json.dumps(out, sort_keys=True)
    assert Normalised(dashboard).to_json_data() == out


TEXTS = st.sampled_from(["", "a", "All", "none", "null", "${datasource}", "-- Mixed --", "hidden"])
NUMBERS = st.none() | st.integers(-3, 200) | st.floats(-5, 200, allow_nan=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXTS, below, max_size=3),
    max_leaves=8,
)
PANEL_KINDS = (
    *(core.TimeSeries, core.Stat, core.Table, core.BarGauge, core.GaugePanel, core.StateTimeline),
    *(core.Heatmap, core.Text, core.Histogram, core.PieChartv2, core.Logs, core.BarChart),
)
STEPS = st.builds(
    core.Threshold,
    st.sampled_from(["green", "red"]),
    st.integers(0, 2),
    st.floats(-9, 99),
)


@st.composite
def panels(draw: st.DrawFn, kinds: tuple[Any, ...] = PANEL_KINDS) -> Any:
    fields: dict[str, Any] = {
        "title": draw(st.text(max_size=4)),
        "dataSource": draw(st.none() | TEXTS | st.just(PROMETHEUS)),
        "targets": draw(st.lists(st.builds(core.Target, expr=TEXTS, refId=TEXTS), max_size=3)),
        "thresholds": draw(st.lists(STEPS, max_size=3)),
        "extraJson": draw(st.none() | st.dictionaries(st.text(max_size=3), ANYTHING, max_size=2)),
    }
    return draw(st.sampled_from(kinds))(**fields)


TEMPLATES = st.builds(
    core.Template,
    name=st.sampled_from(["datasource", "job"]),
    query=TEXTS,
    type=st.sampled_from(["query", "custom", "datasource", "interval"]),
    default=st.none() | TEXTS,
    includeAll=st.booleans(),
    multi=st.booleans(),
    dataSource=st.none() | TEXTS,
    refresh=st.integers(0, 2),
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        panels()
        | st.builds(core.RowPanel, panels=st.lists(panels(), max_size=2), collapsed=st.booleans()),
        max_size=4,
    ),
    st.lists(TEMPLATES, max_size=2),
)
def test_normalising_again_changes_nothing(
    listed: list[Any], templates: list[core.Template]
) -> None:
    dashboard = core.Dashboard(title="t", panels=listed, templating=core.Templating(templates))
    once = normalised(dashboard.auto_panel_ids().to_json_data())
    assert normalised(once) == once
    json.dumps(once, allow_nan=False)
    assert [
        step
        for panel in every_panel(once["panels"])
        if "thresholds" in panel.get("fieldConfig", {}).get("defaults", {})
        for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"][:1]
        if step["value"] is not None
    ] == []
