"""How far the clocks of servers are ahead of the collector's."""

from collections.abc import Collection
from typing import NamedTuple


class Ahead(NamedTuple):
    """A server's clock is between `least` and `most` seconds ahead of the collector's."""

    least: float
    most: float

    @property
    def middle(self) -> float:
        """The best estimate."""
        return (self.least + self.most) / 2


def ahead(now: float, asked: float, answered: float) -> Ahead:
    """From one request: the server's clock was `now` between `asked` and `answered`.

    Unix seconds; the latter two by the collector's clock.
    """
    return Ahead(now - answered, now - asked)


class ServerClocks:
    """The tightest bounds for each server, by its id, over all polls that agree."""

    def __init__(self) -> None:
        self._known: dict[str, Ahead] = {}

    def observe(self, server: str, seen: Ahead) -> Ahead:
        """The bounds after one more request; a clock that was set starts them again."""
        known = self._known.get(server, seen)
        both = Ahead(max(known.least, seen.least), min(known.most, seen.most))
        self._known[server] = both if both.least <= both.most else seen
        return self._known[server]

    def keep(self, servers: Collection[str]) -> None:
        """Forget all others."""
        self._known = {server: of for server, of in self._known.items() if server in servers}
