"""What the instances of micro services reply to $SRV.STATS."""

from dataclasses import dataclass, field
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Count, Nanoseconds, server_seconds
from obs.sources.nats.service_counts import Counts, Instance, Place

MOST_REPLIES: Final = 5_000  # instances of one account
_LONGEST: Final = 256 << 10  # bytes of one reply
_MOST_ENDPOINTS: Final = 256  # of one instance

Name = Annotated[str, Meta(min_length=1, max_length=256)]
Subject = Annotated[str, Meta(max_length=1024)]
_TYPE: Final = "io.nats.micro.v1.stats_response"


class _Endpoint(msgspec.Struct, frozen=True, gc=False):
    """`processing_time` in nanoseconds, of all requests together."""

    name: Name
    num_requests: Count
    num_errors: Count
    processing_time: Nanoseconds
    subject: Subject = ""
    queue_group: Subject = ""


class _Stats(msgspec.Struct, frozen=True, gc=False):
    name: Name
    id: Name
    type: str = ""
    version: Annotated[str, Meta(max_length=256)] = ""
    started: str = ""
    endpoints: tuple[msgspec.Raw, ...] | None = None


_STATS: Final = msgspec.json.Decoder(_Stats)
_ENDPOINT: Final = msgspec.json.Decoder(_Endpoint)


@dataclass(frozen=True, slots=True)
class Reply:
    """An instance of a service; `unreadable`: how many of its endpoints are left out because a
    value is odd, or they are too many."""

    service: str
    instance: Instance
    unreadable: int = 0


@dataclass(slots=True)
class Replies:
    """One reply of each instance, by service and id. `unreadable` counts replies and endpoints."""

    found: dict[tuple[str, str], Reply] = field(default_factory=dict)
    unreadable: int = 0
    cut: bool = False  # there were more than are taken

    def take(self, body: bytes) -> None:
        """Read one reply; of an instance that replies twice the first counts."""
        reply = decoded(body)
        if reply is None:
            self.unreadable += 1
            return
        self.unreadable += reply.unreadable
        self.found.setdefault((reply.service, reply.instance.id), reply)


def decoded(body: bytes) -> Reply | None:
    """One reply; None where it is none. An endpoint in which a value is odd is left out."""
    if len(body) > _LONGEST:
        return None
    try:
        stats = _STATS.decode(body)
    except tolerant.ODD:
        return None
    if stats.type not in ("", _TYPE):
        return None
    endpoints: dict[Place, Counts] = {}
    raw = stats.endpoints or ()
    unreadable = max(len(raw) - _MOST_ENDPOINTS, 0)
    for each in raw[:_MOST_ENDPOINTS]:
        try:
            one = _ENDPOINT.decode(each)
        except tolerant.ODD:
            unreadable += 1
            continue
        place = Place(one.name, one.subject, one.queue_group)
        counts = Counts(one.num_requests, one.num_errors, one.processing_time)
        earlier = endpoints.get(place, Counts())
        endpoints[place] = Counts(*(a + b for a, b in zip(earlier, counts, strict=True)))
    instance = Instance(stats.id, stats.version, server_seconds(stats.started), endpoints)
    return Reply(stats.name, instance, unreadable)
