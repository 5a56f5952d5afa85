"""What obs reads of nats-server's /varz."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Count, Nanoseconds, Setting


class ApiStats(msgspec.Struct, frozen=True, gc=False):
    """Requests to the JetStream API of one server; None where that is not told."""

    errors: Count | None = None
    total: Count | None = None
    inflight: Count = 0  # left out where it is 0


class JetStreamStats(msgspec.Struct, frozen=True, gc=False):
    """Bytes in use and reserved, and Raft groups; None where that is not told."""

    memory: Count | None = None
    storage: Count | None = None
    reserved_memory: Count | None = None
    reserved_storage: Count | None = None
    ha_assets: Count | None = None
    accounts: Count | None = None
    api: ApiStats = ApiStats()


class JetStreamLimits(msgspec.Struct, frozen=True, gc=False):
    """Bytes allowed; None where that is not told."""

    max_memory: Count | None = None
    max_storage: Count | None = None


class AssetLimits(msgspec.Struct, frozen=True, gc=False):
    """Limits of the server's own JetStream; 0 where there is none."""

    max_ha_assets: Setting = 0


class MetaSnapshot(msgspec.Struct, frozen=True, gc=False):
    """What the meta group's log holds since its last snapshot; from 2.11 on."""

    pending_size: Count | None = None
    pending_entries: Count | None = None
    last_time: datetime | None = None  # in the year 1 where there was none yet
    last_duration: Nanoseconds | None = None


class MetaGroup(msgspec.Struct, frozen=True, gc=False):
    """The Raft group that places streams and consumers; `leader` is empty where there is none."""

    leader: str = ""
    cluster_size: Count | None = None
    pending: Count | None = None
    pending_requests: Count | None = None
    pending_infos: Count | None = None
    snapshot: MetaSnapshot | None = None


class JetStreamVarz(msgspec.Struct, frozen=True, gc=False):
    """The JetStream part of /varz; empty where JetStream is off."""

    config: JetStreamLimits | None = None
    stats: JetStreamStats | None = None
    meta: MetaGroup | None = None
    limits: AssetLimits = AssetLimits()


class ClusterVarz(msgspec.Struct, frozen=True, gc=False):
    """The cluster's name, empty where there is none, and the configured routes."""

    urls: tuple[str, ...] | None = None
    name: str = ""
    tls_cert_not_after: datetime | None = None


class ByKind(msgspec.Struct, frozen=True, gc=False):
    """Connections that read too slowly (from 2.10 on) or answered no ping, by kind."""

    clients: Count | None = None
    routes: Count | None = None
    gateways: Count | None = None
    leafs: Count | None = None


class DiskWaits(msgspec.Struct, frozen=True, gc=False):
    """How reads and writes waited for the disk; times are in nanoseconds."""

    waiters: Count | None = None
    waits: Count | None = None
    wait_time: Nanoseconds | None = None
    max_wait_time: Nanoseconds | None = None


class GatewayVarz(msgspec.Struct, frozen=True, gc=False):
    """The cluster's name among gateways; empty where it has none."""

    name: str = ""
    tls_cert_not_after: datetime | None = None


class ListenerVarz(msgspec.Struct, frozen=True, gc=False):
    """A listener of another protocol; its certificate's end from 2.12 on."""

    tls_cert_not_after: datetime | None = None


class Varz(msgspec.Struct, frozen=True, gc=False):
    """Facts of one server; a number is None where it is not told."""

    server_id: str
    server_name: str = ""
    version: str = ""
    connections: Count | None = None
    slow_consumers: Count | None = None
    cluster: ClusterVarz = ClusterVarz()
    connect_urls: tuple[str, ...] | None = None
    jetstream: JetStreamVarz = JetStreamVarz()
    now: datetime | None = None
    start: datetime | None = None
    http_port: int = 0
    https_port: int = 0
    config_load_time: datetime | None = None
    in_msgs: Count | None = None
    out_msgs: Count | None = None
    in_bytes: Count | None = None
    out_bytes: Count | None = None
    cpu: Annotated[float, Meta(ge=0)] | None = None  # percent of one core
    cores: Count | None = None
    gomaxprocs: Count | None = None
    mem: Count | None = None
    subscriptions: Count | None = None
    max_connections: Setting | None = None
    total_connections: Count | None = None
    stalled_clients: Count | None = None
    stale_connections: Count | None = None
    routes: Count | None = None
    remotes: Count | None = None
    leafnodes: Count | None = None
    gateway: GatewayVarz = GatewayVarz()
    tls_cert_not_after: datetime | None = None
    leaf: ListenerVarz = ListenerVarz()
    mqtt: ListenerVarz = ListenerVarz()
    websocket: ListenerVarz = ListenerVarz()
    max_payload: Count | None = None
    max_pending: Count | None = None
    slow_consumer_stats: ByKind | None = None
    stale_connection_stats: ByKind | None = None
    in_client_msgs: Count | None = None
    out_client_msgs: Count | None = None
    in_client_bytes: Count | None = None
    out_client_bytes: Count | None = None
    max_subscriptions: Setting | None = None
    gomemlimit: Setting | None = None
    pinned_account_fails: Count | None = None
    disk_io_wait_stats: DiskWaits | None = None


_VARZ: Final = msgspec.json.Decoder(Varz)


def decode_varz(body: bytes, server: str) -> Varz:
    """Raises SourceError(decode) where it is not an answer of /varz."""
    return tolerant.decode(_VARZ, body, server)
