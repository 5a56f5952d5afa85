"""A source's leaf nodes, gateways and routes as families, those that were lost among them."""

from collections.abc import Callable, Collection
from itertools import chain
from typing import Final

from obs.families.family import Family, RowCache
from obs.families.nats_links import gateway_families, leaf_families, route_families
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import Link
from obs.sources.nats.link_pages import together
from obs.sources.nats.lost_links import Identity, LostLinks

ALL: Final = frozenset(("leafnodes", "gateways", "routes"))
_MOST_NAMES: Final = 10_000


class Links:
    """The leaf nodes, gateways and routes of one source over time."""

    def __init__(self, source: str, collect: Collection[str] = ALL) -> None:
        """`collect`: the groups that have families."""
        self._source = source
        self._collect = collect
        self._leaf_nodes = LostLinks()
        self._gateways = LostLinks()
        self._routes = LostLinks()
        self._answered: set[str] = set()  # names of servers that have ever answered

    def families(
        self, snapshot: NatsSnapshot, label: Callable[[str], str], cache: RowCache
    ) -> list[Family]:
        """All link families of a poll; `label` says what an account is called, by its id."""
        found: list[Family] = []
        if "leafnodes" in self._collect:
            found += self._of_leaf_nodes(snapshot, label, cache)
        if "gateways" in self._collect:
            found += self._of_gateways(snapshot, cache)
        if "routes" in self._collect:
            found += self._of_routes(snapshot, cache)
        return found

    def _of_leaf_nodes(
        self, snapshot: NatsSnapshot, label: Callable[[str], str], cache: RowCache
    ) -> list[Family]:
        servers = snapshot.servers
        links: dict[Identity, Link] = {
            (self._source, label(each.account), each.name): each
            for each in together(chain.from_iterable(s.leaf_nodes or () for s in servers))
        }
        all_tell = snapshot.tells_all and all(s.leaf_nodes is not None for s in servers)
        return leaf_families(
            links, self._leaf_nodes.up(links, snapshot.at, lambda _: all_tell), cache
        )

    def _of_gateways(self, snapshot: NatsSnapshot, cache: RowCache) -> list[Family]:
        servers = snapshot.servers
        links: dict[Identity, Link] = {
            (self._source, server.address, each.name): each
            for server in servers
            for each in server.gateways or ()
        }
        telling = {s.address for s in servers if s.up and s.gateways is not None}
        up = self._gateways.up(links, snapshot.at, lambda identity: identity[1] in telling)
        return gateway_families(links, up, cache)

    def _of_routes(self, snapshot: NatsSnapshot, cache: RowCache) -> list[Family]:
        """A route to a server that does not answer is not lost: that the server is down is told.

        Nor is one to a server that has been removed from the cluster.
        """
        servers = snapshot.servers
        links: dict[Identity, Link] = {
            (self._source, server.address, each.name): each
            for server in servers
            for each in server.routes or ()
        }
        telling = {s.address for s in servers if s.up and s.routes is not None}
        answering = {s.name for s in servers if s.up}
        if len(self._answered) < _MOST_NAMES:
            self._answered |= answering
        silent = self._answered - answering
        up = self._routes.up(links, snapshot.at, lambda identity: identity[1] in telling)
        told = {each: is_up for each, is_up in up.items() if is_up or each[2] not in silent}
        return route_families(links, told, cache)
