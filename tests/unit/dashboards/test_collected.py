"""Pages show only the groups of a NATS cluster that are collected."""

import json
from pathlib import Path
from typing import Any

from obs.cli.main import main
from tests.unit.dashboards.systems import by_page, panel, panels, system

NO_MORE: dict[str, Any] = {"slos": None, "outputs": None, "notify": None}


def pages(folder: Path, *groups: str) -> dict[str, set[str]]:
    """The titles of panels by page, of a system that collects these groups."""
    source: dict[str, Any] = {"monitor": ["http://nats:8222"], "collect": list(groups)}
    if "connections" in groups:
        source["client_connections"] = {"accounts": ["OMS"]}
    of = system(folder, sources={"nats": {"main": source}}, slos=None, outputs=None, notify=None)
    return {page: {each["title"] for each in panels(board)} for page, board in by_page(of).items()}


def test_what_is_not_collected_has_no_panel(tmp_path: Path) -> None:
    found = pages(tmp_path, "leafnodes")
    assert "server_groups" not in found
    assert {"Servers that answer", "Leaf nodes"} <= found["servers"]
    gone = {"Routes", "Gateways", "Connected clients", "CPU in use", "Certificates expire in"}
    assert found["servers"].isdisjoint(gone)


def test_what_is_collected_on_request_has_a_page(tmp_path: Path) -> None:
    both = pages(tmp_path, "connections", "raft")["server_groups"]
    assert {"Waiting for a client, of max_pending", "Raft groups"} <= both
    assert "Raft groups" not in pages(tmp_path, "connections")["server_groups"]


def test_the_cloudwatch_metrics_that_a_spec_names_have_a_page(tmp_path: Path) -> None:
    of = {"namespace": "AWS/Lambda", "dimensions": {"FunctionName": "a-*"}}
    named = [
        {**of, "name": "Errors", "statistic": "Sum"},
        {**of, "name": "Duration", "statistic": "p99"},
    ]
    source = {"region": "us-east-1", "metrics": named}
    page = by_page(system(tmp_path, sources={"aws": {"aws": source}}, **NO_MORE))["cloudwatch"]
    (tmp_path / "page.json").write_text(json.dumps(page.json), encoding="utf-8")
    lint = [
        "dashboards",
        "lint",
        f"{tmp_path / 'page.json'}",
        "--spec",
        f"{tmp_path / 'spec.yaml'}",
    ]
    assert main(lint) == 0
    assert [each["title"] for each in panels(page)] == [
        *("Lambda Errors, 1h", "Lambda Duration, p99"),
        *("Lambda Errors", "Lambda Duration, p99"),
    ]
    rate = panel(page, "Lambda Errors")["targets"][0]["expr"]
    assert "rate(aws_lambda_errors_total{" in rate
    assert panel(page, "Lambda Errors")["targets"][0]["legendFormat"] == "{{function_name}}"


def test_a_page_of_many_cloudwatch_metrics_has_no_more_than_a_page_may(tmp_path: Path) -> None:
    names = [f"Errors{number}" for number in range(40)]
    named = [{"namespace": "Shop", "name": name, "statistic": "Sum"} for name in names]
    source = {"region": "us-east-1", "metrics": named}
    page = by_page(system(tmp_path, sources={"aws": {"aws": source}}, **NO_MORE))["cloudwatch"]
    assert len(panels(page)) == 25
    assert {each["type"] for each in panels(page)[:4]} == {"stat"}
