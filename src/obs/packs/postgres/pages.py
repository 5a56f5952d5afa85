"""The page of PostgreSQL servers."""

from typing import Final

from obs.packs.page import Line, Lines, PackPage, Row, Stat
from obs.packs.postgres import metrics, quantities
from obs.packs.postgres.metrics import DATABASE, REPLICA, SERVER, SLOT

_NO_REPLICA: Final = "No replica"

PAGE: Final = PackPage(
    "postgres",
    "PostgreSQL",
    "Do the databases answer, have they connections left, and do their replicas keep up?",
    [("instance", metrics.UP)],
    SERVER,
    [
        Stat("down", "Servers down", quantities.UP, "Servers that do not answer.", below=1),
        Stat(
            "connections_now",
            "Connections used",
            quantities.CONNECTIONS_USED,
            "Of the server that has the least left.",
        ),
        Stat("size_now", "Size", quantities.SIZE, "The largest database."),
        Stat("longest_now", "Longest transaction", quantities.LONGEST, "The longest open one."),
    ],
    [
        Row(
            "Servers",
            [
                Lines("up", "Server answers"),
                Lines("exporter", "Exporter answers"),
                Lines("connections", "Connections used"),
                Lines(
                    "backends",
                    "Connections by database",
                    [Line(quantities.CONNECTIONS)],
                    "Sessions that are open now, idle ones among them.",
                    by=DATABASE,
                    highest=10,
                ),
            ],
        ),
        Row(
            "Databases",
            [
                Lines(
                    "commits",
                    "Transactions",
                    [Line(quantities.COMMITS, "committed"), Line(quantities.ROLLBACKS, "undone")],
                    "Transactions committed, and rolled back.",
                    by=DATABASE,
                ),
                Lines(
                    "cache",
                    "Blocks from the buffers",
                    description="Share of the blocks read that were in shared buffers.",
                    by=DATABASE,
                ),
                Lines(
                    "deadlocks",
                    "Deadlocks",
                    description="Deadlocks within 15 minutes.",
                    by=DATABASE,
                ),
                Lines(
                    "transactions",
                    "Longest transaction",
                    description="How long the oldest open transaction is open, and the oldest of "
                    "a session that does nothing.",
                    by=DATABASE,
                ),
                Lines(
                    "temporary",
                    "Temporary files",
                    [Line(quantities.TEMPORARY)],
                    by=DATABASE,
                    highest=10,
                ),
                Lines("size", "Size", [Line(quantities.SIZE)], by=DATABASE, highest=10),
                Lines(
                    "wraparound",
                    "Transactions not frozen",
                    description="Transactions since the oldest that is not frozen. The exporter "
                    "needs --collector.database_wraparound.",
                    by=DATABASE,
                    none="The exporter needs --collector.database_wraparound",
                ),
            ],
        ),
        Row(
            "Replication",
            [
                Lines(
                    "lag", "Replay lag of replicas", description=metrics.LAG.help, none=_NO_REPLICA
                ),
                Lines(
                    "behind",
                    "WAL left to replay",
                    description="WAL that each replica has not replayed, as its primary tells.",
                    by=REPLICA,
                    none=_NO_REPLICA,
                ),
                Lines(
                    "slots",
                    "Slots read from",
                    description="1 while something reads from the slot, else 0.",
                    by=SLOT,
                    none="No replication slot",
                ),
                Lines(
                    "slot_wal",
                    "WAL kept for slots",
                    [Line(quantities.SLOT_WAL)],
                    by=SLOT,
                    highest=10,
                    none="No replication slot",
                ),
            ],
        ),
    ],
)
