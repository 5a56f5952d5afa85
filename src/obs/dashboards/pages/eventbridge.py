"""Rules of EventBridge and their dead-letter queues."""

from collections.abc import Sequence
from typing import Final

from grafanalib import core

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.differences import Differences
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable, variables
from obs.dashboards.panel_alerts import or_silent
from obs.dashboards.panels import LineStyle
from obs.dashboards.tables import Column, TableRows
from obs.dashboards.thresholds import PLAIN, ThresholdStep, from_one

NONE: Final = "No data from AWS: does its source answer? See Collector"
ERROR_RATE: Final = "eventbridge/error_rate"
_FEW: Final = or_silent("Too few invocations for an error rate")
_BAD: Final = from_one(theme.CRITICAL)
_WARNED: Final = from_one(theme.WARNING)


def page(context: BuildContext) -> Page | None:
    """The page; None without an AWS source."""
    if not context.aws:
        return None
    rules = MetricPanels(context, VariableScope(aws.RULE), NONE, context.aws_poll)
    queues = MetricPanels(context, VariableScope(aws.QUEUE), NONE, context.aws_poll)
    failures = [
        rules.alert_lines("eventbridge/failed"),
        rules.alert_lines(ERROR_RATE, title="Error rate", none=_FEW),
        rules.alert_lines("eventbridge/invocations"),
    ]
    return Page(
        "eventbridge",
        "EventBridge",
        "Do events reach the targets of their rules, and where did the others go?",
        [*variables(aws.INVOCATIONS, *aws.RULE), Variable("queue", aws.QUEUE_VISIBLE)],
        [
            Section("", [_answer(rules, queues), Band(9, failures), _rules(rules)]),
            Section("Why invocations fail", [_causes(rules)]),
            Section("Dead letters", _dead_letters(rules, queues)),
        ],
    )


def rule_rows(panels: MetricPanels, hidden: Sequence[str] = ()) -> TableRows:
    """A table row for each rule; names of accounts and regions are long, and not hidden."""
    labels = {"aws": "AWS", "bus": "Bus", "rule": "Rule"}
    several = panels.scope.origins
    hidden = [label for label in hidden if label not in several]
    return TableRows(labels, widths={"aws": 190 if several else 90, "bus": 120}, hidden=hidden)


def counted(
    panels: MetricPanels,
    metric: Metric,
    colour: str = "",
    title: str = "",
    width: int | None = None,
) -> Column:
    """A column of a counter's increase in an hour, coloured from 1 on."""
    steps = from_one(colour, theme.NEUTRAL) if colour else ()
    title = title or metric.title
    return panels.column(metric, title=title, window="1h", decimals=0, steps=steps, width=width)


def _answer(rules: MetricPanels, queues: MetricPanels) -> Band:
    def recent(
        key: str,
        metric: Metric,
        steps: Sequence[ThresholdStep] = PLAIN,
        *,
        background: bool = False,
    ) -> core.Stat:
        said: Differences = {"window": "15m", "total": "sum", "steps": steps, "decimals": 0}
        return rules.stat(key, metric, background=background, **said)

    failed, invoked = (
        rules.query(metric, window="15m", total="sum").expr
        for metric in (aws.FAILED_INVOCATIONS, aws.INVOCATIONS)
    )
    error_rate = rules.stat(
        "eventbridge/error_rate_now",
        aws.FAILED_INVOCATIONS,
        background=True,
        alert=ERROR_RATE,
        title="Error rate, 15m",
        description="Failed invocations as a share of all, over all chosen rules.",
        expr=f"100 * {failed} / {invoked}",
        legend="",
        none=or_silent("No invocations"),
    )
    waiting: Differences = {"total": "sum", "steps": _WARNED, "decimals": 0}
    stats = [
        recent("eventbridge/failed_now", aws.FAILED_INVOCATIONS, _BAD, background=True),
        error_rate,
        recent("eventbridge/invocations_now", aws.INVOCATIONS),
        recent("eventbridge/dead_lettered_now", aws.DEAD_LETTERED, _WARNED),
        recent("eventbridge/lost_now", aws.DEAD_LETTER_FAILURES, _BAD),
        queues.stat("eventbridge/waiting_now", aws.QUEUE_VISIBLE, **waiting),
    ]
    return Band(4, stats)


def _rules(panels: MetricPanels) -> Band:
    columns = [
        counted(panels, aws.TRIGGERED_RULES),
        counted(panels, aws.INVOCATIONS),
        counted(panels, aws.FAILED_INVOCATIONS, theme.CRITICAL, "Failed"),
        panels.alert_column(ERROR_RATE, title="Error rate", decimals=1),
        counted(panels, aws.RETRIES, theme.WARNING),
        counted(panels, aws.THROTTLED_RULES, theme.WARNING),
        counted(panels, aws.DEAD_LETTERED, theme.WARNING),
        counted(panels, aws.DEAD_LETTER_FAILURES, theme.CRITICAL),
    ]
    description = "Counts in the last hour of the time range; the error rate is that of its alert."
    title = "Rules, in the last hour"
    rows = rule_rows(panels)
    return Band(8, [panels.table("eventbridge/rules", title, description, rows, columns, "Failed")])


def _causes(panels: MetricPanels) -> Band:
    rule, style = panels.scope.legend(aws.RULE), LineStyle(dashed=["/ longest$/"])
    latency = panels.lines(
        "eventbridge/latency",
        aws.DELIVERY_LATENCY_AVERAGE,
        style,
        title="Latency",
        description="Time from an event's arrival on the bus to its successful delivery: the mean, "
        "and the longest (dashed).",
        queries=[
            panels.query(aws.DELIVERY_LATENCY_AVERAGE, f"{rule} mean"),
            panels.query(aws.DELIVERY_LATENCY_MAX, f"{rule} longest"),
        ],
    )
    counts = [panels.alert_lines(f"eventbridge/{each}") for each in ("retries", "throttled")]
    return Band(8, [*counts, latency])


def _dead_letters(rules: MetricPanels, queues: MetricPanels) -> list[Band]:
    lost = "eventbridge/dead_letter_failures"
    sent = [rules.alert_lines(key) for key in ("eventbridge/dead_lettered", lost)]
    waiting = [queues.alert_lines(f"eventbridge/{each}") for each in ("queue", "queue_age")]
    return [Band(8, sent), Band(8, waiting)]
