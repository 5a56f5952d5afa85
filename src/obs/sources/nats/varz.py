"""What obs reads of nats-server's /varz."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Count, Setting


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
    api: ApiStats = ApiStats()


class JetStreamLimits(msgspec.Struct, frozen=True, gc=False):
    """Bytes allowed; None where that is not told."""

    max_memory: Count | None = None
    max_storage: Count | None = None


class MetaSnapshot(msgspec.Struct, frozen=True, gc=False):
    """What the meta group's log holds since its last snapshot; from 2.11 on."""

    pending_size: Count | None = None


class MetaGroup(msgspec.Struct, frozen=True, gc=False):
    """The Raft group that places streams and consumers; `leader` is empty where there is none."""

    leader: str = ""
    cluster_size: Count | None = None
    pending: Count | None = None
    snapshot: MetaSnapshot | None = None


class JetStreamVarz(msgspec.Struct, frozen=True, gc=False):
    """The JetStream part of /varz; empty where JetStream is off."""

    config: JetStreamLimits | None = None
    stats: JetStreamStats | None = None
    meta: MetaGroup | None = None


class ClusterVarz(msgspec.Struct, frozen=True, gc=False):
    """The cluster's name, empty where there is none, and the configured routes."""

    urls: tuple[str, ...] | None = None
    name: str = ""


class SlowConnections(msgspec.Struct, frozen=True, gc=False):
    """Connections that read too slowly, by kind; from 2.10 on."""

    clients: Count | None = None
    routes: Count | None = None
    gateways: Count | None = None
    leafs: Count | None = None


class GatewayVarz(msgspec.Struct, frozen=True, gc=False):
    """The cluster's name among gateways; empty where it has none."""

    name: str = ""


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
    max_payload: Count | None = None
    max_pending: Count | None = None
    slow_consumer_stats: SlowConnections | None = None


_VARZ: Final = msgspec.json.Decoder(Varz)


def decode_varz(body: bytes, server: str) -> Varz:
    """Raises SourceError(decode) where it is not an answer of /varz."""
    return tolerant.decode(_VARZ, body, server)
