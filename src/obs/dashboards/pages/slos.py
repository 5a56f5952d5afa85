"""All objectives."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.catalogue import slo
from obs.catalogue.query import Matcher
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope, how_many
from obs.dashboards.field_options import FieldOptions, Json, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable, from_row, from_series, link
from obs.dashboards.pages import limited, or_silent
from obs.dashboards.panels import bar_gauge, lines, stat
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import PLAIN, Step, from_one, steps

SCOPE: Final = VariableScope(slo.SLO)
ANY: Final = VariableScope()
"""All objectives, whatever is chosen."""
NONE: Final = "No objective has data yet: are its sources answering? See Collector"
LEGEND: Final = "{{slo_service}} / {{slo}}"
_TITLES: Final = {"slo_service": "Service", "slo": "SLO"}
MINUTE: Final = "1m"
"""How often events are counted: no panel draws points of them that are closer."""
_LOW: Final = 0.25


def page(site: BuildContext) -> Page | None:
    """The page; None where the spec has no SLO."""
    if not site.slos:
        return None
    return Page(
        "slos",
        "SLOs",
        "Which promises are kept, and which will be broken if things go on like this?",
        [Variable(label, slo.OBJECTIVE) for label in ("slo_service", "slo")],
        [
            Section("", [_answer(site), _objectives(site), _budgets(site)]),
            Section("How fast budgets burn", [_burning(site)]),
        ],
        since="now-24h",
    )


def over(window: str) -> Matcher:
    """The series of a window."""
    return ("window", "=", window)


def budget_steps(site: BuildContext) -> list[Step]:
    """Steps of a budget's remainder: those of its alert, and one where a quarter is left."""
    low = site.limits.steps("slo_detail/budget")
    return [*low[:-1], {**low[-1], "color": theme.LOW}, {"color": theme.GOOD, "value": _LOW}]


def budget_bars(site: BuildContext, key: str, scope: VariableScope = SCOPE) -> core.BarGauge:
    """What is left of each budget."""
    return bar_gauge(
        key,
        "Error budget left",
        "Share of each error budget that is left in its window; below 0 more has failed than was "
        "promised.",
        [Query(scope.value(slo.BUDGET_REMAINING), LEGEND)],
        replace(
            look(site, "percentunit"),
            steps=budget_steps(site),
            minimum=0,
            maximum=1,
            links=slo_links(site),
        ),
    )


def slo_links(site: BuildContext) -> Sequence[Json]:
    """To the page of the SLO that is clicked on."""
    return [link(site, "slo_detail", "This SLO", from_series("slo_service", "slo"))]


def look(site: BuildContext, unit: str = "short") -> FieldOptions:
    """How numbers of SLOs are shown; points no closer than the slowest source is polled."""
    return FieldOptions(unit, none=NONE, interval=site.slo_poll)


def burn_steps(site: BuildContext, window: str) -> list[Step]:
    """Steps of the burn rate over a window: the factors of the tiers that look at it."""
    return steps(
        tuned
        for tuned in site.limits.alerts("slo_detail/burn_rate")
        if (tier := tuned.when.tier()) is not None
        and not tuned.only
        and window in (tier.long, tier.short)
    )


def objectives(scope: VariableScope, *about: str) -> str:
    """What is promised, with these labels of the info series."""
    info = scope.value(slo.INFO, by=(*slo.SLO, *about))
    return f"{info}\n* on (slo, slo_service) group_left () {scope.value(slo.OBJECTIVE)}"


def _answer(site: BuildContext) -> Band:
    remaining = SCOPE.value(slo.BUDGET_REMAINING)
    burning = SCOPE.value(slo.BURN_RATE, over("1h"))
    bad = from_one(theme.CRITICAL)
    count = replace(look(site), decimals=0)
    return Band(
        4,
        [
            stat(
                "slos/broken",
                "Promises broken",
                "Objectives without any error budget left.",
                [Query(how_many(remaining, "< 0"))],
                replace(count, steps=bad),
                background=True,
            ),
            stat(
                "slos/worst",
                "Least budget left",
                "What is left of the budget that is closest to its end, or furthest past it.",
                [Query(f"min({remaining})")],
                replace(look(site, "percentunit"), steps=budget_steps(site)),
            ),
            stat(
                "slos/burning",
                "Highest burn rate, 1 h",
                "How many times faster than sustainable a budget burnt in the last hour; 1 lasts "
                "exactly the SLO's window.",
                [Query(f"max({burning})")],
                replace(
                    look(site),
                    steps=burn_steps(site, "1h"),
                    decimals=1,
                    none=or_silent("No events"),
                ),
            ),
            stat(
                "slos/count",
                "Objectives",
                "Objectives chosen.",
                [Query(f"count({SCOPE.value(slo.OBJECTIVE)})")],
                replace(count, steps=PLAIN),
            ),
        ],
    )


def _objectives(site: BuildContext) -> Band:
    titles = {**_TITLES, "sli": "What counts", "slo_window": "Window"}
    columns = [
        Column("Objective", objectives(SCOPE, "sli", "slo_window"), "percentunit", decimals=3),
        Column(
            "Budget left",
            SCOPE.value(slo.BUDGET_REMAINING),
            "percentunit",
            decimals=1,
            steps=budget_steps(site),
        ),
        *(
            Column(
                f"Burn rate {window}",
                SCOPE.value(slo.BURN_RATE, over(window), by=slo.SLO),
                decimals=2,
                steps=burn_steps(site, window),
            )
            for window in ("5m", "1h", "6h", "3d")
        ),
        Column(
            "Spent in",
            SCOPE.value(slo.EXHAUSTION, over("6h"), by=slo.SLO),
            "s",
            mappings=theme.never(theme.GOOD),
        ),
        Column("Events, 1 h", SCOPE.grown(slo.EVENTS, "1h"), decimals=0),
    ]
    return Band(
        8,
        [
            table(
                "slos/objectives",
                "Objectives",
                "All objectives chosen as they are now; «spent in» is at the pace of the last six "
                "hours. A click on one leads to its own page.",
                TableRows(
                    titles,
                    {"slo": [link(site, "slo_detail", "This SLO", from_row(_TITLES))]},
                    widths={"slo": 170, "slo_window": 80},
                ),
                columns,
                look(site),
                sort_by="Budget left",
                descending=False,
            )
        ],
    )


def _budgets(site: BuildContext) -> Band:
    return Band(
        9,
        [
            budget_bars(site, "slos/budget_now"),
            lines(
                "slos/budget",
                "Error budget left over time",
                site.limits.described(
                    "slo_detail/budget",
                    "Share of each error budget left; it comes back as bad events leave the "
                    "window.",
                ),
                [Query(SCOPE.value(slo.BUDGET_REMAINING), LEGEND)],
                replace(
                    limited(site, "slo_detail/budget", look(site)), maximum=1, links=slo_links(site)
                ),
            ),
        ],
        (8, 16),
    )


def _burning(site: BuildContext) -> Band:
    return Band(
        8,
        [
            lines(
                f"slos/burn_rate_{window}",
                f"Burn rate over {window}",
                f"How fast each budget burnt in the last {words}; 1 lasts exactly the SLO's "
                "window. The lines are the tiers of the alerts.",
                [Query(SCOPE.value(slo.BURN_RATE, over(window), by=slo.SLO), LEGEND)],
                replace(
                    look(site),
                    steps=burn_steps(site, window),
                    minimum=0,
                    none=or_silent("No events in this time"),
                    links=slo_links(site),
                ),
            )
            for window, words in (("1h", "hour"), ("6h", "six hours"), ("3d", "three days"))
        ],
    )
