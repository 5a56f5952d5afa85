"""Metrics of NATS JetStream: consumers, streams, servers."""

from obs.catalogue.metric import Metric, Published, counter, gauge, info

CONSUMER = ("nats", "account", "stream", "consumer")
STREAM = ("nats", "account", "stream")
SERVER = ("nats", "server")

LAG_MESSAGES = gauge(
    "nats_consumer_lag_messages",
    CONSUMER,
    "Messages not yet acknowledged: pending plus ack pending.",
    "messages",
    cloudwatch=Published("ConsumerLag", (("Stream", "stream"), ("Consumer", "consumer"))),
)
PENDING_MESSAGES = gauge(
    "nats_consumer_pending_messages",
    CONSUMER,
    "Messages matching the consumer that were never delivered.",
    "messages",
)
ACK_PENDING_MESSAGES = gauge(
    "nats_consumer_ack_pending_messages",
    CONSUMER,
    "Messages delivered and not yet acknowledged.",
    "messages",
)
REDELIVERED_MESSAGES = gauge(
    "nats_consumer_redelivered_messages",
    CONSUMER,
    "Messages in flight that were delivered more than once, at most.",
    "messages",
)
WAITING_PULLS = gauge(
    "nats_consumer_waiting_pulls",
    CONSUMER,
    "Pull requests waiting for messages.",
)
LAG_SECONDS = gauge(
    "nats_consumer_lag_seconds",
    CONSUMER,
    "Age of the oldest message the consumer still owes; 0 when it owes none.",
    "seconds",
    cloudwatch=Published(
        "ConsumerLagSeconds", (("Stream", "stream"), ("Consumer", "consumer")), "Seconds"
    ),
)
LAG_UNCERTAINTY = gauge(
    "nats_consumer_lag_uncertainty_seconds",
    CONSUMER,
    "How far lag_seconds may be off; present only where it is more than 1.5 polls.",
    "seconds",
)
STATUSES = ("ok", "paused", "slow", "stalled", "stopped", "leaderless")
"""What the values of STATUS stand for, from 0."""
STATUS = gauge(
    "nats_consumer_status",
    CONSUMER,
    "0 ok, 1 paused, 2 slow, 3 stalled, 4 stopped, 5 leaderless; worse is higher.",
)
STATUS_REASON = gauge(
    "nats_consumer_status_reason",
    (*CONSUMER, "reason"),
    "1 while this reason holds for the consumer, else 0.",
)
DELIVERED = counter(
    "nats_consumer_delivered_total",
    CONSUMER,
    "Deliveries, redeliveries included.",
)
DELIVERED_SEQUENCE = gauge(
    "nats_consumer_delivered_sequence",
    CONSUMER,
    "Stream sequence of the last delivered message.",
)
ACK_FLOOR_SEQUENCE = gauge(
    "nats_consumer_ack_floor_sequence",
    CONSUMER,
    "Stream sequence below which everything is acknowledged.",
)
DEAD_LETTERS = counter(
    "nats_consumer_dead_letters_total",
    CONSUMER,
    "Messages that ran out of deliveries or were terminated; absent without a NATS connection.",
)
RESETS = counter(
    "nats_consumer_resets_total",
    CONSUMER,
    "Times the consumer was recreated or its sequences went back.",
)
DRAIN_SECONDS = gauge(
    "nats_consumer_drain_seconds",
    CONSUMER,
    "Time until the lag is gone at the pace of the last minutes; +Inf while it does not shrink.",
    "seconds",
)
EVICTION_SECONDS = gauge(
    "nats_consumer_eviction_seconds",
    CONSUMER,
    "Time until max_age evicts the oldest message the consumer still owes.",
    "seconds",
)
MAX_ACK_PENDING = gauge(
    "nats_consumer_max_ack_pending_messages",
    CONSUMER,
    "Limit of messages in flight.",
    "messages",
)
MAX_DELIVER = gauge(
    "nats_consumer_max_deliveries",
    CONSUMER,
    "Deliveries a message is given; absent where there is no limit.",
)
ACK_WAIT = gauge(
    "nats_consumer_ack_wait_seconds",
    CONSUMER,
    "Time a delivery may stay unacknowledged before the message is delivered again.",
    "seconds",
)
LAST_DELIVERY = gauge(
    "nats_consumer_last_delivery_timestamp_seconds",
    CONSUMER,
    "When a message was last delivered.",
    "seconds",
)
REPLICAS_BEHIND = gauge(
    "nats_consumer_replicas_behind",
    CONSUMER,
    "Replicas of the consumer that are offline or not current.",
)

