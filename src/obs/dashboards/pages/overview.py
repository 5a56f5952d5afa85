"""Is the system healthy?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.alerts.alert import Severity
from obs.catalogue import aws, nats, own, slo
from obs.catalogue.query import Matcher, equal, max_by, selector
from obs.dashboards import theme
from obs.dashboards.alert_expression import compared
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope, how_many, worst
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page
from obs.dashboards.pages import collector, eventbridge, jetstream, limited, or_silent, slos
from obs.dashboards.panels import lines, stat
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import from_one

_ALL: Final = VariableScope()
_NO_RULES: Final = "No rules of this system are evaluated by this Prometheus"
_OBJECT: Final = (
    "slo_service",
    "slo",
    "stream",
    "consumer",
    "server",
    "bus",
    "rule",
    "queue",
    "source",
)
"""Labels that say what an alert is about, from the general to the particular."""


def page(site: BuildContext) -> Page:
    """The page."""
    return Page(
        "overview",
        "Overview",
        "Is the system healthy?",
        (),
        [
            Section("", [_answer(site), _promises(site)]),
            *([Section("Worst first", [_worst(site)])] if site.nats or site.aws else []),
            Section("Over time", [_over_time(site)]),
        ],
    )


def _look(unit: str = "short", none: str = "No data: see Collector") -> FieldOptions:
    return FieldOptions(unit, none=none)


def _answer(site: BuildContext) -> Band:
    stats = [
        _firing_count(site, Severity.CRITICAL, "Critical alerts", "Somebody has to act now."),
        _firing_count(site, Severity.WARNING, "Warnings", "Somebody has to look today."),
        *_least_budget(site),
        *_not_ok(site),
        *_failing(site),
        _silent(),
    ]
    return Band(4, stats)


def _firing_count(site: BuildContext, severity: Severity, title: str, words: str) -> core.Stat:
    """How many alerts fire; nothing where no rules are evaluated, which the watchdog proves."""
    firing = _alerts(site, severity=severity.value)
    proven = f"0 * max({_alerts(site, alertname='ObsWatchdog')})"
    return stat(
        f"overview/{severity.value}",
        title,
        f"Alerts of this system that fire. {words}",
        [Query(f"count({firing}) or {proven}")],
        replace(
            _look(none=_NO_RULES),
            steps=from_one(theme.SEVERITY[severity]),
        ),
        background=True,
    )


def _least_budget(site: BuildContext) -> list[core.Panel]:
    if not site.slos:
        return []
    return [
        stat(
            "overview/budget",
            "Least budget left",
            "What is left of the error budget that is closest to its end, or furthest past it.",
            [Query(f"min({slos.ANY.value(slo.BUDGET_REMAINING)})")],
            replace(_look("percentunit", slos.NONE), steps=slos.budget_steps(site), decimals=1),
            background=True,
        )
    ]


def _not_ok(site: BuildContext) -> list[core.Panel]:
    if not site.nats:
        return []
    status = _ALL.value(nats.STATUS)
    return [
        stat(
            "overview/consumers",
            "Consumers not ok",
            "NATS consumers that are slow, stalled, stopped or leaderless.",
            [Query(how_many(status, ">= 2"))],
            replace(_look(none=jetstream.NONE), steps=from_one(theme.WARNING)),
            background=True,
        )
    ]


def _failing(site: BuildContext) -> list[core.Panel]:
    if not site.aws:
        return []
    failed = _ALL.grown(aws.FAILED_INVOCATIONS, "15m")
    return [
        stat(
            "overview/rules",
            "Rules failing",
            "EventBridge rules with an invocation that failed for good in the last 15 minutes.",
            [Query(how_many(failed, "> 0"))],
            replace(_look(none=eventbridge.NONE), steps=from_one(theme.WARNING)),
            background=True,
        )
    ]


def _silent() -> core.Stat:
    up = _ALL.value(own.SOURCE_UP)
    return stat(
        "overview/sources",
        "Sources down",
        "Sources that the collector could not read at its last poll: what is shown of them is old.",
        [Query(how_many(up, "== 0"))],
        replace(_look(none=collector.NONE), steps=from_one(theme.WARNING)),
        background=True,
    )


def _promises(site: BuildContext) -> Band:
    firing = _firing_table(site)
    if not site.slos:
        return Band(8, [firing])
    return Band(8, [slos.budget_bars(site, "overview/budgets", slos.ANY), firing], (10, 14))


def _firing_table(site: BuildContext) -> core.Table:
    kept = ("severity", "alertname", "object")
    since = max_by(kept, _with_object(selector("ALERTS_FOR_STATE", _of(site))))
    firing = max_by(kept, _with_object(_alerts(site, among=[("alertname", "!=", "ObsWatchdog")])))
    return table(
        "overview/firing",
        "Firing alerts",
        "What fires now, what about, and since when.",
        TableRows(
            {"severity": "Severity", "alertname": "Alert", "object": "About"},
            mappings={"severity": theme.SEVERITIES},
            widths={"severity": 80, "alertname": 230},
        ),
        [Column("Since", f"1000 * ({since}\nand {firing})", "dateTimeFromNow", width=150)],
        _look(none="Nothing fires, or no rules are evaluated"),
        sort_by="Severity",
        descending=False,
    )


def _worst(site: BuildContext) -> Band:
    tables: list[core.Panel] = []
    if site.nats:
        lag = _ALL.value(nats.LAG_SECONDS)
        tables.append(
            table(
                "overview/worst_consumers",
                "Consumers furthest behind",
                "The ten consumers whose oldest message owed has waited longest.",
                jetstream.consumer_rows(site, ("nats", "account")),
                [
                    Column("Status", _ALL.value(nats.STATUS), mappings=theme.STATUSES, width=90),
                    Column(
                        "Lag",
                        _ALL.value(nats.LAG_MESSAGES),
                        steps=site.limits.steps("consumer/lag"),
                        width=70,
                    ),
                    Column(
                        "Oldest owed",
                        lag,
                        "s",
                        steps=site.limits.steps("consumer/lag_seconds"),
                        width=100,
                    ),
                ],
                _look(none=jetstream.NONE),
                sort_by="Oldest owed",
            )
        )
    if site.aws:
        error_rate = compared(_ALL, site.limits.condition("eventbridge/error_rate"))
        tables.append(
            table(
                "overview/worst_rules",
                "Rules, in the last hour",
                "What the rules of EventBridge did; the worst first.",
                eventbridge.rule_rows(("aws",)),
                [
                    Column("Invocations", _ALL.grown(aws.INVOCATIONS, "1h"), decimals=0, width=100),
                    Column(
                        "Failed",
                        _ALL.grown(aws.FAILED_INVOCATIONS, "1h"),
                        decimals=0,
                        steps=from_one(theme.CRITICAL, theme.NEUTRAL),
                        width=80,
                    ),
                    Column(
                        "Error rate",
                        error_rate,
                        "percent",
                        decimals=1,
                        steps=site.limits.steps("eventbridge/error_rate"),
                        width=100,
                    ),
                ],
                _look(none=eventbridge.NONE),
                sort_by="Failed",
            )
        )
    return Band(8, tables)


def _over_time(site: BuildContext) -> Band:
    panels: list[core.Panel] = []
    if site.slos:
        panels.append(
            lines(
                "overview/burning",
                "Burn rate over 1 h",
                "How fast each error budget burnt in the last hour; 1 lasts exactly the SLO's "
                "window. The lines are the tiers of the alerts.",
                [Query(slos.ANY.value(slo.BURN_RATE, slos.over("1h"), by=slo.SLO), slos.LEGEND)],
                replace(
                    _look(none=or_silent("No events")),
                    steps=slos.burn_steps(site, "1h"),
                    minimum=0,
                    links=slos.slo_links(site),
                ),
            )
        )
    if site.nats:
        panels.append(
            lines(
                "overview/lag",
                "Consumer lag in seconds, worst 5",
                "How long the oldest message that each consumer owes has waited.",
                [Query(worst(5, _ALL.value(nats.LAG_SECONDS)), "{{stream}} / {{consumer}}")],
                replace(
                    limited(site, "consumer/lag_seconds", _look(none=jetstream.NONE)),
                    minimum=0,
                    links=jetstream.consumer_links(site),
                ),
            )
        )
    if site.aws:
        panels.append(
            lines(
                "overview/failed",
                "Failed invocations, worst 5",
                "Invocations that failed for good, in the alert's window.",
                [
                    Query(
                        worst(5, compared(_ALL, site.limits.condition("eventbridge/failed"))),
                        "{{bus}} / {{rule}}",
                    )
                ],
                replace(
                    limited(site, "eventbridge/failed", _look(none=eventbridge.NONE)), minimum=0
                ),
            )
        )
    panels.append(collector.freshness(site, "overview/freshness", _ALL))
    return Band(9, panels)


def _of(site: BuildContext) -> Sequence[Matcher]:
    return equal(site.labels)


def _alerts(site: BuildContext, among: Sequence[Matcher] = (), **labels: str) -> str:
    """The firing alerts of the system, as Prometheus tells them."""
    chosen = equal((("alertstate", "firing"), *labels.items()))
    return selector("ALERTS", (*_of(site), *chosen, *among))


def _with_object(alerts: str) -> str:
    """Alerts with one label that says what they are about."""
    names = ", ".join(f'"{label}"' for label in _OBJECT)
    return f'label_join({alerts}, "object", " ", {names})'
