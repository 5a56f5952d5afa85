"""One consumer in depth."""

from dataclasses import replace
from typing import Final

from grafanalib import core

from obs.catalogue import nats
from obs.dashboards import theme
from obs.dashboards.build_context import BuildContext
from obs.dashboards.expressions import VariableScope
from obs.dashboards.field_options import FieldOptions, Query
from obs.dashboards.layout import Band, Section
from obs.dashboards.page import Page, Variable
from obs.dashboards.pages import limited, or_silent, watched
from obs.dashboards.panels import lines, stat, states
from obs.dashboards.thresholds import PLAIN, from_one

_SCOPE: Final = VariableScope(nats.CONSUMER, frozenset(nats.CONSUMER))
_STREAM: Final = VariableScope(nats.STREAM, frozenset(nats.STREAM))
_NONE: Final = "Nothing is known of this consumer: is its source answering? See Collector"
_LEGEND: Final = "{{consumer}}"


def page(site: BuildContext) -> Page | None:
    """The page; None without a NATS source."""
    if not site.nats:
        return None
    return Page(
        "consumer",
        "NATS consumer",
        "What does this one consumer do, and what holds it up?",
        [Variable(label, nats.LAG_MESSAGES, single=True) for label in nats.CONSUMER],
        [
            Section("", [_answer(site), _lag(site), _status(site)]),
            Section("Work", [_work(site), _trouble(site)]),
            Section("Limits", [_settings(site)]),
        ],
    )


def _look(site: BuildContext, unit: str = "short") -> FieldOptions:
    return FieldOptions(unit, none=_NONE, interval=site.nats_poll)


def _answer(site: BuildContext) -> Band:
    value = _SCOPE.value
    eviction = limited(site, "consumer/eviction", _look(site))
    return Band(
        4,
        [
            stat(
                "consumer/now",
                "Status",
                "How the consumer did over the source's status window.",
                [Query(value(nats.STATUS), _LEGEND)],
                replace(_look(site), mappings=theme.STATUSES),
                background=True,
            ),
            stat(
                "consumer/lag_now",
                "Lag",
                "Messages not yet acknowledged: pending and in flight.",
                [Query(value(nats.LAG_MESSAGES), _LEGEND)],
                limited(site, "consumer/lag", _look(site)),
            ),
            stat(
                "consumer/lag_seconds_now",
                "Oldest owed",
                "How long the oldest message that the consumer still owes has waited.",
                [Query(value(nats.LAG_SECONDS), _LEGEND)],
                limited(site, "consumer/lag_seconds", _look(site)),
            ),
            stat(
                "consumer/drain",
                "Caught up in",
                "Time until the lag is gone at the pace of the last minutes; never, while it does "
                "not shrink.",
                [Query(value(nats.DRAIN_SECONDS), _LEGEND)],
                replace(_look(site, "s"), steps=PLAIN, mappings=theme.never(theme.WARNING)),
            ),
            stat(
                "consumer/eviction_now",
                "Data is lost in",
                "Time until max_age evicts the oldest message the consumer still owes; empty where "
                "no age limit evicts, or nothing is owed.",
                [Query(value(nats.EVICTION_SECONDS), _LEGEND)],
                replace(eviction, none=or_silent("Nothing owed will be evicted")),
            ),
            stat(
                "consumer/deliveries_now",
                "Deliveries",
                "Deliveries a second, redeliveries included.",
                [Query(_SCOPE.rate(nats.DELIVERED), _LEGEND)],
                replace(_look(site, "cps"), steps=PLAIN, decimals=1),
            ),
        ],
    )


def _lag(site: BuildContext) -> Band:
    value = _SCOPE.value
    return Band(
        9,
        [
            lines(
                "consumer/lag",
                "Lag in messages",
                site.limits.described(
                    "consumer/lag",
                    "What the consumer owes: messages never delivered, and those delivered but not "
                    "yet acknowledged.",
                ),
                [
                    Query(value(nats.LAG_MESSAGES), "lag"),
                    Query(value(nats.PENDING_MESSAGES), "never delivered"),
                    Query(value(nats.ACK_PENDING_MESSAGES), "in flight"),
                ],
                replace(limited(site, "consumer/lag", _look(site)), minimum=0),
                colours={
                    "lag": theme.LAG,
                    "never delivered": theme.PENDING,
                    "in flight": theme.IN_FLIGHT,
                },
            ),
            lines(
                "consumer/lag_seconds",
                "Lag in seconds",
                site.limits.described(
                    "consumer/lag_seconds",
                    "How long the oldest message owed has waited. Where it may be off by more than "
                    "a poll and a half, by how much is drawn as well.",
                ),
                [
                    Query(value(nats.LAG_SECONDS), "lag"),
                    Query(value(nats.LAG_UNCERTAINTY), "may be off by"),
                ],
                replace(limited(site, "consumer/lag_seconds", _look(site)), minimum=0),
                colours={"lag": theme.LAG, "may be off by": theme.NEUTRAL},
                dashed=["may be off by"],
            ),
        ],
    )


