"""CloudWatch metrics that the spec names itself."""

from typing import Final

from grafanalib import core

from obs.catalogue.cloudwatch_names import SOURCE
from obs.catalogue.metric import Kind, Metric
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.spec.quantity import format_duration

SHOWN: Final = 10
"""Series drawn in one panel: those with the highest values in the time range."""
_STATS: Final = 4
_SIDE_BY_SIDE: Final = 3
_MOST: Final = 21
"""Metrics on the page, in the order of the spec."""
_NONE: Final = "CloudWatch has no such series; see Collector"


def page(context: BuildContext) -> Page | None:
    """The page; None where the spec names no metric itself."""
    named = context.named[:_MOST]
    if not named:
        return None
    panels = MetricPanels(context, VariableScope((SOURCE,)), _NONE, context.aws_poll)
    rows = [
        Band(8, [_over_time(panels, each) for each in named[first : first + _SIDE_BY_SIDE]])
        for first in range(0, len(named), _SIDE_BY_SIDE)
    ]
    return Page(
        "cloudwatch",
        "CloudWatch metrics",
        "What do the CloudWatch metrics say that the spec names?",
        variables(named[0], SOURCE),
        [Section("", [Band(4, [_now(panels, each) for each in named[:_STATS]]), *rows])],
    )


def _now(panels: MetricPanels, metric: Metric) -> core.Stat:
    key = f"cloudwatch/{metric.name}_now"
    if metric.kind is Kind.COUNTER:
        return panels.stat(key, metric, window="1h", total="sum")
    return panels.stat(
        key, metric, total="max", description=f"{metric.help} The highest of all series."
    )


def _over_time(panels: MetricPanels, metric: Metric) -> core.TimeSeries:
    key = f"cloudwatch/{metric.name}"
    if metric.kind is not Kind.COUNTER:
        return panels.lines(key, metric, highest=SHOWN)
    # A rate over less than a period would be a spike and then nothing.
    every = format_duration(panels.context.named_every[metric.name])
    return panels.lines(key, metric, highest=SHOWN, interval=every)
