"""Dashboards of schema v2 as classic ones."""

from typing import Any

from obs.dashboards.schema_v2 import classic, is_v2


def element(number: int, **spec: Any) -> dict[str, Any]:
    config = {"kind": "VizConfig", "group": "stat", "spec": {"options": {"a": 1}}}
    own = {"id": number, "title": f"P{number}", "vizConfig": config}
    return {"kind": "Panel", "spec": {**own, **spec}}


def item(name: str, **place: Any) -> dict[str, Any]:
    return {"kind": "GridLayoutItem", "spec": {"element": {"name": name}, **place}}


def grid(*items: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "GridLayout", "spec": {"items": list(items)}}


def group(title: str, layout: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"spec": {"title": title, "layout": layout, **fields}}


ELEMENTS = {f"e{number}": element(number) for number in (1, 2, 3)}
ONE, TWO = (item(f"e{n}", x=0, y=0, width=12, height=5) for n in (1, 2))


def placed(layout: dict[str, Any]) -> list[tuple[Any, ...]]:
    board = classic({"elements": ELEMENTS, "layout": layout})
    return [
        (each["title"], *(each["gridPos"][key] for key in "xywh"), len(each.get("panels", ())))
        for each in board["panels"]
    ]


def test_panels_of_a_grid_stand_where_they_stood_and_those_without_a_place_are_left_out() -> None:
    assert placed(grid(ONE, item("e3", x=12, y=0, width=12, height=5), item("gone"))) == [
        ("P1", 0, 0, 12, 5, 0),
        ("P3", 12, 0, 12, 5, 0),
    ]


def test_tabs_and_rows_are_rows_below_each_other() -> None:
    rows = {"kind": "RowsLayout", "spec": {"rows": [group("R", grid(TWO), collapse=True)]}}
    tabs = [group("A", grid(ONE)), group("B", rows)]
    assert placed({"kind": "TabsLayout", "spec": {"tabs": tabs}}) == [
        ("A", 0, 0, 24, 1, 0),
        ("P1", 0, 1, 12, 5, 0),
        ("B", 0, 6, 24, 1, 0),
        ("R", 0, 7, 24, 1, 1),
    ]


def test_a_grid_that_grafana_fills_has_as_many_columns_as_it_says() -> None:
    spec = {"maxColumnCount": 2, "items": [item(f"e{number}") for number in (1, 2, 3)]}
    assert placed({"kind": "AutoGridLayout", "spec": spec}) == [
        ("P1", 0, 0, 12, 8, 0),
        ("P2", 12, 0, 12, 8, 0),
        ("P3", 0, 8, 12, 8, 0),
    ]


def test_queries_variables_and_annotations_have_their_data_sources() -> None:
    asked = {"kind": "DataQuery", "group": "prometheus", "datasource": {"name": "$ds"}}
    query = {"spec": {"refId": "A", "hidden": True, "query": {**asked, "spec": {"expr": "up"}}}}
    data = {"kind": "QueryGroup", "spec": {"queries": [query], "queryOptions": {"interval": "1m"}}}
    question = {**asked, "spec": {"query": "label_values(up, job)"}}
    spec = {"name": "job", "refresh": "onTimeRangeChanged", "sort": "numericalDesc"}
    board = classic(
        {
            "title": "T",
            "elements": {"e": element(1, data=data)},
            "layout": grid(item("e", repeat={"mode": "variable", "value": "job"})),
            "variables": [
                {"kind": "QueryVariable", "spec": {**spec, "query": question}},
                {"kind": "DatasourceVariable", "spec": {"name": "ds", "pluginId": "prometheus"}},
                {"kind": "TextVariable", "spec": {"name": "t", "hide": "hideVariable"}},
            ],
            "annotations": [
                {"spec": {"name": "a", "enable": True, "query": {**asked, "spec": {"expr": "x"}}}}
            ],
            "timeSettings": {"from": "now-1h", "to": "now", "autoRefresh": "5m"},
        }
    )
    source = {"type": "prometheus", "uid": "$ds"}
    [panel] = board["panels"]
    assert panel["targets"] == [{"expr": "up", "refId": "A", "hide": True, "datasource": source}]
    assert (panel["type"], panel["interval"], panel["repeat"]) == ("stat", "1m", "job")
    job, chosen, typed = board["templating"]["list"]
    assert (job["type"], job["refresh"], job["sort"], job["datasource"]) == ("query", 2, 4, source)
    assert (chosen["type"], chosen["query"]) == ("datasource", "prometheus")
    assert (typed["type"], typed["hide"]) == ("textbox", 2)
    assert board["annotations"]["list"][0]["datasource"] == source
    assert (board["time"], board["refresh"]) == ({"from": "now-1h", "to": "now"}, "5m")


def test_only_a_dashboard_with_elements_and_a_layout_is_of_v2() -> None:
    assert is_v2({"elements": {}, "layout": {}})
    assert not is_v2({"elements": [], "layout": {}})
    assert not is_v2({"panels": []})
