"""What CloudWatch has of RDS instances.

An instance that is stopped or starts again publishes nothing, so each value that is missing is
unknown; the number of CPU samples is then 0, which tells that the instance is silent. Deadlocks
are in CloudWatch for Aurora only: the pack postgres has those of a PostgreSQL instance.
"""

from typing import Final

from obs.packs.cloudwatch import Watched, watched
from obs.spec.cloudwatch_metrics import Meaning

_NAMESPACE: Final = "AWS/RDS"
_INSTANCE: Final = ("DBInstanceIdentifier",)


def _of(
    name: str,
    statistic: str,
    unit: str,
    help: str,
    title: str,
    *,
    missing: Meaning = "level",
    period: str = "1m",
) -> Watched:
    return watched(
        _NAMESPACE, name, _INSTANCE, statistic, missing, help, title, unit=unit, period=period
    )


HEARTBEAT: Final = _of(
    "CPUUtilization",
    "SampleCount",
    "Percent",
    "Measurements of the CPU that the instance sent in the newest minute; 0 while it is silent.",
    "Measurements sent",
    missing="heartbeat",
)
CPU: Final = _of(
    "CPUUtilization", "Average", "Percent", "Share of the CPU that is in use.", "CPU used"
)
CONNECTIONS: Final = _of(
    "DatabaseConnections", "Maximum", "Count", "Connections to the instance.", "Connections"
)
FREE_STORAGE: Final = _of(
    "FreeStorageSpace", "Minimum", "Bytes", "Storage that is left.", "Free storage"
)
FREEABLE_MEMORY: Final = _of(
    "FreeableMemory",
    "Minimum",
    "Bytes",
    "Memory that is free, or can be freed at once.",
    "Freeable memory",
)
SWAP: Final = _of("SwapUsage", "Maximum", "Bytes", "Swap space in use.", "Swap used")
REPLICA_LAG: Final = _of(
    "ReplicaLag",
    "Maximum",
    "Seconds",
    "How far a read replica is behind; -1 while it does not replicate. A primary has none.",
    "Replica lag",
)
READ_LATENCY: Final = _of(
    "ReadLatency", "Average", "Seconds", "Mean time of a read from the disk.", "Time of a read"
)
WRITE_LATENCY: Final = _of(
    "WriteLatency", "Average", "Seconds", "Mean time of a write to the disk.", "Time of a write"
)
CPU_CREDITS: Final = _of(
    "CPUCreditBalance",
    "Minimum",
    "Count",
    "CPU credits that an instance of a db.t class has left; others have none.",
    "CPU credits",
    period="5m",
)
BURST_BALANCE: Final = _of(
    "BurstBalance",
    "Minimum",
    "Percent",
    "Share of the I/O credits of a gp2 volume that is left; other volumes have none.",
    "I/O credits left",
    period="5m",
)

EVERY: Final = (
    *(HEARTBEAT, CPU, CONNECTIONS, FREE_STORAGE, FREEABLE_MEMORY, SWAP, REPLICA_LAG),
    *(READ_LATENCY, WRITE_LATENCY, CPU_CREDITS, BURST_BALANCE),
)
INSTANCE: Final = CPU.metric.labels
