"""Metrics of NATS JetStream: consumers, streams, servers."""

from obs.catalogue.declare import counter, gauge, info
from obs.catalogue.metric import Published

PREFIXES = ("nats_consumer_", "nats_stream_", "nats_server_", "nats_missing_", "nats_credentials_")

CONSUMER = ("nats", "account", "stream", "consumer")
STREAM = ("nats", "account", "stream")
SERVER = ("nats", "server")
ORIGIN = (*STREAM, "origin")
MISSING = ("nats", "asset", "reason")
CREDENTIALS = ("nats", "connection")

_CLOUDWATCH_CONSUMER = (("Stream", "stream"), ("Consumer", "consumer"))

LAG_MESSAGES = gauge(
    "nats_consumer_lag_messages",
    CONSUMER,
    "Unprocessed messages: pending plus delivered but not yet acknowledged.",
    "messages",
    title="Lag in messages",
    cloudwatch=Published("ConsumerLag", _CLOUDWATCH_CONSUMER),
)
PENDING_MESSAGES = gauge(
    "nats_consumer_pending_messages",
    CONSUMER,
    "Messages that match the consumer and were not yet delivered.",
    "messages",
    title="Pending",
    on_request=True,
)
ACK_PENDING_MESSAGES = gauge(
    "nats_consumer_ack_pending_messages",
    CONSUMER,
    "Outstanding acks: messages delivered but not yet acknowledged.",
    "messages",
    title="In flight",
)
REDELIVERED_MESSAGES = gauge(
    "nats_consumer_redelivered_messages",
    CONSUMER,
    "Upper bound of the messages in flight that were delivered more than once: processing fails, "
    "or takes longer than ack_wait.",
    "messages",
    title="Redelivered",
)
WAITING_PULLS = gauge(
    "nats_consumer_waiting_pulls",
    CONSUMER,
    "Pull requests waiting for messages; always 0 for a push consumer and while clients are busy.",
    title="Waiting pull requests",
    on_request=True,
)
LAG_SECONDS = gauge(
    "nats_consumer_lag_seconds",
    CONSUMER,
    "Most likely age of the oldest unprocessed message; 0 when there is none.",
    "seconds",
    title="Lag in seconds",
    cloudwatch=Published("ConsumerLagSeconds", _CLOUDWATCH_CONSUMER, "Seconds"),
)
LAG_UNCERTAINTY = gauge(
    "nats_consumer_lag_uncertainty_seconds",
    CONSUMER,
    "Most by which lag_seconds may be off; present only where it is more than 1.5 polls.",
    "seconds",
    title="Uncertainty of the lag",
    rare=True,
)
STATUSES = ("ok", "paused", "slow", "stalled", "stopped", "leaderless")
"""What the values of STATUS stand for, from 0."""
STATUS = gauge(
    "nats_consumer_status",
    CONSUMER,
    "Consumer status: 0 ok, 1 paused, 2 slow, 3 stalled, 4 stopped, 5 leaderless; worse is higher.",
    title="Status",
    states=STATUSES,
)
STATUS_REASON = gauge(
    "nats_consumer_status_reason",
    (*CONSUMER, "reason"),
    "1 while this reason applies to the consumer's status; absent while it does not.",
    title="Reasons",
    absent="No reason applied",
    states=("no", "yes"),
    rare=True,
)
DELIVERED = counter(
    "nats_consumer_delivered_total",
    CONSUMER,
    "Messages delivered, redeliveries included; continues when the consumer is recreated.",
    title="Deliveries",
)
DELIVERED_SEQUENCE = gauge(
    "nats_consumer_delivered_sequence",
    CONSUMER,
    "Stream sequence of the last delivered message.",
    on_request=True,
)
ACK_FLOOR_SEQUENCE = gauge(
    "nats_consumer_ack_floor_sequence",
    CONSUMER,
    "Stream sequence up to which every message is acknowledged.",
    on_request=True,
)
DEAD_LETTERS = counter(
    "nats_consumer_dead_letters_total",
    CONSUMER,
    "Messages that exceeded max_deliver or were terminated; absent while no NATS connection hears "
    "the consumer's account.",
    title="Dead letters",
    absent="No NATS connection hears of dead letters",
)
DEAD_LETTERS_DROPPED = counter(
    "nats_consumer_dead_letters_dropped_total",
    ("nats",),
    "Dead letters that were heard and not counted: too many at once, or of too many consumers that "
    "no poll has seen; absent without a NATS connection.",
    title="Dead letters not counted",
)
RESETS = counter(
    "nats_consumer_resets_total",
    CONSUMER,
    "Times the consumer was recreated or its sequences went back.",
    title="Resets",
    on_request=True,
)
EVICTED_MESSAGES = counter(
    "nats_consumer_evicted_messages_total",
    CONSUMER,
    "Messages that left the stream before this consumer received them: evicted, expired, purged or "
    "deleted; a lower bound with a filter, absent where roll-ups replace messages.",
    title="Messages evicted unprocessed",
    absent="It cannot be told for this consumer",
)
DRAIN_SECONDS = gauge(
    "nats_consumer_drain_seconds",
    CONSUMER,
    "Time until the consumer has caught up at the rate of the last minutes; +Inf while its lag "
    "does not shrink by what it acknowledges.",
    "seconds",
    title="Time to catch up",
)
EVICTION_SECONDS = gauge(
    "nats_consumer_eviction_seconds",
    CONSUMER,
    "Time until max_age evicts the oldest unprocessed message.",
    "seconds",
    title="Time to eviction",
    absent="No unprocessed message will be evicted",
)
MAX_ACK_PENDING = gauge(
    "nats_consumer_max_ack_pending_messages",
    CONSUMER,
    "Limit of messages in flight (max_ack_pending).",
    "messages",
    title="max_ack_pending",
    absent="No limit",
)
MAX_DELIVER = gauge(
    "nats_consumer_max_deliveries",
    CONSUMER,
    "Limit of deliveries of one message (max_deliver); absent where there is no limit.",
    title="max_deliver",
    absent="No limit",
    on_request=True,
)
ACK_WAIT = gauge(
    "nats_consumer_ack_wait_seconds",
    CONSUMER,
    "Time after which an unacknowledged message is delivered again (ack_wait).",
    "seconds",
    title="ack_wait",
    on_request=True,
)
LAST_DELIVERY = gauge(
    "nats_consumer_last_delivery_timestamp_seconds",
    CONSUMER,
    "Time of the consumer's last delivery, or of its last message kept in progress (+WPI).",
    "seconds",
    title="Last delivery",
    absent="Never",
    on_request=True,
)
CONSUMER_SETTINGS = (
    "mode",
    "ack_policy",
    "deliver_policy",
    "max_deliver",
    "max_ack_pending",
    "ack_wait",
    "replicas",
)
"""What the labels of CONSUMER_INFO tell, beside the consumer's name."""
CONSUMER_INFO = info(
    "nats_consumer_info",
    (*CONSUMER, *CONSUMER_SETTINGS),
    "Configuration of the consumer, replicas `inherited` from its stream unless set; always 1.",
    title="Settings",
)
REPLICAS_BEHIND = gauge(
    "nats_consumer_replicas_behind",
    CONSUMER,
    "Replicas of the consumer that are offline or not current.",
    title="Replicas behind",
    on_request=True,
)

