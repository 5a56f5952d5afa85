"""What a server tells of itself as such in /varz, /jsz and /healthz, as values of metrics."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from obs.catalogue import nats_server as metrics
from obs.catalogue.metric import Metric
from obs.sources.nats.jsz import Jsz, unix_seconds
from obs.sources.nats.varz import ByKind, DiskWaits, JetStreamStats, MetaGroup, MetaSnapshot, Varz

Value = float | None

_PERCENT: Final = 100
_NANOSECOND: Final = 1e-9
_NO_LIMIT: Final = 2**62  # what Go's own limit of memory is at least where none is set
_NOT_READY: Final = re.compile(r"failed to be ready for connections after [^:]*: ([^(]*)")
_CLIENTS: Final = "server"  # the name of the clients' listener in that

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
    metrics.CLIENT_RECEIVED_MESSAGES: lambda varz: varz.in_client_msgs,
    metrics.CLIENT_SENT_MESSAGES: lambda varz: varz.out_client_msgs,
    metrics.CLIENT_RECEIVED_BYTES: lambda varz: varz.in_client_bytes,
    metrics.CLIENT_SENT_BYTES: lambda varz: varz.out_client_bytes,
    metrics.SUBSCRIPTIONS_LIMIT: lambda varz: _limit(varz.max_subscriptions),
    metrics.GO_MEMORY_LIMIT: lambda varz: _limit(varz.gomemlimit),
    metrics.PINNED_ACCOUNT_FAILURES: lambda varz: varz.pinned_account_fails,
    metrics.HA_ASSETS_LIMIT: lambda varz: _limit(varz.jetstream.limits.max_ha_assets),
}
_OF_DISK: Final[Mapping[Metric, Callable[[DiskWaits], Value]]] = {
    metrics.DISK_WAITERS: lambda disk: disk.waiters,
    metrics.DISK_WAITS: lambda disk: disk.waits,
    metrics.DISK_WAITED: lambda disk: _seconds(disk.wait_time),
    metrics.DISK_LONGEST_WAIT: lambda disk: _seconds(disk.max_wait_time),
}
_OF_HELD: Final[Mapping[Metric, Callable[[Jsz], Value]]] = {
    metrics.STREAMS: lambda held: held.streams,
    metrics.CONSUMERS: lambda held: held.consumers,
    metrics.MESSAGES: lambda held: held.messages,
    metrics.STREAM_BYTES: lambda held: held.bytes,
}
_OF_JETSTREAM: Final[Mapping[Metric, Callable[[JetStreamStats], Value]]] = {
    metrics.RESERVED_MEMORY: lambda stats: stats.reserved_memory,
    metrics.RESERVED_STORE: lambda stats: stats.reserved_storage,
    metrics.API_REQUESTS: lambda stats: stats.api.total,
    metrics.API_IN_FLIGHT: lambda stats: stats.api.inflight,
    metrics.HA_ASSETS: lambda stats: stats.ha_assets,
    metrics.ACCOUNTS: lambda stats: stats.accounts,
}
_OF_META: Final[Mapping[Metric, Callable[[MetaGroup], Value]]] = {
    metrics.META_LEADER_KNOWN: lambda meta: float(bool(meta.leader)),
    metrics.META_SIZE: lambda meta: meta.cluster_size,
    metrics.META_PENDING: lambda meta: meta.pending,
    metrics.META_REQUESTS: lambda meta: meta.pending_requests,
    metrics.META_INFOS: lambda meta: meta.pending_infos,
}
_OF_SNAPSHOT: Final[Mapping[Metric, Callable[[MetaSnapshot], Value]]] = {
    metrics.META_SNAPSHOT_PENDING: lambda snapshot: snapshot.pending_size,
    metrics.META_SNAPSHOT_ENTRIES: lambda snapshot: snapshot.pending_entries,
    metrics.META_SNAPSHOT_AT: lambda snapshot: unix_seconds(_made(snapshot)),
    metrics.META_SNAPSHOT_TOOK: lambda snapshot: (
        _seconds(snapshot.last_duration) if _made(snapshot) else None
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
        if meta.snapshot is not None:
            found |= {metric: of(meta.snapshot) for metric, of in _OF_SNAPSHOT.items()}
    if varz.disk_io_wait_stats is not None:
        found |= {metric: of(varz.disk_io_wait_stats) for metric, of in _OF_DISK.items()}
    return _told(found)


def held(jsz: Jsz) -> dict[str, float]:
    """How much the server's JetStream holds, by the name of the metric; nothing while it is off."""
    return {} if jsz.disabled else _told({metric: of(jsz) for metric, of in _OF_HELD.items()})


def lame_duck(varz: Varz, healthy: bool | None, because: str) -> dict[str, float]:
    """Whether the server is in lame duck mode, by the name of the metric, with its own verdict.

    No page says so. But it then closes the listener of clients and lives on as long as it has one,
    while a server that starts has had no client when it does not listen yet.
    """
    if healthy is None:
        return {}
    told = _NOT_READY.match(because)
    listens = told is None or _CLIENTS not in told[1].split(", ")
    if not listens and varz.total_connections is None:
        return {}
    return {metrics.LAME_DUCK.name: float(not listens and bool(varz.total_connections))}


def slow_connections(varz: Varz) -> dict[str, int]:
    """Connections closed because they read too slowly, by kind; none where it does not tell."""
    return _by_kind(varz.slow_consumer_stats)


def stale_connections(varz: Varz) -> dict[str, int]:
    """Connections closed because they answered no ping, by kind; none where it does not tell."""
    return _by_kind(varz.stale_connection_stats)


def _by_kind(told: ByKind | None) -> dict[str, int]:
    if told is None:
        return {}
    kinds = {"client": told.clients, "route": told.routes}
    kinds |= {"gateway": told.gateways, "leafnode": told.leafs}
    return {kind: number for kind, number in kinds.items() if number is not None}


def certificates(varz: Varz) -> dict[str, float]:
    """When the certificate of each listener expires (Unix seconds), of those that have one."""
    moments = {
        "client": varz.tls_cert_not_after,
        "cluster": varz.cluster.tls_cert_not_after,
        "gateway": varz.gateway.tls_cert_not_after,
        "leafnode": varz.leaf.tls_cert_not_after,
        "mqtt": varz.mqtt.tls_cert_not_after,
        "websocket": varz.websocket.tls_cert_not_after,
    }
    ends = {listener: unix_seconds(moment) for listener, moment in moments.items()}
    return {listener: end for listener, end in ends.items() if end is not None}


def _told(found: Mapping[Metric, Value]) -> dict[str, float]:
    return {metric.name: value for metric, value in found.items() if value is not None}


def _limit(setting: int | None) -> int | None:
    """None where there is no limit."""
    return setting if setting is not None and 0 < setting < _NO_LIMIT else None


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds * _NANOSECOND


def _made(snapshot: MetaSnapshot) -> datetime | None:
    """When it was made; None where there was none yet."""
    moment = snapshot.last_time
    return moment if moment and moment.year > 1 else None
