"""The preview of dashboards in the shapes that those in the wild have: no error, nothing silent."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from obs.clients.prometheus import Series
from obs.dashboard_lint.read import read
from obs.dashboard_preview.drawing import _DRAWINGS
from obs.dashboard_preview.promise import DRAWN_TYPES
from obs.dashboard_preview.server import _Site
from tests.dashboard_shapes.shapes import DATASOURCE, Shape, board, panel, shapes, target, variable

EXTREMES = (1.0, math.nan, math.inf, -math.inf, 0.0, 1e308, -1e308, 5e-324)


class Answers:
    """A Prometheus that answers every query, with all values that a float has."""

    def __init__(self, values: tuple[float, ...] = EXTREMES) -> None:
        self.asked: list[str] = []
        self._values = values

    def query(self, expression: str, at: float) -> list[Series]:
        return self.query_range(expression, at, at, 1)

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        self.asked.append(expression)
        times = [start + step * number for number in range(8)] if end > start else [end]
        return [
            Series(
                {"__name__": "x", "path": f"/{number}", "le": str(10.0**number)},
                tuple(
                    (time, self._values[(place + number) % len(self._values)])
                    for place, time in enumerate(times)
                ),
            )
            for number in range(3)
        ]

    def label_values(self, label: str, matching: str | None, start: float, end: float) -> list[str]:
        return ["shop-eu", "shop-us", "cart.x"]


class Chosen(dict[str, str]):
    """The parameters of an address."""

    def getall(self, name: str) -> list[str]:
        return [self[name]]


def lines(given: Any, answers: Answers | None = None, **query: str) -> list[dict[str, Any]]:
    """What the server sends to the page, as the page reads it: as JSON."""
    site = _Site([given], answers or Answers(), 15.0, Path("plotly.js"))
    (own,) = site._boards.values()
    return [json.loads(each, parse_constant=_refuse) for each in site._lines(own, Chosen(query))]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def panels(sent: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (each["panel"] for each in sent if "panel" in each)


def texts(sent: list[dict[str, Any]]) -> dict[str, str]:
    """The words of each panel that is not drawn, by its title."""
    titles = {each["id"]: each["title"] for each in sent[0]["panels"]}
    return {titles[each["id"]]: each["text"] for each in panels(sent) if each["kind"] == "empty"}


def whole(shape: Shape, folder: Path) -> Any:
    file = folder / "shop.json"
    file.write_text(json.dumps(shape.json))
    return [each.json for each in read([folder]).dashboards]


def test_no_shape_stops_the_page_and_each_panel_is_drawn_or_says_why(tmp_path: Path) -> None:
    number, wrong = 0, []
    for shape in shapes():
        for given in whole(shape, tmp_path):
            sent = lines(given)
            number += 1
            outlined = {each["id"] for each in sent[0]["panels"] if each["type"] != "row"}
            if "error" in sent[0] or {each["id"] for each in panels(sent)} != outlined:
                wrong.append(f"{shape.name}: {sent[0].get('error') or 'a panel is missing'}")
            if shape.name.startswith("odd"):
                continue
            told = texts(sent)
            expected = {
                title: f"Not drawn by the preview: {reason}"
                for title, reason in shape.shows.items()
            }
            for title, said in {**expected, **told}.items():
                if expected.get(title) != told.get(title) and "of type" not in said:
                    wrong.append(f"{shape.name}: {title}: {told.get(title)}")
    assert wrong == []
    assert number > 800


def test_what_is_promised_is_what_can_be_drawn() -> None:
    assert {*_DRAWINGS, "text"} == DRAWN_TYPES


def of_error(sent: list[dict[str, Any]]) -> str:
    return "\n".join(sent[0]["wrong"])


def test_a_panel_is_repeated_side_by_side_for_each_chosen_value_and_moves_those_below() -> None:
    repeated = panel(title="Of $job", repeat="job", maxPerRow=2)
    below = panel(id=2, title="Below", gridPos={"x": 0, "y": 8, "w": 24, "h": 8})
    answers = Answers()
    outline = lines(board(repeated, below), answers)[0]["panels"]
    places = {each["title"]: tuple(each["place"][key] for key in "xywh") for each in outline}
    assert places == {
        "Of cart.x": (0, 8, 12, 8),
        "Of shop-eu": (0, 0, 12, 8),
        "Of shop-us": (12, 0, 12, 8),
        "Below": (0, 16, 24, 8),
    }
    assert len({each["id"] for each in outline}) == 4
    for job in ("shop-eu", "shop-us", r"cart\\.x"):
        assert any(f'job=~"{job}"' in query for query in answers.asked), job


def test_a_panel_repeated_downwards_and_a_repeated_row_stand_below_each_other() -> None:
    upright = panel(title="Of $job", repeat="job", repeatDirection="v")
    outline = lines(board(upright))[0]["panels"]
    assert [each["place"]["y"] for each in outline] == [0, 8, 16]
    row = {"id": 9, "type": "row", "title": "Row $job", "repeat": "job", "gridPos": {"y": 0}}
    inner = panel(title="In $job", gridPos={"x": 0, "y": 1, "w": 24, "h": 8})
    outline = lines(board(row, inner))[0]["panels"]
    assert [(each["title"], each["place"]["y"]) for each in outline] == [
        *(("Row shop-eu", 0), ("In shop-eu", 1), ("Row shop-us", 9), ("In shop-us", 10)),
        *(("Row cart.x", 18), ("In cart.x", 19)),
    ]
    shut = {**row, "collapsed": True, "panels": [inner]}
    outline = lines(board(shut))[0]["panels"]
    rows = [each for each in outline if each["type"] == "row"]
    assert [each["place"]["y"] for each in rows] == [0, 1, 2]
    assert [len(each["within"]) for each in rows] == [1, 1, 1]


def test_the_first_24_of_many_copies_are_drawn_and_the_page_says_so() -> None:
    values = ",".join(f"v{number}" for number in range(30))
    many = {"name": "many", "type": "custom", "query": values, "multi": True, "includeAll": True}
    sent = lines(board(panel(repeat="many"), variables=(many,)))
    assert len(list(panels(sent))) == 24
    assert '"Requests" is repeated 30 times; the preview draws the first 24' in of_error(sent)


def test_ad_hoc_filters_that_are_set_are_told_as_not_applied() -> None:
    filters = [{"key": "path", "operator": "=", "value": "/"}]
    adhoc = {"name": "by", "type": "adhoc", "datasource": DATASOURCE, "filters": filters}
    sent = lines(board(variables=(adhoc,)))
    assert of_error(sent) == "by: the preview does not apply ad-hoc filters (path = /)"


def test_a_variable_of_another_data_source_keeps_what_is_saved_and_says_why() -> None:
    source = {"type": "influxdb", "uid": "i"}
    other = variable("host", datasource=source, current={"text": "a", "value": "a"})
    sent = lines(board(variables=({**other, "multi": False, "includeAll": False},)))
    assert of_error(sent) == "host: the preview does not query influxdb"
    assert sent[0]["variables"][3]["chosen"] == ["a"]


@pytest.mark.parametrize(
    ("regex", "options"),
    [
        (r"/^(?<text>shop)-(?<value>\w+)$/", [["shop", "eu"], ["shop", "us"]]),
        ("/SHOP/i", [["shop-eu", "shop-eu"], ["shop-us", "shop-us"]]),
        (r"/[^[]*\.(.)/", [["x", "x"]]),
        (r"/\u{73}hop-(..)/u", [["eu", "eu"], ["us", "us"]]),
        ("/[]/", []),
    ],
)
def test_a_regular_expression_of_javascript_filters_as_in_grafana(
    regex: str, options: list[list[str]]
) -> None:
    sent = lines(board(variables=(variable("extra", regex=regex),)))
    assert sent[0]["variables"][3]["options"] == options


def test_a_regular_expression_that_python_has_not_is_told_and_the_rest_is_drawn() -> None:
    wild = variable("extra", regex=r"/(?<=a+)b/")
    override = {"matcher": {"id": "byRegexp", "options": r"/(?<=a+)b/"}, "properties": []}
    config = {"defaults": {}, "overrides": [override]}
    other = panel(id=2, title="Other")
    sent = lines(board(panel(fieldConfig=config), other, variables=(wild,)))
    assert of_error(sent).startswith("extra: the regular expression /(?<=a+)b/: look-behind")
    assert texts(sent)["Requests"].startswith("Not drawn by the preview: the regular expression")
    assert "Other" not in texts(sent)


def test_queries_that_are_left_out_of_a_panel_are_told_beside_the_drawing() -> None:
    logs = target('{a="b"} |= "x"', refId="B", datasource={"type": "loki", "uid": "l"})
    [drawn] = panels(lines(board(panel(targets=[target(), logs], timeFrom="1h"))))
    assert drawn["kind"] == "figure"
    assert drawn["errors"] == [
        "The preview leaves out queries of loki",
        "The preview ignores the panel's own time range (timeFrom 1h)",
    ]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ({"from": "now/d", "to": "now/d"}, 86_400),
        ({"from": "now-1w/w", "to": "now-1w/w"}, 604_800),
        ({"from": "2024-01-01T00:00:00Z", "to": "2024-01-02"}, 86_400),
        ({"from": "yesterday", "to": 3}, 21_600),
    ],
)
def test_a_dashboard_has_its_own_time_range_or_the_usual_one(
    time: dict[str, Any], seconds: float
) -> None:
    sent = lines(board(time=time))
    begin, end, *_ = sent[0]["range"]
    assert (end - begin) / 1000 == seconds
    assert ("time 'yesterday'" in of_error(sent)) is (time["from"] == "yesterday")


def test_two_dashboards_of_one_uid_or_of_none_are_both_there() -> None:
    bare: dict[str, Any] = {"panels": []}
    site = _Site([bare, bare, board(), board()], Answers(), 15.0, Path("x"))
    assert len(site._boards) == 4
    assert all(uid and re.fullmatch(r"[\w-]+", uid) for uid in site._boards)
