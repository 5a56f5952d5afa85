"""One consumer in depth."""

from typing import Final

from obs.catalogue import nats
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.differences import Differences
from obs.dashboards.event_panels import work_bands
from obs.dashboards.expressions import RANGE, VariableScope
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, variables
from obs.dashboards.panels import LineStyle
from obs.dashboards.thresholds import PLAIN, from_one

STATUS_HELP: Final = (
    "ok: keeps up. paused: by its configuration. slow: works, but its lag does not shrink. "
    "stalled: receives messages and acknowledges none. stopped: receives none. leaderless: has no "
    "leader."
)
OLDEST: Final = "Oldest unprocessed message"
_NONE: Final = "No data for this consumer: does its source answer? See Collector"
_SETTINGS: Final = ("ack_policy", "ack_wait", "max_deliver")
"""Settings that explain what a consumer does; the limit of messages in flight is a number."""
_SCOPE: Final = VariableScope(nats.CONSUMER, frozenset(nats.CONSUMER))


def page(context: BuildContext) -> Page | None:
    """The page; None without a NATS source."""
    if not context.nats:
        return None
    panels = MetricPanels(context, _SCOPE, _NONE, context.nats_poll)
    return Page(
        "consumer",
        "NATS consumer",
        "What does this consumer do, and what holds it up?",
        variables(nats.LAG_MESSAGES, *nats.CONSUMER, single=True),
        [
            Section("", [_answer(panels), _lag(panels), _status(panels)]),
            Section("Work", [_work(panels), _trouble(panels), *work_bands(panels)]),
            Section("Limits", [_settings(panels)]),
        ],
    )


def _answer(panels: MetricPanels) -> Band:
    drain = theme.never(theme.WARNING)
    stats = [
        panels.stat("consumer/now", nats.STATUS, background=True),
        panels.stat("consumer/lag_now", nats.LAG_MESSAGES, title="Lag"),
        panels.stat("consumer/lag_seconds_now", nats.LAG_SECONDS, title=OLDEST),
        panels.stat("consumer/drain", nats.DRAIN_SECONDS, mappings=drain),
        panels.stat("consumer/eviction_now", nats.EVICTION_SECONDS),
        panels.stat("consumer/deliveries_now", nats.DELIVERED, decimals=1),
    ]
    return Band(4, stats)


def _lag(panels: MetricPanels) -> Band:
    messages = [
        panels.query(nats.LAG_MESSAGES, "lag", theme.LAG),
        panels.query(nats.LAG_MESSAGES, "never delivered", theme.PENDING, expr=_pending(panels)),
        panels.query(nats.ACK_PENDING_MESSAGES, "in flight", theme.IN_FLIGHT),
    ]
    seconds = [
        panels.query(nats.LAG_SECONDS, "lag", theme.LAG),
        panels.query(nats.LAG_UNCERTAINTY, "may be off by", theme.NEUTRAL),
    ]
    dashed = LineStyle(dashed=["may be off by"])
    lag = panels.lines("consumer/lag", nats.LAG_MESSAGES, queries=messages)
    age = panels.lines("consumer/lag_seconds", nats.LAG_SECONDS, dashed, queries=seconds)
    return Band(9, [lag, age])


def _pending(panels: MetricPanels) -> str:
    """Lag is what is pending and what is in flight."""
    lag, in_flight = nats.LAG_MESSAGES, nats.ACK_PENDING_MESSAGES
    return f"{panels.scope.value(lag)}\n- {panels.scope.value(in_flight)}"


def _status(panels: MetricPanels) -> Band:
    status = panels.states("consumer/status", nats.STATUS, description=STATUS_HELP)
    return Band(6, [status, panels.states("consumer/reasons", nats.STATUS_REASON)], (8, 16))


def _work(panels: MetricPanels) -> Band:
    arrivals = panels.scope.rate(nats.STREAM_LAST_SEQUENCE)
    flow = [
        panels.query(nats.STREAM_LAST_SEQUENCE, "stream: arrivals", theme.ARRIVALS, expr=arrivals),
        panels.query(nats.DELIVERED, "deliveries", theme.DELIVERIES),
    ]
    description = (
        "Messages per second that arrive in the stream, and deliveries to this consumer. A filter "
        "excludes some arrivals; a redelivery counts as a delivery."
    )
    pulls = [panels.query(nats.WAITING_PULLS, "pull requests", theme.INFO)]
    shown = [
        panels.lines(
            "consumer/deliveries",
            nats.DELIVERED,
            title="Arrivals and deliveries",
            description=description,
            queries=flow,
        ),
        panels.lines("consumer/pulls", nats.WAITING_PULLS, queries=pulls),
        panels.alert_lines("consumer/ack_pending"),
    ]
    return Band(8, shown)


def _trouble(panels: MetricPanels) -> Band:
    shown = [panels.alert_lines("consumer/redelivered")]
    if panels.context.dead_letters:
        style = LineStyle(colours={"/.*/": theme.DEAD_LETTERS})
        shown.append(panels.alert_lines("consumer/dead_letters", style))
    losses = [panels.alert_lines("consumer/eviction"), panels.alert_lines("consumer/evicted")]
    return Band(8, [*shown, *losses])


def _settings(panels: MetricPanels) -> Band:
    bad = from_one(theme.WARNING)
    info = nats.CONSUMER_INFO
    settings: Differences = {
        "expr": panels.scope.value(info, by=_SETTINGS),
        "legend": ", ".join(f"{label} {{{{{label}}}}}" for label in _SETTINGS),
        "steps": PLAIN,
    }
    stats = [
        panels.stat("consumer/settings", info, text="name", **settings),
        panels.stat("consumer/ack_wait", nats.ACK_WAIT),
        panels.stat("consumer/max_deliver", nats.MAX_DELIVER),
        panels.stat("consumer/max_ack_pending", nats.MAX_ACK_PENDING),
        panels.stat("consumer/resets", nats.RESETS, window=RANGE, steps=bad, decimals=0),
        panels.stat("consumer/replicas", nats.REPLICAS_BEHIND, steps=bad),
        panels.stat("consumer/last_delivery", nats.LAST_DELIVERY),
    ]
    return Band(4, stats)
