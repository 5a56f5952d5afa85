"""Metrics of what a NATS cluster is linked to: leaf nodes, and other clusters by gateways."""

from obs.catalogue.declare import counter, gauge

PREFIXES = ("nats_leaf_node_", "nats_gateway_")

LEAF = ("nats", "account", "leaf")
GATEWAY = ("nats", "server", "gateway")

_LOST = ("lost", "connected")

LEAF_UP = gauge(
    "nats_leaf_node_up",
    LEAF,
    "1 while a server of the cluster has a connection of the leaf node; 0 for an hour after the "
    "last one was lost.",
    title="Leaf nodes",
    states=_LOST,
    absent="No leaf node is connected",
)
LEAF_RECEIVED = counter(
    "nats_leaf_node_received_messages_total",
    LEAF,
    "Messages that the cluster received from the leaf node.",
    title="Messages from leaf nodes",
    absent="No leaf node is connected",
)
LEAF_SENT = counter(
    "nats_leaf_node_sent_messages_total",
    LEAF,
    "Messages that the cluster sent to the leaf node.",
    title="Messages to leaf nodes",
    absent="No leaf node is connected",
)
LEAF_RECEIVED_BYTES = counter(
    "nats_leaf_node_received_bytes_total", LEAF, "Bytes of the messages from it.", "bytes"
)
LEAF_SENT_BYTES = counter(
    "nats_leaf_node_sent_bytes_total", LEAF, "Bytes of the messages to it.", "bytes"
)
LEAF_ROUND_TRIP = gauge(
    "nats_leaf_node_round_trip_seconds",
    LEAF,
    "Time of a ping to the leaf node and back; the longest of its connections.",
    "seconds",
)
LEAF_SUBSCRIPTIONS = gauge(
    "nats_leaf_node_subscriptions", LEAF, "Subscriptions that the leaf node has here."
)
GATEWAY_UP = gauge(
    "nats_gateway_up",
    GATEWAY,
    "1 while the server has a connection to the other cluster; 0 for an hour after it was lost.",
    title="Gateways",
    states=_LOST,
    absent="No gateway is configured",
)
GATEWAY_RECEIVED = counter(
    "nats_gateway_received_messages_total",
    GATEWAY,
    "Messages that the server received from the other cluster.",
)
GATEWAY_SENT = counter(
    "nats_gateway_sent_messages_total",
    GATEWAY,
    "Messages that the server sent to the other cluster.",
)
GATEWAY_RECEIVED_BYTES = counter(
    "nats_gateway_received_bytes_total", GATEWAY, "Bytes of the messages from it.", "bytes"
)
GATEWAY_SENT_BYTES = counter(
    "nats_gateway_sent_bytes_total", GATEWAY, "Bytes of the messages to it.", "bytes"
)
GATEWAY_ROUND_TRIP = gauge(
    "nats_gateway_round_trip_seconds",
    GATEWAY,
    "Time of a ping to the other cluster and back.",
    "seconds",
)
GATEWAY_PENDING = gauge(
    "nats_gateway_pending_bytes",
    GATEWAY,
    "Bytes that wait to be sent to the other cluster.",
    "bytes",
)
