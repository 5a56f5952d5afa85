"""What /varz tells of a server as such, as values of metrics."""

from collections.abc import Callable, Mapping
from typing import Final

from obs.catalogue import nats_server as metrics
from obs.catalogue.metric import Metric
from obs.sources.nats.jsz import unix_seconds
from obs.sources.nats.varz import JetStreamStats, MetaGroup, Varz

Value = float | None

_PERCENT: Final = 100
_EMPTY: Final = JetStreamStats()

_OF_SERVER: Final[Mapping[Metric, Callable[[Varz], Value]]] = {
    metrics.RECEIVED_MESSAGES: lambda varz: varz.in_msgs,
    metrics.SENT_MESSAGES: lambda varz: varz.out_msgs,
    metrics.RECEIVED_BYTES: lambda varz: varz.in_bytes,
    metrics.SENT_BYTES: lambda varz: varz.out_bytes,
    metrics.CPU: lambda varz: None if varz.cpu is None else varz.cpu / _PERCENT,
    metrics.CPU_LIMIT: lambda varz: varz.gomaxprocs or varz.cores,
    metrics.RESIDENT_MEMORY: lambda varz: varz.mem,
    metrics.SUBSCRIPTIONS: lambda varz: varz.subscriptions,
    metrics.CONNECTIONS_LIMIT: lambda varz: varz.max_connections or None,
    metrics.OPENED_CONNECTIONS: lambda varz: varz.total_connections,
    metrics.STALLED_CLIENTS: lambda varz: varz.stalled_clients,
    metrics.STALE_CONNECTIONS: lambda varz: varz.stale_connections,
    metrics.ROUTES: lambda varz: varz.routes,
    metrics.REMOTES: lambda varz: varz.remotes,
    metrics.LEAF_NODES: lambda varz: varz.leafnodes,
    metrics.STARTED: lambda varz: unix_seconds(varz.start),
    metrics.CONFIGURED: lambda varz: unix_seconds(varz.config_load_time),
    metrics.MAX_PAYLOAD: lambda varz: varz.max_payload,
    metrics.MAX_PENDING: lambda varz: varz.max_pending,
}
_OF_JETSTREAM: Final[Mapping[Metric, Callable[[JetStreamStats], Value]]] = {
    metrics.RESERVED_MEMORY: lambda stats: stats.reserved_memory,
    metrics.RESERVED_STORE: lambda stats: stats.reserved_storage,
    metrics.API_REQUESTS: lambda stats: stats.api.total,
    metrics.API_IN_FLIGHT: lambda stats: stats.api.inflight,
    metrics.HA_ASSETS: lambda stats: stats.ha_assets,
}
_OF_META: Final[Mapping[Metric, Callable[[MetaGroup], Value]]] = {
    metrics.META_LEADER_KNOWN: lambda meta: float(bool(meta.leader)),
    metrics.META_SIZE: lambda meta: meta.cluster_size,
    metrics.META_PENDING: lambda meta: meta.pending,
    metrics.META_SNAPSHOT_PENDING: lambda meta: (
        meta.snapshot.pending_size if meta.snapshot else None
    ),
}


def facts(varz: Varz) -> dict[str, float]:
    """By the name of the metric; without what the server does not tell."""
    stats, meta = varz.jetstream.stats, varz.jetstream.meta
    found: dict[Metric, Value] = {metric: of(varz) for metric, of in _OF_SERVER.items()}
    if stats is not None:
        found |= {metric: of(stats) for metric, of in _OF_JETSTREAM.items()}
    if meta is not None:
        found |= {metric: of(meta) for metric, of in _OF_META.items()}
        found[metrics.META_LEADER] = float(meta.leader == varz.server_name)
    return {metric.name: value for metric, value in found.items() if value is not None}


def slow_connections(varz: Varz) -> dict[str, int]:
    """Connections closed because they read too slowly, by kind; none where it does not tell."""
    told = varz.slow_consumer_stats
    if told is None:
        return {}
    kinds = {"client": told.clients, "route": told.routes}
    kinds |= {"gateway": told.gateways, "leafnode": told.leafs}
    return {kind: number for kind, number in kinds.items() if number is not None}
