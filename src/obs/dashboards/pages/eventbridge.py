"""Rules of EventBridge and their dead-letter queues."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.dashboards import theme
from obs.dashboards.alert_expression import compared
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable
from obs.dashboards.pages import limited, or_silent, watched
from obs.dashboards.panels import lines, stat
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import PLAIN, from_one

RULES: Final = VariableScope(aws.RULE)
QUEUES: Final = VariableScope(aws.QUEUE)
NONE: Final = "No data from AWS: is its source answering? See Collector"
_RULE: Final = "{{bus}} / {{rule}}"
_QUEUE: Final = "{{queue}}"


def page(site: BuildContext) -> Page | None:
    """The page; None without an AWS source."""
    if not site.aws:
        return None
    return Page(
        "eventbridge",
        "EventBridge",
        "Do events reach the targets of their rules, and what became of those that did not?",
        [
            *(Variable(label, aws.INVOCATIONS) for label in aws.RULE),
            Variable("queue", aws.QUEUE_VISIBLE),
        ],
        [
            Section("", [_answer(site), _failures(site), _rules(site)]),
            Section("Why invocations fail", [_causes(site)]),
            Section("Dead letters", [_dead_letters(site), _queues(site)]),
        ],
    )


def rule_rows(hidden: Sequence[str] = ()) -> TableRows:
    """A table row for each rule."""
    labels = {"aws": "AWS", "bus": "Bus", "rule": "Rule"}
    return TableRows(labels, widths={"aws": 90, "bus": 120}, hidden=hidden)


def _look(site: BuildContext, unit: str = "short") -> FieldOptions:
    return FieldOptions(unit, none=NONE, interval=site.aws_poll)


def _sum(metric: Metric, window: str) -> str:
    return f"sum({RULES.grown(metric, window)})"


def _answer(site: BuildContext) -> Band:
    failed = _sum(aws.FAILED_INVOCATIONS, "15m")
    look = replace(_look(site), steps=PLAIN, decimals=0)
    bad = from_one(theme.CRITICAL)
    warned = from_one(theme.WARNING)
    return Band(
        4,
        [
            stat(
                "eventbridge/failed_now",
                "Failed in 15 min",
                "Invocations that failed for good, of all rules chosen.",
                [Query(failed)],
                replace(look, steps=bad),
                background=True,
            ),
            stat(
                "eventbridge/error_rate_now",
                "Error rate in 15 min",
                "Failed invocations as a share of all, of all rules chosen together.",
                [Query(f"100 * {failed} / {_sum(aws.INVOCATIONS, '15m')}")],
                replace(
                    limited(site, "eventbridge/error_rate", _look(site)),
                    none=or_silent("No invocations"),
                ),
                background=True,
            ),
            stat(
                "eventbridge/invocations_now",
                "Invocations in 15 min",
                "Times targets were invoked for an event.",
                [Query(_sum(aws.INVOCATIONS, "15m"))],
                look,
            ),
            stat(
                "eventbridge/dead_lettered_now",
                "Dead letters in 15 min",
                "Events sent to a dead-letter queue because their target failed.",
                [Query(_sum(aws.DEAD_LETTERED, "15m"))],
                replace(look, steps=warned),
            ),
            stat(
                "eventbridge/lost_now",
                "Lost in 15 min",
                "Events that not even a dead-letter queue took.",
                [Query(_sum(aws.DEAD_LETTER_FAILURES, "15m"))],
                replace(look, steps=bad),
            ),
            stat(
                "eventbridge/waiting_now",
                "Waiting in queues",
                "Dead letters that wait for somebody.",
                [Query(f"sum({QUEUES.value(aws.QUEUE_VISIBLE)})")],
                replace(look, steps=warned, none=or_silent("No dead-letter queue is watched")),
            ),
        ],
    )


def _failures(site: BuildContext) -> Band:
    return Band(
        9,
        [
            _of_rules(
                site,
                "eventbridge/failed",
                "Failed invocations",
                "Invocations that failed for good, in the alert's window.",
            ),
            _of_rules(
                site,
                "eventbridge/error_rate",
                "Error rate",
                "Failed invocations as a share of all, where there were enough of them.",
                none=or_silent("Too few invocations to judge by"),
            ),
            _of_rules(
                site,
                "eventbridge/invocations",
                "Invocations",
                "Times a rule's targets were invoked, in the alert's window.",
            ),
        ],
    )


def _rules(site: BuildContext) -> Band:
    def counted(title: str, metric: Metric, colour: str | None = None) -> Column:
        steps = from_one(colour, theme.NEUTRAL) if colour else ()
        return Column(title, RULES.grown(metric, "1h"), decimals=0, steps=steps)

    error_rate = Column(
        "Error rate",
        compared(RULES, site.limits.condition("eventbridge/error_rate")),
        "percent",
        decimals=1,
        steps=site.limits.steps("eventbridge/error_rate"),
    )
    columns = [
        counted("Matched", aws.TRIGGERED_RULES),
        counted("Invocations", aws.INVOCATIONS),
        counted("Failed", aws.FAILED_INVOCATIONS, theme.CRITICAL),
        error_rate,
        counted("Retries", aws.RETRIES, theme.WARNING),
        counted("Throttled", aws.THROTTLED_RULES, theme.WARNING),
        counted("Dead letters", aws.DEAD_LETTERED, theme.WARNING),
        counted("Lost", aws.DEAD_LETTER_FAILURES, theme.CRITICAL),
    ]
    return Band(
        8,
        [
            table(
                "eventbridge/rules",
                "Rules, in the last hour",
                "What each rule chosen did in the hour before the end of the time shown; the error "
                "rate is that of its alert.",
                rule_rows(),
                columns,
                _look(site),
                sort_by="Failed",
            )
        ],
    )


def _causes(site: BuildContext) -> Band:
    latency = lines(
        "eventbridge/latency",
        "Latency",
        "From an event's arrival on the bus to its successful delivery: the mean, and the longest.",
        [
            Query(RULES.value(aws.DELIVERY_LATENCY_AVERAGE), f"{_RULE} mean"),
            Query(RULES.value(aws.DELIVERY_LATENCY_MAX), f"{_RULE} longest"),
        ],
        replace(_look(site, "s"), minimum=0, none=or_silent("AWS tells no latency of these rules")),
        dashed=["/ longest$/"],
    )
    return Band(
        8,
        [
            _of_rules(
                site,
                "eventbridge/retries",
                "Retries",
                "Invocations that were tried again, in the alert's window: targets answer with "
                "errors or throttle.",
            ),
            _of_rules(
                site,
                "eventbridge/throttled",
                "Throttled",
                "Times a rule was throttled by the account's quota, in the alert's window.",
            ),
            latency,
        ],
    )


def _dead_letters(site: BuildContext) -> Band:
    return Band(
        8,
        [
            _of_rules(
                site,
                "eventbridge/dead_lettered",
                "Sent to a dead-letter queue",
                "Events whose target failed, in the alert's window.",
            ),
            _of_rules(
                site,
                "eventbridge/dead_letter_failures",
                "Lost",
                "Events that could not even be sent to the dead-letter queue, in the alert's "
                "window: its policy or key forbids it, or it is gone.",
            ),
        ],
    )


def _queues(site: BuildContext) -> Band:
    look = replace(_look(site), minimum=0, none=or_silent("No dead-letter queue is watched"))
    return Band(
        8,
        [
            watched(
                site,
                QUEUES,
                "eventbridge/queue",
                "Waiting in queues",
                "Messages in each dead-letter queue.",
                _QUEUE,
                look,
            ),
            watched(
                site,
                QUEUES,
                "eventbridge/queue_age",
                "Oldest in queues",
                "How long the oldest message of each dead-letter queue has waited. It is deleted "
                "at the queue's retention.",
                _QUEUE,
                look,
            ),
        ],
    )


def _of_rules(
    site: BuildContext, key: str, title: str, words: str, none: str = NONE
) -> core.TimeSeries:
    """What the alert of this panel compares, a line for each rule."""
    look = replace(_look(site), minimum=0, none=none)
    return watched(site, RULES, key, title, words, _RULE, look)
