"""Alerts on ElastiCache nodes."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below, Beyond, Increase
from obs.alerts.conditions.beyond import Traffic
from obs.packs.elasticache import metrics, quantities
from obs.packs.elasticache.metrics import NODE

_NODE: Final = About("cache_cluster_id", NODE)
_KEPT: Final = 30 * MINUTE
_MIB: Final = 2.0**20
_LOOKUPS: Final = 500

ALERTS: Final = (
    Alert(
        "ElastiCacheNodeSilent",
        Severity.CRITICAL,
        _NODE,
        Below(metrics.HEARTBEAT.metric, 1, "number"),
        5 * MINUTE,
        "A node of ElastiCache tells CloudWatch nothing: it is down, or deleted.",
        "Node {cache_node_id} of cache {cache_cluster_id} has told nothing for {hold}.",
        "A node tells its connections each minute, also without clients.",
        "elasticache/heartbeat",
        _KEPT,
    ),
    Alert(
        "ElastiCacheHitRatioLow",
        Severity.WARNING,
        _NODE,
        Beyond(quantities.HIT_RATIO, "<", 80, NODE, Traffic(quantities.LOOKUPS, _LOOKUPS)),
        5 * MINUTE,
        "A cache misses much of what it is asked for.",
        "{value} of the keys asked of cache {cache_cluster_id} in the last {window} were found "
        "(threshold {threshold}).",
        "Each miss costs what the cache is there to save. At least 500 lookups are required: a "
        "cache that is hardly used is cold.",
        "elasticache/hit_ratio",
        _KEPT,
    ),
    Alert(
        "ElastiCacheEvictions",
        Severity.WARNING,
        _NODE,
        Increase(metrics.EVICTIONS.metric, 1000, 15 * MINUTE, "number"),
        0,
        "A cache is too small for what it holds.",
        "Cache {cache_cluster_id} evicted {value} keys in the last {window} "
        "(threshold {threshold}).",
        "Keys go before their time is over, and are asked for again. About one a second is the "
        "normal life of a full cache.",
        "elasticache/evictions",
        _KEPT,
    ),
    Alert(
        "ElastiCacheConnectionsHigh",
        Severity.WARNING,
        _NODE,
        Above(metrics.CONNECTIONS.metric, 52_000, "connections"),
        5 * MINUTE,
        "A cache is running out of connections.",
        "Cache {cache_cluster_id} has {value} connections (threshold {threshold}).",
        "A node accepts 65 000 connections; so many are connections that clients do not close.",
        "elasticache/connections",
        _KEPT,
    ),
    Alert(
        "ElastiCacheEngineCpuHigh",
        Severity.WARNING,
        _NODE,
        Above(metrics.ENGINE_CPU.metric, 0.7, "ratio"),
        10 * MINUTE,
        "A cache's engine is busy.",
        "The engine of cache {cache_cluster_id} is busy for {value} of the time "
        "(threshold {threshold}).",
        "One thread runs all commands: above 70 % each waits for those before it.",
        "elasticache/engine_cpu",
        _KEPT,
    ),
    Alert(
        "ElastiCacheMemoryHigh",
        Severity.WARNING,
        _NODE,
        Above(metrics.MEMORY.metric, 0.8, "ratio"),
        10 * MINUTE,
        "A cache's memory is almost full.",
        "Cache {cache_cluster_id} uses {value} of its memory (threshold {threshold}).",
        "At the limit it evicts keys that have a time to live, and refuses writes where none has.",
        "elasticache/memory",
        _KEPT,
    ),
    Alert(
        "ElastiCacheReplicaLagging",
        Severity.WARNING,
        _NODE,
        Above(metrics.REPLICATION_LAG.metric, 10, "seconds"),
        5 * MINUTE,
        "A cache's replica is behind its primary.",
        "Replica {cache_cluster_id} is {value} behind (threshold {threshold}).",
        "Replicas are usually less than a second behind; what is missing is lost at a failover.",
        "elasticache/replication_lag",
        _KEPT,
    ),
    Alert(
        "ElastiCacheSwapping",
        Severity.WARNING,
        _NODE,
        Above(metrics.SWAP.metric, 300 * _MIB, "bytes"),
        10 * MINUTE,
        "A cache's node swaps.",
        "Cache {cache_cluster_id} has {value} bytes in swap space (threshold {threshold}).",
        "A cache in swap space is as slow as a disk. Up to 300 MiB the system sets aside for "
        "itself.",
        "elasticache/swap",
        _KEPT,
    ),
)
