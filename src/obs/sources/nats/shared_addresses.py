"""Addresses at which several servers answer: a virtual one, a load balancer, a Kubernetes Service.

A server that is started again has a new id as well, but it cannot have run while its predecessor
answered.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

from obs.sources.nats.jsz import unix_seconds
from obs.sources.nats.varz import Varz

_MARGIN: Final = 1.0  # seconds; servers round the time at which they started


class _Seen(NamedTuple):
    """The server that answered at an address, last at `at` (Unix seconds)."""

    id: str
    name: str
    at: float


class SharedAddresses:
    """Finds addresses behind which servers change."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def another_answers(self, url: str, varz: Varz, at: float) -> bool:
        """Whether the server that answered at `at` ran beside the one that answered before."""
        before = self._seen.get(url)
        self._seen[url] = _Seen(varz.server_id, varz.server_name, at)
        if before is None or before.id == varz.server_id:
            return False
        now, start = unix_seconds(varz.now), unix_seconds(varz.start)
        if now is None or start is None:
            return before.name != varz.server_name
        return now - start > at - before.at + _MARGIN

    def keep(self, urls: Collection[str]) -> None:
        """Forget all other addresses."""
        self._seen = {url: seen for url, seen in self._seen.items() if url in urls}
