"""Alerts on RDS instances."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below, Beyond
from obs.packs.rds import metrics, quantities
from obs.packs.rds.metrics import INSTANCE

_INSTANCE: Final = About("db_instance_identifier", INSTANCE)
_KEPT: Final = 30 * MINUTE
_GIB: Final = 2.0**30
_MIB: Final = 2.0**20

ALERTS: Final = (
    Alert(
        "RdsInstanceSilent",
        Severity.CRITICAL,
        _INSTANCE,
        Below(metrics.HEARTBEAT.metric, 1, "number"),
        5 * MINUTE,
        "An RDS instance tells CloudWatch nothing: it is down, or stopped.",
        "RDS instance {db_instance_identifier} has sent no measurement for {hold}.",
        "A running instance measures its CPU each minute; a failover takes one or two.",
        "rds/heartbeat",
        _KEPT,
    ),
    Alert(
        "RdsCpuHigh",
        Severity.WARNING,
        _INSTANCE,
        Above(metrics.CPU.metric, 0.7, "ratio"),
        15 * MINUTE,
        "An RDS instance's CPU is busy.",
        "RDS instance {db_instance_identifier} uses {value} of its CPU (threshold {threshold}).",
        "Above 70 % for a quarter of an hour a burst of queries queues.",
        "rds/cpu",
        _KEPT,
    ),
    Alert(
        "RdsCpuCreditsLow",
        Severity.WARNING,
        _INSTANCE,
        Below(metrics.CPU_CREDITS.metric, 20, "number"),
        15 * MINUTE,
        "An RDS instance has almost used up its CPU credits.",
        "RDS instance {db_instance_identifier} has {value} CPU credits left "
        "(threshold {threshold}).",
        "Twenty credits are ten minutes of two CPUs. Without credits the instance is slowed to "
        "its baseline, or each further hour costs money.",
        "rds/cpu_credits",
        _KEPT,
    ),
    Alert(
        "RdsConnectionsHigh",
        Severity.WARNING,
        _INSTANCE,
        Above(metrics.CONNECTIONS.metric, 80, "connections"),
        5 * MINUTE,
        "An RDS instance is running out of connections.",
        "RDS instance {db_instance_identifier} has {value} connections (threshold {threshold}).",
        "At max_connections the instance refuses applications. A fifth is what a deployment needs "
        "while old and new tasks hold their pools.",
        "rds/connections",
        _KEPT,
    ),
    Alert(
        "RdsStorageLow",
        Severity.CRITICAL,
        _INSTANCE,
        Below(metrics.FREE_STORAGE.metric, 5 * _GIB, "bytes"),
        5 * MINUTE,
        "An RDS instance has little storage left.",
        "RDS instance {db_instance_identifier} has {value} bytes of storage left "
        "(threshold {threshold}).",
        "Without storage the instance stops. It can be given more while it runs, once in six "
        "hours.",
        "rds/storage",
        _KEPT,
    ),
    Alert(
        "RdsStorageFillingUp",
        Severity.WARNING,
        _INSTANCE,
        Beyond(quantities.STORAGE_TOMORROW, "<", 0, INSTANCE),
        30 * MINUTE,
        "An RDS instance's storage will be full within a day.",
        "At the pace of the last {window} RDS instance {db_instance_identifier} lacks {value} "
        "bytes of storage in 24 hours.",
        "A day is time to add storage in working hours. Half an hour of it is no single import.",
        "rds/storage_tomorrow",
        _KEPT,
    ),
    Alert(
        "RdsMemoryLow",
        Severity.WARNING,
        _INSTANCE,
        Below(metrics.FREEABLE_MEMORY.metric, 128 * _MIB, "bytes"),
        15 * MINUTE,
        "An RDS instance has little memory left.",
        "RDS instance {db_instance_identifier} has {value} bytes of memory left "
        "(threshold {threshold}).",
        "Below it the instance swaps, and the system may end the database's processes.",
        "rds/memory",
        _KEPT,
    ),
    Alert(
        "RdsReplicaLagging",
        Severity.WARNING,
        _INSTANCE,
        Above(metrics.REPLICA_LAG.metric, 60, "seconds"),
        10 * MINUTE,
        "An RDS read replica is behind its primary.",
        "Read replica {db_instance_identifier} is {value} behind (threshold {threshold}).",
        "Readers see data that is a minute old. Of a PostgreSQL primary without writes it grows "
        "for up to five minutes.",
        "rds/replica_lag",
        _KEPT,
    ),
    Alert(
        "RdsReplicationStopped",
        Severity.CRITICAL,
        _INSTANCE,
        Below(metrics.REPLICA_LAG.metric, 0, "seconds"),
        5 * MINUTE,
        "An RDS read replica does not replicate.",
        "Read replica {db_instance_identifier} has not replicated for {hold}.",
        "RDS tells a lag of -1 while replication is stopped or failed: readers see data that gets "
        "older and older.",
        "rds/replica_lag",
        _KEPT,
    ),
    Alert(
        "RdsReadsSlow",
        Severity.WARNING,
        _INSTANCE,
        Above(metrics.READ_LATENCY.metric, 0.02, "seconds"),
        15 * MINUTE,
        "An RDS instance reads slowly from its disk.",
        "A read of RDS instance {db_instance_identifier} takes {value} (threshold {threshold}).",
        "A healthy SSD volume reads within a few milliseconds; at 20 it queues.",
        "rds/read_latency",
        _KEPT,
    ),
    Alert(
        "RdsWritesSlow",
        Severity.WARNING,
        _INSTANCE,
        Above(metrics.WRITE_LATENCY.metric, 0.02, "seconds"),
        15 * MINUTE,
        "An RDS instance writes slowly to its disk.",
        "A write of RDS instance {db_instance_identifier} takes {value} (threshold {threshold}).",
        "Each commit waits for a write; at 20 milliseconds the volume queues.",
        "rds/write_latency",
        _KEPT,
    ),
    Alert(
        "RdsBurstBalanceLow",
        Severity.WARNING,
        _INSTANCE,
        Below(metrics.BURST_BALANCE.metric, 0.2, "ratio"),
        15 * MINUTE,
        "An RDS instance's volume has almost used up its I/O credits.",
        "RDS instance {db_instance_identifier} has {value} of its I/O credits left "
        "(threshold {threshold}).",
        "Without credits a gp2 volume falls to three I/O operations a second for each GiB.",
        "rds/burst_balance",
        _KEPT,
    ),
)
