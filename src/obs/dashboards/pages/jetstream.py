"""All consumers and streams of NATS."""

from collections.abc import Sequence
from typing import Final

from grafanalib import core

from obs.catalogue import nats, nats_monitor
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import Json
from obs.dashboards.layout import Band, Section
from obs.dashboards.metric_panels import MetricPanels
from obs.dashboards.page import Page, from_row, from_series, link, variables
from obs.dashboards.pages import buckets
from obs.dashboards.pages.consumer import OLDEST, STATUS_HELP
from obs.dashboards.tables import TableRows
from obs.dashboards.thresholds import PLAIN

SHOWN: Final = 10
"""Consumers drawn in one panel: those that were worst in the time range."""
NONE: Final = "No data from NATS: does its source answer? See Collector"
_TITLES: Final = {"nats": "NATS", "account": "Account", "stream": "Stream", "consumer": "Consumer"}
_NARROW: Final = {"nats": 90, "account": 80}


def page(context: BuildContext) -> Page | None:
    """The page; None without a NATS source."""
    if not context.nats:
        return None
    links, poll = consumer_links(context), context.nats_poll
    consumers = MetricPanels(context, VariableScope(nats.CONSUMER), NONE, poll, links)
    streams = MetricPanels(context, VariableScope(nats.STREAM), NONE, poll)
    servers = MetricPanels(context, VariableScope(nats.SERVER[:1]), NONE, poll)
    return Page(
        "jetstream",
        "NATS JetStream",
        "Which consumers are behind, why, and will data be lost?",
        [*variables(nats.LAG_MESSAGES, *nats.CONSUMER)],
        [
            Section("", [_answer(consumers, servers), *_consumers(consumers)]),
            Section("Why consumers are behind", _causes(consumers)),
            Section("Streams", [_streams(streams), _origins(streams)]),
            buckets.section(context, NONE),
            Section("Thresholds in metadata", [_thresholds(consumers, streams)]),
        ],
    )


def consumer_links(context: BuildContext) -> Sequence[Json]:
    """To the page of the consumer whose series is clicked on."""
    return [link(context, "consumer", "This consumer", from_series(*nats.CONSUMER))]


def consumer_rows(context: BuildContext, hidden: Sequence[str] = ()) -> TableRows:
    """A table row for each consumer."""
    links = [link(context, "consumer", "This consumer", from_row(_TITLES))]
    return TableRows(_TITLES, {"consumer": links}, widths=_NARROW, hidden=hidden)


def not_ok(panels: MetricPanels, key: str) -> core.Stat:
    """How many consumers have a problem."""
    description = "NATS consumers that are slow, stalled, stopped or leaderless."
    return panels.count(key, nats.STATUS, ">= 2", title="Consumers not ok", description=description)


def _answer(consumers: MetricPanels, servers: MetricPanels) -> Band:
    lag, up = nats.LAG_MESSAGES, nats.SERVER_UP
    answer, known = (
        servers.query(up, "answer", total="sum"),
        servers.query(up, "known", total="count"),
    )
    stats: list[core.Panel] = [
        not_ok(consumers, "jetstream/not_ok"),
        consumers.stat("jetstream/lag_total", lag, title="Unprocessed messages", total="sum"),
        consumers.stat("jetstream/lag_worst", nats.LAG_SECONDS, title=OLDEST, total="max"),
        servers.stat(
            "jetstream/servers",
            up,
            text="value_and_name",
            title="Servers that answer",
            description="Servers that responded, of all known servers.",
            queries=[answer, known],
            steps=PLAIN,
            mappings=(),
        ),
    ]
    return Band(4, stats)


def _consumers(panels: MetricPanels) -> list[Band]:
    never = theme.never(theme.WARNING)
    reasons, label = nats.STATUS_REASON, "{{consumer}}: {{reason}}"
    lag = [
        panels.lines("jetstream/lag", nats.LAG_MESSAGES, highest=SHOWN),
        panels.lines("jetstream/lag_seconds", nats.LAG_SECONDS, highest=SHOWN),
    ]
    states = [
        panels.states("jetstream/status", nats.STATUS, description=STATUS_HELP, highest=20),
        panels.states("jetstream/reasons", reasons, ever=True, legend=label),
    ]
    columns = [
        panels.column(nats.STATUS, width=100),
        panels.column(nats.LAG_MESSAGES, title="Lag", width=80),
        panels.column(nats.LAG_SECONDS),
        panels.column(nats.DRAIN_SECONDS, mappings=never),
        panels.column(nats.DELIVERED, decimals=1),
        panels.column(nats.ACK_PENDING_MESSAGES),
        panels.alert_column("consumer/ack_pending", title="% of limit", decimals=0, gauge=(0, 100)),
        panels.column(nats.REDELIVERED_MESSAGES),
    ]
    description = "Current state of all chosen consumers; click one to open its page."
    rows, by = consumer_rows(panels.context), nats.LAG_SECONDS.title
    whole = panels.table("jetstream/consumers", "Consumers", description, rows, columns, by)
    return [Band(9, lag), Band(8, states), Band(9, [whole])]


def _causes(panels: MetricPanels) -> list[Band]:
    deliveries = panels.lines("jetstream/deliveries", nats.DELIVERED, highest=SHOWN)
    letters = ["dead_letters"] if panels.context.dead_letters else []
    in_flight, redelivered, *losses = (
        panels.alert_lines(f"jetstream/{name}", alert=f"consumer/{name}", highest=SHOWN)
        for name in ("ack_pending", "redelivered", "eviction", *letters)
    )
    return [Band(8, [in_flight, redelivered, deliveries]), Band(8, losses)]


def _streams(panels: MetricPanels) -> Band:
    last = nats.STREAM_LAST_SEQUENCE
    columns = [
        panels.column(nats.STREAM_MESSAGES, width=90),
        panels.column(nats.STREAM_BYTES),
        panels.column(last, expr=panels.scope.rate(last), unit="cps", decimals=1),
        panels.column(nats.STREAM_CONSUMERS, width=90),
        panels.column(nats.STREAM_REPLICAS, width=90),
    ]
    rows = TableRows({label: _TITLES[label] for label in nats.STREAM}, widths=_NARROW)
    description = "What each stream stores, and how many messages per second arrive in it."
    whole = panels.table("jetstream/streams", "Streams", description, rows, columns, "Size")
    return Band(
        8, [whole, *_alerts(panels, "stream", "messages", "bytes", "replicas")], (9, 5, 5, 5)
    )


def _origins(panels: MetricPanels) -> Band:
    return Band(7, _alerts(panels, "stream", "origins", "copies"))


def _thresholds(consumers: MetricPanels, streams: MetricPanels) -> Band:
    of_consumers = consumers.states(
        "jetstream/consumer_thresholds",
        nats_monitor.CONSUMER_BEYOND,
        legend="{{stream}}/{{consumer}} {{check}}",
        highest=20,
    )
    of_streams = streams.states(
        "jetstream/stream_thresholds",
        nats_monitor.STREAM_BEYOND,
        legend="{{stream}} {{check}}",
        highest=20,
    )
    return Band(7, [of_consumers, of_streams])


def _alerts(panels: MetricPanels, about: str, *names: str) -> list[core.TimeSeries]:
    return [panels.alert_lines(f"jetstream/{about}_{name}") for name in names]
