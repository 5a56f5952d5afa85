"""Is the system healthy?"""

from typing import Final

from grafanalib import core

from obs.alerts.alert import Severity
from obs.catalogue import aws, nats, slo
from obs.dashboards import firing_alerts, slo_panels, theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.differences import Differences
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page
from obs.dashboards.pages import collector, eventbridge, jetstream

_ALL: Final = VariableScope()


def page(context: BuildContext) -> Page:
    """The page."""
    consumers = MetricPanels(context, _ALL, jetstream.NONE, links=jetstream.consumer_links(context))
    rules = MetricPanels(context, _ALL, eventbridge.NONE)
    objectives = MetricPanels(context, _ALL, slo_panels.NONE, links=slo_panels.slo_links(context))
    sources = MetricPanels(context, _ALL, collector.NONE)
    stats: list[core.Panel] = [
        firing_alerts.count(context, Severity.CRITICAL, "Critical alerts", "Act now."),
        firing_alerts.count(context, Severity.WARNING, "Warnings", "Look at them today."),
    ]
    state: list[core.Panel] = [firing_alerts.firing_table(context)]
    worst: list[core.Panel] = []
    over_time: list[core.Panel] = []
    if context.slos:
        stats.append(_least_budget(objectives))
        bars = slo_panels.slo_panels(context, _ALL)
        state.insert(0, slo_panels.budget_bars(bars, "overview/budgets"))
        over_time.append(slo_panels.burn_rate(objectives, "overview/burning", "1h"))
    if context.nats:
        stats.append(jetstream.not_ok(consumers, "overview/consumers"))
        worst.append(_worst_consumers(consumers))
        title = "Consumer lag in seconds"
        over_time.append(consumers.lines("overview/lag", nats.LAG_SECONDS, title=title, highest=5))
    if context.aws:
        stats.append(_rules_failing(rules))
        worst.append(_worst_rules(rules))
        over_time.append(
            rules.alert_lines("overview/failed", alert="eventbridge/failed", highest=5)
        )
    stats.append(collector.down(sources, "overview/sources"))
    over_time.append(collector.freshness(sources, "overview/freshness"))
    return Page(
        "overview",
        "Overview",
        "Is the system healthy?",
        (),
        [
            Section("", [Band(4, stats), Band(8, state, (10, 14) if context.slos else ())]),
            *([Section("Worst first", [Band(8, worst)])] if worst else []),
            Section("Over time", [Band(9, over_time)]),
        ],
    )


def _least_budget(panels: MetricPanels) -> core.Stat:
    steps = slo_panels.budget_steps(panels.context)
    changes: Differences = {
        "title": "Least budget left",
        "total": "min",
        "steps": steps,
        "decimals": 1,
    }
    return panels.stat("overview/budget", slo.BUDGET_REMAINING, background=True, **changes)


def _rules_failing(panels: MetricPanels) -> core.Stat:
    description = (
        "EventBridge rules with invocations that failed after all retries in the last 15m."
    )
    changes: Differences = {"window": "15m", "title": "Rules failing", "description": description}
    return panels.count("overview/rules", aws.FAILED_INVOCATIONS, "> 0", **changes)


def _worst_consumers(panels: MetricPanels) -> core.Table:
    columns = [
        panels.column(nats.STATUS, width=90),
        panels.column(nats.LAG_MESSAGES, title="Lag", width=70),
        panels.column(nats.LAG_SECONDS, title="Lag (time)", width=100),
    ]
    title, description = (
        "Consumers furthest behind",
        "By the age of their oldest unprocessed message.",
    )
    rows = jetstream.consumer_rows(panels.context, ("nats", "account"))
    return panels.table("overview/worst_consumers", title, description, rows, columns, "Lag (time)")


def _worst_rules(panels: MetricPanels) -> core.Table:
    failed, critical = aws.FAILED_INVOCATIONS, theme.CRITICAL
    columns = [
        eventbridge.counted(panels, aws.INVOCATIONS, width=100),
        eventbridge.counted(panels, failed, critical, "Failed", width=80),
        panels.alert_column(eventbridge.ERROR_RATE, title="Error rate", decimals=1, width=100),
    ]
    title, description = (
        "Rules, in the last hour",
        "EventBridge rules, those with most failures first.",
    )
    rows = eventbridge.rule_rows(panels, ("aws",))
    return panels.table("overview/worst_rules", title, description, rows, columns, "Failed")
