"""A source's servers and the groups of its cluster that the spec collects, as families."""

from collections.abc import Callable

from obs.families.family import Family, RowCache
from obs.families.nats import server_families
from obs.families.nats_groups import (
    certificates_family,
    client_families,
    left_out_family,
    raft_families,
    server_pending_family,
)
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.client_traffic import ClientTraffic
from obs.sources.nats.links import Links
from obs.spec.nats import NatsSource


class ClusterGroups:
    """The servers of one source, and what is collected of them, over time."""

    def __init__(self, source: str, spec: NatsSource, since: float) -> None:
        """Counters of its own begin at `since` (Unix seconds)."""
        self._source = source
        self._since = since
        self._collect = frozenset(spec.collect)
        self._links = Links(source, self._collect)
        chosen = spec.client_connections if "connections" in self._collect else None
        self._clients = ClientTraffic(source, chosen.max_names) if chosen else None

    def families(
        self, snapshot: NatsSnapshot, label: Callable[[str], str], cache: RowCache
    ) -> list[Family]:
        """All of a poll; `label` says what an account is called, by its id."""
        numbers = "servers" in self._collect
        source, servers = self._source, snapshot.servers
        found = server_families(source, servers, cache, numbers=numbers)
        if numbers:
            found.append(certificates_family(source, servers, snapshot.at, cache))
        found += self._links.families(snapshot, label, cache)
        if self._clients is not None:
            clients, left_out = self._clients.update(snapshot, label)
            found += client_families(clients, cache, self._since)
            found.append(left_out_family(left_out, cache))
            found.append(server_pending_family(source, servers, cache))
        if "raft" in self._collect:
            found += raft_families(source, servers, cache)
        return found
