"""Alerts on PostgreSQL."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.postgres import quantities
from obs.packs.postgres.metrics import DATABASE, REPLICA, SERVER, SLOT

_SERVER: Final = About("instance", SERVER)
_DATABASE: Final = About("datname", DATABASE)
_REPLICA: Final = About("application_name", REPLICA)
_SLOT: Final = About("slot_name", SLOT)
_KEPT: Final = 30 * MINUTE
_GIB: Final = 2.0**30
_BLOCKS_A_SECOND: Final = 100

ALERTS: Final = (
    Alert(
        "PostgresDown",
        Severity.CRITICAL,
        _SERVER,
        Beyond(quantities.UP, "<", 1, SERVER),
        2 * MINUTE,
        "A PostgreSQL server does not answer.",
        "The exporter {instance} has not reached its PostgreSQL server for {hold}.",
        "Two minutes are longer than a restart takes.",
        "postgres/up",
        _KEPT,
    ),
    Alert(
        "PostgresExporterDown",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.EXPORTER, "<", 1, SERVER),
        5 * MINUTE,
        "Prometheus cannot scrape an exporter of PostgreSQL: nobody watches the server.",
        "The exporter {instance} has not answered Prometheus for {hold}.",
        "No other alert on the server can begin meanwhile. An exporter starts within seconds.",
        "postgres/exporter",
        _KEPT,
    ),
    Alert(
        "PostgresConnectionsHigh",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.CONNECTIONS_USED, ">", 80, SERVER),
        5 * MINUTE,
        "A PostgreSQL server is running out of connections.",
        "{value} of the connections of {instance} are used (threshold {threshold}).",
        "A fifth is what a deployment needs while old and new instances hold their pools.",
        "postgres/connections",
        _KEPT,
    ),
    Alert(
        "PostgresConnectionsExhausted",
        Severity.CRITICAL,
        _SERVER,
        Beyond(quantities.CONNECTIONS_USED, ">", 95, SERVER),
        1 * MINUTE,
        "A PostgreSQL server refuses connections, or is about to.",
        "{value} of the connections of {instance} are used (threshold {threshold}).",
        "The last three of a hundred are reserved for superusers: applications are refused before "
        "all are used.",
        "postgres/connections",
        _KEPT,
    ),
    Alert(
        "PostgresReplicaLagging",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.LAG, ">", 30, SERVER),
        5 * MINUTE,
        "A PostgreSQL replica is behind its primary.",
        "Replica {instance} is {value} behind its primary (threshold {threshold}).",
        "Half a minute is beyond what readers of a replica put up with, and is lost when it is "
        "promoted.",
        "postgres/lag",
        _KEPT,
    ),
    Alert(
        "PostgresReplicaBehind",
        Severity.WARNING,
        _REPLICA,
        Beyond(quantities.REPLICA_BEHIND, ">", _GIB, REPLICA),
        5 * MINUTE,
        "A PostgreSQL primary has much WAL that a replica has not replayed.",
        "Replica {application_name} of {instance} has {value} bytes of WAL left to replay "
        "(threshold {threshold}).",
        "A gigabyte takes minutes to replay; without a slot the primary may delete what the "
        "replica still needs.",
        "postgres/behind",
        _KEPT,
    ),
    Alert(
        "PostgresSlotInactive",
        Severity.WARNING,
        _SLOT,
        Beyond(quantities.SLOT_ACTIVE, "<", 1, SLOT),
        15 * MINUTE,
        "Nothing reads from a PostgreSQL replication slot.",
        "Nothing has read from slot {slot_name} of {instance} for {hold}.",
        "The server keeps all WAL since then, until its disk is full and it stops.",
        "postgres/slots",
        0,  # a slot without series has been dropped
    ),
    Alert(
        "PostgresDeadlocks",
        Severity.WARNING,
        _DATABASE,
        Beyond(quantities.DEADLOCKS, ">", 0, DATABASE),
        0,
        "Transactions of a PostgreSQL database block one another.",
        "Deadlocks in database {datname} of {instance} within {window}: {value}.",
        "Each deadlock ends a transaction with an error, and comes back until the order of locks "
        "is changed.",
        "postgres/deadlocks",
        _KEPT,
    ),
    Alert(
        "PostgresCacheHitsLow",
        Severity.WARNING,
        _DATABASE,
        Beyond(
            quantities.CACHE_HITS,
            "<",
            80,
            DATABASE,
            Traffic(quantities.BLOCKS, _BLOCKS_A_SECOND),
        ),
        15 * MINUTE,
        "A PostgreSQL database reads much from outside its buffers.",
        "{value} of the blocks of database {datname} of {instance} come from its buffers "
        "(threshold {threshold}).",
        "The data in use does not fit: queries wait for the disk. Few reads say nothing.",
        "postgres/cache",
        _KEPT,
    ),
    Alert(
        "PostgresIdleInTransaction",
        Severity.WARNING,
        _DATABASE,
        Beyond(quantities.IDLE_IN_TRANSACTION, ">", 5 * MINUTE, DATABASE),
        1 * MINUTE,
        "A PostgreSQL session holds a transaction open and does nothing.",
        "A session of database {datname} of {instance} has been idle in a transaction for {value} "
        "(threshold {threshold}).",
        "It keeps its locks and its connection, and vacuum from removing dead rows.",
        "postgres/transactions",
        _KEPT,
    ),
    Alert(
        "PostgresTransactionLong",
        Severity.WARNING,
        _DATABASE,
        Beyond(quantities.LONGEST, ">", HOUR, DATABASE),
        5 * MINUTE,
        "A PostgreSQL transaction takes long.",
        "A transaction in database {datname} of {instance} has been open for {value} "
        "(threshold {threshold}).",
        "Vacuum removes no row that died after the oldest transaction began: tables grow.",
        "postgres/transactions",
        _KEPT,
    ),
    Alert(
        "PostgresWraparoundNear",
        Severity.CRITICAL,
        _DATABASE,
        Beyond(quantities.WRAPAROUND_AGE, ">", 1e9, DATABASE),
        15 * MINUTE,
        "A PostgreSQL database runs out of transaction numbers.",
        "The oldest transaction of database {datname} of {instance} that is not frozen is {value} "
        "transactions old (threshold {threshold}).",
        "Autovacuum freezes at 200 million; five times as many say that it cannot. At 2.1 billion "
        "the server stops writing.",
        "postgres/wraparound",
        _KEPT,
    ),
)
