"""The page of RDS instances."""

from typing import Final

from obs.packs.page import Line, Lines, PackPage, Row, Stat
from obs.packs.rds import metrics, quantities
from obs.packs.rds.metrics import INSTANCE

PAGE: Final = PackPage(
    "rds",
    "RDS",
    "Are the database instances there, and have they connections, CPU and storage left?",
    [
        ("aws", metrics.HEARTBEAT.metric),
        ("db_instance_identifier", metrics.HEARTBEAT.metric),
    ],
    INSTANCE,
    [
        Stat(
            "silent",
            "Silent instances",
            quantities.HEARTBEAT,
            "Instances that sent no measurement in the newest minute.",
            below=1,
        ),
        Stat("cpu_now", "Busiest CPU", quantities.CPU_PERCENT, "The busiest instance."),
        Stat(
            "connections_now", "Connections", quantities.CONNECTIONS, "Of the instance with most."
        ),
        Stat(
            "storage_now",
            "Least free storage",
            quantities.FREE_STORAGE,
            "The instance that has the least left.",
            total="min",
        ),
    ],
    [
        Row(
            "Instances",
            [
                Lines("heartbeat", "Measurements sent"),
                Lines("cpu", "CPU used"),
                Lines("connections", "Connections"),
                Lines("memory", "Freeable memory"),
                Lines("swap", "Swap used", [Line(quantities.SWAP)]),
                Lines(
                    "cpu_credits",
                    "CPU credits",
                    none="No instance of a db.t class",
                ),
            ],
        ),
        Row(
            "Storage",
            [
                Lines("storage", "Free storage"),
                Lines(
                    "storage_tomorrow",
                    "Free storage in 24 hours",
                    description="Free storage a day from now at the pace of the last 3 hours.",
                ),
                Lines("burst_balance", "I/O credits left", none="No gp2 volume"),
                Lines("read_latency", "Time of a read"),
                Lines("write_latency", "Time of a write"),
            ],
        ),
        Row("Replication", [Lines("replica_lag", "Replica lag", none="No read replica")]),
    ],
)
