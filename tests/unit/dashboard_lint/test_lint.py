"""All rules together: on any JSON, with a spec, in order, with waivers."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs.alerts.tuning import tuned_alerts
from obs.dashboard_lint.finding import LintFinding, Severity
from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.metrics import Metrics, read_metrics
from obs.dashboard_lint.model import dashboard
from obs.dashboard_lint.rules import ALL
from obs.dashboard_lint.subject import Knowledge
from obs.dashboards.build import boards
from obs.errors import BadInput
from obs.ids import panel_id
from obs.spec.load import load
from obs.spec.system import System
from tests.unit.dashboard_lint.boards import (
    Json,
    board,
    findings,
    of_panel,
    of_query,
    panel,
    target,
)

OMS = Path(__file__).parents[3] / "collectors" / "oms.yaml"

_KEYS = [
    *("panels", "targets", "templating", "list", "annotations", "name", "type", "query", "expr"),
    *("gridPos", "x", "y", "w", "h", "id", "title", "fieldConfig", "defaults", "overrides", "uid"),
    *("properties", "value", "unit", "mappings", "thresholds", "steps", "datasource", "options"),
    *("legendFormat", "rows", "current", "refresh", "multi", "tags", "description", "noValue"),
    *("schemaVersion", "reduceOptions", "fields", "yaxes", "libraryPanel", "repeat", "allValue"),
]
_TEXTS = st.sampled_from(
    ["row", "graph", "stat", "query", "datasource", "prometheus", "loki", "$x", "obs", "up", "A"]
)
_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS | st.text(max_size=8)
_ANY = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)
    ),
    max_leaves=40,
)


@pytest.fixture(scope="module")
def oms() -> System:
    return load([OMS], variables={"ENV": "x"})


def known(system: System) -> Knowledge:
    return Knowledge(Metrics(), system.system, tuned_alerts(system))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(_KEYS), _ANY, max_size=8))
def test_no_json_is_too_strange(json_: Json) -> None:
    told = lint([dashboard("a.json", json_)], Knowledge()).findings
    assert [each for each in told if not str(each).isprintable()] == []


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = [(*path, key) for key, _ in inside]
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    for key, below in inside:
        if isinstance(below, dict | list):
            found += _places(below, (*path, key))
    return found


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(_places(board())), _ANY)
def test_whatever_stands_in_any_place_is_judged(path: tuple[Any, ...], value: Any) -> None:
    changed = json.loads(json.dumps(board()))
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    lint([dashboard("a.json", changed)], Knowledge())


def test_findings_are_in_order_and_the_same_each_time() -> None:
    bad: list[Json] = [
        {"title": title, "panels": [{"type": "graph", "id": n, "title": title} for n in (2, 1)]}
        for title in "ba"
    ]
    told = findings(*bad)
    assert told == findings(*bad)
    keys = [(each.file, each.dashboard, each.panel, each.panel_id or 0) for each in told]
    assert keys == sorted(keys)


def test_a_finding_says_where_in_one_line() -> None:
    [told] = findings(of_query("rate(x[5m"))
    assert str(told) == (
        '0.json: panel "Requests" (1) A: target-promql-rule: is not valid PromQL: '
        "unexpected end of input inside brackets"
    )
    lesser = dataclasses.replace(told, panel="", panel_id=None, severity=Severity.WARNING)
    assert str(lesser).startswith("0.json: target-promql-rule (warning): ")


def test_titles_cannot_move_the_cursor() -> None:
    [told] = findings(of_panel(lambda it: it.update(title="a\x1b[2J\nb\ud800", type="graph")))
    assert 'panel "a\\x1b[2J\\nb\\ud800" (1)' in str(told)


def test_the_dashboards_that_obs_builds_have_no_findings(oms: System) -> None:
    built = [dashboard(f"{each.page}.json", each.json) for each in boards(oms)]
    report = lint(built, known(oms))
    assert [str(each) for each in report.findings] == []
    assert [each for each in report.waived if not each.reason] == []


def test_a_threshold_that_is_not_its_alerts_is_told(oms: System) -> None:
    lag = panel(id=panel_id("consumer/lag"))
    lag["fieldConfig"]["defaults"]["thresholds"]["steps"].append({"color": "red", "value": 999})
    json_ = {**board(), "panels": [lag]}

    def told() -> list[str]:
        rule = "panel-threshold-rule"
        return [each.message for each in findings(json_, knowledge=known(oms)) if each.rule == rule]

    assert told() == [
        "alert NatsConsumerLagHigh fires at > 1000, so a threshold must be 1000; found: 999"
    ]
    lag["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] = 1000
    assert told() == []


def test_a_threshold_is_compared_in_the_panels_unit(oms: System) -> None:
    for unit, value in (("ms", 300_000), ("s", 300), ("m", 5)):
        panel_ = panel(id=panel_id("consumer/lag_seconds"))
        panel_["fieldConfig"]["defaults"].update(
            unit=unit, thresholds={"steps": [{"color": "red", "value": value}]}
        )
        told = findings({**board(), "panels": [panel_]}, knowledge=known(oms))
        assert "panel-threshold-rule" not in {each.rule for each in told}, unit


def test_an_alert_whose_panel_is_not_where_it_leads_is_told(oms: System) -> None:
    told = findings({**board(), "uid": "obs-oms-consumer"}, knowledge=known(oms))
    assert "alert NatsConsumerLagHigh links to panel consumer/lag, which does not exist" in {
        each.message for each in told
    }


def test_in_our_own_dashboards_every_metric_has_to_be_known() -> None:
    def told(tags: list[str], metrics: Metrics) -> list[LintFinding]:
        json_ = of_query('mine{job=~"$job",instance=~"$instance"}')
        report = lint([dashboard("a", {**json_, "tags": tags})], Knowledge(metrics))
        return [each for each in report.findings if each.rule == "target-metric-rule"]

    assert told(["shop"], Metrics()) == []
    assert [each.message for each in told(["obs"], Metrics())] == [
        "unknown metric mine; --metrics FILE adds names"
    ]
    assert told(["obs"], Metrics(Metrics().names | {"mine"})) == []
    assert told(["shop"], Metrics(complete=True)) != []


@pytest.mark.parametrize(
    "written",
    [
        "up\nhttp_requests_total\n",
        '# HELP up Whether.\n# TYPE up gauge\nup 1\n\nhttp_requests_total{code="200"} 3 17\n',
        '["up", "http_requests_total"]',
        '{"status": "success", "data": ["up", "http_requests_total"]}',
    ],
)
def test_names_of_metrics_are_read_from_what_people_have(written: str, tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    file.write_text(written)
    assert read_metrics([file]) == {"up", "http_requests_total"}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (b"up\n-\n", ":2: no metric name; write one per line, or a scrape of /metrics"),
        (b"{}", ": not a list of names, such as a response of /api/v1/label/__name__/values"),
        (b"[1]", ": not a list of names, such as a response of /api/v1/label/__name__/values"),
        (b"\xff", ": is not UTF-8 text"),
    ],
)
def test_names_that_cannot_be_read_are_told(written: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "metrics"
    file.write_bytes(written)
    with pytest.raises(BadInput) as told:
        read_metrics([file])
    assert str(told.value) == f"{file}{message}"


def test_a_panel_of_several_faults_is_told_each() -> None:
    bad = of_panel(
        lambda it: it.update(
            type="graph", title="", targets=[target("sum(x_total"), target("x_total")]
        )
    )
    rules = {each.rule for each in findings(bad)}
    assert {"panel-deprecated-rule", "panel-title-description-rule"} <= rules
    assert {"target-promql-rule", "target-counter-agg-rule", "target-job-rule"} <= rules
    assert rules <= {rule.name for rule in ALL}
