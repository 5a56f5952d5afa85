"""What every dashboard of every system keeps to."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from obs import catalogue
from obs.alerts.alert import Alert
from obs.alerts.definitions import ALERTS
from obs.alerts.tuning import tuned_alerts
from obs.catalogue.metric import Kind
from obs.dashboards.build import Board, boards
from obs.dashboards.thresholds import step_value
from obs.ids import dashboard_uid, panel_id
from tests.unit.dashboards.systems import by_page, oms, oms_with_every_group, panel, panels, system

BOARDS = {board.page: board for board in boards(oms_with_every_group())}
PANELS = [
    pytest.param(board, each, id=f"{board.page}/{each['title']}")
    for board in BOARDS.values()
    for each in panels(board)
]
OTHER_METRICS = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
}
each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


def metrics_in(expression: str) -> set[str]:
    """Names before a selector."""
    return set(re.findall(r"([A-Za-z_:][\w:]*)(?=\{)", expression))


def expressions(board: Board) -> list[str]:
    return [target["expr"] for each in panels(board) for target in each["targets"]]


def test_there_are_eighteen_pages_in_the_order_they_are_read() -> None:
    pages = ["overview", "jetstream", "consumer", "servers", "services", "accounts"]
    pages += ["server_groups", "events", "eventbridge", "queues", "targets", "pipes", "probes"]
    pages += ["canaries", "slos", "slo_detail", "collector", "leaders"]
    assert list(BOARDS) == pages
    on_request = {"services", "server_groups", "targets", "pipes", "queues", "probes", "canaries"}
    on_request.add("leaders")
    assert list(by_page(oms())) == [page for page in pages if page not in on_request]
    assert [board.uid for board in BOARDS.values()] == [dashboard_uid("oms", it) for it in BOARDS]


def test_titles_and_panel_ids_are_unique_over_all_pages() -> None:
    assert len({board.title for board in BOARDS.values()}) == len(BOARDS)
    ids = [each["id"] for board in BOARDS.values() for each in board.json["panels"]]
    assert len(ids) == len(set(ids))


@each_board
def test_a_page_asks_one_question_and_has_at_most_25_panels(board: Board) -> None:
    assert board.question.endswith("?")
    assert board.question.count("?") == 1
    assert len(panels(board)) <= 25


@each_board
def test_panels_stand_side_by_side_without_overlap_or_gap(board: Board) -> None:
    places = [each["gridPos"] for each in board.json["panels"]]
    cells = [
        {(x, y) for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])}
        for p in places
    ]
    assert [one & other for one, other in combinations(cells, 2) if one & other] == []
    whole = set.union(*cells)
    height = max(y for _, y in whole) + 1
    assert len(whole) == 24 * height


@each_board
def test_the_first_row_answers_with_numbers(board: Board) -> None:
    top = [each for each in panels(board) if each["gridPos"]["y"] == 0]
    assert {each["type"] for each in top} == {"stat"}


@each_board
def test_variables_cascade_and_follow_the_time_range(board: Board) -> None:
    variables = board.json["templating"]["list"]
    assert [each["name"] for each in variables[:2]] == ["datasource", "job"]
    for position, each in enumerate(variables[1:], 1):
        assert each["refresh"] == 2
        asked = set(re.findall(r"\$(\w+)", each["query"]["query"]))
        assert asked <= {before["name"] for before in variables[1:position]}
        assert position == 1 or "job" in asked


@each_board
def test_every_variable_is_used(board: Board) -> None:
    used = set(re.findall(r"\$\{?(\w+)", " ".join(expressions(board)))) | {"datasource"}
    assert {each["name"] for each in board.json["templating"]["list"]} <= used


@each_board
def test_only_metrics_that_exist_are_asked_for(board: Board) -> None:
    known = {name for metric in catalogue.ALL for name in metric.series} | OTHER_METRICS
    used = set.union(*map(metrics_in, expressions(board)))
    assert used
    assert used <= known


@each_board
def test_a_counter_is_only_ever_asked_how_much_it_grew(board: Board) -> None:
    counters = {metric.name for metric in catalogue.ALL if metric.kind is Kind.COUNTER}
    for expression in expressions(board):
        for name in metrics_in(expression) & counters:
            bare = re.findall(rf"(\w+)\({name}\{{[^}}]*\}}\[", expression)
            assert len(bare) == len(re.findall(rf"\b{name}\{{", expression))
            assert set(bare) <= {"rate", "increase"}


@each_board
def test_annotations_tell_alerts_of_this_system_and_deployments(board: Board) -> None:
    alerts, warnings, deployments = board.json["annotations"]["list"]
    for each in (alerts, warnings):
        assert 'system="oms"' in each["expr"]
        assert each["datasource"]["uid"] == "${datasource}"
    assert deployments["target"]["tags"] == ["deploy"]


@each_board
def test_two_panels_of_one_kind_on_a_page_have_different_titles(board: Board) -> None:
    titles = [(each["type"], each["title"]) for each in panels(board)]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("board", "each"), PANELS)
def test_every_row_of_a_state_timeline_has_a_name(board: Board, each: dict[str, Any]) -> None:
    if each["type"] == "state-timeline":
        assert all(target.get("legendFormat") for target in each["targets"])


@pytest.mark.parametrize(("board", "each"), PANELS)
def test_every_panel_says_what_it_shows_in_which_unit_and_why_it_is_empty(
    board: Board, each: dict[str, Any]
) -> None:
    defaults = each["fieldConfig"]["defaults"]
    assert len(each["description"]) > len(each["title"])
    assert defaults["unit"]
    assert defaults["noValue"] not in ("", "No data")
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize(("board", "each"), PANELS)
def test_an_empty_panel_never_hides_that_its_source_is_silent(
    board: Board, each: dict[str, Any]
) -> None:
    if board.page not in ("overview", "collector"):
        assert each["fieldConfig"]["defaults"]["noValue"].endswith("ee Collector")


@pytest.mark.parametrize(("board", "each"), PANELS)
def test_data_links_lead_to_pages_and_keep_choices_and_time(
    board: Board, each: dict[str, Any]
) -> None:
    config = each["fieldConfig"]
    links = [
        *config["defaults"].get("links", ()),
        *(
            link
            for override in config["overrides"]
            for prop in override["properties"]
            if prop["id"] == "links"
            for link in prop["value"]
        ),
    ]
    for link in links:
        page = re.match(
            r"/d/([\w-]+)\?\$\{datasource:queryparam\}&\$\{job:queryparam\}&", link["url"]
        )
        assert page
        target = next(it for it in BOARDS.values() if it.uid == page.group(1))
        chosen = set(re.findall(r"var-(\w+)=", link["url"]))
        assert chosen <= {it["name"] for it in target.json["templating"]["list"]}
        assert link["url"].endswith("&${__url_time_range}")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_leads_to_a_panel_that_is_there(alert: Alert) -> None:
    board = BOARDS[alert.panel.partition("/")[0]]
    assert panel_id(alert.panel) in {each["id"] for each in board.json["panels"]}


def test_a_panel_has_the_thresholds_of_its_alerts() -> None:
    by_id = {each["id"]: each for board in BOARDS.values() for each in panels(board)}
    checked = 0
    for tuned in tuned_alerts(oms()):
        value = step_value(tuned.when)
        if value is None or tuned.only:
            continue
        steps = by_id[panel_id(tuned.alert.panel)]["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert value in [step.get("value") for step in steps], tuned.name
        assert f"Alert {tuned.name}:" in by_id[panel_id(tuned.alert.panel)]["description"]
        checked += 1
    assert checked > 20


def test_a_threshold_tuned_in_the_spec_is_drawn(tmp_path: Path) -> None:
    tuned = system(
        tmp_path, alerts={"NatsConsumerLagHigh": {"above": 5000, "severity": "critical"}}
    )
    defaults = panel(by_page(tuned)["consumer"], "Lag in messages")["fieldConfig"]["defaults"]
    assert defaults["thresholds"]["steps"][1] == {"color": "red", "value": 5000}


def test_a_disabled_alert_leaves_the_panel_without_a_threshold(tmp_path: Path) -> None:
    quiet = system(tmp_path, alerts={"EventBridgeFailedInvocations": {"enabled": False}})
    shown = panel(by_page(quiet)["eventbridge"], "Failed invocations")
    assert "[5m]" in shown["targets"][0]["expr"]
    assert len(shown["fieldConfig"]["defaults"]["thresholds"]["steps"]) == 1
    assert "Alert" not in shown["description"]


def test_a_system_without_nats_has_no_page_or_panel_of_it(tmp_path: Path) -> None:
    sources = {"aws": {"cloud": {"region": "us-east-1", "buses": [{"name": "b"}]}}}
    pages = by_page(system(tmp_path, sources=sources, slos=None, outputs=None, notify=None))
    assert list(pages) == ["overview", "eventbridge", "collector"]
    assert not re.search(r"nats_[a-z_]+\{", json.dumps([board.json for board in pages.values()]))


def test_a_system_without_aws_has_no_page_or_panel_of_it(tmp_path: Path) -> None:
    sources = {"nats": {"main": {"monitor": ["http://nats:8222"]}}}
    pages = by_page(system(tmp_path, sources=sources, slos=None, outputs=None, notify=None))
    assert list(pages) == ["overview", "jetstream", "consumer", "servers", "accounts", "collector"]
    whole = json.dumps([board.json for board in pages.values()])
    assert not re.search(r"eventbridge_|sqs_|obs_aws_|slo_[a-z_]+\{", whole)


def test_without_a_connection_no_panel_asks_for_dead_letters(tmp_path: Path) -> None:
    sources = {"nats": {"main": {"monitor": ["http://nats:8222"]}}}
    pages = by_page(system(tmp_path, sources=sources, slos=None, outputs=None, notify=None))
    assert "dead_letters_total" not in json.dumps(pages["consumer"].json["panels"])


def test_two_environments_share_a_grafana_without_meeting(tmp_path: Path) -> None:
    staging = by_page(system(tmp_path, environment="staging"))
    for page, board in by_page(oms()).items():
        assert staging[page].uid != board.uid
        assert staging[page].title != board.title
        assert board.uid not in json.dumps(staging[page].json)
        assert 'environment="production"' not in str(staging[page].json)
    menu = staging["overview"].json["links"][0]["tags"]
    assert menu == staging["overview"].json["tags"] == ["obs", "oms", "staging"]


def test_two_builds_are_the_same() -> None:
    again = boards(oms_with_every_group())
    assert [board.json for board in again] == [board.json for board in BOARDS.values()]


def test_rules_of_one_name_in_several_accounts_are_told_apart(tmp_path: Path) -> None:
    cloud = {"regions": ["us-east-1", "eu-west-1"], "buses": [{"name": "oms-events"}]}
    found = by_page(system(tmp_path, sources={"aws": {"cloud": cloud}}, slos=None, outputs=None))
    legends = {
        target["legendFormat"]
        for each in panels(found["eventbridge"])
        for target in each["targets"]
        if "{{rule}}" in target.get("legendFormat", "")
    }
    assert legends
    assert all(legend.startswith("{{aws}} / {{bus}} / {{rule}}") for legend in legends)
    table = json.dumps(panel(found["overview"], "Rules, in the last hour"))
    alone = json.dumps(panel(by_page(oms())["overview"], "Rules, in the last hour"))
    assert '"AWS"' in table
    assert table.count("custom.hidden") < alone.count("custom.hidden")
