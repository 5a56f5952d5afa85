"""Metrics of the accounts of a NATS cluster: JetStream usage and limits, connections, traffic."""

from obs.catalogue.declare import counter, gauge

PREFIXES = ("nats_account_",)

ACCOUNT = ("nats", "account")
SHARE = ("nats", "account", "server")
"""An account on one server: a counter that starts again with its server resets like any other."""
TIER = ("nats", "account", "tier")
LIMIT = ("nats", "account", "limit")

LIMIT_USED = gauge(
    "nats_account_limit_used_ratio",
    LIMIT,
    "How much of a limit the account uses. `limit` is connections, leaf_nodes, memory, store, "
    "streams or consumers (of its fullest stream), with the tier before it where there are tiers.",
    "ratio",
    title="Limits of accounts in use",
    absent="No account has a limit that is told",
)
MEMORY = gauge(
    "nats_account_memory_bytes",
    ACCOUNT,
    "Memory that the account's streams use on all servers, replicas included.",
    "bytes",
    title="Memory of accounts",
)
MEMORY_LIMIT = gauge(
    "nats_account_memory_limit_bytes",
    ACCOUNT,
    "Memory that the account may use on all servers together; absent where it has no limit.",
    "bytes",
)
STORE = gauge(
    "nats_account_store_bytes",
    ACCOUNT,
    "File storage that the account's streams use on all servers, replicas included.",
    "bytes",
    title="File storage of accounts",
)
STORE_LIMIT = gauge(
    "nats_account_store_limit_bytes",
    ACCOUNT,
    "File storage that the account may use on all servers together; absent where it has no limit.",
    "bytes",
)
RESERVED_MEMORY = gauge(
    "nats_account_reserved_memory_bytes",
    ACCOUNT,
    "Memory that the account's streams reserve (max_bytes); told to the account itself only.",
    "bytes",
)
RESERVED_STORE = gauge(
    "nats_account_reserved_store_bytes",
    ACCOUNT,
    "File storage that the account's streams reserve (max_bytes); told to the account itself only.",
    "bytes",
)
STREAMS = gauge("nats_account_streams", ACCOUNT, "Streams of the account, watched or not.")
STREAMS_LIMIT = gauge("nats_account_streams_limit", ACCOUNT, "Streams that the account may have.")
CONSUMERS = gauge("nats_account_consumers", ACCOUNT, "Consumers of all the account's streams.")
STREAM_CONSUMERS_LIMIT = gauge(
    "nats_account_stream_consumers_limit",
    ACCOUNT,
    "Consumers that each stream of the account may have (the account's max_consumers).",
)
API_REQUESTS = counter(
    "nats_account_jetstream_api_requests_total",
    ACCOUNT,
    "JetStream API requests of the account since the collector started.",
)
API_ERRORS = counter(
    "nats_account_jetstream_api_errors_total",
    ACCOUNT,
    "JetStream API requests of the account that failed since the collector started.",
)
CONNECTIONS = gauge(
    "nats_account_connections",
    ACCOUNT,
    "Client connections of the account, on all servers that answer.",
    title="Connections of accounts",
)
CONNECTIONS_LIMIT = gauge(
    "nats_account_connections_limit",
    ACCOUNT,
    "Client connections that the account may have in the cluster, leaf nodes included.",
)
LEAF_NODES = gauge(
    "nats_account_leaf_nodes",
    ACCOUNT,
    "Leaf node connections of the account, on all servers that answer.",
)
LEAF_NODES_LIMIT = gauge(
    "nats_account_leaf_nodes_limit", ACCOUNT, "Leaf node connections that the account may have."
)
SUBSCRIPTIONS = gauge(
    "nats_account_subscriptions",
    ACCOUNT,
    "Subscriptions of the account as the server with the most knows them; servers know of those "
    "on other servers too, so that a sum would count them several times.",
)

RECEIVED = counter(
    "nats_account_received_messages_total",
    SHARE,
    "Messages that the server received for the account, from clients and other servers.",
    title="Messages from accounts",
)
SENT = counter(
    "nats_account_sent_messages_total",
    SHARE,
    "Messages that the server sent for the account, to clients and other servers.",
    title="Messages to accounts",
)
RECEIVED_BYTES = counter(
    "nats_account_received_bytes_total", SHARE, "Bytes of the messages that it received.", "bytes"
)
SENT_BYTES = counter(
    "nats_account_sent_bytes_total", SHARE, "Bytes of the messages that it sent.", "bytes"
)
SLOW_CONNECTIONS = counter(
    "nats_account_slow_connections_total",
    SHARE,
    "Connections of the account that the server closed because they read too slowly.",
)

TIER_MEMORY = gauge(
    "nats_account_tier_memory_bytes",
    TIER,
    "Memory that streams of the tier use, each message counted once as the tier's limit does.",
    "bytes",
)
TIER_MEMORY_LIMIT = gauge(
    "nats_account_tier_memory_limit_bytes", TIER, "Memory that the tier may use.", "bytes"
)
TIER_STORE = gauge(
    "nats_account_tier_store_bytes",
    TIER,
    "File storage that streams of the tier use, each message counted once as the tier's limit "
    "does.",
    "bytes",
)
TIER_STORE_LIMIT = gauge(
    "nats_account_tier_store_limit_bytes", TIER, "File storage that the tier may use.", "bytes"
)
TIER_STREAMS = gauge("nats_account_tier_streams", TIER, "Streams of the tier.")
TIER_STREAMS_LIMIT = gauge("nats_account_tier_streams_limit", TIER, "Streams that it may have.")
TIER_CONSUMERS = gauge("nats_account_tier_consumers", TIER, "Consumers of the tier's streams.")
TIER_STREAM_CONSUMERS_LIMIT = gauge(
    "nats_account_tier_stream_consumers_limit",
    TIER,
    "Consumers that each stream of the tier may have.",
)
