"""SLOs: their measurements are recorded in ledgers, which are saved and evaluated."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import msgspec

from obs.families.slo import EvaluatedSlo
from obs.slis.kind import MinuteEvents, Observation, measurement_of
from obs.slo.burn import objective_ratio
from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.expected import Expected
from obs.slo.ledger import Bucket, Ledger
from obs.slo.minutes import minute_of
from obs.slo.tiers import Tier, tiers
from obs.slo.totals import CumulativeTotal, TotalState
from obs.slo.windows import window
from obs.spec.slos import Slo
from obs.state import State, decoded

log = logging.getLogger(__name__)

_KIND = "slo"
_AHEAD = 2 * 3600  # seconds by which a ledger may be ahead of its watermark


class SavedSlo(msgspec.Struct, frozen=True):
    """What is saved of an SLO besides its ledger. Names in the file are kept for compatibility."""

    sli: str
    watermark: float | None
    events: TotalState
    good_events: TotalState
    deliveries: dict[str, tuple[float, float]]  # empty: only an earlier version goes by it
    missing_from: float | None = None
    since: float | None = None
    measurement: bytes = b""


@dataclass(frozen=True, slots=True)
class PastEvents:
    """History of one SLO: (bucket length in seconds, events by bucket), newest span first.

    `begin`: it was read from here (Unix seconds) on; None where there was nothing to read.
    """

    objective: "Objective"
    spans: tuple[tuple[int, MinuteEvents], ...]
    begin: float | None = None


class Objective:
    """One SLO with its measurement, ledger and counters."""

    def __init__(self, slo: Slo, now: float) -> None:
        self.slo = slo
        self.key = f"{slo.service}/{slo.name}"
        self.source = slo.sli.measured.source
        self.ratio = objective_ratio(slo.objective)
        self.measurement = measurement_of(slo.sli)
        self.ledger = Ledger(slo.window)
        self.events = CumulativeTotal(minute_of(now))
        self.good_events = CumulativeTotal(minute_of(now))
        self.watermark: float | None = None
        self.evaluation: Evaluation | None = None
        self.since: float | None = None
        """Events are known from here (Unix seconds) on; None before the first ones."""
        self.missing_from: float | None = None
        """From here (Unix seconds) on history has yet to be read; None where nothing is missing."""
        try:
            self.tiers: tuple[Tier, ...] = tiers(self.ratio, slo.window).kept
        except ValueError:  # no burn rate of this objective is ever alarming
            self.tiers = ()

    def restore(self, saved: SavedSlo, buckets: Iterable[Bucket]) -> None:
        """Continue from the saved state of an earlier run, unless the SLI has changed."""
        if _written(saved.sli) != _written(self._sli_identity()):
            log.warning("SLO %s: SLI changed; starting with an empty history", self.key)
            return
        known = list(buckets)
        self.ledger.restore(known)
        self.since = saved.since
        if self.since is None and known:  # of a version that did not save it
            oldest = min(bucket.start for bucket in known)
            self.since = float(min(oldest, saved.events.since))
        self.watermark = saved.watermark
        self.events = CumulativeTotal.restored(saved.events)
        self.good_events = CumulativeTotal.restored(saved.good_events)
        if saved.measurement:
            self.measurement.restore(saved.measurement)
        self.missing_from = saved.missing_from

    def save(self, state: State, *, whole: bool = False) -> None:
        """Queue what changed, or the `whole` ledger where the state file is new."""
        state.put_buckets(self.key, self.ledger.kept() if whole else self.ledger.changed())
        for step, before in self.ledger.kept_from().items():
            state.expire_buckets(self.key, step, before)
        saved = SavedSlo(
            self._sli_identity(),
            self.watermark,
            self.events.state(),
            self.good_events.state(),
            {},
            self.missing_from,
            self.since,
            self.measurement.saved(),
        )
        state.put(_KIND, self.key, msgspec.msgpack.encode(saved))

    def update(self, tracker: object) -> None:
        """Count what its source's tracker knows after a poll."""
        observation = self.measurement.observe(tracker)
        if observation is not None:
            self._count(observation)

    def evaluate(self) -> None:
        """Evaluate at the present watermark."""
        if self.watermark is not None and self.ledger.known_until is not None:
            self.evaluation = evaluate(
                self.ledger, self.ratio, self.slo.window, self.watermark, self.expected
            )

    def known_from(self, begin: float) -> None:
        """Its events are known from `begin` (Unix seconds) on, if not from earlier."""
        self.since = begin if self.since is None else min(self.since, begin)

    @property
    def expected(self) -> Expected:
        """What is known beforehand of its events."""
        minutes = self.slo.sli.measured.counts_minutes
        return Expected(minutes) if self.since is None else Expected(minutes, self.since)

    def evaluated(self) -> EvaluatedSlo:
        """As values for the families."""
        return EvaluatedSlo(
            name=self.slo.name,
            service=self.slo.service,
            sli=self.slo.sli.kind,
            objective_percent=self.slo.objective,
            window=window(self.slo.window).label,
            objective=self.ratio,
            evaluation=self.evaluation,
            events=self.events.total,
            good_events=self.good_events.total,
            since=float(self.events.since),
            watermark=self.watermark,
        )

    def _count(self, observed: Observation) -> None:
        """Set its minutes, count what is new in them, and move the windows' end."""
        known_until = self.watermark or 0.0
        if observed.known_from is not None and known_until < observed.known_from:
            # The first start, or a long time without an answer.
            self.missing_from = known_until if self.missing_from is None else self.missing_from
        self.events.begin_by(observed.counted_from)
        self.good_events.begin_by(observed.counted_from)
        for start, (good, total) in observed.minutes.items():
            self.ledger.set(start, good, total)
        for events in (observed.missed, observed.minutes):
            self.events.update({start: total for start, (_, total) in events.items()})
            self.good_events.update({start: good for start, (good, _) in events.items()})
        self.known_from(
            min(observed.minutes, default=observed.counted_from)
            if observed.known_from is None
            else observed.known_from
        )
        self.watermark = observed.watermark

    def _sli_identity(self) -> str:
        return json.dumps(self.slo.sli.model_dump(mode="json"), sort_keys=True)


