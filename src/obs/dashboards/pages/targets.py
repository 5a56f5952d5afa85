"""What is published to EventBridge, and the functions and topics that receive it."""

from collections.abc import Iterator, Sequence
from typing import Final

from grafanalib import core

from obs.catalogue import aws_functions as functions
from obs.catalogue import aws_put_events as put_events
from obs.catalogue import aws_topics as topics
from obs.catalogue.metric import Metric
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable, variables
from obs.dashboards.pages.eventbridge import NONE
from obs.dashboards.panel_alerts import or_silent
from obs.dashboards.panels import LineStyle
from obs.dashboards.thresholds import PLAIN, ThresholdStep, from_one

_FEW: Final = or_silent("Too few invocations for an error rate")
_BAD: Final = from_one(theme.CRITICAL)
_WARNED: Final = from_one(theme.WARNING)
_HERE: Final = frozenset({"put_events", "function", "topic"})
"""The services that this page is about."""
_HIGHEST: Final = 10
"""Functions and topics drawn at once: those with the highest values."""
_MOST: Final = LineStyle(dashed=["/ longest$/", "/ largest$/"])


def page(context: BuildContext) -> Page | None:
    """The page; None where no AWS source watches any of it."""
    watched = context.aws_services & _HERE
    if not watched:
        return None
    published = MetricPanels(context, VariableScope(("aws",)), NONE, context.aws_poll)
    invoked = MetricPanels(context, VariableScope(functions.FUNCTION), NONE, context.aws_poll)
    notified = MetricPanels(context, VariableScope(topics.TOPIC), NONE, context.aws_poll)
    stats: list[core.Stat] = []
    sections: list[Section] = []
    chosen: list[Variable] = []
    if "put_events" in watched:
        stats += _publishing_now(published)
        sections.append(Section("Publishing, all buses together", list(_publishing(published))))
    if "function" in watched:
        stats += _functions_now(invoked)
        sections.append(Section("Lambda functions", list(_functions(invoked))))
        chosen.append(Variable("function", functions.INVOCATIONS))
    if "topic" in watched:
        stats += _topics_now(notified)
        sections.append(Section("SNS topics", list(_topics(notified))))
        chosen.append(Variable("topic", topics.PUBLISHED))
    return Page(
        "targets",
        "AWS targets",
        "Are events published, and do functions and topics process them?",
        [*variables(_of_source(watched), "aws"), *chosen],
        [Section("", [Band(4, stats)]), *sections],
    )


def _of_source(watched: frozenset[str]) -> Metric:
    """A metric that each source has that watches any of it."""
    of_kind = {
        "put_events": put_events.REQUESTS,
        "function": functions.INVOCATIONS,
        "topic": topics.PUBLISHED,
    }
    return next(metric for kind, metric in of_kind.items() if kind in watched)


def _recent(
    panels: MetricPanels, key: str, metric: Metric, steps: Sequence[ThresholdStep] = PLAIN
) -> core.Stat:
    """How much a counter of all chosen objects grew in the last quarter of an hour."""
    if steps is PLAIN:
        return panels.stat(key, metric, window="15m", total="sum")
    return panels.stat(
        key, metric, background=True, window="15m", total="sum", steps=steps, decimals=0
    )


def _publishing_now(panels: MetricPanels) -> list[core.Stat]:
    return [
        _recent(panels, "targets/published_now", put_events.ENTRIES),
        _recent(panels, "targets/put_events_failed_now", put_events.FAILED_ENTRIES, _BAD),
    ]


def _functions_now(panels: MetricPanels) -> list[core.Stat]:
    return [
        _recent(panels, "targets/function_errors_now", functions.ERRORS, _WARNED),
        _recent(panels, "targets/function_dropped_now", functions.ASYNC_DROPPED, _BAD),
    ]


def _topics_now(panels: MetricPanels) -> list[core.Stat]:
    return [
        _recent(panels, "targets/topic_published_now", topics.PUBLISHED),
        _recent(panels, "targets/topic_failed_now", topics.FAILED, _BAD),
    ]


