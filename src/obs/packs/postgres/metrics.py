"""Metrics of postgres_exporter.

Versions differ in labels (`server` until 0.19, `datid` since 0.13), so nothing selects by those.
"""

from typing import Final

from obs.catalogue.foreign import counter, gauge

SERVER: Final = ("instance",)
DATABASE: Final = ("instance", "datname")
REPLICA: Final = ("instance", "application_name")
SLOT: Final = ("instance", "slot_name")

UP = gauge("pg_up", SERVER, "Whether the exporter reaches the server: 1, or 0.")
MAX_CONNECTIONS = gauge(
    "pg_settings_max_connections",
    SERVER,
    "Connections that the server accepts, those reserved for superusers included.",
)
BACKENDS = gauge("pg_stat_database_numbackends", DATABASE, "Connections to the database.")
LONGEST_TRANSACTION = gauge(
    "pg_stat_activity_max_tx_duration",
    (*DATABASE, "state"),
    "How long the oldest open transaction of each state of sessions is open, in seconds.",
    unit="seconds",
)
DEADLOCKS = counter("pg_stat_database_deadlocks", DATABASE, "Deadlocks that the server broke.")
COMMITS = counter("pg_stat_database_xact_commit", DATABASE, "Transactions committed.")
ROLLBACKS = counter("pg_stat_database_xact_rollback", DATABASE, "Transactions rolled back.")
BLOCKS_HIT = counter(
    "pg_stat_database_blks_hit", DATABASE, "Blocks found in the server's shared buffers."
)
BLOCKS_READ = counter(
    "pg_stat_database_blks_read", DATABASE, "Blocks read from the operating system."
)
TEMPORARY = counter(
    "pg_stat_database_temp_bytes",
    DATABASE,
    "Bytes that queries wrote to temporary files, for want of work_mem.",
)
SIZE = gauge("pg_database_size_bytes", DATABASE, "Disk space of the database.")
WRAPAROUND_AGE = gauge(
    "pg_database_wraparound_age_datfrozenxid_seconds",
    DATABASE,
    "Transactions since the oldest that is not frozen; not seconds, despite the name. Needs "
    "--collector.database_wraparound (exporter 0.15 or newer).",
    unit="transactions",
)
LAG = gauge(
    "pg_replication_lag_seconds",
    SERVER,
    "How far a replica's replay is behind; 0 on a primary, and when all that came is replayed.",
)
LAG_BEFORE = gauge(
    "pg_replication_lag",
    SERVER,
    "The same, as queries.yaml of exporters before 0.13 names it.",
    unit="seconds",
)
REPLICA_BEHIND = gauge(
    "pg_stat_replication_pg_wal_lsn_diff",
    REPLICA,
    "WAL that the replica has not replayed, as its primary tells; absent without replicas.",
    unit="bytes",
)
SLOT_ACTIVE = gauge(
    "pg_replication_slots_active", SLOT, "Whether something reads from the replication slot."
)
SLOT_ACTIVE_SINCE_020 = gauge(
    "pg_replication_slots_slot_is_active",
    SLOT,
    "The same, as exporters since 0.20 name it.",
)
SLOT_WAL = gauge(
    "pg_replication_slots_pg_wal_lsn_diff",
    SLOT,
    "WAL that the server keeps for the replication slot.",
    unit="bytes",
)
