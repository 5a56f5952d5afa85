"""Minutes of several SLOs as those of one."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from obs.slis.kind import Measurement, MinuteEvents, Observation
from obs.slo.composite import combined
from obs.slo.cumulative import Counts
from obs.slo.minutes import minute_of
from obs.slo.windows import HOUR, MINUTE
from obs.spec.derived_slis import CompositeSli

_PAST: Final = 6 * HOUR
"""How far back a new composite begins: as far as its parts know single minutes."""


class Part(Protocol):
    """An SLO that is a part of another. Its events are known up to `watermark` (Unix seconds)."""

    @property
    def watermark(self) -> float | None: ...
    @property
    def since(self) -> float | None: ...
    @property
    def latest(self) -> MinuteEvents:
        """The minutes that its last poll set."""

    def minute(self, start: int) -> Counts:
        """(good, total) of the minute that starts there."""


class Parts(Protocol):
    """The SLOs that a composite names, in their order."""

    def parts(self, sli: CompositeSli) -> Sequence[Part]: ...


class CompositeMeasurement(Measurement[CompositeSli, Parts]):
    """A minute is judged once all parts know it, and again where one of them corrects it."""

    def __init__(self, sli: CompositeSli) -> None:
        super().__init__(sli)
        self._until = 0

    def observe(self, tracker: Parts) -> Observation | None:
        """The minutes that all parts know now."""
        parts = tracker.parts(self.sli)
        known = [part.watermark for part in parts if part.watermark is not None]
        if not parts or len(known) < len(parts):
            return None
        until = minute_of(min(known))
        first = self._until or _begin(parts, until)
        fresh = range(first, until, MINUTE)
        again = {start for part in parts for start in part.latest if until - _PAST <= start < first}
        minutes = {start: self._minute(parts, start) for start in sorted({*again, *fresh})}
        before, self._until = self._until, max(until, self._until)
        if not minutes and before:
            return None
        return Observation(minutes, until, min(minutes, default=until))

    def saved(self) -> bytes:
        """Up to where minutes were judged."""
        return msgspec.msgpack.encode(self._until)

    def restore(self, saved: bytes) -> None:
        """Go on from there."""
        self._until = msgspec.msgpack.decode(saved, type=int)

    def _minute(self, parts: Sequence[Part], start: int) -> Counts:
        return combined([part.minute(start) for part in parts], self.sli.weights_in_order)


def _begin(parts: Sequence[Part], until: int) -> int:
    """Where all parts have data, and know single minutes."""
    since = [part.since for part in parts if part.since is not None]
    return max(minute_of(max(since, default=until)), until - _PAST)


MEASUREMENT: Final = CompositeMeasurement
