"""Metrics of the routes of a NATS cluster: what its servers send each other."""

from obs.catalogue.declare import counter, gauge

PREFIXES = ("nats_route_",)

ROUTE = ("nats", "server", "route")

ROUTE_UP = gauge(
    "nats_route_up",
    ROUTE,
    "1 while the server has a connection to the other server of its cluster, which `route` names; "
    "0 for an hour after the last one was lost. Absent while the other server does not answer.",
    title="Routes",
    states=("lost", "connected"),
    absent="No cluster is configured",
)
RECEIVED = counter(
    "nats_route_received_messages_total",
    ROUTE,
    "Messages that the server received from the other server.",
)
SENT = counter(
    "nats_route_sent_messages_total",
    ROUTE,
    "Messages that the server sent to the other server.",
    title="Messages on routes",
    absent="No cluster is configured",
)
RECEIVED_BYTES = counter(
    "nats_route_received_bytes_total", ROUTE, "Bytes of the messages from it.", "bytes"
)
SENT_BYTES = counter("nats_route_sent_bytes_total", ROUTE, "Bytes of the messages to it.", "bytes")
ROUND_TRIP = gauge(
    "nats_route_round_trip_seconds",
    ROUTE,
    "Time of a ping to the other server and back; the longest of its connections.",
    "seconds",
    title="Round trip of routes",
    absent="No cluster is configured",
)
SUBSCRIPTIONS = gauge(
    "nats_route_subscriptions", ROUTE, "Subscriptions that the other server has here."
)
PENDING = gauge(
    "nats_route_pending_bytes",
    ROUTE,
    "Bytes that wait to be sent to the other server.",
    "bytes",
    title="Waiting for routes",
    absent="No cluster is configured",
)
CONNECTIONS = gauge(
    "nats_route_connections",
    ROUTE,
    "Connections to the other server: its pool, and one for each account with its own.",
)