STREAM_MESSAGES = gauge(
    "nats_stream_messages",
    STREAM,
    "Messages stored in the stream.",
    "messages",
    title="Messages",
)
STREAM_BYTES = gauge(
    "nats_stream_bytes", STREAM, "Bytes stored in the stream.", "bytes", title="Size"
)
STREAM_FIRST_SEQUENCE = gauge(
    "nats_stream_first_sequence", STREAM, "Sequence of the oldest stored message."
)
STREAM_LAST_SEQUENCE = gauge(
    "nats_stream_last_sequence",
    STREAM,
    "Sequence of the newest stored message.",
    title="Arrivals",
)
STREAM_FIRST_MESSAGE = gauge(
    "nats_stream_first_message_timestamp_seconds",
    STREAM,
    "Arrival time of the oldest stored message.",
    "seconds",
)
STREAM_LAST_MESSAGE = gauge(
    "nats_stream_last_message_timestamp_seconds",
    STREAM,
    "Arrival time of the newest stored message.",
    "seconds",
)
STREAM_CONSUMERS = gauge(
    "nats_stream_consumers", STREAM, "Consumers of the stream.", title="Consumers"
)
STREAM_EPHEMERAL_CONSUMERS = gauge(
    "nats_stream_ephemeral_consumers",
    STREAM,
    "Ephemeral consumers of the stream, which have no series individually.",
)
STREAM_EPHEMERAL_LAG = gauge(
    "nats_stream_ephemeral_lag_messages",
    STREAM,
    "Unprocessed messages of all ephemeral consumers of the stream together.",
    "messages",
)
STREAM_MAX_MESSAGES = gauge(
    "nats_stream_max_messages",
    STREAM,
    "Limit of stored messages (max_msgs); absent where there is none.",
    "messages",
    title="max_msgs",
)
STREAM_MAX_BYTES = gauge(
    "nats_stream_max_bytes",
    STREAM,
    "Limit of stored bytes (max_bytes); absent where there is none.",
    "bytes",
    title="max_bytes",
)
STREAM_MAX_AGE = gauge(
    "nats_stream_max_age_seconds",
    STREAM,
    "Age at which messages are evicted (max_age); absent where there is no limit.",
    "seconds",
)
STREAM_DISCARD_NEW = gauge(
    "nats_stream_discard_new",
    STREAM,
    "1 if the stream rejects new messages at a limit, 0 if it discards its oldest.",
)
STREAM_REPLICAS = gauge(
    "nats_stream_replicas", STREAM, "Configured replicas of the stream.", title="Replicas"
)
STREAM_REPLICAS_BEHIND = gauge(
    "nats_stream_replicas_behind",
    STREAM,
    "Replicas of the stream that are offline or not current.",
    title="Replicas behind",
)
STREAM_REPLICA_LAG = gauge(
    "nats_stream_replica_lag_messages",
    STREAM,
    "Operations that the replica furthest behind has not yet applied.",
    "messages",
)
STREAM_LEADERLESS = gauge(
    "nats_stream_leaderless",
    STREAM,
    "1 while the stream has no leader, else 0.",
)

