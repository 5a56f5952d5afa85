"""Good probes: those that succeeded, or were also fast enough."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, Protocol

import msgspec

from obs.slis.kind import Measurement, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import BACKWARDS, minute_of
from obs.snapshot.probe import Probed, ProbeSnapshot
from obs.spec.slis import ProbeSli


class ProbingTracker(Protocol):
    """The last snapshot of a probe source."""

    @property
    def snapshot(self) -> ProbeSnapshot | None: ...


class SavedProbes(msgspec.Struct, frozen=True, array_like=True):
    """When the last probes were (Unix seconds), and the events of their minute so far."""

    at: float
    minute: int
    events: Counts


class ProbeMeasurement(Measurement[ProbeSli, ProbingTracker]):
    """Probes of the SLI's targets, each an event of the minute in which its poll began.

    One that could not be sent is none. While the collector does not run nothing is probed, and a
    minute without probes has no events.
    """

    def __init__(self, sli: ProbeSli) -> None:
        super().__init__(sli)
        self._last: SavedProbes | None = None

    @classmethod
    def objects(cls, sli: ProbeSli, tracker: ProbingTracker) -> Mapping[str, ProbeSli] | None:
        """Each target."""
        if tracker.snapshot is None:
            return None
        return {each.target: sli.of(each.target) for each in _probes_of(sli, tracker.snapshot)}

    def observe(self, tracker: ProbingTracker) -> Observation | None:
        """The minute that has ended by the last probes."""
        snapshot, last = tracker.snapshot, self._last
        if snapshot is None or (last is not None and last.at == snapshot.at):
            return None
        good, total = self._counted(snapshot)
        if not total and last is None:
            return None
        minute = minute_of(snapshot.at)
        if last is None or minute < last.minute - BACKWARDS:
            self._last = SavedProbes(snapshot.at, minute, (good, total))
            return None
        if minute <= last.minute:  # a clock that was set back a little too
            events = (last.events[0] + good, last.events[1] + total)
            self._last = SavedProbes(snapshot.at, last.minute, events)
            return None
        self._last = SavedProbes(snapshot.at, minute, (good, total))
        return Observation({last.minute: last.events}, minute, last.minute)

    def saved(self) -> bytes:
        """The events of the minute that is going on."""
        return b"" if self._last is None else msgspec.msgpack.encode(self._last)

    def restore(self, saved: bytes) -> None:
        """Count on from there."""
        self._last = msgspec.msgpack.decode(saved, type=SavedProbes)

    def _counted(self, snapshot: ProbeSnapshot) -> Counts:
        """(good, total) probes of a poll."""
        sent = [each for each in _probes_of(self.sli, snapshot) if each.up is not None]
        return float(sum(map(self._is_good, sent))), float(len(sent))

    def _is_good(self, each: Probed) -> bool:
        return bool(each.up) and (self.sli.below is None or each.seconds < self.sli.below)


def _probes_of(sli: ProbeSli, snapshot: ProbeSnapshot) -> Iterator[Probed]:
    return (
        each
        for each in snapshot.probed
        if any(fnmatchcase(each.target, glob) for glob in sli.targets)
    )


MEASUREMENT: Final = ProbeMeasurement
