"""What NATS publishes as it happens: elections, changes, refused messages, requests to its API."""

from collections.abc import Callable, Mapping
from typing import Final

from grafanalib import core

from obs.catalogue import nats, nats_events
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import RANGE, VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.pages.jetstream import NONE, consumer_links
from obs.dashboards.thresholds import PLAIN

_SHOWN: Final = 10
"""Streams or consumers drawn in one panel: those with the most."""
_WINDOW: Final = "5m"
_STATS: Final = {
    "changes": (nats_events.CHANGES,),
    "naks": (nats_events.NAKS, nats_events.TERMINATED),
    "api": (nats_events.AUDITED_REQUESTS,),
}


def page(context: BuildContext) -> Page | None:
    """The page; None where no connection counts events."""
    if not context.events:
        return None
    panels = MetricPanels(context, VariableScope(("nats",)), NONE, context.nats_poll)
    bands = [band for event, band in _BANDS.items() if event in context.events]
    return Page(
        "events",
        "NATS events",
        "Did leaders change, who changed what, and what do clients refuse?",
        variables(nats.SERVER_UP, "nats"),
        [
            Section("", [Band(4, _stats(panels))]),
            Section("Over time", [make(panels) for make in bands]),
        ],
    )


def _stats(panels: MetricPanels) -> list[core.Panel]:
    """How many of each kind there were in the time range: of elections none, as a cluster of one
    server has no series of them."""
    counted: list[core.Panel] = [
        panels.stat(f"events/all_{metric.family}", metric, window=RANGE, total="sum", steps=PLAIN)
        for event, metrics in _STATS.items()
        for metric in metrics
        if event in panels.context.events
    ]
    paused = nats_events.EVENTS_PAUSED
    return [*counted, panels.stat("events/paused", paused, window=RANGE, total="sum", steps=PLAIN)]


def _elections(panels: MetricPanels) -> Band:
    losses = panels.alert_lines(
        "events/quorum_losses", legend="{{stream}} ({{asset}})", highest=_SHOWN
    )
    leaders = panels.alert_lines("events/elections", legend="{{stream}}", highest=_SHOWN)
    return Band(8, [losses, leaders])


def _changes(panels: MetricPanels) -> Band:
    changes = panels.lines(
        "events/changes",
        nats_events.CHANGES,
        legend="{{asset}} {{action}} ({{account}})",
        window=_WINDOW,
        highest=_SHOWN,
    )
    return Band(8, [changes])


def _of_consumers(panels: MetricPanels, key: str) -> Band:
    of = MetricPanels(
        *(panels.context, panels.scope, panels.none, panels.interval),
        consumer_links(panels.context),
    )
    return Band(8, [of.alert_lines(key, legend="{{stream}}/{{consumer}}", highest=_SHOWN)])


def _api(panels: MetricPanels) -> Band:
    by = ("nats", "account", "action")
    failed = panels.scope.rate(nats_events.AUDITED_REQUESTS, ("error", "=", "yes"), by=by)
    legend = "{{action}} ({{account}})"
    requests = panels.lines(
        "events/requests", nats_events.AUDITED_REQUESTS, legend=legend, by=by, highest=_SHOWN
    )
    failures = panels.lines(
        "events/failed_requests",
        nats_events.AUDITED_REQUESTS,
        title="Failed JetStream API requests",
        description="Requests to the JetStream API that failed, per second.",
        expr=failed,
        unit="cps",
        legend=legend,
    )
    return Band(8, [requests, failures])


_BANDS: Final[Mapping[str, Callable[[MetricPanels], Band]]] = {
    "elections": _elections,
    "acks": lambda panels: _of_consumers(panels, "events/late_acks"),
    "naks": lambda panels: _of_consumers(panels, "events/nak_share"),
    "changes": _changes,
    "api": _api,
}
