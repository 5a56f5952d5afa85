"""Several collectors of one spec: which of them leads."""

from typing import Final

from grafanalib import core

from obs.catalogue import own
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import RATE, VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page

_NONE: Final = "No collector is scraped; see Collector"


def page(context: BuildContext) -> Page | None:
    """The page; None where a collector needs no lease."""
    if not context.ha:
        return None
    whole = MetricPanels(context, VariableScope(), _NONE)
    return Page(
        "leaders",
        "High availability",
        "Which collector leads, and how often does that change?",
        [],
        [Section("", [_now(whole), _over_time(whole), *([_work(whole)] if context.aws else [])])],
    )


def _now(whole: MetricPanels) -> Band:
    series = whole.scope.series(own.LEADER)
    shown: list[core.Stat] = [
        whole.stat(
            "leaders/leading",
            own.LEADER,
            title="Leader",
            description="The collector that holds the lease: it asks AWS, and pushes.",
            expr=f"max by (instance) ({series}) == 1",
            legend="{{instance}}",
            none="No collector leads; see Collector",
            text="value_and_name",
        ),
        whole.stat(
            "leaders/collectors",
            own.LEADER,
            title="Collectors",
            description="Collectors that are scraped, the leader among them.",
            expr=f"count(max by (instance) ({series}))",
            legend="",
            unit="none",
            mappings=(),
        ),
    ]
    return Band(4, shown)


def _over_time(whole: MetricPanels) -> Band:
    by_collector = f"max by (instance) ({whole.scope.series(own.LEADER)})"
    shown = [
        whole.states("leaders/leader", own.LEADER, expr=by_collector, legend="{{instance}}"),
        whole.alert_lines("leaders/takeovers"),
    ]
    return Band(8, shown)


def _work(whole: MetricPanels) -> Band:
    requests = whole.scope.series(own.AWS_REQUESTS)
    shown = whole.lines(
        "leaders/requests",
        own.AWS_REQUESTS,
        title="AWS requests of each collector",
        description="Requests to AWS per second; only the leader sends any.",
        expr=f"sum by (instance) (rate({requests}[{RATE}]))",
        legend="{{instance}}",
        none="No collector has asked AWS; see Collector",
    )
    return Band(7, [shown])
