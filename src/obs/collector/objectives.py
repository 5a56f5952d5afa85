"""SLOs: their measurements are recorded in ledgers, which are saved and evaluated."""

import logging
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from obs.collector.counted_time import counting_of
from obs.collector.objective import KIND, Objective, PastEvents, SavedSlo
from obs.collector.split_slos import SplitSlo
from obs.slis.kind import Measurement
from obs.slo.counting import Counting
from obs.slo.ledger import Bucket
from obs.slo.windows import DAY
from obs.spec.composites import in_order, key_of, sources_of
from obs.spec.sli import Key, SliSpec
from obs.spec.slis import Sli
from obs.spec.slos import Slo
from obs.state import State, decoded

log = logging.getLogger(__name__)

_AHEAD = 2 * 3600  # seconds by which a ledger may be ahead of its watermark
_LONGEST = 400 * DAY  # seconds: the longest window of a spec


class Objectives:
    """All SLOs of the spec; of one that is split, those of the objects that there are."""

    def __init__(
        self,
        slos: Iterable[Slo],
        state: State,
        on_damage: Callable[[], None],
        now: float,
        counting: Callable[[Slo], Counting] = counting_of,
    ) -> None:
        self._state = state
        self._counting = counting
        self._entries = state.entries(KIND)
        self._on_damage = on_damage
        self._started = now
        every = tuple(slos)
        self.split = {
            (slo.service, slo.name): SplitSlo(slo, partial(self._made, slo=slo), self._entries)
            for slo in every
            if slo.sli.measured.each
        }
        self._whole = {
            (slo.service, slo.name): self._made(slo.sli, "", now, slo=slo)
            for slo in every
            if not slo.sli.measured.each
        }
        self._order = tuple((slo.service, slo.name) for slo in every)
        self._composites = self._with_parts({(slo.service, slo.name): slo for slo in every})
        self._forget_others(now)
        self._list()

    def _forget_others(self, now: float) -> None:
        """Forget SLOs that left the spec whose windows are over; others may come back."""
        ours = tuple(each.prefix for each in self.split.values())
        known = {each.key for each in self._whole.values()}
        for key, entry in list(self._entries.items()):
            if key not in known and not key.startswith(ours) and _is_over(entry, now):
                self._forget(key)

    def _forget(self, key: str) -> None:
        self._entries.pop(key, None)
        self._state.remove(KIND, key)

    def _with_parts(self, slos: Mapping[Key, Slo]) -> tuple[Objective, ...]:
        """Those that are made of others, each after its parts."""
        found: list[Objective] = []
        for key in in_order(slos):
            if slos[key].sli.measured.part_names():
                self._whole[key].sources = sources_of(key, slos)
                found.append(self._whole[key])
        return tuple(found)

    def _made(self, sli: Sli, of: str, now: float, *, slo: Slo) -> Objective:
        """The objective as it was saved, or a new one."""
        mine = slo.model_copy(update={"sli": sli}) if of else slo
        counting = self._counting(slo)
        objective = Objective(mine, now, of, counting)
        entry = self._entries.get(objective.key)
        if entry is None or _restored(objective, entry, self._state, self._on_damage):
            return objective
        return Objective(mine, now, of, counting)

    def restore_all(self) -> None:
        """Have the objects that the state file knows, although no source says which there are."""
        for each in self.split.values():
            for sli, of in each.saved_objects(self._entries):
                each.begin(sli, of, self._started)
        self._list()

    def _list(self) -> None:
        found: list[Objective] = []
        for key in self._order:
            found += self.split[key].objectives if key in self.split else (self._whole[key],)
        self.all = tuple(found)

    def split_counts(self, sources: Container[str]) -> list[tuple[str, str, int, int]]:
        """Of SLOs of these sources that are split: name, service, objects with a budget, and
        without."""
        return [
            (each.slo.name, each.slo.service, len(each.objectives), each.dropped)
            for each in self.split.values()
            if each.source in sources
        ]

    def without_objects(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """Of SLOs that are split and have no object: name, service, sources."""
        empty = (each for each in self.split.values() if not each.objectives)
        return [(each.slo.name, each.slo.service, (each.source,)) for each in empty]

    def measurements(self, source: str) -> list[Measurement[Any, Any]]:
        """What measures the SLOs of this source."""
        return [each.measurement for each in self.all if each.source == source]

    def lacking_history(self, source: str) -> list[Objective]:
        """SLOs of this source with a past that has yet to be read."""
        return [
            each for each in self.all if each.source == source and each.missing_from is not None
        ]

    def take_history(self, past: Sequence[PastEvents]) -> None:
        """Fill in what happened before the polls began, where the ledger has nothing."""
        for each in past:
            each.objective.take_past(each)
            self._settle(each.objective)

    def save(self) -> None:
        """Queue everything, for a state file that is new."""
        for objective in self.all:
            objective.save(self._state, whole=True)

    def update(self, source: str, tracker: object, now: float | None = None) -> None:
        """Update the SLOs of this source from its tracker, after a poll at `now`, by default the
        time of the start."""
        now = self._started if now is None else now
        splits = [each for each in self.split.values() if each.source == source]
        for each in splits:
            for key in each.update(tracker, now):
                self._forget(key)
        if splits:
            self._list()
        for objective in self.all:
            if objective.source == source:
                objective.update(tracker)
                self._settle(objective)
        for objective in self._composites:
            if source in objective.sources:
                objective.update(_Parts(objective.slo, self._whole))
                self._settle(objective)

    def _settle(self, objective: Objective) -> None:
        objective.evaluate()
        self._entries[objective.key] = objective.save(self._state)


def _is_over(entry: bytes, now: float) -> bool:
    """Whether all that was counted of a saved SLO is older than its window."""
    try:
        saved = decoded(entry, SavedSlo)
    except ValueError:
        return True
    return saved.watermark is None or now - saved.watermark > (saved.kept_seconds or _LONGEST)


def _restored(
    objective: Objective, entry: bytes, state: State, on_damage: Callable[[], None]
) -> bool:
    """Continue an SLO as it was saved; False where that is damaged, or evaluates to an error."""
    try:
        saved = decoded(entry, SavedSlo)
        # One that begins much later would end the windows there until that time comes.
        until = inf if saved.watermark is None else saved.watermark + _AHEAD
        objective.restore(saved, [Bucket(*row) for row in state.buckets(objective.key, until)])
        objective.evaluate()
    except Exception as error:  # noqa: BLE001  what a file holds may be anything
        on_damage()
        log.warning(
            "state of SLO %s is unreadable (%s); starting with an empty history",
            *(objective.key, error),
        )
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a composite is made of."""

    slo: Slo
    known: Mapping[Key, Objective]

    def parts(self, sli: SliSpec) -> list[Objective]:
        """In the order of the spec."""
        return [self.known[key_of(each, self.slo.service)] for each in sli.part_names()]
