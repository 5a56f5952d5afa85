"""The collector's data: takes every snapshot, and provides everything that is served.

All methods that change it are called from one thread at a time. What others read while it
changes (`exposition`, `families`) is replaced as a whole, never changed in place.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from obs import spans
from obs.collector.clock import Clock
from obs.collector.counted_time import counting_in
from obs.collector.counter_starts import CounterStarts
from obs.collector.health import PushHealth, SourceHealth
from obs.collector.lease_seen import Lease
from obs.collector.measured_here import MeasuredHere
from obs.collector.named import SpecNames
from obs.collector.objective import Objective, PastEvents
from obs.collector.objectives import Objectives
from obs.collector.shown import ShownFamilies
from obs.collector.spec_in_force import SpecInForce
from obs.errors import SourceError
from obs.families.family import Family, RowCache, begun
from obs.families.own import (
    BUILD,
    check_family,
    lease_families,
    log_family,
    push_families,
    shard_families,
    source_families,
    span_families,
    spec_families,
    state_family,
)
from obs.families.slo import slo_families, split_families
from obs.logs import dropped_lines
from obs.sinks.pushed import Pushed
from obs.sources.kind import AnyKind, Change, Snapshot, SourceClient, Tracker
from obs.sources.kinds import KINDS, each_source
from obs.spec.system import System
from obs.state import State

log = logging.getLogger(__name__)

OWN: Final = "\x00own"  # sorts before and differs from every source's name
SLOS: Final = "\x00slo"


class Collector:
    """Judges snapshots against their history and keeps the exposition of it."""

    def __init__(
        self,
        system: System,
        state: State,
        sources: Sequence[SourceHealth],
        pushes: Sequence[PushHealth],
        clients: Sequence[tuple[AnyKind, SourceClient]],
        *,
        state_errors: Counter[str],
        clock: Clock,
        lease: Lease | None = None,
        span_counts: spans.SpanCounts | None = None,
    ) -> None:
        """`lease`: its part in one, where the spec has it. `span_counts`: what becomes of
        the spans of its traces; None where there are none."""
        self.system = system
        self.lease = lease
        self.sources = tuple(sources)
        self.pushes = tuple(pushes)
        self.state_errors = state_errors
        self.span_counts = span_counts
        self.clock = clock
        self.started = clock.wall()
        self.spec = SpecInForce(self.started)
        self.stale_checked_at = clock.monotonic()
        self.checks: Mapping[str, bool] = {}
        self._clients = {
            kind.key: tuple(client for of, client in clients if kind.key == _counted_as(of))
            for kind in KINDS
        }
        self._state = state
        self._starts = CounterStarts(state, self._damaged, self.started)
        self._shown = ShownFamilies(system, self._starts, clock)
        self.exposition = self._shown.exposition
        self._slo_rows = RowCache()
        self._without_history: set[str] = set()
        self._lease_shown: tuple[bool, int] | None = None
        now = clock.wall()
        for source in sources:
            source.asked_since = now
        names = {source.name for source in sources}
        measured = [slo for slo in system.slos if not slo.by_rules]
        self.objectives = Objectives(measured, state, self._damaged, now, counting_in(system))
        self.trackers: Mapping[str, Tracker[Any]] = {
            name: kind.tracker(name, spec, state, self._damaged, now)
            for kind, name, spec in each_source(system)
            if name in names
        }
        self._measured_here = MeasuredHere(self.objectives, self.trackers, now)
        for name, tracker in self.trackers.items():
            tracker.compat = system.outputs.web.compat
            tracker.measure(self.objectives.measurements(name))
            tracker.exported = system.exported
        self.spec_names = SpecNames(system, self.trackers)
        self._publish_own()

    def go_on(self, before: "Collector") -> None:
        """Show what the collector of an earlier spec last knew of what stays, until it is polled
        here, and count on from its counts. It has been closed."""
        self.started = before.started
        if self.lease is None or self.lease.leads:
            self.checks = before.checks
        self._measured_here.go_on(before._measured_here)
        known = {health.name: health for health in before.sources}
        for health in self.sources:
            old = known.get(health.name)
            if old is not None and old.kind == health.kind and old.lasting == health.lasting:
                health.go_on(old)
                if families := before._shown.of(health.name):
                    self._shown.show(health.name, families)
        self.spec_names.go_on(before.spec_names)
        pushed = {health.name: health for health in before.pushes}
        for push in self.pushes:
            if push.name in pushed:
                push.go_on(pushed[push.name])
        self._publish_slos()
        self._publish_own()
        self._shown.show_process()

    def take_spec(self, spec: SpecInForce) -> None:
        """Expose which spec is in force."""
        self.spec = spec
        self._publish_own()

    def measured_since(self) -> dict[tuple[str, str], float]:
        """Since when (Unix seconds) each SLO is measured, by name and service."""
        return self._measured_here.since()

    def clients_of(self, kind: AnyKind) -> Sequence[SourceClient]:
        """The clients of this kind's sources."""
        return self._clients[kind.key]

    @property
    def changes(self) -> int:
        """Grows with whatever is shown anew."""
        return self._shown.changes

    def families(self) -> list[Family]:
        """Every family as of the last polls, for sinks that are pushed to."""
        return self._shown.every()

    def record_poll(self, health: SourceHealth, snapshot: Snapshot, started: float) -> None:
        """Take the snapshot of a poll that began at `started` (monotonic seconds)."""
        tracker = self.trackers[health.name]
        tracker.families = tracker.update(snapshot)
        families = self._shown.exported(tracker.families)
        self._shown.compat.update(health.name, snapshot)
        self.objectives.update(health.name, tracker, self.clock.wall())
        self.spec_names.update(health.name, tracker)
        # Saved before it is exposed: a counter must not be lower after a crash.
        self._save()
        health.left_out = dict(snapshot.left_out)
        health.dropped.update(snapshot.left_out)
        health.series = sum(map(len, families))
        health.withdrawn = tracker.withdrawn_objects()
        health.slow_down(tracker.slower())
        if (fault := tracker.fault()) is not None:
            # First, so that the source is already marked as down when series are withdrawn.
            self.fail(health, fault, started)
            health.answered(self.clock.monotonic())
            self._shown.show(health.name, families)
            self._publish_slos()
            return
        if not health.up:
            log.info("source %s is up", health.name)
        self._shown.show(health.name, families)
        took = self._took(health, started)
        health.succeeded(self.clock.wall(), self.clock.monotonic(), took)
        self._publish_slos()
        self._publish_own()

    def fail(self, health: SourceHealth, error: SourceError, started: float) -> None:
        """Record a failed poll; the source's series stay until they are stale."""
        if health.up or health.polls == 0:
            log.warning("source %s failed: %s: %s", health.name, error.reason, error)
        health.failed(error.reason, str(error), self._took(health, started))
        if (tracker := self.trackers.get(health.name)) is not None:
            tracker.failed()
        self._publish_own()

    def _took(self, health: SourceHealth, started: float) -> float:
        """The seconds that a poll has taken, counted; its trace explains them."""
        took = self.clock.monotonic() - started
        health.observed.add(max(took, 0.0), spans.trace_id(), self.clock.wall())
        return took

    def lacks_history(self, source: str) -> bool:
        """Whether an SLO of this source misses events from before the polls began."""
        return bool(self.objectives.lacking_history(source))

    def take_history(self, past: Sequence[PastEvents]) -> None:
        """Fill SLO ledgers with what happened before the polls began."""
        self.objectives.take_history(past)
        self._without_history -= {each.objective.source for each in past}
        self._save()
        self._publish_slos()

    def history_failed(self, source: str, error: SourceError) -> None:
        """Continue without the history of a source's SLOs until the next attempt to read it."""
        log.warning("source %s: cannot read history yet: %s", source, error)
        self._without_history.add(source)
        self._publish_slos()

    def update(self, source: str, change: Change) -> None:
        """Change a source's tracker between polls, save it, and expose its families."""
        families = change()
        self._save()
        if families and source in self._shown:
            self._shown.show(source, families)

    def connection(self, health: SourceHealth, error: SourceError | None) -> None:
        """A source's lasting connection was made, or lost with `error`."""
        if error is not None:
            self.fail(health, error, self.clock.monotonic())
            return
        if not health.up:
            log.info("source %s is up", health.name)
        health.succeeded(self.clock.wall(), self.clock.monotonic(), 0.0)
        self._publish_own()

    def pushed(self, health: PushHealth, outcome: Pushed, wait: float) -> None:
        """Record what became of a push; the next one is in `wait` seconds."""
        was_up, first = health.up, not health.errors
        health.ended(outcome, self.clock.wall(), wait)
        if health.up and not was_up:
            log.info("push to %s succeeded", health.name)
        elif not health.up and (was_up or first):
            log.warning("push to %s failed: %s: %s", health.name, health.reason, health.error)
        self._publish_own()

    def take_checks(self, outcomes: Mapping[str, bool]) -> None:
        """Expose which checks passed."""
        for name in sorted(outcomes):
            if self.checks.get(name, True) and not outcomes[name]:
                log.warning("check %s fails; run `obs check --only %s` for details", name, name)
        self.checks = outcomes
        self._publish_own()

    def expire_stale(self) -> None:
        """Withdraw what is stale and refresh what needs no poll."""
        now = self.clock.monotonic()
        for health in self.sources:
            if health.lasting and health.up:
                health.still_up(self.clock.wall(), now)
            if health.name in self._shown and not health.is_shown(now):
                log.warning("source %s is stale; its series are withdrawn", health.name)
                self._withdraw(health)
        self.stale_checked_at = now
        self._save()
        self._shown.show_process()
        if self.lease is not None and self._lease_shown != (self.lease.holds(), self.lease.epoch):
            self._publish_own()

    def close(self) -> None:
        """Save everything."""
        self._save()
        self._put_everything()
        self._state.close()

    def _save(self) -> None:
        """Write what changed; everything where the state file had to be made anew."""
        if self._state.was_lost():
            self._put_everything()
        if not self._state.flush() and self._state.was_lost():
            self._put_everything()
            self._state.flush()

    def _put_everything(self) -> None:
        for tracker in self.trackers.values():
            tracker.save(self.clock.wall())
        self.objectives.save()
        self._starts.save()

    def stale_sources(self) -> list[SourceHealth]:
        """Required sources that are stale."""
        now = self.clock.monotonic()
        return [health for health in self.sources if health.required and not health.is_fresh(now)]

    def _withdraw(self, health: SourceHealth) -> None:
        self._shown.forget(health.name)
        health.series = 0
        self._publish_slos()
        self._publish_own()
        # Last, so that the source is already marked as stale when its series disappear.
        self.exposition.withdraw(health.name)

    def shown_objectives(self) -> list[Objective]:
        """SLOs whose source is fresh, and whose history was read or cannot be read yet."""
        now = self.clock.monotonic()
        shown = {h.name for h in self.sources if h.name in self._shown and h.is_fresh(now)}
        return [
            each
            for each in self.objectives.all
            if all(source in shown for source in each.sources)
            and (each.missing_from is None or each.source in self._without_history)
        ]

    def _publish_slos(self) -> None:
        evaluated = [objective.evaluated() for objective in self.shown_objectives()]
        now = self.clock.monotonic()
        fresh = {h.name for h in self.sources if h.name in self._shown and h.is_fresh(now)}
        split = self.objectives.split_counts(fresh)
        families = [*slo_families(evaluated, self._slo_rows)]
        if split:
            families += split_families(split, self._slo_rows)
        self._shown.show(SLOS, families)

    def _of_shard(self) -> list[Family]:
        shard = self.system.share.shard
        return shard_families(shard.number, shard.of, self.sources) if shard else []

    def _publish_own(self) -> None:
        families = [
            *source_families(self.sources),
            *push_families(self.pushes),
            state_family(self.state_errors),
            check_family(self.checks),
            log_family(dropped_lines()),
            *spec_families(bool(self.spec.refused), self.spec.since),
            *(span_families(*self.span_counts.all) if self.span_counts else ()),
            self.spec_names.family(),
            *self._of_shard(),
            *self._measured_here.families(),
            BUILD,
        ]
        if self.lease is not None:
            self._lease_shown = self.lease.holds(), self.lease.epoch
            families += lease_families(self.lease.part, *self._lease_shown)
        for kind in KINDS:
            families += kind.usage(self.clients_of(kind))
        self._shown.show(OWN, begun(families, self.started), lasting=False)

    def _damaged(self) -> None:
        self.state_errors["damaged"] += 1
        self._state.replace()


def _counted_as(kind: AnyKind) -> str:
    """The kind among whose clients those of a kind count."""
    return kind.counted_with or kind.key
