"""The page of OpenSearch domains."""

from typing import Final

from obs.packs.opensearch import metrics, quantities
from obs.packs.opensearch.metrics import DOMAIN
from obs.packs.page import Line, Lines, PackPage, Row, Stat

PAGE: Final = PackPage(
    "opensearch",
    "OpenSearch",
    "Are the search domains whole, and have they storage and memory left?",
    [("aws", metrics.RED.metric), ("domain_name", metrics.RED.metric)],
    DOMAIN,
    [
        Stat("red_now", "Red", quantities.RED, "Domains that lack data.", above=0),
        Stat("yellow_now", "Yellow", quantities.YELLOW, "Domains that lack copies.", above=0),
        Stat(
            "storage_now",
            "Least free storage",
            quantities.FREE_STORAGE,
            "The fullest node of all domains.",
            total="min",
        ),
        Stat("heap_now", "Fullest heap", quantities.HEAP_PERCENT, "Of all nodes."),
    ],
    [
        Row(
            "Cluster",
            [
                Lines("red", "Status red"),
                Lines("yellow", "Status yellow"),
                Lines("unassigned", "Unassigned shards", [Line(quantities.UNASSIGNED)]),
                Lines("nodes", "Nodes", [Line(quantities.NODES)]),
                Lines("heartbeat", "Reports in a minute"),
                Lines("snapshot", "Snapshot failed"),
            ],
        ),
        Row(
            "Room",
            [
                Lines("storage", "Free storage of the fullest node"),
                Lines("writes_blocked", "Writes blocked"),
                Lines("heap", "Java heap used"),
                Lines("cpu", "CPU used"),
            ],
        ),
        Row(
            "Latency",
            [
                Lines("search", "Search time", [Line(quantities.SEARCH_LATENCY)]),
                Lines("indexing", "Indexing time", [Line(quantities.INDEXING_LATENCY)]),
            ],
        ),
    ],
)
