"""What a canary remembers from poll to poll and over a restart."""

from collections.abc import Callable
from typing import Final

import msgspec

from obs.families.histogram import Histogram
from obs.sources.canary.path import Waiting
from obs.state import State, decoded

_KIND: Final = "canary"
RECENT: Final = 256
"""Ids of events that arrived, to tell duplicates."""


class CanaryMemory(msgspec.Struct, frozen=True):
    """Counts, events on their way, and the slots that are done. All times are Unix seconds.

    `slot`: the last one whose event was published or left to another collector. `trying`: one for
    which that has failed so far. `unarrived_since`: the slot of the first event after the last
    arrival that has not arrived; None where there is none.
    """

    since: float
    published: int = 0
    failures: int = 0
    lost: int = 0
    late: int = 0
    duplicates: int = 0
    slot: float = 0.0
    trying: float | None = None
    waiting: dict[str, Waiting] = {}
    recent: tuple[str, ...] = ()
    last_latency: float | None = None
    last_arrival: float | None = None
    unarrived_since: float | None = None
    stage: int | None = None
    latency: Histogram = Histogram(0, 0.0, ())

    def arrived_before(self, event: str) -> bool:
        """Whether this event has arrived already."""
        return event in self.recent


def restored(source: str, state: State, on_damage: Callable[[], None], now: float) -> CanaryMemory:
    """That of an earlier run from the state file, else a new one that counts from `now` on."""
    if value := state.entries(_KIND).get(source):
        try:
            return decoded(value, CanaryMemory)
        except ValueError:
            on_damage()
    return CanaryMemory(now)


def save(source: str, memory: CanaryMemory, state: State) -> None:
    """Queue it for the state file."""
    state.put(_KIND, source, msgspec.msgpack.encode(memory))
