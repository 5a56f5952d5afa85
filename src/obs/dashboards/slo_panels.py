"""What the pages of SLOs share: queries, threshold steps, panels."""

from collections.abc import Sequence
from typing import Final

from grafanalib import core

from obs.catalogue import slo
from obs.catalogue.query import Matcher
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import Json
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import from_series, link
from obs.dashboards.thresholds import ThresholdStep, steps

NONE: Final = "No SLO has data yet: do its sources answer? See Collector"
OVER_TIME: Final = "Error budget left over time"
BURN_RATE: Final = "slo_detail/burn_rate"
_LOW: Final = 0.25


def slo_panels(context: BuildContext, scope: VariableScope, none: str = NONE) -> MetricPanels:
    """Panels of SLOs; a click on a series leads to the page of its SLO."""
    links = () if scope.single else slo_links(context)
    return MetricPanels(context, scope, none, context.slo_poll, links)


def slo_links(context: BuildContext) -> Sequence[Json]:
    """To the page of the SLO that is clicked on."""
    return [link(context, "slo_detail", "This SLO", from_series(*context.of_slo))]


def over(window: str) -> Matcher:
    """The series of a window."""
    return ("window", "=", window)


def budget_steps(context: BuildContext) -> list[ThresholdStep]:
    """Steps of the remaining budget: those of its alert, and one where a quarter is left."""
    low = context.thresholds.steps("slo_detail/budget")
    return [*low[:-1], {**low[-1], "color": theme.LOW}, {"color": theme.GOOD, "value": _LOW}]


def budget_bars(panels: MetricPanels, key: str) -> core.BarGauge:
    """What is left of each budget."""
    colours = budget_steps(panels.context)
    return panels.bars(key, slo.BUDGET_REMAINING, steps=colours, minimum=0, maximum=1)


def burn_steps(context: BuildContext, window: str) -> list[ThresholdStep]:
    """Steps of the burn rate over a window: the factors of the tiers that use it."""
    return steps(
        tuned
        for tuned in context.thresholds.alerts(BURN_RATE)
        if (tier := tuned.when.tier()) is not None
        and not tuned.only
        and window in (tier.long, tier.short)
    )


def burn_rate(panels: MetricPanels, key: str, window: str) -> core.TimeSeries:
    """How fast each budget burnt in a window, with the tiers of the alerts."""
    tiers = burn_steps(panels.context, window)
    description = f"{slo.BURN_RATE.help} The dashed lines are the tiers of the alerts."
    return panels.lines(key, slo.BURN_RATE, over=window, steps=tiers, description=description)


def objectives(scope: VariableScope, *about: str) -> str:
    """The objectives, with these labels of the info series."""
    own = scope.labels_of(slo.OBJECTIVE)
    info = scope.value(slo.INFO, by=(*own, *about))
    return f"{info}\n* on ({', '.join(own)}) group_left () {scope.value(slo.OBJECTIVE)}"
