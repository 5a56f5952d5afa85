"""The polls of a canary: publish once in each slot, look for what has not arrived."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from obs.errors import SourceError
from obs.snapshot.canary import Accepted, CanarySnapshot
from obs.sources.canary.event import CanaryEvent, slot_of
from obs.sources.canary.memory import CanaryMemory
from obs.sources.canary.path import Path, Waiting
from obs.spec.canary import CanarySource

POLL_TIMEOUTS: Final = 12
"""Timeouts of a request that one poll may take: to connect, prepare, publish, wait and look."""


class CanaryRounds:
    """The polls of one canary on its path; `memory` is what its tracker knows at the time."""

    def __init__(
        self,
        name: str,
        spec: CanarySource,
        path: Path,
        memory: Callable[[], CanaryMemory],
        wall: Callable[[], float],
    ) -> None:
        """`wall` gives Unix seconds."""
        self._name = name
        self._spec = spec
        self._path = path
        self._memory = memory
        self._wall = wall

    def poll(self) -> CanarySnapshot:
        """Publish if the slot has no event yet, and look. Blocks; what fails is in the snapshot.

        Raises SourceError where the path could not be prepared and nothing was to be published.
        """
        memory, at = self._memory(), self._wall()
        slot = slot_of(at, self._spec.every)
        found = CanarySnapshot(at)
        # One is enough after a clock was set back by less than a slot.
        if slot > memory.slot or slot < memory.slot - 2 * self._spec.every:
            found = self._publish(found, slot)
            if found.publish_error is not None and not memory.waiting:
                return replace(found, resumed=self._path.resumed)
        waiting = dict(memory.waiting)
        if found.accepted is not None:
            waiting[found.accepted.id] = Waiting(found.accepted.at, found.accepted.sequence)
        return replace(self._look(found, waiting), resumed=self._path.resumed)

    def _publish(self, found: CanarySnapshot, slot: float) -> CanarySnapshot:
        try:
            self._path.prepare()
            if found.at - slot > self._path.window():
                return found  # another collector may have published it too long ago to be told
            event = CanaryEvent(self._name, self._path.id_of(slot), self._wall())
            accepted = self._path.publish(event)
        except SourceError as error:
            return replace(found, slot=slot, publish_error=error)
        return replace(found, slot=slot, accepted=accepted)

    def _look(self, found: CanarySnapshot, waiting: dict[str, Waiting]) -> CanarySnapshot:
        seconds = self._spec.timeout if found.accepted is not None else 0.0
        try:
            seen = self._path.look(waiting, seconds)
        except SourceError as error:
            return replace(found, at=self._wall(), look_error=error)
        return replace(found, at=self._wall(), seen=seen)


def published_once(
    name: str, path: Path, id: str, at: float
) -> tuple[CanaryEvent, Accepted | None]:
    """An event by hand. Raises SourceError."""
    path.prepare()
    event = CanaryEvent(name, id, at)
    return event, path.publish(event)
