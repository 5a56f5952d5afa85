"""Leaf nodes and gateways that were there, so that a lost one is told by its name."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

REMEMBERED: Final = 3600.0  # seconds
_MOST: Final = 10_000

Identity = tuple[str, ...]


class LostLinks:
    """What was linked within the last hour. Not kept over a restart of the collector."""

    def __init__(self) -> None:
        self._seen: dict[Identity, float] = {}  # Unix seconds

    def up(
        self, present: Iterable[Identity], now: float, tells: Callable[[Identity], bool]
    ) -> Mapping[Identity, bool]:
        """Whether each that is known is linked; `tells`: whether its absence would be told.

        Of what nobody tells, the last that was known is still said. `now` in Unix seconds.
        """
        there = set(present)
        self._seen.update(dict.fromkeys(there, now))
        for identity, at in list(self._seen.items()):
            if not 0 <= now - at <= REMEMBERED:
                del self._seen[identity]
        while len(self._seen) > _MOST:
            del self._seen[next(iter(self._seen))]
        return {each: each in there or not tells(each) for each in sorted(self._seen)}
