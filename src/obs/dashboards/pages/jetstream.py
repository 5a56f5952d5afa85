"""All consumers, streams and servers of NATS."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.catalogue import nats
from obs.dashboards import theme
from obs.dashboards.alert_expression import compared
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope, ever, how_many, worst
from obs.dashboards.field_options import FieldOptions, Json, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable, from_row, from_series, link
from obs.dashboards.pages import limited, or_silent, watched
from obs.dashboards.panels import lines, stat, states
from obs.dashboards.tables import Column, TableRows, table
from obs.dashboards.thresholds import PLAIN, from_one

SHOWN: Final = 10
"""Consumers drawn in one panel: those that were worst in the time shown."""

_SCOPE: Final = VariableScope(nats.CONSUMER)
_SERVERS: Final = VariableScope(nats.SERVER)
NONE: Final = "No data from NATS: is its source answering? See Collector"
_CONSUMER: Final = "{{stream}} / {{consumer}}"
_TITLES: Final = {
    "nats": "NATS",
    "account": "Account",
    "stream": "Stream",
    "consumer": "Consumer",
}
_NARROW: Final = {"nats": 90, "account": 80}


def page(site: BuildContext) -> Page | None:
    """The page; None without a NATS source."""
    if not site.nats:
        return None
    return Page(
        "jetstream",
        "NATS JetStream",
        "Which consumers are behind, why, and will data be lost?",
        [
            *(Variable(label, nats.LAG_MESSAGES) for label in nats.CONSUMER),
            Variable("server", nats.SERVER_UP),
        ],
        [
            Section("", [_answer(site), _lag(site), _status(site), _consumers(site)]),
            Section("Why consumers are behind", [_causes(site), _losses(site)]),
            Section("Streams", [_streams(site)]),
            Section("Servers", [_servers(site)]),
        ],
    )


def consumer_links(site: BuildContext) -> Sequence[Json]:
    """To the page of the consumer whose series is clicked on."""
    return [link(site, "consumer", "This consumer", from_series(*nats.CONSUMER))]


def consumer_rows(site: BuildContext, hidden: Sequence[str] = ()) -> TableRows:
    """A table row for each consumer."""
    links = [link(site, "consumer", "This consumer", from_row(_TITLES))]
    return TableRows(_TITLES, {"consumer": links}, widths=_NARROW, hidden=hidden)


def _look(site: BuildContext, unit: str = "short") -> FieldOptions:
    return FieldOptions(unit, none=NONE, interval=site.nats_poll)


def _answer(site: BuildContext) -> Band:
    value = _SCOPE.value
    eviction = limited(site, "consumer/eviction", _look(site))
    stats: list[core.Panel] = [
        stat(
            "jetstream/not_ok",
            "Consumers not ok",
            "Consumers that are slow, stalled, stopped or leaderless.",
            [Query(how_many(value(nats.STATUS), ">= 2"))],
            replace(_look(site), steps=from_one(theme.WARNING)),
            background=True,
        ),
        stat(
            "jetstream/lag_total",
            "Messages owed",
            "What all consumers chosen owe together.",
            [Query(f"sum({value(nats.LAG_MESSAGES)})")],
            replace(_look(site), steps=PLAIN),
        ),
        stat(
            "jetstream/lag_worst",
            "Oldest owed",
            "How long the oldest message that any consumer owes has waited.",
            [Query(f"max({value(nats.LAG_SECONDS)})")],
            limited(site, "consumer/lag_seconds", _look(site)),
        ),
        stat(
            "jetstream/eviction_first",
            "Data is lost in",
            "Time until max_age first evicts a message that a consumer still owes.",
            [Query(f"min({value(nats.EVICTION_SECONDS)})")],
            replace(eviction, none=or_silent("Nothing owed will be evicted")),
        ),
        stat(
            "jetstream/servers",
            "Servers that answer",
            "Servers whose monitoring port answers.",
            [
                Query(f"sum({_SERVERS.value(nats.SERVER_UP)})", "answer"),
                Query(f"count({_SERVERS.value(nats.SERVER_UP)})", "known"),
            ],
            replace(_look(site), steps=PLAIN),
            text="value_and_name",
        ),
    ]
    return Band(4, stats)


def _lag(site: BuildContext) -> Band:
    links = consumer_links(site)
    return Band(
        9,
        [
            lines(
                "jetstream/lag",
                f"Lag in messages, worst {SHOWN}",
                site.limits.described(
                    "consumer/lag", "What each consumer owes: never delivered or in flight."
                ),
                [Query(worst(SHOWN, _SCOPE.value(nats.LAG_MESSAGES)), _CONSUMER)],
                replace(limited(site, "consumer/lag", _look(site)), minimum=0, links=links),
            ),
            lines(
                "jetstream/lag_seconds",
                f"Lag in seconds, worst {SHOWN}",
                site.limits.described(
                    "consumer/lag_seconds",
                    "How long the oldest message that each consumer owes has waited.",
                ),
                [Query(worst(SHOWN, _SCOPE.value(nats.LAG_SECONDS)), _CONSUMER)],
                replace(limited(site, "consumer/lag_seconds", _look(site)), minimum=0, links=links),
            ),
        ],
    )


def _status(site: BuildContext) -> Band:
    links = consumer_links(site)
    return Band(
        8,
        [
            states(
                "jetstream/status",
                "Status",
                site.limits.described(
                    "consumer/status",
                    "ok: keeps up. paused: by its configuration. slow: works, but its lag never "
                    "shrinks. stalled: takes messages and finishes none. stopped: takes none. "
                    "leaderless: nobody leads it. The worst 20 of the time shown.",
                ),
                [Query(worst(20, _SCOPE.value(nats.STATUS)), _CONSUMER)],
                replace(_look(site), mappings=theme.STATUSES, links=links),
            ),
            states(
                "jetstream/reasons",
                "Reasons",
                "What explains a status, drawn while it holds, for consumers it held for at some "
                "time.",
                [Query(ever(_SCOPE.value(nats.STATUS_REASON)), "{{consumer}}: {{reason}}")],
                replace(
                    _look(site),
                    mappings=theme.HOLDS,
                    links=links,
                    none=or_silent("No reason held for any consumer"),
                ),
            ),
        ],
    )


def _consumers(site: BuildContext) -> Band:
    value = _SCOPE.value
    saturation = compared(_SCOPE, site.limits.condition("consumer/ack_pending"))
    columns = [
        Column("Status", value(nats.STATUS), mappings=theme.STATUSES, width=100),
        Column("Lag", value(nats.LAG_MESSAGES), steps=site.limits.steps("consumer/lag"), width=80),
        Column(
            "Oldest owed",
            value(nats.LAG_SECONDS),
            "s",
            steps=site.limits.steps("consumer/lag_seconds"),
        ),
        Column("Caught up in", value(nats.DRAIN_SECONDS), "s", mappings=theme.never(theme.WARNING)),
        Column("Deliveries", _SCOPE.rate(nats.DELIVERED), "cps", decimals=1),
        Column("In flight", value(nats.ACK_PENDING_MESSAGES)),
        Column(
            "Of allowed",
            saturation,
            "percent",
            decimals=0,
            steps=site.limits.steps("consumer/ack_pending"),
            gauge=(0, 100),
        ),
        Column(
            "Redelivered",
            value(nats.REDELIVERED_MESSAGES),
            steps=site.limits.steps("consumer/redelivered"),
        ),
    ]
    return Band(
        9,
        [
            table(
                "jetstream/consumers",
                "Consumers",
                "All consumers chosen as they are now; a click on one leads to its own page.",
                consumer_rows(site),
                columns,
                _look(site),
                sort_by="Oldest owed",
            )
        ],
    )


def _causes(site: BuildContext) -> Band:
    return Band(
        8,
        [
            _of_consumers(
                site,
                "jetstream/ack_pending",
                "consumer/ack_pending",
                "In flight, of what is allowed",
                "Messages in flight as a share of max_ack_pending. At 100 % nothing more is "
                "delivered.",
                or_silent("No consumer has a limit on messages in flight"),
            ),
            _of_consumers(
                site,
                "jetstream/redelivered",
                "consumer/redelivered",
                "Redelivered",
                "Messages in flight that were delivered more than once: work fails, or takes "
                "longer than ack_wait.",
                NONE,
            ),
            lines(
                "jetstream/deliveries",
                "Deliveries",
                f"Deliveries a second, redeliveries included; the busiest {SHOWN}.",
                [Query(worst(SHOWN, _SCOPE.rate(nats.DELIVERED)), _CONSUMER)],
                replace(_look(site, "cps"), minimum=0, links=consumer_links(site)),
            ),
        ],
    )


def _losses(site: BuildContext) -> Band:
    panels: list[core.Panel] = [
        _of_consumers(
            site,
            "jetstream/eviction",
            "consumer/eviction",
            "Time until data is lost",
            "Until max_age evicts the oldest message that a consumer still owes.",
            or_silent("Nothing owed will be evicted"),
        )
    ]
    if site.dead_letters:
        panels.append(
            _of_consumers(
                site,
                "jetstream/dead_letters",
                "consumer/dead_letters",
                "Dead letters",
                "Messages that ran out of deliveries or were terminated, in the alert's window.",
                or_silent("No connection tells of dead letters"),
            )
        )
    return Band(8, panels)


def _of_consumers(
    site: BuildContext, key: str, alert: str, title: str, words: str, none: str
) -> core.TimeSeries:
    """What the alert of another page's panel compares, for all consumers."""
    when = site.limits.condition(alert)
    quantity = compared(_SCOPE, when)
    least = site.limits.is_on_too_little(alert)
    return lines(
        key,
        title,
        site.limits.described(alert, words),
        [Query(quantity if least else worst(SHOWN, quantity), _CONSUMER)],
        limited(
            site,
            alert,
            replace(_look(site), minimum=0, none=none, links=consumer_links(site)),
        ),
    )


