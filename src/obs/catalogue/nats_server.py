"""Metrics of a NATS server as such: traffic, load, limits, and its part in JetStream's group."""

from typing import Final

from obs.catalogue.declare import counter, gauge
from obs.catalogue.metric import Metric
from obs.catalogue.nats import SERVER

SLOW_KIND = (*SERVER, "kind")

RECEIVED_MESSAGES = counter(
    "nats_server_received_messages_total",
    SERVER,
    "Messages that the server received, from clients and from other servers.",
    title="Messages in",
)
SENT_MESSAGES = counter(
    "nats_server_sent_messages_total",
    SERVER,
    "Messages that the server sent, to clients and to other servers.",
    title="Messages out",
)
RECEIVED_BYTES = counter(
    "nats_server_received_bytes_total", SERVER, "Bytes of the messages that it received.", "bytes"
)
SENT_BYTES = counter(
    "nats_server_sent_bytes_total", SERVER, "Bytes of the messages that it sent.", "bytes"
)
CPU = gauge(
    "nats_server_cpu_cores", SERVER, "CPU that the server uses, in cores.", title="CPU in use"
)
CPU_LIMIT = gauge(
    "nats_server_cpu_limit_cores",
    SERVER,
    "Cores that the server may use (GOMAXPROCS, or those of the machine).",
    title="cores",
)
RESIDENT_MEMORY = gauge(
    "nats_server_resident_memory_bytes",
    SERVER,
    "Resident memory of the server's process, JetStream's memory storage included.",
    "bytes",
    title="Memory",
)
SUBSCRIPTIONS = gauge(
    "nats_server_subscriptions",
    SERVER,
    "What its clients and the servers behind it listen to; memory grows with it.",
    title="Subscriptions",
)
CONNECTIONS_LIMIT = gauge(
    "nats_server_connections_limit",
    SERVER,
    "Client connections that the server accepts (max_connections).",
    title="max_connections",
)
OPENED_CONNECTIONS = counter(
    "nats_server_opened_connections_total",
    SERVER,
    "Client connections since the server started; fast growth means that clients reconnect.",
)
STALLED_CLIENTS = counter(
    "nats_server_stalled_clients_total",
    SERVER,
    "Times that a client was made to wait because those that read its messages were slow.",
)
STALE_CONNECTIONS = counter(
    "nats_server_stale_connections_total",
    SERVER,
    "Connections that the server closed because pings went unanswered.",
)
ROUTES = gauge(
    "nats_server_routes", SERVER, "Connections to other servers of the cluster, several to each."
)
REMOTES = gauge("nats_server_remotes", SERVER, "Other servers of the cluster it is connected to.")
LEAF_NODES = gauge("nats_server_leaf_nodes", SERVER, "Leaf node connections.")
STARTED = gauge(
    "nats_server_start_timestamp_seconds", SERVER, "When the server started.", "seconds"
)
CONFIGURED = gauge(
    "nats_server_config_loaded_timestamp_seconds",
    SERVER,
    "When the server last read its configuration: at its start, or when it was reloaded.",
    "seconds",
)
MAX_PAYLOAD = gauge(
    "nats_server_payload_limit_bytes",
    SERVER,
    "Largest message that the server accepts (max_payload).",
    "bytes",
)
MAX_PENDING = gauge(
    "nats_server_pending_limit_bytes",
    SERVER,
    "Bytes that may wait for one client before it counts as slow (max_pending).",
    "bytes",
)
RESERVED_MEMORY = gauge(
    "nats_server_jetstream_reserved_memory_bytes",
    SERVER,
    "Memory that streams and accounts reserve.",
    "bytes",
)
RESERVED_STORE = gauge(
    "nats_server_jetstream_reserved_store_bytes",
    SERVER,
    "File storage that streams and accounts reserve.",
    "bytes",
)
API_REQUESTS = counter(
    "nats_server_jetstream_api_requests_total", SERVER, "JetStream API requests."
)
API_IN_FLIGHT = gauge(
    "nats_server_jetstream_api_in_flight",
    SERVER,
    "JetStream API requests that the server works on or has queued.",
)
HA_ASSETS = gauge(
    "nats_server_jetstream_raft_groups",
    SERVER,
    "Raft groups that the server takes part in: one for each replicated stream and consumer.",
)
META_LEADER_KNOWN = gauge(
    "nats_server_jetstream_meta_leader_known",
    SERVER,
    "1 if the server knows a leader of JetStream's meta group, else 0; absent without a cluster.",
    states=("none", "known"),
    title="Meta leader",
)
META_LEADER = gauge(
    "nats_server_jetstream_meta_leader",
    SERVER,
    "1 on the server that leads JetStream's meta group, else 0; absent without a cluster.",
)
META_SIZE = gauge(
    "nats_server_jetstream_meta_servers", SERVER, "Servers in JetStream's meta group."
)
META_PENDING = gauge(
    "nats_server_jetstream_meta_pending",
    SERVER,
    "Changes to streams and consumers that the meta group has yet to make.",
    title="Meta group backlog",
)
META_SNAPSHOT_PENDING = gauge(
    "nats_server_jetstream_meta_snapshot_pending_bytes",
    SERVER,
    "Size of the meta group's log since its last snapshot.",
    "bytes",
)
SLOW_CONNECTIONS = counter(
    "nats_server_slow_connections_total",
    SLOW_KIND,
    "Connections that the server closed because they read too slowly, by their kind.",
)

FACTS: Final[tuple[Metric, ...]] = (
    *(RECEIVED_MESSAGES, SENT_MESSAGES, RECEIVED_BYTES, SENT_BYTES),
    *(CPU, CPU_LIMIT, RESIDENT_MEMORY, SUBSCRIPTIONS, CONNECTIONS_LIMIT, OPENED_CONNECTIONS),
    *(STALLED_CLIENTS, STALE_CONNECTIONS, ROUTES, REMOTES, LEAF_NODES, STARTED, CONFIGURED),
    *(MAX_PAYLOAD, MAX_PENDING, RESERVED_MEMORY, RESERVED_STORE, API_REQUESTS, API_IN_FLIGHT),
    *(HA_ASSETS, META_LEADER_KNOWN, META_LEADER, META_SIZE, META_PENDING, META_SNAPSHOT_PENDING),
)
"""What one server tells as one number each; SLOW_CONNECTIONS is one for each kind."""
