"""Metrics of canaries: marked events that the collector publishes and sees arrive."""

from typing import Final

from obs.catalogue.declare import counter, gauge, histogram

PREFIXES = ("canary_",)

CANARY: Final = ("canary",)

STAGES: Final = ("arrived", "not acknowledged", "not delivered", "not published")
"""How far the last event came: a stage is worse the earlier it stopped."""
_NONE_YET: Final = "No event has arrived yet"

LATENCY = histogram(
    "canary_latency_seconds",
    CANARY,
    "Time from publishing an event until it arrived, late ones included.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
    "seconds",
    title="Latency",
    absent=_NONE_YET,
)
LAST_LATENCY = gauge(
    "canary_last_latency_seconds",
    CANARY,
    "Time from publishing the last event that arrived until it did.",
    "seconds",
    title="Last latency",
    absent=_NONE_YET,
)
UNARRIVED = gauge(
    "canary_unarrived_seconds",
    CANARY,
    "How long nothing arrives: time since the slot of the first event after the last arrival; 0 "
    "where every event has arrived.",
    "seconds",
    title="Nothing arrived for",
    absent="No event was published yet",
)
STAGE = gauge(
    "canary_stage",
    CANARY,
    "How far the last event came that had time to arrive: 0 arrived, 1 delivered but not "
    "acknowledged by the consumer, 2 stored by the stream or accepted by the bus but not "
    "delivered, 3 not published.",
    title="Last event",
    absent="No event was published yet",
    states=STAGES,
)
LAST_ARRIVAL = gauge(
    "canary_last_arrival_timestamp_seconds",
    CANARY,
    "When the last event arrived; absent where none has.",
    "seconds",
    title="Last arrival",
    absent=_NONE_YET,
)
PUBLISHED = counter(
    "canary_published_total",
    CANARY,
    "Events that the stream has stored or the bus has accepted; one that several collectors "
    "publish with one id counts once.",
    title="Published",
)
FAILURES = counter(
    "canary_publish_failures_total",
    CANARY,
    "Attempts to publish an event that failed; they are repeated until the event's slot ends.",
    title="Failures to publish",
)
LOST = counter(
    "canary_lost_total",
    CANARY,
    "Events that were published and had not arrived after lost_after.",
    title="Lost",
)
LATE = counter(
    "canary_late_total",
    CANARY,
    "Lost events that arrived after all.",
    title="Arrived late",
)
DUPLICATES = counter(
    "canary_duplicates_total",
    CANARY,
    "Arrivals of events that had arrived before.",
    title="Duplicates",
)
