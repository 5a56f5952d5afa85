"""What is known of the targets of one source, over all polls."""

from collections.abc import Callable, Sequence
from typing import Final

from obs.families.family import Family, RowCache
from obs.families.probe import ProbeNumbers, probe_families
from obs.snapshot.probe import Probed, ProbeSnapshot
from obs.sources.kind import Tracker
from obs.sources.probe.counts import TargetCounts, reasons_of, restored, save
from obs.spec.probe_targets import ProbeTarget
from obs.state import State

_MOST_TOLD: Final = 5


class ProbeTracker(Tracker[ProbeSnapshot]):
    """The counts of each target, which go on over a restart."""

    def __init__(
        self,
        source: str,
        targets: tuple[ProbeTarget, ...],
        state: State,
        on_damage: Callable[[], None],
    ) -> None:
        self.source = source
        self.targets = {target.name: target for target in targets}
        self.counts = restored(source, targets, state, on_damage)
        self._state = state
        self._rows = RowCache()

    def update(self, snapshot: ProbeSnapshot) -> list[Family]:
        """Count the probes of a poll."""
        self.snapshot = snapshot
        for each in snapshot.probed:
            before = self.counts.get(each.target, TargetCounts())
            self.counts[each.target] = before.after(each, snapshot.at)
        self.save(snapshot.at)
        numbers = [self._numbers(each) for each in snapshot.probed]
        return probe_families(numbers, self.source, snapshot.at, self._rows)

    def partial(self) -> Sequence[str]:
        """The targets that could not be probed, for reasons of ours."""
        if self.snapshot is None:
            return ()
        unknown = [each for each in self.snapshot.probed if each.unknown]
        told = [f"target {each.target} was not probed: {each.unknown}" for each in unknown]
        if len(told) > _MOST_TOLD:
            told[_MOST_TOLD:] = [f"{len(told) - _MOST_TOLD} more targets were not probed"]
        return told

    def save(self, now: float) -> None:
        """Queue the counts for the state file."""
        save(self.source, self.counts, self._state)

    def _numbers(self, last: Probed) -> ProbeNumbers:
        counts = self.counts[last.target]
        reasons = reasons_of(self.targets[last.target])
        return ProbeNumbers(
            last,
            counts.probes,
            counts.failures,
            tuple((reason, counts.failed.get(reason, 0)) for reason in reasons),
            counts.in_a_row,
            counts.last_success or None,
        )
