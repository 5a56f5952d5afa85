"""Every panel and target class of grafanalib comes out as Grafana 12 has it, or is refused."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import grafanalib
import pytest
from grafanalib import core

from obs.dashboards.normalise import every_panel, normalised
from obs.dashboards.removed_types import SUCCESSORS
from obs.errors import BadInput

QUERY = core.Target(expr="up", refId="A")
REFUSED = {
    "Svg": "panel 'P': Grafana 12 has no panels of type marcuscalidus-svg-panel; use canvas",
    "Worldmap": "panel 'P': Grafana 12 has no panels of type grafana-worldmap-panel; use geomap",
}
BECOMES = {
    **{"Discrete": "state-timeline", "Graph": "timeseries", "PieChart": "piechart"},
    **{"SingleStat": "stat", "Statusmap": "status-history"},
}
ODD: tuple[dict[str, Any], ...] = (
    {"fieldConfig": {"defaults": {"custom": {}}, "overrides": []}},
    {"fieldConfig": {"defaults": {"custom": {"stacking": {}, "axisLabel": ""}}}},
    {"fieldConfig": {"defaults": {"mappings": [], "links": [], "unit": "", "color": {}}}},
    {"options": {}, "links": [], "targets": []},
)


def modules() -> Iterator[Any]:
    for found in pkgutil.iter_modules(grafanalib.__path__):
        yield importlib.import_module(f"grafanalib.{found.name}")


def classes(kind: type) -> dict[str, type]:
    return {
        name: each
        for module in modules()
        for name, each in vars(module).items()
        if inspect.isclass(each) and issubclass(each, kind) and each is not kind
    }


PANELS = {
    **classes(core.Panel),
    "AlertList": core.AlertList,
    "ZabbixTriggersPanel": importlib.import_module("grafanalib.zabbix").ZabbixTriggersPanel,
}
TARGETS = {"Target": core.Target, **classes(core.Target)}


def made(kind: Any, **fields: Any) -> Any:
    """One of a class with what it must have, and as much as it takes of the fields."""
    taken = inspect.signature(kind).parameters
    given = {"title": "P", "id": 7, "dataSource": "${datasource}", "targets": [QUERY], **fields}
    return kind(**{name: value for name, value in given.items() if name in taken})


def alone(panel: Any) -> dict[str, Any]:
    board = normalised(core.Dashboard(title="t", uid="u", panels=[panel]).to_json_data())
    assert normalised(json.loads(json.dumps(board, allow_nan=False))) == board
    assert not {each.get("type") for each in every_panel(board["panels"])} & set(SUCCESSORS)
    found: dict[str, Any] = board["panels"][0]
    return found


@pytest.mark.parametrize("name", sorted(PANELS))
def test_a_panel_of_every_class_is_one_of_grafana_12_or_refused_by_name(name: str) -> None:
    for extra in ({}, *ODD):
        panel = made(PANELS[name], extraJson=extra or None)
        if name in REFUSED:
            with pytest.raises(BadInput) as told:
                alone(panel)
            assert str(told.value) == REFUSED[name]
            continue
        found = alone(panel)
        assert found["type"] == BECOMES.get(name, panel.to_json_data()["type"])
        assert (found["id"], found["title"]) == (7, "P") or name == "ZabbixTriggersPanel"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_query_of_every_class_is_kept_with_its_letter(name: str) -> None:
    target = made(TARGETS[name], refId="C", expr="up", metricName="m")
    [found] = alone(core.TimeSeries(title="P", dataSource="x", targets=[target]))["targets"]
    assert found["refId"] == "C"
    given = json.loads(json.dumps(target.to_json_data()))
    dropped = {"intervalFactor", "step", "statistics"}
    lost = {key for key, value in given.items() if value} - set(found) - dropped
    lost -= {"query"} if given.get("query") == given.get("expr") else set()
    assert lost == set()


def stat(**fields: Any) -> dict[str, Any]:
    return alone(core.SingleStat(title="P", id=7, targets=[QUERY], **fields))


def test_a_single_stat_keeps_thresholds_colours_calculation_unit_and_course() -> None:
    found = stat(
        thresholds="80,90",
        colors=["green", "orange", "red"],
        colorBackground=True,
        valueName="current",
        format="s",
        nullText="nothing",
        sparkline=core.SparkLine(show=True),
        valueMaps=[core.ValueMap("up", "1")],
    )
    defaults, options = found["fieldConfig"]["defaults"], found["options"]
    assert defaults["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "orange", "value": 80},
        {"color": "red", "value": 90},
    ]
    assert (defaults["unit"], defaults["noValue"]) == ("s", "nothing")
    assert defaults["mappings"] == [
        {"type": "value", "options": {"1": {"text": "up"}}},
        {"type": "special", "options": {"match": "null", "result": {"text": "nothing"}}},
    ]
    assert (options["colorMode"], options["graphMode"]) == ("background", "area")
    assert options["reduceOptions"]["calcs"] == ["lastNotNull"]


def test_a_single_stat_with_a_gauge_is_a_gauge_with_its_bounds() -> None:
    found = stat(gauge=core.Gauge(show=True, minValue=5, maxValue=50), postfix=" of 50")
    defaults = found["fieldConfig"]["defaults"]
    assert (found["type"], defaults["min"], defaults["max"]) == ("gauge", 5, 50)
    assert defaults["unit"] == "suffix: of 50"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"thresholds": "low,high"}, "its thresholds 'low,high' are not numbers with commas"),
        ({"thresholds": "1,2,3"}, "3 thresholds need 4 colors"),
        (
            {"format": "s", "prefix": "~"},
            "a stat has one unit and no prefix beside it; leave one",
        ),
        ({"valueName": "median"}, "a stat has no calculation median"),
    ],
)
def test_what_a_stat_cannot_show_is_refused_with_the_panels_name(
    fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadInput, match="panel 'P': ") as told:
        stat(**fields)
    assert reason in str(told.value)


def graph(**fields: Any) -> dict[str, Any]:
    return alone(core.Graph(title="P", id=7, targets=[QUERY], **fields))


def test_a_graph_is_a_time_series_with_its_axes_drawing_legend_and_thresholds() -> None:
    found = graph(
        yAxes=core.YAxes(
            core.YAxis(format="s", min="0.5", label="Age", logBase=10),
            core.YAxis(format="bytes", max=9),
        ),
        seriesOverrides=[core.SeriesOverride("/size/", yaxis=2, fill=0, color="#ff0000")],
        aliasColors={"age": "blue"},
        thresholds=[core.GraphThreshold(5.0), core.GraphThreshold(2.0, "ok", op="lt")],
        stack=True,
        lineWidth=3,
        legend=core.Legend(alignAsTable=True, rightSide=True, max=True, current=True),
        dataLinks=[core.DataLink("more", "/d/more")],
    )
    defaults, options = found["fieldConfig"]["defaults"], found["options"]
    assert (defaults["unit"], defaults["min"], defaults["links"][0]["url"]) == (
        *("s", 0.5, "/d/more"),
    )
    custom = defaults["custom"]
    assert (custom["axisLabel"], custom["lineWidth"], custom["fillOpacity"]) == ("Age", 3, 10)
    assert custom["scaleDistribution"] == {"log": 10, "type": "log"}
    assert custom["stacking"] == {"group": "A", "mode": "normal"}
    assert defaults["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "transparent", "value": 2},
        {"color": "red", "value": 5},
    ]
    named, sized = found["fieldConfig"]["overrides"]
    assert named["matcher"] == {"id": "byName", "options": "age"}
    assert sized["matcher"] == {"id": "byRegexp", "options": "/size/"}
    assert {each["id"]: each["value"] for each in sized["properties"]} == {
        "color": {"fixedColor": "#ff0000", "mode": "fixed"},
        "custom.axisPlacement": "right",
        "custom.fillOpacity": 0,
        "max": 9,
        "unit": "bytes",
    }
    assert options["legend"] == {
        **{"calcs": ["max", "lastNotNull"], "displayMode": "table", "placement": "right"},
        "showLegend": True,
    }
    assert options["tooltip"] == {"mode": "multi", "sort": "none"}


def test_a_graph_that_no_time_series_can_show_is_refused() -> None:
    with pytest.raises(BadInput, match="panel 'P': a time series has no x axis of mode series"):
        graph(xAxis=core.XAxis(mode="series"))
    alert = core.Alert("a", "m", [], gracePeriod="1m", notifications=[])
    with pytest.raises(BadInput, match="panel 'P': alerts in panels were removed"):
        graph(alert=alert)


def test_a_discrete_panel_keeps_the_colours_of_its_states() -> None:
    found = alone(
        core.Discrete(
            title="P",
            id=7,
            valueMaps=[core.ValueMap("up", "1")],
            rangeMaps=[core.RangeMap("2", "9", "odd")],
            colorMaps=[
                core.DiscreteColorMappingItem("up", "green"),
                core.DiscreteColorMappingItem("odd", "red"),
                core.DiscreteColorMappingItem("else", "blue"),
            ],
        )
    )
    assert found["fieldConfig"]["defaults"]["mappings"] == [
        {"type": "value", "options": {"1": {"color": "green", "text": "up"}}},
        {
            "type": "range",
            "options": {"from": 2, "result": {"color": "red", "text": "odd"}, "to": 9},
        },
        {"type": "value", "options": {"else": {"color": "blue", "text": "else"}}},
    ]


def test_each_statistic_of_cloudwatch_is_a_query_of_its_own() -> None:
    kind = TARGETS["CloudwatchMetricsTarget"]
    fields: dict[str, Any] = {"namespace": "AWS/Events", "metricName": "Invocations"}
    targets = [
        kind(**fields, refId="A", id="a", statistics=["Sum", "Maximum"]),
        kind(**fields, refId="B", statistic="p99"),
    ]
    found = alone(core.TimeSeries(title="P", dataSource="cw", targets=targets))["targets"]
    assert [(each["refId"], each["id"], each["statistic"]) for each in found] == [
        *(("A", "a", "Sum"), ("C", "", "Maximum"), ("B", "", "p99")),
    ]
    assert not any("statistics" in each for each in found)


def test_lists_have_their_options_among_the_options() -> None:
    boards = alone(core.DashboardList(title="P", id=7, maxItems=3, searchTags=["obs"]))
    assert (boards["options"]["maxItems"], boards["options"]["tags"]) == (3, ["obs"])
    alerts = alone(core.AlertList(title="P", id=7, limit=4, stateFilter=["alerting"]))
    assert alerts["options"]["maxItems"] == 4
    assert [name for name, on in alerts["options"]["stateFilter"].items() if on] == ["firing"]
    with pytest.raises(BadInput, match="panel 'P': Grafana 12 has no list of recent changes"):
        alone(core.AlertList(title="P", id=7, show="changes"))
