"""What CloudWatch has of ElastiCache nodes with Redis or Valkey.

A node publishes each of them every minute, 0 included. A count that is missing is of nothing, as
nobody can use a node that is gone; another value that is missing is unknown.
"""

from typing import Final

from obs.packs.cloudwatch import Watched, watched
from obs.spec.cloudwatch_metrics import Meaning

_NAMESPACE: Final = "AWS/ElastiCache"
_NODE: Final = ("CacheClusterId", "CacheNodeId")


def _of(
    name: str, statistic: str, unit: str, help: str, title: str, *, missing: Meaning = "level"
) -> Watched:
    return watched(_NAMESPACE, name, _NODE, statistic, missing, help, title, unit=unit)


HEARTBEAT: Final = _of(
    "CurrConnections",
    "SampleCount",
    "Count",
    "How often the node told its connections in the newest minute; 0 while it is silent.",
    "Reports",
    missing="heartbeat",
)
HITS: Final = _of(
    "CacheHits", "Sum", "Count", "Keys asked for and found.", "Hits", missing="sparse"
)
MISSES: Final = _of(
    "CacheMisses", "Sum", "Count", "Keys asked for and not found.", "Misses", missing="sparse"
)
EVICTIONS: Final = _of(
    "Evictions",
    "Sum",
    "Count",
    "Keys removed to stay below the limit of memory.",
    "Evictions",
    missing="sparse",
)
CONNECTIONS: Final = _of(
    "CurrConnections",
    "Maximum",
    "Count",
    "Connections of clients, a few of ElastiCache itself included.",
    "Connections",
)
ENGINE_CPU: Final = _of(
    "EngineCPUUtilization",
    "Average",
    "Percent",
    "Share of the time of the thread that runs the commands.",
    "CPU used by the engine",
)
MEMORY: Final = _of(
    "DatabaseMemoryUsagePercentage",
    "Maximum",
    "Percent",
    "Share of the memory for data that is in use.",
    "Memory used",
)
REPLICATION_LAG: Final = _of(
    "ReplicationLag",
    "Maximum",
    "Seconds",
    "How far a replica is behind; a primary has none.",
    "Replication lag",
)
SWAP: Final = _of("SwapUsage", "Maximum", "Bytes", "Swap space in use.", "Swap used")

EVERY: Final = (
    *(HEARTBEAT, HITS, MISSES, EVICTIONS, CONNECTIONS, ENGINE_CPU, MEMORY, REPLICATION_LAG, SWAP),
)
NODE: Final = HITS.metric.labels
