"""One objective in depth."""

from dataclasses import replace
from typing import Final

from obs.alerts.alert import Severity
from obs.alerts.conditions.tier import BurnTier
from obs.catalogue import slo
from obs.catalogue.query import number
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable
from obs.dashboards.pages import limited, or_silent, watched
from obs.dashboards.pages.slos import MINUTE, budget_steps, burn_steps, look, objectives, over
from obs.dashboards.panels import lines, stat
from obs.dashboards.thresholds import PLAIN

_SCOPE: Final = VariableScope(slo.SLO, frozenset(slo.SLO))
_LEGEND: Final = "{{slo}}"
_WINDOW: Final = "{{window}}"


def page(site: BuildContext) -> Page | None:
    """The page; None where the spec has no SLO."""
    if not site.slos:
        return None
    return Page(
        "slo_detail",
        "SLO detail",
        "How much of this promise's error budget is left, and what spends it?",
        [Variable(label, slo.OBJECTIVE, single=True) for label in ("slo_service", "slo")],
        [
            Section("", [_answer(site), _budget(site), _burning(site)]),
            Section("Events", [_events(site)]),
            Section("Data", [_data(site)]),
        ],
        since="now-24h",
    )


def _answer(site: BuildContext) -> Band:
    value = _SCOPE.value
    return Band(
        4,
        [
            stat(
                "slo_detail/remaining",
                "Error budget left",
                "Share of the error budget that is left in the SLO's window; below 0 more has "
                "failed than was promised.",
                [Query(value(slo.BUDGET_REMAINING), _LEGEND)],
                replace(_look(site, "percentunit"), steps=budget_steps(site), decimals=1),
                background=True,
            ),
            stat(
                "slo_detail/objective",
                "Objective",
                "Share of good events promised, over the window named.",
                [Query(objectives(_SCOPE, "slo_window"), "over {{slo_window}}")],
                replace(_look(site, "percentunit"), steps=PLAIN, decimals=3),
                text="value_and_name",
            ),
            stat(
                "slo_detail/error_ratio_now",
                "Bad events, 1 h",
                "Share of bad events in the last hour.",
                [Query(value(slo.ERROR_RATIO, over("1h"), by=slo.SLO), _LEGEND)],
                replace(_look(site, "percentunit"), steps=PLAIN, decimals=3),
            ),
            stat(
                "slo_detail/burning",
                "Burn rate, 1 h",
                "How many times faster than sustainable the budget burnt in the last hour; 1 lasts "
                "exactly the SLO's window.",
                [Query(value(slo.BURN_RATE, over("1h"), by=slo.SLO), _LEGEND)],
                replace(_look(site), steps=burn_steps(site, "1h"), decimals=2),
            ),
            stat(
                "slo_detail/exhaustion_now",
                "Spent in",
                "Time until the budget is spent at the pace of the last six hours.",
                [Query(value(slo.EXHAUSTION, over("6h"), by=slo.SLO), _LEGEND)],
                replace(_look(site, "s"), steps=PLAIN, mappings=theme.never(theme.GOOD)),
            ),
        ],
    )


def _budget(site: BuildContext) -> Band:
    exhaustion = [
        Query(_SCOPE.value(slo.EXHAUSTION, over(window), by=(*slo.SLO, "window")), _WINDOW)
        for window in ("1h", "6h", "3d")
    ]
    return Band(
        9,
        [
            watched(
                site,
                _SCOPE,
                "slo_detail/budget",
                "Error budget left over time",
                "Share of the error budget left; it comes back as bad events leave the SLO's "
                "window.",
                _LEGEND,
                replace(_look(site), maximum=1),
                form="hidden",
            ),
            lines(
                "slo_detail/exhaustion",
                "Time until the budget is spent",
                "At the pace of each window; nothing is drawn where it would last for ever.",
                [replace(query, expr=f"{query.expr} < +Inf") for query in exhaustion],
                replace(
                    _look(site, "s"),
                    steps=PLAIN,
                    minimum=0,
                    none=or_silent("At the present pace it is never spent"),
                ),
            ),
        ],
        (16, 8),
    )


def _burning(site: BuildContext) -> Band:
    burn = Query(_SCOPE.value(slo.BURN_RATE), _WINDOW)
    return Band(
        9,
        [
            lines(
                "slo_detail/burn_rate",
                "Burn rate by window",
                site.limits.described(
                    "slo_detail/burn_rate",
                    "How many times faster than sustainable the budget burns. An alert fires while "
                    "both of its windows are above its tier, drawn dashed.",
                ),
                [burn, *_tiers(site)],
                replace(limited(site, "slo_detail/burn_rate", _look(site)), minimum=0),
                limits=False,
                dashed=["/^(page|ticket): /"],
                colours={"/^page: /": theme.CRITICAL, "/^ticket: /": theme.WARNING},
            )
        ],
    )


def _tiers(site: BuildContext) -> list[Query]:
    """A line at the factor of each tier; which factor that is depends on the SLO's window."""
    tiers: dict[str, list[str]] = {}
    for tuned in site.limits.alerts("slo_detail/burn_rate"):
        tier = tuned.when.tier()
        if tier is not None and not tuned.only:
            name = "page" if tuned.severity is Severity.CRITICAL else "ticket"
            tiers.setdefault(f"{name}: {tier.long} and {tier.short}", []).append(_factor(tier))
    return [Query("\nor ".join(factors), name) for name, factors in tiers.items()]


def _events(site: BuildContext) -> Band:
    bad = f"{_SCOPE.rate(slo.EVENTS)}\n- {_SCOPE.rate(slo.GOOD_EVENTS)}"
    return Band(
        8,
        [
            lines(
                "slo_detail/events",
                "Good and bad events",
                "Events a second that count for the objective.",
                [Query(_SCOPE.rate(slo.GOOD_EVENTS), "good"), Query(bad, "bad")],
                replace(_look(site, "cps"), minimum=0, interval=MINUTE),
                stacked=True,
                colours={"good": theme.GOOD, "bad": theme.FAILED},
            ),
            lines(
                "slo_detail/error_ratio",
                "Share of bad events",
                "By window; a window without events has none.",
                [Query(_SCOPE.value(slo.ERROR_RATIO), _WINDOW)],
                replace(_look(site, "percentunit"), minimum=0, none=or_silent("No events")),
            ),
            lines(
                "slo_detail/bad_events",
                "Bad events",
                "In each window. Alerts ask for a few of them, so that one of a quiet service "
                "pages nobody.",
                [Query(_SCOPE.value(slo.BAD_EVENTS), _WINDOW)],
                replace(_look(site), minimum=0),
            ),
        ],
    )


def _data(site: BuildContext) -> Band:
    return Band(
        6,
        [
            watched(
                site,
                _SCOPE,
                "slo_detail/watermark",
                "Age of the data",
                "How long ago the windows end: up to there the source's data is settled.",
                _LEGEND,
                replace(_look(site), minimum=0),
                form="hidden",
            )
        ],
    )


def _look(site: BuildContext, unit: str = "short") -> FieldOptions:
    return replace(look(site, unit), none="No data of this objective yet: see Collector")


def _factor(tier: BurnTier) -> str:
    chosen = [("slo_window", "=", tier.period)] if tier.period else []
    return f"{number(tier.factor)} * {_SCOPE.value(slo.INFO, *chosen, by=slo.SLO)}"
