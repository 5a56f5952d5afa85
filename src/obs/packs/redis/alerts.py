"""Alerts on Redis."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.redis import quantities
from obs.packs.redis.metrics import REPLICA, SERVER

_SERVER: Final = About("instance", SERVER)
_REPLICA: Final = About("slave_ip", REPLICA)
_KEPT: Final = 30 * MINUTE
_REFUSES: Final = Traffic(quantities.REFUSES_WHEN_FULL, 1, lacking="it evicts any key")

ALERTS: Final = (
    Alert(
        "RedisDown",
        Severity.CRITICAL,
        _SERVER,
        Beyond(quantities.UP, "<", 1, SERVER),
        2 * MINUTE,
        "A Redis server does not answer.",
        "The exporter {instance} has not reached its Redis server for {hold}.",
        "Two minutes are longer than a restart or a failover takes.",
        "redis/up",
        _KEPT,
    ),
    Alert(
        "RedisExporterDown",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.EXPORTER, "<", 1, SERVER),
        5 * MINUTE,
        "Prometheus cannot scrape an exporter of Redis: nobody watches the server.",
        "The exporter {instance} has not answered Prometheus for {hold}.",
        "No other alert on the server can begin meanwhile. An exporter starts within seconds.",
        "redis/exporter",
        _KEPT,
    ),
    Alert(
        "RedisHitRatioLow",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.HITS, "<", 80, SERVER, Traffic(quantities.LOOKUPS, 1)),
        15 * MINUTE,
        "A Redis cache misses much of what it is asked for.",
        "{value} of the keys asked of {instance} are found (threshold {threshold}).",
        "Each miss costs what the cache is there to save. Less than a lookup a second says "
        "nothing.",
        "redis/hits",
        _KEPT,
    ),
    Alert(
        "RedisMemoryHigh",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.MEMORY_USED, ">", 80, SERVER, _REFUSES),
        10 * MINUTE,
        "A Redis server that evicts nothing comes to its limit of memory.",
        "{instance} uses {value} of its memory (threshold {threshold}).",
        "At the limit it refuses writes. A cache that evicts any key may be full.",
        "redis/memory",
        _KEPT,
    ),
    Alert(
        "RedisMemoryFull",
        Severity.CRITICAL,
        _SERVER,
        Beyond(quantities.MEMORY_USED, ">", 95, SERVER, _REFUSES),
        2 * MINUTE,
        "A Redis server refuses writes, or is about to.",
        "{instance} uses {value} of its memory (threshold {threshold}), and evicts nothing.",
        "At the limit each write fails with OOM. A cache that evicts any key may be full.",
        "redis/memory",
        _KEPT,
    ),
    Alert(
        "RedisEvictions",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.EVICTED, ">", 1, SERVER),
        15 * MINUTE,
        "A Redis cache is too small for what it holds.",
        "{instance} evicts {value} keys a second (threshold {threshold}).",
        "Keys go before their time is over, and are asked for again. A key now and then is the "
        "normal life of a full cache.",
        "redis/evicted",
        _KEPT,
    ),
    Alert(
        "RedisClientsHigh",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.CLIENTS_USED, ">", 80, SERVER),
        5 * MINUTE,
        "A Redis server is running out of connections.",
        "{value} of the connections of {instance} are used (threshold {threshold}).",
        "A fifth is what a deployment needs while old and new instances hold their pools.",
        "redis/clients",
        _KEPT,
    ),
    Alert(
        "RedisConnectionsRejected",
        Severity.CRITICAL,
        _SERVER,
        Beyond(quantities.REJECTED, ">", 0, SERVER),
        0,
        "A Redis server refuses connections.",
        "{instance} refused {value} connections within {window}.",
        "It has maxclients connections: each refused one is an error of an application.",
        "redis/rejected",
        _KEPT,
    ),
    Alert(
        "RedisReplicaDisconnected",
        Severity.CRITICAL,
        _SERVER,
        Beyond(quantities.LINK_UP, "<", 1, SERVER),
        2 * MINUTE,
        "A Redis replica has lost its master.",
        "Replica {instance} has had no connection to its master for {hold}.",
        "It serves old data, and what is written meanwhile is lost when it is promoted.",
        "redis/link",
        _KEPT,
    ),
    Alert(
        "RedisReplicaLagging",
        Severity.WARNING,
        _REPLICA,
        Beyond(quantities.LAG, ">", 10, REPLICA),
        5 * MINUTE,
        "A Redis replica is behind its master.",
        "Replica {slave_ip}:{slave_port} of {instance} last acknowledged {value} ago "
        "(threshold {threshold}).",
        "Replicas acknowledge each second.",
        "redis/lag",
        _KEPT,
    ),
    Alert(
        "RedisSnapshotFailed",
        Severity.WARNING,
        _SERVER,
        Beyond(quantities.SAVED, "<", 1, SERVER),
        5 * MINUTE,
        "A Redis server could not write its snapshot.",
        "The last snapshot of {instance} has failed.",
        "A restart goes back to the last snapshot written; with stop-writes-on-bgsave-error "
        "writes fail already.",
        "redis/saved",
        _KEPT,
    ),
)
