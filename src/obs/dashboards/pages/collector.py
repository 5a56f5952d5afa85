"""The collector itself: monitoring has to be monitored."""

from typing import Final

from grafanalib import core

from obs.catalogue import own
from obs.catalogue.query import equal, selector
from obs.dashboards.build_context import BuildContext
from obs.dashboards.differences import Differences
from obs.dashboards.expressions import JOB, RATE, VariableScope
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable
from obs.dashboards.panels import LineStyle, lines
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN

NONE: Final = "No collector is scraped: does it run, and is it a target of this Prometheus?"
_FRESHNESS: Final = "collector/sources"
_NO_ANSWER: Final = "No source has answered yet"
_AGE: Final = "Age, % of stale_after"


def page(context: BuildContext) -> Page:
    """The page."""
    panels = MetricPanels(context, VariableScope(own.SOURCE), NONE)
    whole = MetricPanels(context, VariableScope(), NONE)
    return Page(
        "collector",
        "Collector",
        "Are the other pages up to date, and what does monitoring cost?",
        [Variable(own.SOURCE[0], own.SOURCE_UP)],
        [
            Section("", [_answer(panels, whole), _sources(panels), _polls(panels, whole)]),
            Section("Left out", [_left_out(panels)]),
            *([Section("Costs", [_costs(panels, whole), _budgets(panels)])] if context.aws else []),
            Section("The process", [_process(whole)]),
        ],
    )


def freshness(panels: MetricPanels, key: str) -> core.TimeSeries:
    """How old each source's data is, as a share of the age at which it is withdrawn."""
    description = "Time since each source's last complete poll; at 100 % its series are withdrawn."
    return panels.alert_lines(
        key, alert=_FRESHNESS, title=_AGE, description=description, none=_NO_ANSWER, links=()
    )


def down(panels: MetricPanels, key: str) -> core.Stat:
    """How many sources could not be polled."""
    description = "Sources whose last poll failed: what is shown of them is old."
    return panels.count(key, own.SOURCE_UP, "== 0", title="Sources down", description=description)


def _answer(panels: MetricPanels, whole: MetricPanels) -> Band:
    age = f"max({panels.scope.age(own.SOURCE_LAST_SUCCESS)})"
    count = f"count by (version) ({whole.scope.series(own.BUILD_INFO)})"
    build: Differences = {"expr": count, "by": ["version"], "steps": PLAIN}
    stats = [
        down(panels, "collector/up"),
        panels.stat(
            "collector/age",
            own.SOURCE_LAST_SUCCESS,
            title="Oldest data",
            description="Time since the last complete poll of the source that has failed longest.",
            expr=age,
            legend="",
            none=_NO_ANSWER,
        ),
        panels.stat("collector/series_now", own.SOURCE_SERIES, total="sum"),
        whole.stat("collector/build", own.BUILD_INFO, text="value_and_name", **build),
    ]
    if panels.context.aws:
        stats.append(whole.stat("collector/cost_now", own.AWS_COST, expr=_cost(whole), decimals=2))
    return Band(4, stats)


def _sources(panels: MetricPanels) -> Band:
    columns = [
        panels.column(own.SOURCE_UP, title="Up", width=80),
        panels.alert_column(_FRESHNESS, title=_AGE, decimals=0),
        panels.column(own.SOURCE_POLL_DURATION, decimals=2),
        panels.column(own.SOURCE_SERIES),
        panels.column(own.SOURCE_WITHDRAWN),
    ]
    description, rows = "Current state of all chosen sources.", TableRows({"source": "Source"})
    whole = panels.table("collector/table", "Sources", description, rows, columns, _AGE)
    return Band(8, [whole, freshness(panels, _FRESHNESS)])


