"""A source's leaf nodes and gateways as families, those that were lost among them."""

from collections.abc import Callable
from itertools import chain

from obs.families.family import Family, RowCache
from obs.families.nats_links import gateway_families, leaf_families
from obs.snapshot import Link, NatsSnapshot
from obs.sources.nats.link_pages import together
from obs.sources.nats.lost_links import Identity, LostLinks


class Links:
    """The leaf nodes and gateways of one source over time."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._leaf_nodes = LostLinks()
        self._gateways = LostLinks()

    def families(
        self, snapshot: NatsSnapshot, label: Callable[[str], str], cache: RowCache
    ) -> list[Family]:
        """All link families of a poll; `label` says what an account is called, by its id."""
        source = self._source
        leaf_nodes: dict[Identity, Link] = {
            (source, label(each.account), each.name): each
            for each in together(chain.from_iterable(s.leaf_nodes for s in snapshot.servers))
        }
        gateways: dict[Identity, Link] = {
            (source, server.address, each.name): each
            for server in snapshot.servers
            for each in server.gateways
        }
        telling = {server.address for server in snapshot.servers if server.up}

        def tells(identity: Identity) -> bool:
            return identity[1] in telling

        every = self._leaf_nodes.up(leaf_nodes, snapshot.at, lambda _: snapshot.tells_all)
        connected = self._gateways.up(gateways, snapshot.at, tells)
        return [
            *leaf_families(leaf_nodes, every, cache),
            *gateway_families(gateways, connected, cache),
        ]
