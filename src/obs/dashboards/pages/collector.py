"""The collector itself: whoever watches has to be watched."""

from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.catalogue import own
from obs.dashboards import theme
from obs.dashboards.alert_expression import compared
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope, ever, how_many
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable
from obs.dashboards.pages import limited, watched
from obs.dashboards.panels import lines, stat, states
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import PLAIN, from_one

SCOPE: Final = VariableScope(own.SOURCE)
ALL: Final = VariableScope()
NONE: Final = "No collector is scraped: is it running, and a target of this Prometheus?"
_FRESHNESS: Final = "collector/sources"
_SOURCE: Final = "{{source}}"
_INSTANCE: Final = "{{instance}}"


def page(site: BuildContext) -> Page:
    """The page."""
    return Page(
        "collector",
        "Collector",
        "Can the other pages be believed, and what does knowing cost?",
        [Variable(own.SOURCE[0], own.SOURCE_UP)],
        [
            Section("", [_answer(site), _sources(site), _polls(site)]),
            Section("Left out", [_left_out(site)]),
            *([Section("Costs", [_costs(site)])] if site.aws else []),
            Section("The process", [_process(site)]),
        ],
    )


def freshness(site: BuildContext, key: str, scope: VariableScope) -> core.TimeSeries:
    """How old each source's data is, as a share of the age at which it is withdrawn."""
    return lines(
        key,
        "Age of what is known",
        site.limits.described(
            _FRESHNESS,
            "Time since each source's last full answer as a share of stale_after; at 100 % its "
            "series are withdrawn.",
        ),
        [Query(compared(scope, site.limits.condition(_FRESHNESS)), _SOURCE)],
        limited(site, _FRESHNESS, replace(_look(), minimum=0, none="No source has answered yet")),
    )


def _look(unit: str = "short") -> FieldOptions:
    return FieldOptions(unit, none=NONE)


def _answer(site: BuildContext) -> Band:
    value = SCOPE.value
    age = f"max(time() - {value(own.SOURCE_LAST_SUCCESS)})"
    stats: list[core.Panel] = [
        stat(
            "collector/up",
            "Sources down",
            "Sources whose last poll failed.",
            [Query(how_many(value(own.SOURCE_UP), "== 0"))],
            replace(_look(), steps=from_one(theme.WARNING)),
            background=True,
        ),
        stat(
            "collector/age",
            "Oldest answer",
            "Time since the last full answer of the source that has been silent longest.",
            [Query(age)],
            replace(_look("s"), steps=PLAIN, none="No source has answered yet"),
        ),
        stat(
            "collector/series_now",
            "Series",
            "Series made from the last polls of all sources.",
            [Query(f"sum({value(own.SOURCE_SERIES)})")],
            replace(_look(), steps=PLAIN),
        ),
        stat(
            "collector/errors_now",
            "Failed polls, 1 h",
            "Polls that failed in the last hour.",
            [Query(f"sum({SCOPE.grown(own.SOURCE_ERRORS, '1h')}) or vector(0)")],
            replace(_look(), steps=from_one(theme.WARNING), decimals=0),
        ),
        stat(
            "collector/build",
            "Version",
            site.limits.described("collector/build", "The collectors that run, by version."),
            [Query(f"count by (version) ({ALL.series(own.BUILD_INFO)})", "{{version}}")],
            replace(_look(), steps=PLAIN),
            text="value_and_name",
        ),
    ]
    if site.aws:
        stats.append(
            stat(
                "collector/cost_now",
                "AWS, a month",
                "What the collector's AWS requests and metrics cost a month at the present rate.",
                [Query(f"sum({ALL.series(own.AWS_COST)})")],
                replace(_look("currencyUSD"), steps=PLAIN, decimals=2),
            )
        )
    return Band(4, stats)


def _sources(site: BuildContext) -> Band:
    value = SCOPE.value
    age = compared(SCOPE, site.limits.condition(_FRESHNESS))
    columns = [
        Column("Up", value(own.SOURCE_UP), mappings=theme.UP_DOWN, width=80),
        Column(
            "Age of stale_after", age, "percent", decimals=0, steps=site.limits.steps(_FRESHNESS)
        ),
        Column("Last poll took", value(own.SOURCE_POLL_DURATION), "s", decimals=2),
        Column("Series", value(own.SOURCE_SERIES)),
    ]
    return Band(
        8,
        [
            table(
                "collector/table",
                "Sources",
                "All sources chosen as they are now.",
                TableRows({"source": "Source"}),
                columns,
                _look(),
                sort_by="Age of stale_after",
            ),
            freshness(site, _FRESHNESS, SCOPE),
        ],
    )


