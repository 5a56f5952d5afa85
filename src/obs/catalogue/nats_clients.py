"""Metrics of the connections of clients, by account and the name that the client sets."""

from obs.catalogue.declare import counter, gauge
from obs.catalogue.nats import SERVER

PREFIXES = ("nats_client_",)

CLIENT = ("nats", "account", "client")
ACCOUNT = ("nats", "account")

CONNECTIONS = gauge("nats_client_connections", CLIENT, "Connections of clients of this name.")
RECEIVED = counter(
    "nats_client_received_messages_total",
    CLIENT,
    "Messages that servers received from clients of this name while the collector watched; of a "
    "connection that ends, without those since the last poll.",
    title="Messages from clients",
)
SENT = counter(
    "nats_client_sent_messages_total",
    CLIENT,
    "Messages that servers sent to clients of this name, counted in the same way.",
    title="Messages to clients",
)
RECEIVED_BYTES = counter(
    "nats_client_received_bytes_total", CLIENT, "Bytes of the messages from them.", "bytes"
)
SENT_BYTES = counter(
    "nats_client_sent_bytes_total", CLIENT, "Bytes of the messages to them.", "bytes"
)
SUBSCRIPTIONS = gauge("nats_client_subscriptions", CLIENT, "Their subscriptions.")
PENDING = gauge(
    "nats_client_pending_bytes",
    CLIENT,
    "Bytes that wait on servers for clients of this name to read them.",
    "bytes",
    title="Waiting for clients",
)
PENDING_SHARE = gauge(
    "nats_client_pending_ratio",
    CLIENT,
    "What waits for one connection as a share of max_pending; of several connections, the highest. "
    "At 1 the server closes it as a slow consumer.",
    "ratio",
    title="Waiting for a client, of max_pending",
)
ROUND_TRIP = gauge(
    "nats_client_round_trip_seconds",
    CLIENT,
    "Time of a ping to the client and back; the longest of its connections.",
    "seconds",
)
LAST_ACTIVITY = gauge(
    "nats_client_last_activity_timestamp_seconds",
    CLIENT,
    "When a client of this name last sent or received something.",
    "seconds",
)
LEFT_OUT_CONNECTIONS = gauge(
    "nats_client_left_out_connections",
    ACCOUNT,
    "Connections of the account that no series counts, because of max_names or of 10 000 to one "
    "server.",
)
SERVER_PENDING = gauge(
    "nats_client_server_pending_bytes",
    SERVER,
    "Bytes that wait on the server for clients of the chosen accounts.",
    "bytes",
    title="Waiting on servers",
)
