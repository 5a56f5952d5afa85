"""EventBridge's pipes, schedules, API destinations and archives."""

from collections.abc import Iterator
from typing import Final

from grafanalib import core

from obs.catalogue import aws_archives as archives
from obs.catalogue import aws_pipes as pipes
from obs.catalogue import aws_schedules as schedules
from obs.catalogue.metric import Metric
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, Variable, variables
from obs.dashboards.pages.eventbridge import NONE
from obs.dashboards.panels import LineStyle
from obs.dashboards.thresholds import from_one

_BAD: Final = from_one(theme.CRITICAL)
_HIGHEST: Final = 10
"""Pipes and groups drawn at once: those with the highest values."""
_MOST: Final = LineStyle(dashed=["/ longest$/"])
_FOUND_BY: Final[dict[str, Metric]] = {
    "pipe": pipes.EXECUTIONS,
    "schedule_group": schedules.ATTEMPTS,
    "api_destination": archives.READY,
    "archive": archives.ENABLED,
}
"""A metric that every object of a kind has; its label is the kind."""

_GROWING: Final = {"pipe": pipes.FAILED, "schedule_group": schedules.DROPPED}
"""What must not grow."""


def page(context: BuildContext) -> Page | None:
    """The page; None where no AWS source watches any of it."""
    watched = [kind for kind in _FOUND_BY if kind in context.aws_services]
    if not watched:
        return None

    def of(kind: str) -> MetricPanels:
        scope = VariableScope(("aws", kind))
        return MetricPanels(context, scope, NONE, context.aws_poll)

    stats = [_now(kind, of(kind)) for kind in watched]
    sections = [_SECTIONS[kind](of(kind)) for kind in watched]
    return Page(
        "pipes",
        "AWS pipes and schedules",
        "Do pipes, schedules and API destinations deliver, and are events archived?",
        [
            *variables(_FOUND_BY[watched[0]], "aws"),
            *(Variable(kind, _FOUND_BY[kind]) for kind in watched),
        ],
        [Section("", [Band(4, stats)]), *sections],
    )


def _now(kind: str, panels: MetricPanels) -> core.Stat:
    """What is wrong with the objects of a kind, as one number."""
    key = f"pipes/{kind}_now"
    if kind in _GROWING:
        bad = _GROWING[kind]
        return panels.stat(
            key, bad, background=True, window="15m", total="sum", steps=_BAD, decimals=0
        )
    if kind == "api_destination":
        return panels.count(
            key,
            archives.READY,
            "== 0",
            title="API destinations not ready",
            description="API destinations that EventBridge cannot call.",
        )
    return panels.stat(
        key,
        archives.EVENTS,
        title="Archived events",
        description="Events in all chosen archives together.",
        total="sum",
        decimals=0,
    )


def _pipes(panels: MetricPanels) -> Section:
    def bands() -> Iterator[Band]:
        running = panels.states("pipes/pipe_running", pipes.RUNNING)
        events = panels.lines("pipes/pipe_events", pipes.EVENTS, highest=_HIGHEST)
        yield Band(8, [running, events])
        alerts = [
            panels.alert_lines(f"pipes/pipe_{each}", highest=_HIGHEST)
            for each in ("failed", "throttled")
        ]
        yield Band(8, alerts)
        stages = panels.lines(
            "pipes/pipe_stages",
            pipes.TARGET_FAILURES,
            title="Failures by stage",
            description="Executions that failed at the enrichment or at the target, that failed "
            "in part, and that timed out, of all chosen pipes, per second.",
            queries=[
                panels.query(pipes.ENRICHMENT_FAILURES, "enrichment", total="sum"),
                panels.query(pipes.TARGET_FAILURES, "target", total="sum"),
                panels.query(pipes.PARTLY_FAILED, "in part", total="sum"),
                panels.query(pipes.TIMED_OUT, "timed out", total="sum"),
            ],
        )
        name = panels.scope.legend(pipes.PIPE)
        duration = panels.lines(
            "pipes/pipe_duration",
            pipes.DURATION_AVERAGE,
            _MOST,
            title="Duration",
            description="Time that executions took: the mean, and the longest (dashed).",
            queries=[
                panels.query(pipes.DURATION_AVERAGE, f"{name} mean", highest=_HIGHEST),
                panels.query(pipes.DURATION_MAX, f"{name} longest", highest=_HIGHEST),
            ],
        )
        yield Band(8, [stages, duration])

    return Section("Pipes", list(bands()))


def _schedules(panels: MetricPanels) -> Section:
    attempts = panels.lines(
        "pipes/schedule_attempts",
        schedules.ATTEMPTS,
        title="Invocations of schedules",
        description="Attempts to invoke targets, those that were throttled, and the dropped "
        "invocations sent to dead-letter queues, of all chosen groups, per second.",
        queries=[
            panels.query(schedules.ATTEMPTS, "attempts", total="sum"),
            panels.query(schedules.THROTTLES, "throttled by Scheduler", total="sum"),
            panels.query(schedules.TARGET_THROTTLES, "throttled by targets", total="sum"),
            panels.query(schedules.DEAD_LETTERED, "dead letters", total="sum"),
        ],
    )
    alerts = [
        panels.alert_lines(f"pipes/schedule_{each}", highest=_HIGHEST)
        for each in ("dropped", "target_errors", "dead_letter_failures")
    ]
    return Section("Schedules", [Band(8, [attempts, alerts[0]]), Band(8, alerts[1:])])


def _destinations(panels: MetricPanels) -> Section:
    ready = panels.states("pipes/api_destination_ready", archives.READY)
    return Section("API destinations", [Band(8, [ready])])


def _archives(panels: MetricPanels) -> Section:
    enabled = panels.states("pipes/archive_enabled", archives.ENABLED)
    replays = panels.lines(
        "pipes/archive_replays",
        archives.FAILED_REPLAYS,
        title="Replays",
        description="Replays that run now, and those that failed within the last hour.",
        queries=[
            panels.query(archives.RUNNING_REPLAYS, "{{archive}} running"),
            panels.query(archives.FAILED_REPLAYS, "{{archive}} failed"),
        ],
    )
    events = panels.lines("pipes/archive_events", archives.EVENTS)
    size = panels.lines("pipes/archive_size", archives.SIZE)
    return Section("Archives", [Band(8, [enabled, replays]), Band(8, [events, size])])


_SECTIONS: Final = {
    "pipe": _pipes,
    "schedule_group": _schedules,
    "api_destination": _destinations,
    "archive": _archives,
}
