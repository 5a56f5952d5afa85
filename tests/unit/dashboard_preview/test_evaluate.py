"""What is asked of Prometheus for a dashboard, and what is made of the answers."""

from collections.abc import Callable
from typing import Any

from obs.clients.prometheus import QueryError, Series
from obs.dashboard_preview.evaluate import Evaluation, evaluated
from obs.dashboard_preview.ranges import time_range

NOW = 1_700_000_010.0
HOUR = time_range("now-1h", "now", NOW)


class PanelQuery:
    """Stands in for a Prometheus server; remembers what it was asked."""

    def __init__(self, answer: Callable[[str], list[Series]] | None = None) -> None:
        self.answer = answer or (lambda expression: [])
        self.instants: list[str] = []
        self.ranges: list[tuple[str, float, float, float]] = []
        self.labels: list[tuple[str, str | None]] = []
        self.values = {"job": ["obs"], "stream": ["A", "B"], "consumer": ["x", "y.z"]}

    def query(self, expression: str, at: float) -> list[Series]:
        self.instants.append(expression)
        return self.answer(expression)

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        self.ranges.append((expression, start, end, step))
        return self.answer(expression)

    def label_values(self, label: str, matching: str | None, start: float, end: float) -> list[str]:
        self.labels.append((label, matching))
        return self.values[label]


def variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    every = {"multi": True, "includeAll": True, "current": {"value": "$__all"}}
    return {"name": name, "type": "query", "query": {"query": query}, **every, **more}


def board(
    *targets: dict[str, Any], variables: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    panel = {"id": 1, "type": "timeseries", "targets": list(targets), "gridPos": {"w": 12}}
    return {"panels": [panel], "templating": {"list": variables or []}}


CASCADE = [
    {"name": "datasource", "type": "datasource", "query": "prometheus"},
    variable("stream", "label_values(lag, stream)"),
    variable("consumer", 'label_values(lag{stream=~"$stream"}, consumer)'),
]


def run(whole: dict[str, Any], server: PanelQuery, **chosen: list[str]) -> Evaluation:
    return evaluated(whole, server, HOUR, chosen=chosen)


def test_options_of_a_variable_are_asked_with_the_choices_before_it() -> None:
    server = PanelQuery()
    found = run(board(variables=CASCADE), server, stream=["B"])
    assert server.labels == [("stream", "lag"), ("consumer", 'lag{stream=~"B"}')]
    assert found.variables[2].options == (("x", "x"), ("y.z", "y.z"))
    assert found.variables[2].query == 'label_values(lag{stream=~"B"}, consumer)'


def test_all_is_every_option_there_is_and_what_the_dashboard_says_where_it_says_so() -> None:
    server = PanelQuery()
    whole = board({"expr": 'lag{c=~"$consumer"}', "refId": "A"}, variables=CASCADE)
    run(whole, server)
    assert server.ranges[0][0] == r'lag{c=~"(x|y\\.z)"}'
    whole["templating"]["list"][2] = {**CASCADE[2], "allValue": ".*"}
    run(whole, server)
    assert server.ranges[1][0] == 'lag{c=~".*"}'


def test_a_variable_of_one_takes_the_first_option_unless_something_is_chosen() -> None:
    one = variable("job", "label_values(job)", multi=False, includeAll=False, current={})
    whole = board({"expr": 'up{job="$job"}'}, variables=[one])
    server = PanelQuery()
    server.values["job"] = ["a", "b"]
    run(whole, server)
    run(whole, server, job=["b"])
    assert [asked[0] for asked in server.ranges] == ['up{job="a"}', 'up{job="b"}']


def test_options_pass_through_the_variable_s_expression_and_order() -> None:
    server = PanelQuery()
    server.values["job"] = ["obs-10", "obs-9", "other"]
    one = variable("job", "label_values(job)", regex="/obs-(?<value>\\d+)/", sort=4)
    (found,) = run(board(variables=[one]), server).variables
    assert found.options == (("10", "10"), ("9", "9"))


def test_written_options_are_read_with_their_texts() -> None:
    one = {"name": "w", "type": "custom", "query": "one : 1, two : 2,3", "current": {"value": "2"}}
    (found,) = run(board(variables=[one]), PanelQuery()).variables
    assert found.options == (("one", "1"), ("two", "2"), ("3", "3"))
    assert found.chosen.values == ("2",)


def test_a_range_is_asked_on_whole_steps_and_an_instant_at_its_end() -> None:
    server = PanelQuery()
    run(
        board(
            {"expr": "rate(a[$__rate_interval])", "refId": "A"},
            {"expr": "b[$__range]", "refId": "B", "instant": True},
            {"expr": "hidden", "refId": "C", "hide": True},
        ),
        server,
    )
    assert server.ranges == [("rate(a[1m])", NOW - NOW % 15 - 3600, NOW - NOW % 15, 15)]
    assert server.instants == ["b[3600s]"]


def test_what_fails_is_told_at_its_query_and_the_others_go_on() -> None:
    def answer(expression: str) -> list[Series]:
        if expression == "sum(":
            raise QueryError("http_status", "bad_data: unclosed left parenthesis")
        return [Series({"a": "1"}, ((NOW, 1.0),))]

    (panel,) = run(board({"expr": "sum("}, {"expr": "up"}), PanelQuery(answer)).panels
    assert panel.errors == ("bad_data: unclosed left parenthesis",)
    assert [len(target.series) for target in panel.targets] == [0, 1]
    assert not panel.empty


def test_a_legend_whose_label_is_missing_is_told() -> None:
    server = PanelQuery(lambda _: [Series({"a": "1"}, ((NOW, 1.0),))])
    (panel,) = run(board({"expr": "up", "legendFormat": "{{a}} {{b}}"}), server).panels
    assert panel.targets[0].unresolved == ("b",)


def test_a_panel_without_data_says_what_its_author_wrote() -> None:
    whole = board({"expr": "absent_metric"})
    assert run(whole, PanelQuery()).panels[0].empty_text == "No data"
    whole["panels"][0]["fieldConfig"] = {"defaults": {"noValue": "No dead letters"}}
    (panel,) = run(whole, PanelQuery()).panels
    assert (panel.empty, panel.empty_text) == (True, "No dead letters")


def test_panels_of_folded_rows_are_asked_too_and_rows_themselves_are_no_panels() -> None:
    inner = {"id": 3, "type": "stat", "targets": [{"expr": "up", "instant": True}]}
    whole = {"panels": [{"id": 2, "type": "row", "collapsed": True, "panels": [inner]}]}
    assert [panel.json["id"] for panel in run(whole, PanelQuery()).panels] == [3]


def test_annotations_are_times_without_a_gap() -> None:
    points = tuple((NOW - 600 + 60 * n, 1.0 if n != 4 else 0.0) for n in range(8))
    server = PanelQuery(lambda _: [Series({"alertname": "Down", "x": "1"}, points)])
    one = {"name": "Alerts", "enable": True, "expr": "ALERTS", "titleFormat": "{{alertname}}"}
    off = {**one, "enable": False}
    whole = {"panels": [], "annotations": {"list": [{**one, "textFormat": "{{x}} {{y}}"}, off]}}
    (found,) = run(whole, server).annotations
    assert [(note.title, note.text) for note in found.notes] == [("Down", "1")] * 2
    assert [note.end - note.start for note in found.notes] == [180, 120]