class Objectives:
    """All SLOs of the spec."""

    def __init__(
        self, slos: Iterable[Slo], state: State, on_damage: Callable[[], None], now: float
    ) -> None:
        self._state = state
        entries = state.entries(_KIND)
        self.all = tuple(
            _restored(slo, entries.get(f"{slo.service}/{slo.name}"), state, on_damage, now)
            for slo in slos
        )

    def lacking_history(self, source: str) -> list[Objective]:
        """SLOs of this source with a past that has yet to be read."""
        return [
            each for each in self.all if each.source == source and each.missing_from is not None
        ]

    def take_history(self, past: Sequence[PastEvents]) -> None:
        """Fill in what happened before the polls began, where the ledger has nothing."""
        for each in past:
            for step, events in each.spans:
                each.objective.ledger.backfill(step, events)
            if each.begin is not None:
                each.objective.known_from(each.begin)
            each.objective.missing_from = None
            self._settle(each.objective)

    def save(self) -> None:
        """Queue everything, for a state file that is new."""
        for objective in self.all:
            objective.save(self._state, whole=True)

    def update(self, source: str, tracker: object) -> None:
        """Update the SLOs of this source from its tracker, after a poll."""
        for objective in self.all:
            if objective.source == source:
                objective.update(tracker)
                self._settle(objective)

    def _settle(self, objective: Objective) -> None:
        objective.evaluate()
        objective.save(self._state)


def _restored(
    slo: Slo, entry: bytes | None, state: State, on_damage: Callable[[], None], now: float
) -> Objective:
    """An SLO as it was saved; a new one where that is damaged, or evaluates to an error."""
    objective = Objective(slo, now)
    if entry is None:
        return objective
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
        return Objective(slo, now)
    return objective


def _written(identity: str) -> dict[str, dict[str, Any]]:
    """What the spec gives of an SLI: fields left out are null, so that a new one changes nothing.

    Raises msgspec.DecodeError where it is not a saved SLI.
    """
    kinds = msgspec.json.decode(identity, type=dict[str, dict[str, Any] | None])
    return {
        kind: {name: value for name, value in fields.items() if value is not None}
        for kind, fields in kinds.items()
        if fields is not None
    }