ORIGIN_LAG = gauge(
    "nats_stream_origin_lag_messages",
    ORIGIN,
    "Messages that a mirror, or a stream with sources, has yet to copy from its origin.",
    "messages",
    title="Not yet copied",
)
ORIGIN_INACTIVE = gauge(
    "nats_stream_origin_inactive_seconds",
    ORIGIN,
    "Time since a mirror, or a stream with sources, last heard from its origin; +Inf if it never "
    "did.",
    "seconds",
    title="Origin silent for",
)

SERVER_UP = gauge(
    "nats_server_up",
    SERVER,
    "1 if the server's monitoring port responded to the last poll, else 0.",
    title="Servers",
    states=("down", "up"),
)
SERVER_HEALTHY = gauge(
    "nats_server_healthy",
    SERVER,
    "1 if the server reports itself healthy (/healthz), else 0; absent where it does not say.",
    title="Health of servers",
    states=("unhealthy", "healthy"),
)
SERVER_INFO = info(
    "nats_server_info",
    (*SERVER, "server_name", "version"),
    "Name and version of the server; always 1.",
)
SERVER_CONNECTIONS = gauge("nats_server_connections", SERVER, "Client connections.")
SERVER_SLOW_CLIENTS = counter(
    "nats_server_slow_consumers_total",
    SERVER,
    "Clients that the server disconnected because they read too slowly.",
    title="Slow clients",
)
SERVER_MEMORY = gauge(
    "nats_server_jetstream_memory_bytes",
    SERVER,
    "Memory used by JetStream.",
    "bytes",
    title="JetStream memory",
)
SERVER_MEMORY_LIMIT = gauge(
    "nats_server_jetstream_memory_limit_bytes",
    SERVER,
    "Memory limit of JetStream.",
    "bytes",
    title="memory limit",
)
SERVER_STORE = gauge(
    "nats_server_jetstream_store_bytes",
    SERVER,
    "File storage used by JetStream.",
    "bytes",
    title="JetStream storage",
)
SERVER_STORE_LIMIT = gauge(
    "nats_server_jetstream_store_limit_bytes",
    SERVER,
    "File storage limit of JetStream.",
    "bytes",
    title="storage limit",
)
SERVER_API_ERRORS = counter(
    "nats_server_jetstream_api_errors_total",
    SERVER,
    "JetStream API requests that failed.",
    title="JetStream API errors",
)

MISSING_ASSETS = gauge(
    "nats_missing_assets",
    MISSING,
    "Streams and consumers that the last poll did not find although nothing says that they were "
    "deleted, and servers that are not polled, by reason.",
    title="Missing streams and consumers",
)

CREDENTIALS_REMAINING = gauge(
    "nats_credentials_remaining_seconds",
    CREDENTIALS,
    "Time until the JWT of a NATS connection expires, at the last poll; below 0 since it has.",
    "seconds",
    title="Credentials expire in",
    absent="No connection signs in with a JWT that expires",
)
