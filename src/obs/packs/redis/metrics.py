"""Metrics of redis_exporter. While `redis_up` is 0, there are none of the others."""

from typing import Final

from obs.catalogue.foreign import counter, gauge

SERVER: Final = ("instance",)
REPLICA: Final = ("instance", "slave_ip", "slave_port")

UP = gauge("redis_up", SERVER, "Whether the exporter reaches the server: 1, or 0.")
HITS = counter("redis_keyspace_hits_total", SERVER, "Keys asked for and found.")
MISSES = counter("redis_keyspace_misses_total", SERVER, "Keys asked for and not found.")
MEMORY_USED = gauge("redis_memory_used_bytes", SERVER, "Memory that the server has allocated.")
MEMORY_MAX = gauge("redis_memory_max_bytes", SERVER, "The limit of its memory; 0 without one.")
INFO = gauge(
    "redis_instance_info",
    (*SERVER, "maxmemory_policy"),
    "1; its labels tell the version, the role and what happens at the limit of memory.",
)
EVICTED = counter("redis_evicted_keys_total", SERVER, "Keys removed to stay below the limit.")
EXPIRED = counter("redis_expired_keys_total", SERVER, "Keys whose time was over.")
CLIENTS = gauge("redis_connected_clients", SERVER, "Clients connected, without replicas.")
MAX_CLIENTS = gauge("redis_max_clients", SERVER, "Clients that the server accepts.")
CONFIGURED_CLIENTS = gauge(
    "redis_config_maxclients",
    SERVER,
    "The same, of older exporters; absent where the server forbids CONFIG.",
)
BLOCKED = gauge(
    "redis_blocked_clients", SERVER, "Clients that wait in BLPOP, XREAD and other such commands."
)
REJECTED = counter(
    "redis_rejected_connections_total", SERVER, "Connections refused: maxclients was reached."
)
COMMANDS = counter("redis_commands_processed_total", SERVER, "Commands that the server did.")
COMMAND_SECONDS = counter(
    "redis_commands_duration_seconds_total", (*SERVER, "cmd"), "Time spent in each command."
)
KEYS = gauge("redis_db_keys", (*SERVER, "db"), "Keys of each database.")
LINK_UP = gauge(
    "redis_master_link_up",
    SERVER,
    "Whether a replica is connected to its master; absent on a master.",
)
LAG = gauge(
    "redis_connected_slave_lag_seconds",
    REPLICA,
    "Seconds since the replica last acknowledged, as its master tells; absent without replicas.",
)
SAVED = gauge(
    "redis_rdb_last_bgsave_status", SERVER, "Whether the last snapshot was written: 1, or 0."
)
