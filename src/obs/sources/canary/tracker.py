"""What is known of one canary, over all polls."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from obs.catalogue import canary
from obs.errors import REASONS, SourceError
from obs.families.canary import CanaryNumbers, canary_families
from obs.families.family import Family, Rows
from obs.families.histogram import Observations
from obs.snapshot.canary import Arrival, CanarySnapshot, Seen
from obs.sources.canary.memory import RECENT, CanaryMemory, restored, save
from obs.sources.canary.path import Waiting
from obs.sources.kind import Tracker
from obs.spec.canary import CanarySource
from obs.state import State

Outcome = tuple[float, float | None]
"""When an event was published (Unix seconds), and its latency in seconds; None: it was lost."""

NOT_DELIVERED: Final = canary.STAGES.index("not delivered")
NOT_PUBLISHED: Final = canary.STAGES.index("not published")
_OURS: Final = frozenset({"auth", "budget", "internal"})
"""Reasons of failures that say nothing about the path."""
assert frozenset(REASONS) > _OURS
_FORGET: Final = 3600.0
"""Seconds after which a lost event is no longer waited for; at least ten times lost_after."""


class CanaryTracker(Tracker[CanarySnapshot]):
    """The counts of one canary, which go on over a restart."""

    def __init__(
        self,
        source: str,
        spec: CanarySource,
        state: State,
        on_damage: Callable[[], None],
        now: float,
    ) -> None:
        self.source = source
        self.spec = spec
        self.memory = restored(source, state, on_damage, now)
        self.outcomes: tuple[Outcome, ...] = ()
        """What became certain at the last poll."""
        self._latency = Observations(canary.LATENCY.buckets)
        if self.memory.latency.count:
            self._latency.add_all(self.memory.latency)
        self._state = state
        self._rows = Rows([(source,)])

    @property
    def undecided_since(self) -> float | None:
        """When the first event was published that may still arrive in time; None: there is none."""
        open_ones = [each.at for each in self.memory.waiting.values() if not each.lost]
        if self.memory.trying is not None:
            open_ones.append(self.memory.trying)
        return min(open_ones, default=None)

    def update(self, snapshot: CanarySnapshot) -> list[Family]:
        """Count what a poll found."""
        self.snapshot = snapshot
        outcomes: list[Outcome] = []
        memory = _published(self.memory, snapshot, outcomes)
        if snapshot.seen is not None:
            memory = self._arrived(memory, snapshot.seen, snapshot.resumed, outcomes)
            memory = self._lost(memory, snapshot, snapshot.seen, outcomes)
        self.memory = msgspec.structs.replace(memory, latency=self._latency.histogram())
        self.outcomes = tuple(outcomes)
        self.save(snapshot.at)
        return list(canary_families(self._numbers(snapshot), self._rows, self.memory.since))

    def fault(self) -> SourceError | None:
        """Why an event could not be published, or arrivals not be looked for."""
        if self.snapshot is None:
            return None
        return self.snapshot.publish_error or self.snapshot.look_error

    def save(self, now: float) -> None:
        """Queue the counts for the state file."""
        save(self.source, self.memory, self._state)

    def in_words(self) -> str:
        """How far the last event came, for people; empty where it arrived."""
        if self.memory.stage in (None, 0):
            return ""
        return f"the last event was {canary.STAGES[self.memory.stage or 0]}"

    def _arrived(
        self, memory: CanaryMemory, seen: Seen, resumed: float, outcomes: list[Outcome]
    ) -> CanaryMemory:
        for each in seen.arrivals:
            memory = self._one_arrival(memory, each, resumed, outcomes)
        if taken := seen.taken & memory.waiting.keys():
            # Another collector has seen it arrive, and tells when.
            left = {id: each for id, each in memory.waiting.items() if id not in taken}
            recent = (*memory.recent, *sorted(taken))[-RECENT:]
            memory = msgspec.structs.replace(
                memory, waiting=left, recent=recent, unarrived_since=None, stage=0
            )
        return memory

    def _one_arrival(
        self, memory: CanaryMemory, each: Arrival, resumed: float, outcomes: list[Outcome]
    ) -> CanaryMemory:
        if memory.arrived_before(each.id):
            return msgspec.structs.replace(memory, duplicates=memory.duplicates + 1)
        known = memory.waiting.get(each.id)
        if known is None:  # of another collector, or of a run by hand
            return memory
        latency = max(each.at - each.published, 0.0)
        # Heard late because we did not listen: that it arrived is certain, how late is not.
        measured = latency <= self.spec.lost_after or known.at >= resumed
        if measured:
            self._latency.add(latency)
        if measured and not known.lost:
            outcomes.append((known.at, latency))
        return msgspec.structs.replace(
            memory,
            waiting={id: one for id, one in memory.waiting.items() if id != each.id},
            recent=(*memory.recent, each.id)[-RECENT:],
            late=memory.late + known.lost,
            last_latency=latency if measured else memory.last_latency,
            last_arrival=max(each.at, memory.last_arrival or 0.0),
            unarrived_since=_later_ones(memory, known.at),
            stage=0,
        )

    def _lost(
        self,
        memory: CanaryMemory,
        snapshot: CanarySnapshot,
        seen: Seen,
        outcomes: list[Outcome],
    ) -> CanaryMemory:
        waiting: dict[str, Waiting] = {}
        lost, stage, at = memory.lost, memory.stage, snapshot.at
        for id, each in memory.waiting.items():
            age = at - max(each.at, snapshot.resumed)
            if at - each.at > max(_FORGET, 10 * self.spec.lost_after):
                continue
            if each.lost or age < self.spec.lost_after:
                waiting[id] = each
                continue
            waiting[id] = replace(each, lost=True)
            lost += 1
            stage = seen.stages.get(id, NOT_DELIVERED)
            outcomes.append((each.at, None))
        return msgspec.structs.replace(memory, waiting=waiting, lost=lost, stage=stage)

    def _numbers(self, snapshot: CanarySnapshot) -> CanaryNumbers:
        memory = self.memory
        unarrived: float | None = None
        if memory.published or memory.failures:
            # What arrives while nobody listens is no evidence of a gap.
            since = max(memory.unarrived_since or snapshot.at, snapshot.resumed)
            unarrived = max(snapshot.at - since, 0.0)
        return CanaryNumbers(
            memory.latency,
            memory.last_latency,
            unarrived,
            memory.stage,
            memory.last_arrival,
            memory.published,
            memory.failures,
            memory.lost,
            memory.late,
            memory.duplicates,
        )


def _published(
    memory: CanaryMemory, snapshot: CanarySnapshot, outcomes: list[Outcome]
) -> CanaryMemory:
    slot, accepted = snapshot.slot, snapshot.accepted
    if slot is None:
        return memory
    if memory.trying is not None and memory.trying < slot:  # that slot has ended without an event
        outcomes.append((memory.trying, None))
        memory = msgspec.structs.replace(memory, trying=None)
    if snapshot.publish_error is not None:
        return _failed(memory, slot, snapshot.publish_error.reason)
    memory = msgspec.structs.replace(memory, slot=slot, trying=None)
    if accepted is None:
        return memory
    return msgspec.structs.replace(
        memory,
        published=memory.published + 1,
        waiting={**memory.waiting, accepted.id: Waiting(accepted.at, accepted.sequence)},
        unarrived_since=_first(memory.unarrived_since, accepted.at),
    )


def _failed(memory: CanaryMemory, slot: float, reason: str) -> CanaryMemory:
    memory = msgspec.structs.replace(memory, failures=memory.failures + 1)
    if reason in _OURS:
        return memory
    return msgspec.structs.replace(
        memory,
        trying=slot,
        stage=NOT_PUBLISHED,
        unarrived_since=_first(memory.unarrived_since, slot),
    )


def _first(since: float | None, at: float) -> float:
    return at if since is None else min(since, at)


def _later_ones(memory: CanaryMemory, arrived: float) -> float | None:
    """Since when nothing has arrived once an event published at `arrived` has."""
    later: Sequence[float] = [each.at for each in memory.waiting.values() if each.at > arrived]
    if memory.trying is not None and memory.trying > arrived:
        later = [*later, memory.trying]
    return min(later, default=None)
