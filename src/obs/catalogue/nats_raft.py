"""Metrics of the Raft groups of NATS servers: of the meta group, streams and consumers."""

from obs.catalogue.declare import gauge
from obs.catalogue.nats import SERVER

PREFIXES = ("nats_raft_",)

GROUPS = gauge(
    "nats_raft_groups",
    (*SERVER, "state"),
    "Raft groups that the server takes part in, by its own state in them.",
    title="Raft groups",
)
LEADERLESS = gauge(
    "nats_raft_leaderless_groups",
    SERVER,
    "Raft groups of which the server knows no leader; they accept no change.",
    title="Raft groups without a leader",
)
CATCHING_UP = gauge(
    "nats_raft_catching_up_groups", SERVER, "Raft groups in which the server catches up."
)
BACKLOG = gauge(
    "nats_raft_backlog_entries",
    SERVER,
    "Entries that are committed, and that the server has yet to apply; of all groups.",
    title="Raft backlog",
)
MOST_BEHIND = gauge(
    "nats_raft_most_behind_entries",
    SERVER,
    "The same of the group in which they are most.",
    title="Furthest behind in a Raft group",
)
PEER_LAG = gauge(
    "nats_raft_peer_lag_entries",
    SERVER,
    "Entries that the furthest follower lacks, of all groups that the server leads.",
    title="Furthest follower",
)
UNREADABLE = gauge(
    "nats_raft_unreadable_groups", SERVER, "Raft groups whose report has an odd value."
)