def _streams(site: BuildContext) -> Band:
    scope = VariableScope(nats.STREAM)
    legend = "{{stream}}"
    none = or_silent("No stream chosen has such a limit")
    return Band(
        8,
        [
            table(
                "jetstream/streams",
                "Streams",
                "What each stream holds, and what arrives in it.",
                TableRows(
                    {"nats": "NATS", "account": "Account", "stream": "Stream"}, widths=_NARROW
                ),
                [
                    Column("Messages", scope.value(nats.STREAM_MESSAGES), width=90),
                    Column("Size", scope.value(nats.STREAM_BYTES), "bytes"),
                    Column("Arrivals", scope.rate(nats.STREAM_LAST_SEQUENCE), "cps", decimals=1),
                    Column("Consumers", scope.value(nats.STREAM_CONSUMERS), width=90),
                    Column("Replicas", scope.value(nats.STREAM_REPLICAS), width=90),
                ],
                _look(site),
                sort_by="Size",
            ),
            watched(
                site,
                scope,
                "jetstream/stream_messages",
                "Messages, of what is allowed",
                "Stored messages as a share of max_msgs.",
                legend,
                replace(_look(site), minimum=0, none=none),
            ),
            watched(
                site,
                scope,
                "jetstream/stream_bytes",
                "Bytes, of what is allowed",
                "Stored bytes as a share of max_bytes.",
                legend,
                replace(_look(site), minimum=0, none=none),
            ),
            watched(
                site,
                scope,
                "jetstream/stream_replicas",
                "Replicas behind",
                "Replicas that are offline or not current.",
                legend,
                replace(_look(site), minimum=0),
            ),
        ],
        (9, 5, 5, 5),
    )


def _servers(site: BuildContext) -> Band:
    legend = "{{server}}"
    return Band(
        7,
        [
            states(
                "jetstream/server_up",
                "Servers",
                site.limits.described(
                    "jetstream/server_up", "Whether each server's monitoring port answers."
                ),
                [Query(_SERVERS.value(nats.SERVER_UP), legend)],
                replace(_look(site), mappings=theme.UP_DOWN),
            ),
            watched(
                site,
                _SERVERS,
                "jetstream/server_memory",
                "JetStream memory, of what is allowed",
                "Memory that JetStream uses as a share of its limit.",
                legend,
                replace(_look(site), minimum=0, none=or_silent("No server has a limit on memory")),
            ),
            watched(
                site,
                _SERVERS,
                "jetstream/server_store",
                "JetStream storage, of what is allowed",
                "File storage that JetStream uses as a share of its limit.",
                legend,
                replace(_look(site), minimum=0, none=or_silent("No server has a limit on storage")),
            ),
        ],
    )
