"""The page of ElastiCache nodes."""

from typing import Final

from obs.packs.elasticache import metrics, quantities
from obs.packs.elasticache.metrics import NODE
from obs.packs.page import Line, Lines, PackPage, Row, Stat

PAGE: Final = PackPage(
    "elasticache",
    "ElastiCache",
    "Do the caches find what they are asked for, and have they memory left?",
    [
        ("aws", metrics.HEARTBEAT.metric),
        ("cache_cluster_id", metrics.HEARTBEAT.metric),
    ],
    NODE,
    [
        Stat(
            "silent",
            "Silent nodes",
            quantities.HEARTBEAT,
            "Nodes that told nothing in the newest minute.",
            below=1,
        ),
        Stat("hits_now", "Lowest hit ratio", quantities.HIT_RATIO, "Of all nodes.", total="min"),
        Stat("memory_now", "Fullest memory", quantities.MEMORY_PERCENT, "Of all nodes."),
        Stat("connections_now", "Connections", quantities.CONNECTIONS, "Of the node with most."),
    ],
    [
        Row(
            "Cache",
            [
                Lines(
                    "hit_ratio",
                    "Hit ratio",
                    description="Share of the keys asked for in 15 minutes that were found.",
                ),
                Lines("lookups", "Lookups", [Line(quantities.LOOKUP_RATE)], "Keys asked for."),
                Lines("evictions", "Evictions"),
            ],
        ),
        Row(
            "Nodes",
            [
                Lines("memory", "Memory used"),
                Lines("connections", "Connections"),
                Lines("engine_cpu", "CPU used by the engine"),
                Lines("swap", "Swap used"),
                Lines("heartbeat", "Reports in a minute"),
                Lines("replication_lag", "Replication lag", none="No replica"),
            ],
        ),
    ],
)
