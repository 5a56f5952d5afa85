"""Panels of metrics: one line says which, the rest follows from the metric and its alert."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from grafanalib._gen import DashboardEncoder

from obs import catalogue
from obs.alerts.conditions import Above
from obs.alerts.tuning import tuned_alerts
from obs.catalogue import aws, declare, nats, own, slo
from obs.catalogue.metric import Metric
from obs.dashboard_lint.lint import lint
from obs.dashboard_lint.metrics import Metrics
from obs.dashboard_lint.model import dashboard
from obs.dashboard_lint.subject import Knowledge
from obs.dashboards.build import board
from obs.dashboards.build_context import build_context_of
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable
from obs.dashboards.panel_alerts import panel_of
from obs.dashboards.thresholds import PLAIN
from obs.dashboards.units import unit_of
from obs.sinks.exposition import header_lines
from tests.unit.dashboards.systems import oms

CONTEXT = build_context_of(oms())
CONSUMERS = MetricPanels(CONTEXT, VariableScope(nats.CONSUMER), "No data")
ONE = MetricPanels(CONTEXT, VariableScope(nats.CONSUMER, frozenset(nats.CONSUMER)), "No data")
RULES = MetricPanels(CONTEXT, VariableScope(aws.RULE), "No data")
SLOS = MetricPanels(CONTEXT, VariableScope(slo.SLO), "No data")


def shown(panel: Any) -> dict[str, Any]:
    """The panel's JSON."""
    return dict(json.loads(json.dumps(panel.to_json_data(), cls=DashboardEncoder)))


def defaults(panel: Any) -> dict[str, Any]:
    return dict(shown(panel)["fieldConfig"]["defaults"])


def query(panel: Any) -> tuple[str, str]:
    (target,) = shown(panel)["targets"]
    return target["expr"], target["legendFormat"]


@pytest.fixture
def tills() -> Iterator[Metric]:
    """A metric added by one declaration, and forgotten after the test."""
    before = dict(declare.EXPORTED)
    yield declare.gauge(
        "shop_till_wait_seconds", own.SOURCE, "Time that customers wait.", "seconds", title="Wait"
    )
    declare.EXPORTED.clear()
    declare.EXPORTED.update(before)


def test_a_metric_of_one_declaration_is_on_a_panel_of_one_line(tills: Metric) -> None:
    panels = MetricPanels(CONTEXT, VariableScope(own.SOURCE), "No shop is open")
    waiting = panels.lines("shop/wait", tills)
    page = Page(
        "shop",
        "Shop",
        "Do customers wait?",
        [Variable("source", tills)],
        [Section("", [Band(8, [waiting])])],
    )

    built = board(page, CONTEXT).json
    (panel,) = built["panels"]
    assert (panel["title"], panel["description"]) == ("Wait", "Time that customers wait.")
    assert panel["fieldConfig"]["defaults"]["unit"] == "s"
    assert panel["targets"][0]["legendFormat"] == "{{source}}"
    assert panel["targets"][0]["expr"] == (
        'max by (source) (shop_till_wait_seconds{job=~"$job",source=~"$source",'
        'environment="production",system="oms"})'
    )

    assert catalogue.BY_NAME["shop_till_wait_seconds"] is tills
    assert "shop_till_wait_seconds" in Metrics().names
    assert list(lint([dashboard("shop.json", built)], Knowledge()).findings) == []
    help_line = "# HELP shop_till_wait_seconds Time that customers wait.\n"
    assert help_line in header_lines(tills, openmetrics=False)


def test_lint_reports_the_metric_where_it_is_not_declared(tills: Metric) -> None:
    panels = MetricPanels(CONTEXT, VariableScope(own.SOURCE), "No shop is open")
    undeclared = panels.lines("shop/wait", replace(tills, name="shop_till_queue_seconds"))
    page = Page("shop", "Shop", "?", [], [Section("", [Band(8, [undeclared])])])
    found = lint([dashboard("shop.json", board(page, CONTEXT).json)], Knowledge()).findings
    assert "target-metric-rule" in {finding.rule for finding in found}


def test_limits_and_alert_lines_of_the_description_come_from_the_alert() -> None:
    panel = ONE.stat("consumer/somewhere", nats.LAG_MESSAGES)
    (tuned,) = [each for each in tuned_alerts(oms()) if each.name == "NatsConsumerLagHigh"]
    assert isinstance(tuned.when, Above)
    assert defaults(panel)["thresholds"]["steps"][1]["value"] == tuned.when.threshold
    assert "Alert NatsConsumerLagHigh: > 1000" in shown(panel)["description"]


def test_a_metric_without_an_alert_has_plain_numbers() -> None:
    steps = defaults(ONE.stat("consumer/x", nats.WAITING_PULLS))["thresholds"]["steps"]
    assert steps == list(PLAIN)


