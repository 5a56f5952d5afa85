"""Pages of one server as another NATS exporter reads them, for the series of its names.

Absent fields have their Go zero value. A number may be any that JSON has.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

Number = int | float


class External(msgspec.Struct, frozen=True, gc=False):
    """Where the origin of a copy is, if it is in another account or domain."""

    api: str = ""
    deliver: str = ""


class Copied(msgspec.Struct, frozen=True, gc=False):
    """The origin of a mirror or a source; `active` in nanoseconds, below zero: never yet."""

    name: str = ""
    lag: Number = 0
    active: Number = 0
    external: External | None = None


class Leader(msgspec.Struct, frozen=True, gc=False):
    """The leader that a server names; empty where it knows none."""

    leader: str = ""


class Position(msgspec.Struct, frozen=True, gc=False):
    """A position, counted in the consumer's deliveries and in the stream's messages."""

    consumer_seq: Number = 0
    stream_seq: Number = 0
    last_active: datetime | None = None


class ConsumerWords(msgspec.Struct, frozen=True, gc=False):
    """What people wrote about a consumer."""

    description: str = ""


class PeerConsumer(msgspec.Struct, frozen=True, gc=False):
    """One consumer as one server sees it; `ts` is when that was."""

    name: str
    ts: datetime | None = None
    delivered: Position = Position()
    ack_floor: Position = Position()
    num_ack_pending: Number = 0
    num_redelivered: Number = 0
    num_waiting: Number = 0
    num_pending: Number = 0
    cluster: Leader | None = None
    config: ConsumerWords | None = None


class Held(msgspec.Struct, frozen=True, gc=False):
    """What a stream holds."""

    messages: Number = 0
    bytes: Number = 0
    first_seq: Number = 0
    last_seq: Number = 0
    consumer_count: Number = 0
    num_subjects: Number = 0


class Limits(msgspec.Struct, frozen=True, gc=False):
    """What a stream may hold; -1: no limit."""

    max_bytes: Number = 0
    max_msgs: Number = 0


class PeerStream(msgspec.Struct, frozen=True, gc=False):
    """One stream as one server sees it."""

    name: str
    state: Held = Held()
    cluster: Leader | None = None
    config: Limits | None = None
    stream_raft_group: str = ""
    mirror: Copied | None = None
    sources: tuple[Copied, ...] | None = None
    consumer_detail: tuple[PeerConsumer, ...] | None = None


class PeerAccount(msgspec.Struct, frozen=True, gc=False):
    """One JetStream account on one server, in bytes; what is called reserved is its limit."""

    name: str = ""
    id: str = ""
    memory: Number = 0
    storage: Number = 0
    reserved_memory: Number = 0
    reserved_storage: Number = 0
    stream_detail: tuple[PeerStream, ...] | None = None


class JetStreamConfig(msgspec.Struct, frozen=True, gc=False):
    """A server's JetStream, in bytes."""

    max_memory: Number = 0
    max_storage: Number = 0
    domain: str = ""


class MetaGroup(msgspec.Struct, frozen=True, gc=False):
    """The cluster's name, and the server that leads its meta group."""

    name: str = ""
    leader: str = ""


class PeerJsz(msgspec.Struct, frozen=True, gc=False):
    """A server's answer of /jsz."""

    server_id: str = ""
    disabled: bool = False
    config: JetStreamConfig = JetStreamConfig()
    streams: Number = 0
    consumers: Number = 0
    messages: Number = 0
    bytes: Number = 0
    meta_cluster: MetaGroup | None = None
    account_details: tuple[PeerAccount, ...] | None = None


class PeerServer(msgspec.Struct, frozen=True, gc=False):
    """What a server at an address told in one poll; `varz` as JSON has it."""

    url: str
    varz: Mapping[str, object]
    jsz: PeerJsz

    @property
    def name(self) -> str:
        """What the server is called."""
        return str(self.varz.get("server_name", ""))
