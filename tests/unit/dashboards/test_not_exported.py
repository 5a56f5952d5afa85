"""Dashboards of systems that do not export everything."""

from pathlib import Path

from obs.catalogue.exported import names_in
from obs.dashboards.build import Board
from tests.unit.dashboards.systems import by_page, oms, panel, panels, system


def read_by(board: Board) -> set[str]:
    """The words of all expressions."""
    return {
        name
        for each in panels(board)
        for target in each["targets"]
        for name in names_in(target["expr"])
    }


def titles(board: Board) -> set[str]:
    return {each["title"] for each in panels(board)}


def test_what_is_on_request_has_its_panels_where_it_is_included(tmp_path: Path) -> None:
    usual = by_page(oms())["consumer"]
    asked = by_page(system(tmp_path, metrics={"include": ["nats_consumer_*"]}))["consumer"]
    assert titles(asked) - titles(usual) == {
        "Waiting pull requests",
        "max_deliver",
        "ack_wait",
        "Resets",
        "Replicas behind",
        "Last delivery",
    }


def test_nothing_asks_for_what_is_excluded_and_the_grid_closes_up(tmp_path: Path) -> None:
    excluded = ["nats_consumer_status*", "nats_consumer_redelivered_messages", "obs_source_series"]
    few = by_page(system(tmp_path, metrics={"exclude": excluded}, outputs={}))
    for board in few.values():
        assert read_by(board).isdisjoint(
            ("nats_consumer_status", "nats_consumer_status_reason", *excluded[1:])
        )
        rows: dict[int, int] = {}
        for each in panels(board):
            rows[each["gridPos"]["y"]] = rows.get(each["gridPos"]["y"], 0) + each["gridPos"]["w"]
        assert set(rows.values()) == {24}
    assert "Status" not in titles(few["consumer"])


def test_a_table_has_no_column_and_a_panel_no_line_of_what_is_excluded(tmp_path: Path) -> None:
    excluded = ["nats_consumer_lag_seconds", "nats_consumer_ack_pending_messages"]
    few = by_page(system(tmp_path, metrics={"exclude": excluded}, slos=None))
    table = panel(few["jetstream"], "Consumers")
    (_, organised) = table["transformations"]
    columns = organised["options"]["renameByName"].values()
    assert "Lag" in columns
    assert "Lag in seconds" not in columns
    assert len(table["targets"]) == sum("Value" in name for name in _values(organised))
    assert table["options"]["sortBy"][0]["displayName"] in columns
    (lag,) = [each for each in panels(few["consumer"]) if each["title"] == "Lag in messages"]
    assert [target["legendFormat"] for target in lag["targets"]] == ["lag"]


def _values(organised: dict[str, dict[str, dict[str, str]]]) -> list[str]:
    return [name for name in organised["options"]["renameByName"] if name.startswith("Value")]


def test_a_page_of_which_nothing_is_exported_is_not_built(tmp_path: Path) -> None:
    without = system(tmp_path, metrics={"exclude": ["nats_consumer_*"]}, outputs={}, slos=None)
    assert "consumer" not in by_page(without)
    streams = by_page(without)["jetstream"].json
    chosen = [each["name"] for each in streams["templating"]["list"]]
    assert chosen == ["datasource", "job", "nats", "account", "stream"]
    servers = system(tmp_path, metrics={"exclude": ["nats_*"]}, outputs={}, slos=None)
    assert not {"consumer", "jetstream", "servers"} & by_page(servers).keys()


def test_a_variable_takes_its_values_from_a_metric_that_is_exported(tmp_path: Path) -> None:
    few = system(tmp_path, metrics={"exclude": ["nats_consumer_lag_*"]}, outputs={}, slos=None)
    for variable in by_page(few)["consumer"].json["templating"]["list"]:
        assert "nats_consumer_lag_" not in str(variable.get("query"))
        if variable["name"] == "consumer":
            assert "label_values(nats_consumer_" in str(variable["query"])
