"""One objective in depth."""

from typing import Final

from grafanalib import core

from obs.alerts.alert import Severity, TunedAlert
from obs.alerts.conditions.tier import BurnTier
from obs.catalogue import slo
from obs.catalogue.query import equal, max_by, number, selector
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.differences import Differences
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.panel_alerts import or_silent
from obs.dashboards.panels import LineStyle
from obs.dashboards.slo_panels import (
    BURN_RATE,
    OVER_TIME,
    budget_steps,
    burn_steps,
    objectives,
    over,
    slo_panels,
)
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN

_NONE: Final = "No data of this SLO yet: see Collector"
_MINUTE: Final = "1m"  # how often events are counted: closer points show nothing new
_HIDDEN: Final = LineStyle(legend="hidden")


def page(context: BuildContext) -> Page | None:
    """The page; None where the spec has no SLO."""
    if not context.slos:
        return None
    labels = context.slo_identity
    panels = slo_panels(context, VariableScope(labels, frozenset(labels)), _NONE)
    age = panels.alert_lines("slo_detail/watermark", _HIDDEN)
    return Page(
        "slo_detail",
        "SLO detail",
        "How much of this SLO's error budget is left, and what spends it?",
        variables(slo.OBJECTIVE, *context.of_slo, single=True),
        [
            Section("", [_answer(panels), _budget(panels), _burning(panels)]),
            Section("Events", [_events(panels)]),
            Section("Data", [Band(6, [age, *_time(panels)]), *_owned(panels)]),
        ],
        since="now-24h",
    )


def _time(panels: MetricPanels) -> list[core.Panel]:
    """When the budget is whole again, and when nothing counted."""
    reset = panels.stat(
        "slo_detail/reset", slo.BUDGET_RESET, none=or_silent("The window is a rolling one")
    )
    maintenance = panels.states(
        "slo_detail/maintenance",
        slo.IN_MAINTENANCE,
        none=or_silent("The SLO has no maintenance windows"),
    )
    return [reset, maintenance]


def _owned(panels: MetricPanels) -> list[Band]:
    """Team, owner and further labels, where the spec gives SLOs any."""
    labels = panels.context.slo_labels
    if not labels:
        return []
    column = panels.column(slo.OBJECTIVE, expr=objectives(panels.scope, *labels), decimals=3)
    own = {"slo_service": "Service", "slo": "SLO", slo.OBJECT: "Object"}
    titles = {label: own[label] for label in panels.context.of_slo}
    rows = TableRows(titles | {label: label.replace("_", " ").capitalize() for label in labels})
    description = "Who answers for this SLO, and the labels that the spec gives it."
    by = slo.OBJECTIVE.title
    table = panels.table(
        "slo_detail/owner", "Whose objective it is", description, rows, [column], by
    )
    return [Band(4, [table])]


def _answer(panels: MetricPanels) -> Band:
    budget, tiers = budget_steps(panels.context), burn_steps(panels.context, "1h")
    left, never = slo.BUDGET_REMAINING, theme.never(theme.GOOD)
    objective: Differences = {
        "expr": objectives(panels.scope, "slo_window"),
        "legend": "over {{slo_window}}",
        "decimals": 3,
    }
    stats = [
        panels.stat("slo_detail/remaining", left, steps=budget, decimals=1, background=True),
        panels.stat("slo_detail/objective", slo.OBJECTIVE, text="value_and_name", **objective),
        panels.stat("slo_detail/error_ratio_now", slo.ERROR_RATIO, over="1h", decimals=3),
        panels.stat("slo_detail/burning", slo.BURN_RATE, over="1h", steps=tiers, decimals=2),
        panels.stat("slo_detail/exhaustion_now", slo.EXHAUSTION, over="6h", mappings=never),
    ]
    return Band(4, stats)


def _budget(panels: MetricPanels) -> Band:
    labels = (*panels.scope.labels_of(slo.OBJECTIVE), "window")
    finite = [
        Query(f"{panels.scope.value(slo.EXHAUSTION, over(each), by=labels)} < +Inf", "{{window}}")
        for each in ("1h", "6h", "3d")
    ]
    never = or_silent("At the current burn rates it is never exhausted")
    left = panels.alert_lines(
        "slo_detail/budget", _HIDDEN, title=OVER_TIME, minimum=None, maximum=1
    )
    exhaustion = panels.lines(
        "slo_detail/exhaustion", slo.EXHAUSTION, queries=finite, steps=PLAIN, none=never
    )
    return Band(9, [left, exhaustion], (16, 8))


def _burning(panels: MetricPanels) -> Band:
    style = LineStyle(
        thresholds=False,
        dashed=["/^(page|ticket): /"],
        colours={"/^page: /": theme.CRITICAL, "/^ticket: /": theme.WARNING},
    )
    description = (
        "How fast the error budget is spent. An alert fires while both of its windows are above "
        "its tier, drawn dashed."
    )
    queries = [panels.query(slo.BURN_RATE), *_tiers(panels)]
    return Band(
        9, [panels.lines(BURN_RATE, slo.BURN_RATE, style, description=description, queries=queries)]
    )


def _tiers(panels: MetricPanels) -> list[Query]:
    """A line at the factor of each tier; which factor that is depends on the SLO's window."""
    tiers: dict[str, list[str]] = {}
    for tuned in panels.context.thresholds.alerts(BURN_RATE):
        tier = tuned.when.tier()
        if tier is not None and not tuned.only:
            name = "page" if tuned.severity is Severity.CRITICAL else "ticket"
            tiers.setdefault(f"{name}: {tier.long} and {tier.short}", []).append(
                _factor(panels, tuned, tier)
            )
    return [Query("\nor ".join(factors), name) for name, factors in tiers.items()]


def _events(panels: MetricPanels) -> Band:
    rate = panels.scope.rate
    good = Query(rate(slo.GOOD_EVENTS), "good", theme.GOOD)
    bad = Query(f"{rate(slo.EVENTS)}\n- {rate(slo.GOOD_EVENTS)}", "bad", theme.FAILED)
    events = panels.lines(
        "slo_detail/events",
        slo.EVENTS,
        LineStyle(stacked=True),
        title="Good and bad events",
        description="Events per second that count for the SLO.",
        queries=[good, bad],
        interval=_MINUTE,
    )
    ratio = panels.lines("slo_detail/error_ratio", slo.ERROR_RATIO)
    return Band(8, [events, ratio, panels.lines("slo_detail/bad_events", slo.BAD_EVENTS)])


def _factor(panels: MetricPanels, tuned: TunedAlert, tier: BurnTier) -> str:
    """The factor of a tier for the SLO of the page, where the tier is for it."""
    chosen = [("slo_window", "=", tier.period)] if tier.period else []
    own = panels.scope.labels_of(slo.OBJECTIVE)
    factor = f"{number(tier.factor)} * {panels.scope.value(slo.INFO, *chosen, by=own)}"
    if not tuned.among:
        return factor
    others = selector(slo.INFO, (*tuned.among, *equal(panels.scope.system)))
    return f"{factor}\nand on ({', '.join(slo.SLO)}) {max_by(slo.SLO, others)}"
