"""All objectives."""

from typing import Final

from obs.catalogue import slo
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, from_row, link, variables
from obs.dashboards.slo_panels import (
    OVER_TIME,
    budget_bars,
    budget_steps,
    burn_rate,
    burn_steps,
    objectives,
    over,
    slo_panels,
)
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import from_one
from obs.dashboards.units import NUMBER

_TITLES: Final = {"slo_service": "Service", "slo": "SLO", "slo_object": "Object"}


def page(context: BuildContext) -> Page | None:
    """The page; None where the spec has no SLO."""
    if not context.slos:
        return None
    panels = slo_panels(context, VariableScope(context.slo_identity))
    budget = panels.lines(
        "slos/budget", slo.BUDGET_REMAINING, title=OVER_TIME, minimum=None, maximum=1
    )
    budgets = Band(9, [budget_bars(panels, "slos/budget_now"), budget], (8, 16))
    burning = [burn_rate(panels, f"slos/burn_rate_{each}", each) for each in ("1h", "6h", "3d")]
    return Page(
        "slos",
        "SLOs",
        "Which objectives are met, and which will be missed at the current burn rate?",
        variables(slo.OBJECTIVE, *context.of_slo),
        [
            Section("", [_answer(panels), _objectives(panels), budgets]),
            Section("How fast budgets burn", [Band(8, burning)]),
        ],
        since="now-24h",
    )


def _answer(panels: MetricPanels) -> Band:
    context, left = panels.context, slo.BUDGET_REMAINING
    burning = f"max({panels.scope.value(slo.BURN_RATE, over('1h'))})"
    bad, budget, tiers = from_one(theme.CRITICAL), budget_steps(context), burn_steps(context, "1h")
    stats = [
        panels.count(
            "slos/broken",
            left,
            "< 0",
            title="SLOs missed",
            description="SLOs that have no error budget left.",
            steps=bad,
            decimals=0,
        ),
        panels.stat("slos/worst", left, title="Least budget left", total="min", steps=budget),
        panels.stat(
            "slos/burning",
            slo.BURN_RATE,
            title="Highest burn rate, 1h",
            expr=burning,
            legend="",
            steps=tiers,
            decimals=1,
        ),
        panels.stat(
            "slos/count",
            slo.OBJECTIVE,
            title="SLOs",
            description="Number of chosen SLOs.",
            total="count",
            unit=NUMBER,
            decimals=0,
        ),
    ]
    return Band(4, stats)


def _objectives(panels: MetricPanels) -> Band:
    about = ("sli", "slo_window", *(("team",) if panels.context.slo_teams else ()))
    context, objective = panels.context, objectives(panels.scope, *about)
    budget, never = budget_steps(context), theme.never(theme.GOOD)
    columns = [
        panels.column(slo.OBJECTIVE, expr=objective, decimals=3),
        panels.column(slo.BUDGET_REMAINING, decimals=1, steps=budget),
        *(
            panels.column(slo.BURN_RATE, over=each, decimals=2, steps=burn_steps(context, each))
            for each in ("5m", "1h", "6h", "3d")
        ),
        panels.column(slo.EXHAUSTION, title="Exhaustion, 6h", over="6h", mappings=never),
        panels.column(slo.EVENTS, window="1h", decimals=0),
    ]
    own = {label: _TITLES[label] for label in context.of_slo}
    titles = {**own, "sli": "SLI", "slo_window": "Window"}
    titles |= {"team": "Team"} if context.slo_teams else {}
    links = {"slo": [link(context, "slo_detail", "This SLO", from_row(own))]}
    rows = TableRows(titles, links, widths={"slo": 170, "slo_window": 80})
    description = "Current state of all chosen SLOs; click one to open its page."
    key, by = "slos/objectives", slo.BUDGET_REMAINING.title
    whole = panels.table(key, "Objectives", description, rows, columns, by, descending=False)
    return Band(8, [whole])
