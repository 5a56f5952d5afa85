"""What obs reads of /leafz, /gatewayz and /routez: connections to leaf nodes and other servers."""

import re
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from obs.snapshot.servers import Link
from obs.sources.nats import tolerant
from obs.sources.nats.jsz import Count

Name = Annotated[str, Meta(min_length=1, max_length=256)]

_MOST: Final = 1_000  # links of one server
_MOST_ROUTES: Final = 10_000  # connections to other servers, several to each
_ROUND_TRIP: Final = re.compile(r"(\d{1,12}(?:\.\d{1,12})?)(h|m(?!s)|ms|s|µs|us|ns)")
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "µs": 1e-6, "us": 1e-6, "ns": 1e-9}


class _Connection(msgspec.Struct, frozen=True, gc=False):
    name: str = ""
    account: str = ""
    rtt: str = ""
    in_msgs: Count = 0
    out_msgs: Count = 0
    in_bytes: Count = 0
    out_bytes: Count = 0
    subscriptions: Count = 0
    pending_bytes: Count | None = None


class _RouteConnection(_Connection, frozen=True, gc=False):
    remote_name: str = ""
    pending_size: Count | None = None


class _Leafz(msgspec.Struct, frozen=True, gc=False):
    leafs: tuple[_Connection, ...] | None = None


class _Gateway(msgspec.Struct, frozen=True, gc=False):
    connection: _Connection | None = None


class _Gatewayz(msgspec.Struct, frozen=True, gc=False):
    outbound_gateways: dict[Name, _Gateway] | None = None
    inbound_gateways: dict[Name, tuple[_Gateway, ...]] | None = None


class _Routez(msgspec.Struct, frozen=True, gc=False):
    routes: tuple[_RouteConnection, ...] | None = None


_LEAFZ: Final = msgspec.json.Decoder(_Leafz)
_GATEWAYZ: Final = msgspec.json.Decoder(_Gatewayz)
_ROUTEZ: Final = msgspec.json.Decoder(_Routez)


def leaf_nodes(body: bytes, server: str) -> tuple[Link, ...]:
    """The leaf nodes that are connected, by account and name. Raises SourceError(decode)."""
    found = tolerant.decode(_LEAFZ, body, server).leafs or ()
    return together(_link(each.account, each.name, [each]) for each in found[:_MOST] if each.name)


def gateways(body: bytes, server: str) -> tuple[Link, ...]:
    """The clusters to which the server has a connection. Raises SourceError(decode)."""
    page = tolerant.decode(_GATEWAYZ, body, server)
    inbound = page.inbound_gateways or {}
    return tuple(
        _link("", name, [each.connection, *_connections(inbound.get(name, ()))])
        for name, each in list((page.outbound_gateways or {}).items())[:_MOST]
        if each.connection is not None
    )


def routes(body: bytes, server: str) -> tuple[Link, ...]:
    """The other servers of the cluster, each by its name. Raises SourceError(decode).

    A server has several connections to each: a pool, and one for each account that has its own.
    """
    found = [
        each for each in tolerant.decode(_ROUTEZ, body, server).routes or () if each.remote_name
    ]
    return together(
        _link(
            "",
            each.remote_name,
            [msgspec.structs.replace(each, pending_bytes=each.pending_size)],
        )
        for each in found[:_MOST_ROUTES]
    )


def together(links: Iterable[Link]) -> tuple[Link, ...]:
    """One link for each account and name: numbers are added, of round trips the longest counts."""
    found: dict[tuple[str, str], Link] = {}
    for each in links:
        key = each.account, each.name
        found[key] = _sum(found[key], each) if key in found else each
    return tuple(found.values())


def seconds(text: str) -> float | None:
    """A duration as Go writes it, for example 1m2.5s or 825µs; None where it is none."""
    parts = _ROUND_TRIP.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 9)


def _connections(gateways: Iterable[_Gateway]) -> list[_Connection]:
    return [each.connection for each in gateways if each.connection is not None]


def _link(account: str, name: str, connections: Iterable[_Connection]) -> Link:
    (link,) = together(
        Link(
            account,
            name,
            each.in_msgs,
            each.out_msgs,
            each.in_bytes,
            each.out_bytes,
            each.subscriptions,
            seconds(each.rtt),
            each.pending_bytes,
        )
        for each in (
            msgspec.structs.replace(one, account=account, name=name) for one in connections
        )
    )
    return link


def _sum(one: Link, other: Link) -> Link:
    trips = [each.round_trip for each in (one, other) if each.round_trip is not None]
    waiting = [each.pending for each in (one, other) if each.pending is not None]
    return Link(
        one.account,
        one.name,
        one.received + other.received,
        one.sent + other.sent,
        one.received_bytes + other.received_bytes,
        one.sent_bytes + other.sent_bytes,
        one.subscriptions + other.subscriptions,
        max(trips, default=None),
        sum(waiting) if waiting else None,
        one.connections + other.connections,
    )
