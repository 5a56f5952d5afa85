"""Metrics of a NATS server as such: traffic, load, limits, and its part in JetStream's group."""

from typing import Final

from obs.catalogue.declare import counter, gauge
from obs.catalogue.metric import Metric
from obs.catalogue.nats import SERVER

BY_KIND = (*SERVER, "kind")

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
    BY_KIND,
    "Connections that the server closed because they read too slowly, by their kind.",
)
STALE_BY_KIND = counter(
    "nats_server_stale_connections_by_kind_total",
    BY_KIND,
    "Connections that the server closed because pings went unanswered, by their kind.",
    on_request=True,
)
LAME_DUCK = gauge(
    "nats_server_lame_duck",
    SERVER,
    "1 while the server is in lame duck mode: it accepts no client, closes those it has, one after "
    "the other, and then stops; else 0.",
    states=("no", "lame duck"),
)
CLIENT_RECEIVED_MESSAGES = counter(
    "nats_server_client_received_messages_total",
    SERVER,
    "Messages that the server received from clients alone; told from 2.14 on.",
)
CLIENT_SENT_MESSAGES = counter(
    "nats_server_client_sent_messages_total",
    SERVER,
    "Messages that the server sent to clients alone; told from 2.14 on.",
)
CLIENT_RECEIVED_BYTES = counter(
    "nats_server_client_received_bytes_total", SERVER, "Bytes of the messages from them.", "bytes"
)
CLIENT_SENT_BYTES = counter(
    "nats_server_client_sent_bytes_total", SERVER, "Bytes of the messages to them.", "bytes"
)
SUBSCRIPTIONS_LIMIT = gauge(
    "nats_server_subscriptions_limit",
    SERVER,
    "Subscriptions that the server accepts (max_subscriptions); absent where it has no limit.",
    on_request=True,
)
GO_MEMORY_LIMIT = gauge(
    "nats_server_go_memory_limit_bytes",
    SERVER,
    "Memory at which the server collects its garbage more often (GOMEMLIMIT); absent where it has "
    "no limit.",
    "bytes",
    on_request=True,
)
PINNED_ACCOUNT_FAILURES = counter(
    "nats_server_pinned_account_failures_total",
    SERVER,
    "Logins that failed because the account that signed the user is not pinned.",
    on_request=True,
)
DISK_WAITERS = gauge(
    "nats_server_jetstream_disk_waiters",
    SERVER,
    "Reads and writes of JetStream that wait for their turn at the disk; told from 2.14 on.",
    on_request=True,
)
DISK_WAITS = counter(
    "nats_server_jetstream_disk_waits_total",
    SERVER,
    "Reads and writes of JetStream that had to wait for their turn at the disk.",
    on_request=True,
)
DISK_WAITED = counter(
    "nats_server_jetstream_disk_wait_seconds_total",
    SERVER,
    "How long they waited, all together; fast growth means that the disk is too slow.",
    "seconds",
    on_request=True,
)
DISK_LONGEST_WAIT = gauge(
    "nats_server_jetstream_disk_longest_wait_seconds",
    SERVER,
    "The longest of these waits since the server started.",
    "seconds",
    on_request=True,
)
HA_ASSETS_LIMIT = gauge(
    "nats_server_jetstream_raft_groups_limit",
    SERVER,
    "Raft groups that the server may take part in (max_ha_assets); absent where it has no "
    "limit. Not told by 2.10.",
)
ACCOUNTS = gauge(
    "nats_server_jetstream_accounts",
    SERVER,
    "Accounts that may use JetStream on the server.",
    on_request=True,
)
META_REQUESTS = gauge(
    "nats_server_jetstream_meta_pending_requests",
    SERVER,
    "Requests to create, update or delete a stream or consumer that the meta group's leader has "
    "queued.",
    on_request=True,
)
META_INFOS = gauge(
    "nats_server_jetstream_meta_pending_infos",
    SERVER,
    "Requests for information that the meta group's leader has queued.",
    on_request=True,
)
META_SNAPSHOT_ENTRIES = gauge(
    "nats_server_jetstream_meta_snapshot_pending_entries",
    SERVER,
    "Entries of the meta group's log since its last snapshot.",
    on_request=True,
)
META_SNAPSHOT_AT = gauge(
    "nats_server_jetstream_meta_snapshot_timestamp_seconds",
    SERVER,
    "When the server last made a snapshot of the meta group.",
    "seconds",
    on_request=True,
)
META_SNAPSHOT_TOOK = gauge(
    "nats_server_jetstream_meta_snapshot_duration_seconds",
    SERVER,
    "How long that snapshot took.",
    "seconds",
    on_request=True,
)
STREAMS = gauge(
    "nats_server_jetstream_streams",
    SERVER,
    "Streams of which the server has a replica.",
    on_request=True,
)
CONSUMERS = gauge(
    "nats_server_jetstream_consumers",
    SERVER,
    "Consumers of these streams.",
    on_request=True,
)
MESSAGES = gauge(
    "nats_server_jetstream_messages",
    SERVER,
    "Messages that the server's replicas of streams hold.",
    on_request=True,
)
STREAM_BYTES = gauge(
    "nats_server_jetstream_stream_bytes",
    SERVER,
    "Bytes of these messages.",
    "bytes",
    on_request=True,
)

CERTIFICATE_REMAINING = gauge(
    "nats_server_certificate_remaining_seconds",
    (*SERVER, "listener"),
    "Time until the certificate of one of the server's listeners expires; told from 2.12 on.",
    "seconds",
    title="Certificates expire in",
    absent="No server has a certificate, or is older than 2.12",
)

FACTS: Final[tuple[Metric, ...]] = (
    *(RECEIVED_MESSAGES, SENT_MESSAGES, RECEIVED_BYTES, SENT_BYTES),
    *(CPU, CPU_LIMIT, RESIDENT_MEMORY, SUBSCRIPTIONS, CONNECTIONS_LIMIT, OPENED_CONNECTIONS),
    *(STALLED_CLIENTS, STALE_CONNECTIONS, ROUTES, REMOTES, LEAF_NODES, STARTED, CONFIGURED),
    *(MAX_PAYLOAD, MAX_PENDING, RESERVED_MEMORY, RESERVED_STORE, API_REQUESTS, API_IN_FLIGHT),
    *(HA_ASSETS, META_LEADER_KNOWN, META_LEADER, META_SIZE, META_PENDING, META_SNAPSHOT_PENDING),
    *(CLIENT_RECEIVED_MESSAGES, CLIENT_SENT_MESSAGES, CLIENT_RECEIVED_BYTES, CLIENT_SENT_BYTES),
    *(LAME_DUCK, SUBSCRIPTIONS_LIMIT, GO_MEMORY_LIMIT, PINNED_ACCOUNT_FAILURES),
    *(DISK_WAITERS, DISK_WAITS, DISK_WAITED, DISK_LONGEST_WAIT, HA_ASSETS_LIMIT, ACCOUNTS),
    *(META_REQUESTS, META_INFOS, META_SNAPSHOT_ENTRIES, META_SNAPSHOT_AT, META_SNAPSHOT_TOOK),
    *(STREAMS, CONSUMERS, MESSAGES, STREAM_BYTES),
)
"""What one server tells as one number each; SLOW_CONNECTIONS and STALE_BY_KIND are one for each
kind."""
