"""An SLO over many objects: each that its source has now is an objective with its own budget."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from obs.slis.kind import objects_of
from obs.spec.slis import Sli
from obs.spec.slos import Slo

log = logging.getLogger(__name__)

_MOST_GONE: Final = 1_000
"""Ledgers of objects that are gone and may come back."""


_OF_OBJECT: Final = ("stream", "consumer", "rules", "endpoints", "where")
"""Fields of an SLI by which that of one object differs from that of all of them."""


class _Saved(msgspec.Struct):
    sli: str
    watermark: float | None = None


ObjectiveT = TypeVar("ObjectiveT")
MadeT_co = TypeVar("MadeT_co", covariant=True)


class Make(Protocol[MadeT_co]):
    """Makes the objective of an object, as an earlier run saved it."""

    def __call__(self, sli: Sli, of: str, now: float) -> MadeT_co: ...


class SplitSlo(Generic[ObjectiveT]):
    """The objectives of one such SLO.

    An object that is gone has no objective any more; its ledger stays in the state file for the
    SLO's window, so that one that is made again under its name has the budget that it had.
    """

    def __init__(self, slo: Slo, make: Make[ObjectiveT], saved: Mapping[str, bytes]) -> None:
        """`saved` are the entries of all SLOs in the state file, by key."""
        self.slo = slo
        self.source = slo.sli.measured.source
        self._make = make
        self.prefix: Final = f"{slo.service}/{slo.name}/"
        """Of the keys of its objectives in the state file."""
        self._present: dict[str, ObjectiveT] = {}
        self._gone: dict[str, float] = {}
        """When each was first seen to be gone (Unix seconds), oldest first."""
        self._unseen = _last_measured(saved, self.prefix)
        self.dropped = 0
        """Objects beyond `max_objects`, which have no objective."""

    @property
    def objectives(self) -> tuple[ObjectiveT, ...]:
        """Those of the objects that there are, by name."""
        return tuple(self._present[of] for of in sorted(self._present))

    def begin(self, sli: Sli, of: str, now: float) -> None:
        """Have the objective of an object."""
        self._present[of] = self._make(sli, of, now)

    def saved_objects(self, saved: Mapping[str, bytes]) -> Iterator[tuple[Sli, str]]:
        """The objects whose objectives were saved, each with its SLI; none that is unreadable."""
        for key in filter(lambda key: key.startswith(self.prefix), saved):
            with suppress(Exception):  # what a file holds may be anything
                written = msgspec.msgpack.decode(saved[key], type=_Saved).sli
                kinds = msgspec.json.decode(written, type=dict[str, dict[str, Any] | None])
                known = (kinds[self.slo.sli.kind] or {}).items()
                measured = self.slo.sli.measured
                own = {name: value for name, value in known if name in _OF_OBJECT}
                whole = type(measured).model_fields["by"].default
                narrowed = measured.model_copy(update={**own, "by": whole})
                sli = self.slo.sli.model_copy(update={self.slo.sli.kind: narrowed})
                yield sli, key.removeprefix(self.prefix)

    def update(self, tracker: Any, now: float) -> Iterator[str]:
        """Follow the objects after a poll at `now` (Unix seconds).

        Yields the keys of what an earlier run saved and nobody will come back to.
        """
        found = objects_of(self.slo.sli, tracker)
        if found is None:  # cannot be told: nothing has changed
            return
        for of in self._present.keys() - found.keys():
            log.info("SLO %s%s: the %s is gone", self.prefix, of, self.slo.sli.measured.each)
            del self._present[of]
            self._gone[of] = now
        self._begin(found, now)
        yield from self._forgotten(found, now)

    def _begin(self, found: Mapping[str, Sli], now: float) -> None:
        """Those that have an objective keep it; of the others the first by name get one."""
        fresh = sorted(found.keys() - self._present.keys())
        room = max(self.slo.max_objects - len(self._present), 0)
        for of in fresh[:room]:
            self.begin(found[of], of, now)
            self._gone.pop(of, None)
        dropped = len(fresh[room:])
        if dropped and dropped != self.dropped:
            log.warning(
                "SLO %s: %d of %d %ss have no error budget: raise max_objects (%d)",
                *(self.prefix.rstrip("/"), dropped, len(found), self.slo.sli.measured.each),
                self.slo.max_objects,
            )
        self.dropped = dropped

    def _forgotten(self, found: Mapping[str, Sli], now: float) -> Iterator[str]:
        # Saved by an earlier run, and not there at the first poll.
        for of, measured in self._unseen.items():
            if of not in found:
                self._gone.setdefault(of, min(measured, now))
        self._unseen = {}
        for of, since in list(self._gone.items()):
            if now - since > self.slo.window or len(self._gone) > _MOST_GONE:
                del self._gone[of]
                yield self.prefix + of


def _last_measured(saved: Mapping[str, bytes], prefix: str) -> dict[str, float]:
    """Until when (Unix seconds) each object of these keys was measured, the earliest first."""
    found: dict[str, float] = {}
    for key in filter(lambda key: key.startswith(prefix), saved):
        until = None
        with suppress(Exception):  # what a file holds may be anything
            until = msgspec.msgpack.decode(saved[key], type=_Saved).watermark
        found[key.removeprefix(prefix)] = until or 0.0
    return dict(sorted(found.items(), key=lambda each: each[1]))
