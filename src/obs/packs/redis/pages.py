"""The page of Redis servers."""

from typing import Final

from obs.packs.page import Line, Lines, PackPage, Row, Stat
from obs.packs.redis import metrics, quantities
from obs.packs.redis.metrics import REPLICA, SERVER

PAGE: Final = PackPage(
    "redis",
    "Redis",
    "Do the caches answer, find what they are asked for, and have memory left?",
    [("instance", metrics.UP)],
    SERVER,
    [
        Stat("down", "Servers down", quantities.UP, "Servers that do not answer.", below=1),
        Stat(
            "hits_now", "Lowest hit ratio", quantities.HITS, "Of all chosen servers.", total="min"
        ),
        Stat(
            "memory_now",
            "Fullest memory",
            quantities.MEMORY_USED,
            "The highest of the servers that have a limit.",
        ),
        Stat("keys_now", "Keys", quantities.KEYS, "Keys of all chosen servers.", total="sum"),
    ],
    [
        Row(
            "Cache",
            [
                Lines("up", "Server answers"),
                Lines("exporter", "Exporter answers"),
                Lines(
                    "hits",
                    "Hit ratio",
                    description="Share of the keys asked for that were found.",
                ),
                Lines("lookups", "Lookups", [Line(quantities.LOOKUPS)], "Keys asked for."),
                Lines("evicted", "Keys evicted"),
                Lines("expired", "Keys expired", [Line(quantities.EXPIRED)]),
                Lines("keys", "Keys", [Line(quantities.KEYS)]),
            ],
        ),
        Row(
            "Server",
            [
                Lines(
                    "memory",
                    "Memory used of the limit",
                    description="Memory allocated, of maxmemory.",
                    none="No server has a limit of memory",
                ),
                Lines("memory_bytes", "Memory used", [Line(quantities.MEMORY)]),
                Lines("clients", "Connections used", description="Clients of maxclients."),
                Lines("rejected", "Connections refused"),
                Lines("blocked", "Clients waiting", [Line(quantities.BLOCKED)]),
                Lines("commands", "Commands", [Line(quantities.COMMANDS)]),
                Lines(
                    "busy",
                    "Time in commands",
                    [Line(quantities.BUSY)],
                    "Share of the time of the thread that runs the commands.",
                ),
                Lines("saved", "Last snapshot written"),
            ],
        ),
        Row(
            "Replication",
            [
                Lines("link", "Connected to the master", none="No replica"),
                Lines(
                    "lag",
                    "Since the last acknowledgement of replicas",
                    by=REPLICA,
                    none="No replica",
                ),
            ],
        ),
    ],
)