STREAM_MESSAGES = gauge(
    "nats_stream_messages", STREAM, "Messages stored in the stream.", "messages"
)
STREAM_BYTES = gauge("nats_stream_bytes", STREAM, "Bytes stored in the stream.", "bytes")
STREAM_FIRST_SEQUENCE = gauge(
    "nats_stream_first_sequence", STREAM, "Sequence of the oldest stored message."
)
STREAM_LAST_SEQUENCE = gauge(
    "nats_stream_last_sequence", STREAM, "Sequence of the newest stored message."
)
STREAM_FIRST_MESSAGE = gauge(
    "nats_stream_first_message_timestamp_seconds",
    STREAM,
    "When the oldest stored message arrived.",
    "seconds",
)
STREAM_LAST_MESSAGE = gauge(
    "nats_stream_last_message_timestamp_seconds",
    STREAM,
    "When the newest stored message arrived.",
    "seconds",
)
STREAM_CONSUMERS = gauge("nats_stream_consumers", STREAM, "Consumers of the stream.")
STREAM_EPHEMERAL_CONSUMERS = gauge(
    "nats_stream_ephemeral_consumers",
    STREAM,
    "Consumers without a durable name, which have no series of their own.",
)
STREAM_EPHEMERAL_LAG = gauge(
    "nats_stream_ephemeral_lag_messages",
    STREAM,
    "Messages that the ephemeral consumers together have not yet acknowledged.",
    "messages",
)
STREAM_MAX_MESSAGES = gauge(
    "nats_stream_max_messages",
    STREAM,
    "Limit of stored messages; absent where there is none.",
    "messages",
)
STREAM_MAX_BYTES = gauge(
    "nats_stream_max_bytes", STREAM, "Limit of stored bytes; absent where there is none.", "bytes"
)
STREAM_MAX_AGE = gauge(
    "nats_stream_max_age_seconds",
    STREAM,
    "Age at which messages are evicted; absent where there is none.",
    "seconds",
)
STREAM_DISCARD_NEW = gauge(
    "nats_stream_discard_new",
    STREAM,
    "1 if the stream refuses messages at a limit, 0 if it discards its oldest.",
)
STREAM_REPLICAS = gauge("nats_stream_replicas", STREAM, "Replicas the stream is configured with.")
STREAM_REPLICAS_BEHIND = gauge(
    "nats_stream_replicas_behind", STREAM, "Replicas that are offline or not current."
)
STREAM_REPLICA_LAG = gauge(
    "nats_stream_replica_lag_messages",
    STREAM,
    "Operations the replica furthest behind has yet to apply.",
    "messages",
)
STREAM_LEADERLESS = gauge(
    "nats_stream_leaderless", STREAM, "1 while no server leads the stream, else 0."
)

SERVER_UP = gauge("nats_server_up", SERVER, "1 if the server's monitoring port answered, else 0.")
SERVER_INFO = info(
    "nats_server_info", (*SERVER, "server_name", "version"), "What answers at this address."
)
SERVER_CONNECTIONS = gauge("nats_server_connections", SERVER, "Client connections.")
SERVER_SLOW_CLIENTS = counter(
    "nats_server_slow_consumers_total", SERVER, "Clients dropped because they read too slowly."
)
SERVER_MEMORY = gauge(
    "nats_server_jetstream_memory_bytes", SERVER, "Memory used by JetStream.", "bytes"
)
SERVER_MEMORY_LIMIT = gauge(
    "nats_server_jetstream_memory_limit_bytes", SERVER, "Memory JetStream may use.", "bytes"
)
SERVER_STORE = gauge(
    "nats_server_jetstream_store_bytes", SERVER, "File storage used by JetStream.", "bytes"
)
SERVER_STORE_LIMIT = gauge(
    "nats_server_jetstream_store_limit_bytes", SERVER, "File storage JetStream may use.", "bytes"
)
SERVER_API_ERRORS = counter(
    "nats_server_jetstream_api_errors_total", SERVER, "JetStream API requests that failed."
)

CONSUMER_METRICS: tuple[Metric, ...] = (
    LAG_MESSAGES,
    PENDING_MESSAGES,
    ACK_PENDING_MESSAGES,
    REDELIVERED_MESSAGES,
    WAITING_PULLS,
    LAG_SECONDS,
    LAG_UNCERTAINTY,
    STATUS,
    STATUS_REASON,
    DELIVERED,
    DELIVERED_SEQUENCE,
    ACK_FLOOR_SEQUENCE,
    DEAD_LETTERS,
    RESETS,
    DRAIN_SECONDS,
    EVICTION_SECONDS,
    MAX_ACK_PENDING,
    MAX_DELIVER,
    ACK_WAIT,
    LAST_DELIVERY,
    REPLICAS_BEHIND,
)
STREAM_METRICS: tuple[Metric, ...] = (
    STREAM_MESSAGES,
    STREAM_BYTES,
    STREAM_FIRST_SEQUENCE,
    STREAM_LAST_SEQUENCE,
    STREAM_FIRST_MESSAGE,
    STREAM_LAST_MESSAGE,
    STREAM_CONSUMERS,
    STREAM_EPHEMERAL_CONSUMERS,
    STREAM_EPHEMERAL_LAG,
    STREAM_MAX_MESSAGES,
    STREAM_MAX_BYTES,
    STREAM_MAX_AGE,
    STREAM_DISCARD_NEW,
    STREAM_REPLICAS,
    STREAM_REPLICAS_BEHIND,
    STREAM_REPLICA_LAG,
    STREAM_LEADERLESS,
)
SERVER_METRICS: tuple[Metric, ...] = (
    SERVER_UP,
    SERVER_INFO,
    SERVER_CONNECTIONS,
    SERVER_SLOW_CLIENTS,
    SERVER_MEMORY,
    SERVER_MEMORY_LIMIT,
    SERVER_STORE,
    SERVER_STORE_LIMIT,
    SERVER_API_ERRORS,
)
ALL: tuple[Metric, ...] = (*CONSUMER_METRICS, *STREAM_METRICS, *SERVER_METRICS)