def _publishing(panels: MetricPanels) -> Iterator[Band]:
    requests = panels.lines(
        "targets/put_events_requests",
        put_events.REQUESTS,
        title="PutEvents",
        description="PutEvents requests, the events in them, and the requests that failed as a "
        "whole, per second.",
        queries=[
            panels.query(put_events.ENTRIES, "events", total="sum"),
            panels.query(put_events.REQUESTS, "requests", total="sum"),
            panels.query(put_events.FAILED_REQUESTS, "failed requests", total="sum"),
        ],
    )
    alerts = [
        panels.alert_lines(f"targets/put_events_{each}", legend="{{aws}}")
        for each in ("failed", "throttled")
    ]
    yield Band(8, [requests, *alerts])
    latency = panels.lines(
        "targets/put_events_latency",
        put_events.LATENCY_AVERAGE,
        _MOST,
        title="PutEvents latency",
        description="Time that PutEvents requests took: the mean, and the longest (dashed).",
        queries=[
            panels.query(put_events.LATENCY_AVERAGE, "{{aws}} mean"),
            panels.query(put_events.LATENCY_MAX, "{{aws}} longest"),
        ],
    )
    size = panels.lines(
        "targets/put_events_size",
        put_events.REQUEST_SIZE_AVERAGE,
        _MOST,
        title="PutEvents request size",
        description="Size of PutEvents requests: the mean, and the largest (dashed).",
        queries=[
            panels.query(put_events.REQUEST_SIZE_AVERAGE, "{{aws}} mean"),
            panels.query(put_events.REQUEST_SIZE_MAX, "{{aws}} largest"),
        ],
    )
    yield Band(8, [latency, size])


def _functions(panels: MetricPanels) -> Iterator[Band]:
    def busiest(key: str, metric: Metric) -> core.TimeSeries:
        return panels.lines(f"targets/function_{key}", metric, highest=_HIGHEST)

    def alerting(key: str) -> core.TimeSeries:
        return panels.alert_lines(f"targets/function_{key}", highest=_HIGHEST)

    rate = panels.alert_lines("targets/function_error_rate", title="Error rate", none=_FEW)
    yield Band(8, [busiest("invocations", functions.INVOCATIONS), rate, alerting("throttles")])
    function = panels.scope.legend(functions.FUNCTION)
    duration = panels.lines(
        "targets/function_duration",
        functions.DURATION_P99,
        _MOST,
        title="Duration",
        description="Time that invocations took: the 99th percentile, and the longest (dashed). "
        f"The {_HIGHEST} functions with the highest values in the time range.",
        queries=[
            panels.query(functions.DURATION_P99, f"{function} p99", highest=_HIGHEST),
            panels.query(functions.DURATION_MAX, f"{function} longest", highest=_HIGHEST),
        ],
    )
    used = alerting("timeout_used")
    yield Band(8, [busiest("concurrency", functions.CONCURRENT_MAX), duration, used])
    received = busiest("async_received", functions.ASYNC_RECEIVED)
    yield Band(8, [received, alerting("async_age"), alerting("dropped")])
    yield Band(8, [alerting("dead_letter_errors"), alerting("destination_failures")])


def _topics(panels: MetricPanels) -> Iterator[Band]:
    deliveries = panels.lines(
        "targets/topic_deliveries",
        topics.DELIVERED,
        title="Notifications",
        description="Messages delivered to subscribers, those that filter policies rejected, and "
        "those sent to dead-letter queues, of all chosen topics, per second.",
        queries=[
            panels.query(topics.DELIVERED, "delivered", total="sum"),
            panels.query(topics.FILTERED_OUT, "filtered out", total="sum"),
            panels.query(topics.DEAD_LETTERED, "dead letters", total="sum"),
        ],
    )
    alerts = [
        panels.alert_lines(f"targets/topic_{each}", highest=_HIGHEST)
        for each in ("failed", "dead_letter_failures")
    ]
    yield Band(8, [deliveries, *alerts])
