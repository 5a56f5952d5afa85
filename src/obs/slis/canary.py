"""Good events of a canary: those that arrived, or were also fast enough."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import msgspec

from obs.slis.kind import Measurement, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import minute_of
from obs.snapshot.canary import CanarySnapshot
from obs.spec.slis import CanarySli


class FollowedCanary(Protocol):
    """A canary's tracker after a poll."""

    @property
    def snapshot(self) -> CanarySnapshot | None: ...
    @property
    def outcomes(self) -> Sequence[tuple[float, float | None]]:
        """When each event was published of which the poll made certain what became of it, and its
        latency in seconds, None where it was lost."""
        ...

    @property
    def undecided_since(self) -> float | None:
        """When the first event was published that may still arrive; None where there is none."""
        ...


class SavedEvents(msgspec.Struct, frozen=True):
    """The events of minutes that may get more, by the start of the minute; Unix seconds."""

    at: float
    began: int
    minutes: dict[int, Counts] = {}


class CanaryMeasurement(Measurement[CanarySli, FollowedCanary]):
    """Events, each counted in the minute in which it was published.

    A minute is complete once it is known of all its events whether they arrived. While the
    collector does not run nothing is published, and a minute without events has none.
    """

    def __init__(self, sli: CanarySli) -> None:
        super().__init__(sli)
        self._last: SavedEvents | None = None

    def observe(self, tracker: FollowedCanary) -> Observation | None:
        """The minutes that are complete."""
        snapshot = tracker.snapshot
        if snapshot is None or (self._last is not None and self._last.at == snapshot.at):
            return None
        began = minute_of(snapshot.at) if self._last is None else self._last.began
        minutes = _with(self._last.minutes if self._last else {}, tracker.outcomes, self._is_good)
        undecided = tracker.undecided_since
        until = minute_of(snapshot.at if undecided is None else min(undecided, snapshot.at))
        done = {start: events for start, events in minutes.items() if start < until}
        left = {start: events for start, events in minutes.items() if start >= until}
        self._last = SavedEvents(snapshot.at, min([began, *minutes]), left)
        if not done:
            return None
        return Observation(done, until, min(done))

    def saved(self) -> bytes:
        """The events of minutes that are not complete."""
        return b"" if self._last is None else msgspec.msgpack.encode(self._last)

    def restore(self, saved: bytes) -> None:
        """Count on from there."""
        self._last = msgspec.msgpack.decode(saved, type=SavedEvents)

    def _is_good(self, latency: float | None) -> bool:
        return latency is not None and (self.sli.below is None or latency < self.sli.below)


def _with(
    minutes: Mapping[int, Counts], outcomes: Sequence[tuple[float, float | None]], is_good: "Judge"
) -> dict[int, Counts]:
    found = dict(minutes)
    for published, latency in outcomes:
        good, total = found.get(minute := minute_of(published), (0.0, 0.0))
        found[minute] = (good + is_good(latency), total + 1)
    return found


class Judge(Protocol):
    """Whether an event of this latency, None for a lost one, is good."""

    def __call__(self, latency: float | None) -> bool: ...


MEASUREMENT: Final = CanaryMeasurement
