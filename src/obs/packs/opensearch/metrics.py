"""What CloudWatch has of OpenSearch domains, older Elasticsearch ones too.

A domain publishes each of them every minute, 0 included: what is missing is unknown, except for
the number of nodes' reports, which is then 0 and tells that the domain is silent.
"""

from typing import Final

from obs.packs.cloudwatch import Watched, watched
from obs.spec.cloudwatch_metrics import Meaning

_NAMESPACE: Final = "AWS/ES"
_DOMAIN: Final = ("DomainName", "ClientId")


def _of(
    name: str, statistic: str, unit: str, help: str, title: str, *, missing: Meaning = "level"
) -> Watched:
    return watched(_NAMESPACE, name, _DOMAIN, statistic, missing, help, title, unit=unit)


HEARTBEAT: Final = _of(
    "Nodes",
    "SampleCount",
    "Count",
    "How often the domain told its nodes in the newest minute; 0 while it is silent.",
    "Reports",
    missing="heartbeat",
)
RED: Final = _of(
    "ClusterStatus.red",
    "Maximum",
    "Count",
    "1 while an index has a primary shard on no node: data is missing.",
    "Status red",
)
YELLOW: Final = _of(
    "ClusterStatus.yellow",
    "Maximum",
    "Count",
    "1 while an index has a replica shard on no node.",
    "Status yellow",
)
NODES: Final = _of("Nodes", "Minimum", "Count", "Nodes of the domain, masters included.", "Nodes")
FREE_STORAGE: Final = _of(
    "FreeStorageSpace",
    "Minimum",
    "Megabytes",
    "Storage left on the node that has the least.",
    "Free storage of the fullest node",
)
WRITES_BLOCKED: Final = _of(
    "ClusterIndexWritesBlocked",
    "Maximum",
    "Count",
    "1 while the domain refuses writes to indices.",
    "Writes blocked",
)
JVM_PRESSURE: Final = _of(
    "JVMMemoryPressure",
    "Maximum",
    "Percent",
    "Share of the Java heap in use, on the node that uses most.",
    "Java heap used",
)
CPU: Final = _of(
    "CPUUtilization", "Maximum", "Percent", "CPU used of the busiest node.", "CPU used"
)
SNAPSHOT_FAILED: Final = _of(
    "AutomatedSnapshotFailure",
    "Maximum",
    "Count",
    "1 while the last automated snapshot has failed.",
    "Snapshot failed",
)
UNASSIGNED: Final = _of(
    "Shards.unassigned", "Maximum", "Count", "Shards that are on no node.", "Unassigned shards"
)
SEARCH_LATENCY: Final = _of(
    "SearchLatency", "Average", "Milliseconds", "Mean time of a search on a shard.", "Search time"
)
INDEXING_LATENCY: Final = _of(
    "IndexingLatency",
    "Average",
    "Milliseconds",
    "Mean time of indexing on a shard.",
    "Indexing time",
)

EVERY: Final = (
    *(HEARTBEAT, RED, YELLOW, NODES, FREE_STORAGE, WRITES_BLOCKED, JVM_PRESSURE, CPU),
    *(SNAPSHOT_FAILED, UNASSIGNED, SEARCH_LATENCY, INDEXING_LATENCY),
)
DOMAIN: Final = RED.metric.labels
