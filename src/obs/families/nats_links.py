"""Leaf nodes, gateways and routes of NATS clusters as families."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from obs.catalogue import nats_links, nats_routes
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Rows, Value
from obs.snapshot.servers import Link

Links = Mapping[tuple[str, ...], Link]
"""By source, and account or server, and name."""
Up = Mapping[tuple[str, ...], bool]

_OF_LEAF: Final[Mapping[Metric, Callable[[Link], Value]]] = {
    nats_links.LEAF_RECEIVED: lambda link: link.received,
    nats_links.LEAF_SENT: lambda link: link.sent,
    nats_links.LEAF_RECEIVED_BYTES: lambda link: link.received_bytes,
    nats_links.LEAF_SENT_BYTES: lambda link: link.sent_bytes,
    nats_links.LEAF_ROUND_TRIP: lambda link: link.round_trip,
    nats_links.LEAF_SUBSCRIPTIONS: lambda link: link.subscriptions,
}
_OF_GATEWAY: Final[Mapping[Metric, Callable[[Link], Value]]] = {
    nats_links.GATEWAY_RECEIVED: lambda link: link.received,
    nats_links.GATEWAY_SENT: lambda link: link.sent,
    nats_links.GATEWAY_RECEIVED_BYTES: lambda link: link.received_bytes,
    nats_links.GATEWAY_SENT_BYTES: lambda link: link.sent_bytes,
    nats_links.GATEWAY_ROUND_TRIP: lambda link: link.round_trip,
    nats_links.GATEWAY_PENDING: lambda link: link.pending,
}
_OF_ROUTE: Final[Mapping[Metric, Callable[[Link], Value]]] = {
    nats_routes.RECEIVED: lambda link: link.received,
    nats_routes.SENT: lambda link: link.sent,
    nats_routes.RECEIVED_BYTES: lambda link: link.received_bytes,
    nats_routes.SENT_BYTES: lambda link: link.sent_bytes,
    nats_routes.ROUND_TRIP: lambda link: link.round_trip,
    nats_routes.SUBSCRIPTIONS: lambda link: link.subscriptions,
    nats_routes.PENDING: lambda link: link.pending,
    nats_routes.CONNECTIONS: lambda link: link.connections,
}


def leaf_families(links: Links, up: Up, cache: RowCache) -> list[Family]:
    """The families of leaf nodes; `up`: whether each that is known is connected."""
    known = cache.rows("known leaf nodes", list(up))
    rows = cache.rows("leaf nodes", list(links))
    is_up = Family(nats_links.LEAF_UP, known, [int(each) for each in up.values()])
    return [is_up, *_values(_OF_LEAF, links, rows)]


def gateway_families(links: Links, up: Up, cache: RowCache) -> list[Family]:
    """The families of gateways; `up`: whether each that is known is connected."""
    known = cache.rows("known gateways", list(up))
    rows = cache.rows("gateways", list(links))
    is_up = Family(nats_links.GATEWAY_UP, known, [int(each) for each in up.values()])
    return [is_up, *_values(_OF_GATEWAY, links, rows)]


def route_families(links: Links, up: Up, cache: RowCache) -> list[Family]:
    """The families of routes; `up`: whether each that is known is connected."""
    known = cache.rows("known routes", list(up))
    rows = cache.rows("routes", list(links))
    is_up = Family(nats_routes.ROUTE_UP, known, [int(each) for each in up.values()])
    return [is_up, *_values(_OF_ROUTE, links, rows)]


def _values(
    metrics: Mapping[Metric, Callable[[Link], Value]], links: Links, rows: Rows
) -> Iterator[Family]:
    for metric, of in metrics.items():
        yield Family(metric, rows, [of(link) for link in links.values()])