def test_a_sum_has_not_the_limits_of_what_is_summed() -> None:
    steps = {
        total: len(
            defaults(CONSUMERS.stat("x/y", nats.LAG_SECONDS, total=total))["thresholds"]["steps"]
        )
        for total in ("sum", "max")
    }
    assert steps == {"sum": 1, "max": 2}


@pytest.mark.parametrize(
    ("panels", "metric", "legend"),
    [
        (CONSUMERS, nats.LAG_MESSAGES, "{{stream}} / {{consumer}}"),
        (ONE, nats.LAG_MESSAGES, "{{consumer}}"),
        (CONSUMERS, nats.STATUS_REASON, "{{stream}} / {{consumer}}: {{reason}}"),
        (ONE, nats.STATUS_REASON, "{{reason}}"),
        (RULES, aws.RETRIES, "{{bus}} / {{rule}}"),
        (SLOS, slo.BURN_RATE, "{{slo_service}} / {{slo}}: {{window}}"),
        (RULES, own.AWS_REQUESTS, "{{operation}}"),
        (RULES, own.AWS_COST, ""),
    ],
)
def test_a_legend_names_the_labels_that_vary(
    panels: MetricPanels, metric: Metric, legend: str
) -> None:
    assert query(panels.lines("x/y", metric))[1] == legend


def test_a_counter_is_a_rate_or_an_increase_in_a_window() -> None:
    rate = RULES.lines("x/y", aws.RETRIES)
    grown = RULES.lines("x/z", aws.RETRIES, window="5m")
    assert "rate(" in query(rate)[0]
    assert "increase(" in query(grown)[0]
    assert (defaults(rate)["unit"], defaults(grown)["unit"]) == ("cps", "short")
    assert (shown(rate)["title"], shown(grown)["title"]) == ("Retries", "Retries, 5m")


def test_a_moment_is_shown_as_the_time_since() -> None:
    panel = ONE.stat("x/y", nats.LAST_DELIVERY)
    assert query(panel)[0].startswith("1000 * max by")
    assert defaults(panel)["unit"] == "dateTimeFromNow"


def test_one_window_of_a_metric_has_no_label_of_it() -> None:
    expression, legend = query(SLOS.stat("x/y", slo.BURN_RATE, over="1h"))
    assert 'window="1h"' in expression
    assert expression.startswith("max by (slo, slo_service) (")
    assert "window" not in legend


def test_states_have_their_names_and_colours() -> None:
    (mapping,) = defaults(CONSUMERS.states("x/y", nats.STATUS))["mappings"]
    assert [each["text"] for each in mapping["options"].values()] == list(nats.STATUSES)
    assert mapping["options"]["3"]["color"] == "orange"


def test_a_share_of_a_limit_names_the_limit() -> None:
    panel = shown(CONSUMERS.alert_lines("consumer/ack_pending"))
    assert panel["title"] == "In flight, % of max_ack_pending"
    assert panel["fieldConfig"]["defaults"]["noValue"].startswith("No max_ack_pending is set")


def test_where_low_values_are_bad_no_series_is_left_out() -> None:
    lag = CONSUMERS.alert_lines("x/y", alert="consumer/redelivered", highest=3)
    left = CONSUMERS.alert_lines("x/z", alert="consumer/eviction", highest=3)
    assert "topk(3" in query(lag)[0]
    assert "topk" not in query(left)[0]


def test_a_page_may_say_everything_itself() -> None:
    panel = CONSUMERS.lines(
        "x/y",
        nats.LAG_MESSAGES,
        title="T",
        description="D.",
        unit="bytes",
        none="N",
        legend="L",
        steps=PLAIN,
        expr="vector(1)",
    )
    assert (shown(panel)["title"], shown(panel)["description"]) == ("T", "D.")
    assert (defaults(panel)["unit"], defaults(panel)["noValue"]) == ("bytes", "N")
    assert query(panel) == ("vector(1)", "L")


def test_the_alert_of_a_metric_is_the_one_that_compares_it_alone() -> None:
    assert panel_of(nats.LAG_SECONDS) == "consumer/lag_seconds"
    assert panel_of(nats.ACK_PENDING_MESSAGES) == ""  # a share of its limit
    assert panel_of(aws.FAILED_INVOCATIONS) == ""  # an increase


@pytest.mark.parametrize(
    ("metric", "unit"),
    [
        (nats.LAG_SECONDS, "s"),
        (nats.STREAM_BYTES, "bytes"),
        (slo.OBJECTIVE, "percentunit"),
        (own.AWS_COST, "currencyUSD"),
        (nats.LAG_MESSAGES, "short"),
    ],
)
def test_grafanas_unit_is_that_of_the_name(metric: Metric, unit: str) -> None:
    assert unit_of(metric) == unit
