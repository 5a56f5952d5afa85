"""What NATS publishes as it happens: samples of acknowledgements, and advisories.

All of it is known only while a connection hears the account, and absent otherwise.
"""

from obs.catalogue.declare import counter, gauge, histogram
from obs.catalogue.nats import CONSUMER, STREAM

PREFIXES = ("nats_ack_samples_", "nats_asset_", "nats_audit_", "nats_events_")

REPLICATED = (*STREAM, "asset")
CHANGES_OF = ("nats", "account", "asset", "action")
AUDITED = ("nats", "account", "action", "error")
PAUSED_OF = ("nats", "account", "event")
GROUP = (*CONSUMER, "group")

PROCESSING = histogram(
    "nats_consumer_processing_seconds",
    CONSUMER,
    "Time from a message's last delivery to its acknowledgement, of the messages that the server "
    "samples (sample_freq); work that is kept in progress (+WPI) counts from there.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
    "seconds",
    title="Processing time",
    absent="The consumer samples no acknowledgements (sample_freq)",
    rare=True,
)
SAMPLED_DELIVERIES = counter(
    "nats_consumer_sampled_deliveries_total",
    CONSUMER,
    "Deliveries of the messages whose acknowledgements were sampled; divided by the count of "
    "processing_seconds, the deliveries a message needs.",
    title="Deliveries of sampled messages",
    absent="The consumer samples no acknowledgements (sample_freq)",
    rare=True,
)
LATE = counter(
    "nats_consumer_late_acks_total",
    CONSUMER,
    "Sampled acknowledgements that came after 80 % of ack_wait (of the first step of backoff), or "
    "of a message that had to be delivered again.",
    title="Late acks",
    absent="The consumer samples no acknowledgements (sample_freq)",
    rare=True,
)
SAMPLES_DROPPED = counter(
    "nats_ack_samples_dropped_total",
    ("nats",),
    "Samples of acknowledgements that were not counted: of more consumers than have a histogram.",
    title="Ack samples not counted",
)
NAKS = counter(
    "nats_consumer_naks_total",
    CONSUMER,
    "Messages that clients refused with -NAK, to have them delivered again; counted where a "
    "connection's events include naks.",
    title="NAKs",
    absent="No connection counts NAKs (events: naks)",
    rare=True,
)
TERMINATED = counter(
    "nats_consumer_terminated_messages_total",
    CONSUMER,
    "Messages that clients refused for good with +TERM; counted where a connection's events "
    "include naks.",
    title="Terminations",
    absent="No connection counts terminations (events: naks)",
    rare=True,
)
QUORUM_LOSSES = counter(
    "nats_stream_quorum_losses_total",
    REPLICATED,
    "Times that the stream, or one of its consumers, lost its quorum. Replicas that say so "
    "within a minute tell of one loss; one that lasts is counted again about once a minute.",
    title="Quorum lost",
    absent="No connection hears of elections (events: elections)",
)
LEADER_ELECTIONS = counter(
    "nats_stream_leader_elections_total",
    REPLICATED,
    "Leaders elected by the stream, or by its consumers.",
    title="Leader elections",
    absent="No connection hears of elections (events: elections)",
)
CHANGES = counter(
    "nats_asset_changes_total",
    CHANGES_OF,
    "Streams and consumers that were created, updated or deleted.",
    title="Streams and consumers changed",
    absent="No connection hears of changes (events: changes)",
)
AUDITED_REQUESTS = counter(
    "nats_audit_requests_total",
    AUDITED,
    "Requests to the JetStream API that servers audited, by what they ask for and whether they "
    "failed; counted where a connection's events include api.",
    title="JetStream API requests",
    absent="No connection counts API requests (events: api)",
)
EVENTS_PAUSED = counter(
    "nats_events_paused_seconds_total",
    PAUSED_OF,
    "Time in which events of a kind were not counted, because more came than are worth the CPU.",
    "seconds",
    title="Events not counted",
)

PINNED = gauge(
    "nats_consumer_pinned",
    GROUP,
    "1 while a client is pinned to the priority group of a consumer, 0 while none is; only groups "
    "with the policy pinned_client.",
    title="Pinned client",
    absent="The consumer pins no client",
    states=("none", "pinned"),
)
PINNED_SINCE = gauge(
    "nats_consumer_pinned_timestamp_seconds",
    GROUP,
    "When the client that is pinned to the priority group was pinned.",
    "seconds",
    title="Pinned",
    absent="No client is pinned",
)
PAUSED_UNTIL = gauge(
    "nats_consumer_paused_until_timestamp_seconds",
    CONSUMER,
    "When a paused consumer goes on by itself (pause_until); present only while it is paused.",
    "seconds",
    title="Paused until",
    absent="The consumer is not paused",
    rare=True,
)
INACTIVE_THRESHOLD = gauge(
    "nats_consumer_inactive_threshold_seconds",
    CONSUMER,
    "Time without any client after which the server deletes the consumer (inactive_threshold).",
    "seconds",
    title="inactive_threshold",
    absent="The consumer stays without clients",
    on_request=True,
)
HEADERS_ONLY = gauge(
    "nats_consumer_headers_only",
    CONSUMER,
    "1 where the consumer delivers headers without the message's body (headers_only); only such.",
    title="Headers only",
    absent="The consumer delivers whole messages",
    on_request=True,
)