def _status(site: BuildContext) -> Band:
    return Band(
        6,
        [
            states(
                "consumer/status",
                "Status",
                site.limits.described(
                    "consumer/status",
                    "ok: keeps up. paused: by its configuration. slow: works, but its lag never "
                    "shrinks. stalled: takes messages and finishes none. stopped: takes none. "
                    "leaderless: nobody leads it.",
                ),
                [Query(_SCOPE.value(nats.STATUS), _LEGEND)],
                replace(_look(site), mappings=theme.STATUSES),
            ),
            states(
                "consumer/reasons",
                "Reasons",
                "What explains the status; each is drawn while it holds.",
                [Query(_SCOPE.value(nats.STATUS_REASON), "{{reason}}")],
                replace(_look(site), mappings=theme.HOLDS),
            ),
        ],
        (8, 16),
    )


def _work(site: BuildContext) -> Band:
    return Band(
        8,
        [
            lines(
                "consumer/deliveries",
                "In and out",
                "Messages a second that arrive in the stream, and deliveries of this consumer. A "
                "filter keeps some arrivals from it; a redelivery counts as a delivery.",
                [
                    Query(_STREAM.rate(nats.STREAM_LAST_SEQUENCE), "stream: arrivals"),
                    Query(_SCOPE.rate(nats.DELIVERED), "deliveries"),
                ],
                replace(_look(site, "cps"), minimum=0),
                colours={"stream: arrivals": theme.ARRIVALS, "deliveries": theme.DELIVERIES},
            ),
            lines(
                "consumer/pulls",
                "Clients waiting",
                site.limits.described(
                    "consumer/pulls",
                    "Pull requests that wait for messages; always 0 for a push consumer, and for "
                    "clients that are busy.",
                ),
                [Query(_SCOPE.value(nats.WAITING_PULLS), "pull requests")],
                replace(_look(site), minimum=0),
                colours={"pull requests": theme.INFO},
            ),
            watched(
                site,
                _SCOPE,
                "consumer/ack_pending",
                "In flight, of what is allowed",
                "Messages in flight as a share of max_ack_pending. At 100 % nothing more is "
                "delivered.",
                _LEGEND,
                replace(_look(site), minimum=0, none=or_silent("No limit on messages in flight")),
            ),
        ],
    )


def _trouble(site: BuildContext) -> Band:
    redelivered = watched(
        site,
        _SCOPE,
        "consumer/redelivered",
        "Redelivered",
        "Messages in flight that were delivered more than once: work fails, or takes longer than "
        "ack_wait.",
        _LEGEND,
        replace(_look(site), minimum=0),
    )
    eviction = watched(
        site,
        _SCOPE,
        "consumer/eviction",
        "Time until data is lost",
        "Until max_age evicts the oldest message the consumer still owes.",
        _LEGEND,
        replace(_look(site), minimum=0, none=or_silent("Nothing owed will be evicted")),
    )
    return Band(8, [redelivered, *_dead_letters(site), eviction])


def _dead_letters(site: BuildContext) -> list[core.Panel]:
    if not site.dead_letters:
        return []
    return [
        watched(
            site,
            _SCOPE,
            "consumer/dead_letters",
            "Dead letters",
            "Messages that ran out of deliveries or were terminated, in the alert's window.",
            _LEGEND,
            replace(_look(site), minimum=0, none=or_silent("No connection tells of dead letters")),
            colours={"/.*/": theme.DEAD_LETTERS},
        )
    ]


def _settings(site: BuildContext) -> Band:
    value = _SCOPE.value
    look = replace(_look(site), steps=PLAIN)
    behind = from_one(theme.WARNING)
    return Band(
        4,
        [
            stat(
                "consumer/ack_wait",
                "ack_wait",
                "How long a delivery may stay unacknowledged before the message comes again.",
                [Query(value(nats.ACK_WAIT), _LEGEND)],
                replace(look, unit="s"),
            ),
            stat(
                "consumer/max_deliver",
                "max_deliver",
                "How often a message is delivered before it is given up.",
                [Query(value(nats.MAX_DELIVER), _LEGEND)],
                replace(look, none=or_silent("Without limit")),
            ),
            stat(
                "consumer/max_ack_pending",
                "max_ack_pending",
                "How many messages may be in flight.",
                [Query(value(nats.MAX_ACK_PENDING), _LEGEND)],
                replace(look, none=or_silent("Without limit")),
            ),
            stat(
                "consumer/resets",
                "Resets in this time",
                "Times the consumer was recreated, or its sequences went back.",
                [Query(_SCOPE.grown(nats.RESETS, "$__range"), _LEGEND)],
                replace(_look(site), steps=behind, decimals=0),
            ),
            stat(
                "consumer/replicas",
                "Replicas behind",
                "Replicas of the consumer that are offline or not current.",
                [Query(value(nats.REPLICAS_BEHIND), _LEGEND)],
                replace(_look(site), steps=behind),
            ),
            stat(
                "consumer/last_delivery",
                "Last delivery",
                "When a message was last delivered.",
                [Query(f"1000 * {value(nats.LAST_DELIVERY)}", _LEGEND)],
                replace(look, unit="dateTimeFromNow", none=or_silent("Never")),
            ),
        ],
    )