def _polls(site: BuildContext) -> Band:
    none = "No poll has failed"
    return Band(
        8,
        [
            states(
                "collector/source_up",
                "Polls that succeeded",
                "Whether each source's last poll succeeded.",
                [Query(SCOPE.value(own.SOURCE_UP), _SOURCE)],
                replace(_look(), mappings=theme.UP_DOWN),
            ),
            lines(
                "collector/errors",
                "Failed polls",
                "Polls that failed in five minutes, by reason.",
                [Query(ever(SCOPE.grown(own.SOURCE_ERRORS, "5m")), "{{source}}: {{reason}}")],
                replace(_look(), minimum=0, none=none),
            ),
            lines(
                "collector/duration",
                "How long polls take",
                "Evaluation and rendering included.",
                [Query(SCOPE.value(own.SOURCE_POLL_DURATION), _SOURCE)],
                replace(_look("s"), minimum=0),
            ),
        ],
    )


def _left_out(site: BuildContext) -> Band:
    reason = "{{source}}: {{reason}}"
    return Band(
        7,
        [
            lines(
                "collector/series",
                "Series",
                "Series made from each source's last poll.",
                [Query(SCOPE.value(own.SOURCE_SERIES), _SOURCE)],
                replace(_look(), minimum=0),
            ),
            lines(
                "collector/left_out",
                "Without series of their own",
                "Consumers and queues that are not exported one by one, by reason.",
                [Query(ever(SCOPE.value(own.SOURCE_LEFT_OUT)), reason)],
                replace(_look(), minimum=0, none="Nothing is left out"),
            ),
            watched(
                site,
                SCOPE,
                "collector/dropped",
                "Dropped at a cap",
                "What is left out because there is too much of it, added up over polls: no alert "
                "on it can fire.",
                _SOURCE,
                replace(_look(), minimum=0),
            ),
        ],
    )


def _costs(site: BuildContext) -> Band:
    return Band(
        7,
        [
            lines(
                "collector/requests",
                "AWS requests",
                "Requests in five minutes, retries included, by operation.",
                [Query(ALL.grown(own.AWS_REQUESTS, "5m"), "{{operation}}")],
                replace(_look(), minimum=0),
                bars=True,
                stacked=True,
            ),
            lines(
                "collector/cost_over_time",
                "AWS, a month",
                "What the collector's AWS requests and metrics cost a month at the present rate, "
                "of all collectors together.",
                [Query(f"sum({ALL.series(own.AWS_COST)})", "dollars")],
                replace(_look("currencyUSD"), minimum=0),
                legend="hidden",
            ),
            watched(
                site,
                SCOPE,
                "collector/cost",
                "Polls not made for their cost",
                "Polls that would have cost more than monthly_budget_dollars.",
                _SOURCE,
                replace(_look(), minimum=0, none="No poll was too dear"),
            ),
        ],
    )


def _process(site: BuildContext) -> Band:
    pushes = [
        lines(
            "collector/pushed",
            "Pushes",
            "Data points a second that other systems accepted, and pushes that failed.",
            [
                Query(ALL.rate(own.PUSH_POINTS), "{{sink}}: points"),
                Query(ever(ALL.rate(own.PUSH_ERRORS)), "{{sink}}: failed for {{reason}}"),
            ],
            replace(
                _look("cps"),
                minimum=0,
                interval="1m",
                none="Nothing is pushed: see outputs in the spec",
            ),
        )
    ]
    return Band(
        7,
        [
            lines(
                "collector/cpu",
                "Processor",
                "Share of one core that each collector uses.",
                [
                    Query(
                        f"rate({_process_series('process_cpu_seconds_total')}[$__rate_interval])",
                        _INSTANCE,
                    )
                ],
                replace(_look("percentunit"), minimum=0),
            ),
            lines(
                "collector/memory",
                "Memory",
                "Resident memory of each collector.",
                [Query(_process_series("process_resident_memory_bytes"), _INSTANCE)],
                replace(_look("bytes"), minimum=0),
            ),
            *pushes,
        ],
    )


def _process_series(name: str) -> str:
    """The process metrics of prometheus_client, of collectors only."""
    return f'{name}{{job=~"$job"}}'
