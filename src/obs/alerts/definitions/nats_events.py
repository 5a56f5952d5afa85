"""Alerts on what NATS publishes as it happens: elections, refused messages, late acks."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import ErrorRate, Increase
from obs.catalogue import nats, nats_events

_REPLICATED: Final = About("asset", nats_events.REPLICATED)

ALERTS: Final = (
    Alert(
        "NatsQuorumLost",
        Severity.CRITICAL,
        _REPLICATED,
        Increase(nats_events.QUORUM_LOSSES, 0, 10 * MINUTE),
        0,
        "A stream or its consumers lost their quorum.",
        "Stream {stream} of account {account} ({asset}) lost its quorum in the last {window}; "
        "losses: {value} (threshold {threshold}).",
        "Most replicas are gone, so a stream refuses messages, and a consumer delivers none. A "
        "loss that lasts is counted again about once a minute, so the alert fires until it ends.",
        "events/quorum_losses",
    ),
    Alert(
        "NatsLeaderElectionsFrequent",
        Severity.WARNING,
        About.STREAM,
        Increase(nats_events.LEADER_ELECTIONS, 5, 15 * MINUTE, where=(("asset", "stream"),)),
        0,
        "A stream elects a new leader again and again.",
        "Leaders that stream {stream} of account {account} elected in the last {window}: {value} "
        "(threshold {threshold}).",
        "Until a leader is elected, publishing fails. A rolling restart elects one for each server "
        "at most; more than five in a quarter of an hour mean an overloaded server or network.",
        "events/elections",
    ),
    Alert(
        "NatsConsumerNakRateHigh",
        Severity.WARNING,
        About.CONSUMER,
        ErrorRate(nats_events.NAKS, nats.DELIVERED, 10, 15 * MINUTE, 20),
        0,
        "Clients refuse too many messages of a consumer.",
        "Clients refused {value} of the messages delivered by consumer {consumer} on stream "
        "{stream} in the last {window} (threshold {threshold}).",
        "Each refused message is delivered again. One in ten is more than single bad messages: "
        "something that processing depends on fails. At least twenty deliveries are required.",
        "events/nak_share",
    ),
    Alert(
        "NatsConsumerProcessingSlow",
        Severity.WARNING,
        About.CONSUMER,
        ErrorRate(nats_events.LATE, nats_events.SAMPLED_DELIVERIES, 5, 15 * MINUTE, 20),
        0,
        "Processing takes so long that a consumer's messages are about to be delivered again.",
        "Of the sampled deliveries of consumer {consumer} on stream {stream} in the last {window}, "
        "{value} took more than 80 % of ack_wait, or were repeated (threshold {threshold}).",
        "What takes longer than ack_wait is delivered again, which makes processing slower still. "
        "The alert fires while 20 % are left. At least twenty deliveries are required.",
        "events/late_acks",
    ),
)