def _polls(panels: MetricPanels, whole: MetricPanels) -> Band:
    failed: Differences = {"window": "5m", "ever": True, "none": "No poll has failed"}
    shown = [
        panels.states("collector/source_up", own.SOURCE_UP),
        panels.lines("collector/errors", own.SOURCE_ERRORS, **failed),
        panels.lines("collector/duration", own.SOURCE_POLL_DURATION),
        whole.states("collector/spec", own.SPEC_REFUSED, legend="spec"),
        whole.states(
            "collector/shards", own.SHARD_SOURCE_UP, none="No collector runs with --shard"
        ),
    ]
    return Band(8, shown)


def _left_out(panels: MetricPanels) -> Band:
    none = "Nothing is left out"
    shown = [
        panels.lines("collector/left_out", own.SOURCE_LEFT_OUT, ever=True, none=none),
        panels.alert_lines("collector/dropped", by=own.SOURCE),
        panels.alert_lines(
            "collector/unreadable",
            title="Unreadable",
            description="Objects of which the source tells what obs cannot read.",
            by=own.SOURCE,
        ),
        panels.states(
            "collector/missing", own.SPEC_OBJECT_MISSING, none="The spec names no single object"
        ),
    ]
    return Band(7, shown)


def _costs(panels: MetricPanels, whole: MetricPanels) -> Band:
    bars, hidden = LineStyle(bars=True, stacked=True), LineStyle(legend="hidden")
    cost: Differences = {"expr": _cost(whole), "legend": "dollars"}
    skipped = panels.alert_lines(
        "collector/cost",
        title="Polls skipped to save cost",
        description="Polls that would have exceeded monthly_budget_dollars.",
        by=own.SOURCE,
        none="No poll was skipped",
    )
    shown = [
        whole.lines("collector/requests", own.AWS_REQUESTS, bars, window="5m"),
        whole.lines("collector/cost_over_time", own.AWS_COST, hidden, **cost),
        skipped,
    ]
    return Band(7, shown)


def _budgets(panels: MetricPanels) -> Band:
    shown = [
        panels.states("collector/budget", own.AWS_BUDGET_STAGE),
        panels.lines("collector/spent", own.AWS_SPENT),
        panels.lines("collector/projected", own.AWS_PROJECTED),
    ]
    return Band(7, shown)


def _cost(whole: MetricPanels) -> str:
    """The cost of all collectors together."""
    return f"sum({whole.scope.series(own.AWS_COST)})"


def _process(whole: MetricPanels) -> Band:
    def of_process(key: str, title: str, description: str, expr: str, unit: str) -> core.TimeSeries:
        options = FieldOptions(unit, none=NONE, minimum=0)
        return lines(key, title, description, [Query(expr, "{{instance}}")], options)

    # any process has these metrics; the variable and the system's labels choose collectors
    chosen = ((JOB, "=~", f"${JOB}"), *equal(whole.context.labels))
    processor = f"rate({selector('process_cpu_seconds_total', chosen)}[{RATE}])"
    memory = selector("process_resident_memory_bytes", chosen)
    cpu, ram = (
        "CPU of each collector, as a share of one core.",
        "Resident memory of each collector.",
    )
    pushes: Differences = {
        "description": "Data points per second that other systems accepted, failed pushes, points "
        "that waited for a receiver for too long, and spans of obs that were lost.",
        "queries": [
            whole.query(own.PUSH_POINTS, "{{sink}}: points"),
            whole.query(own.PUSH_ERRORS, "{{sink}}: failed for {{reason}}", ever=True),
            whole.query(own.PUSH_DROPPED, "{{sink}}: points dropped", ever=True),
            whole.query(own.SPANS_DROPPED, "traces: spans lost ({{reason}})", ever=True),
        ],
        "interval": "1m",
        "none": "No outputs push data: see outputs in the spec",
    }
    shown = [
        of_process("collector/cpu", "CPU", cpu, processor, "percentunit"),
        of_process("collector/memory", "Memory", ram, memory, "bytes"),
        whole.lines("collector/pushed", own.PUSH_POINTS, **pushes),
    ]
    return Band(7, shown)
