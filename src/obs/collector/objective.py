"""One SLO: its events by time, its windows, and what is saved of it."""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

import msgspec

from obs.collector.counted_time import counting_of
from obs.collector.missing import Filler, Policy, first_known
from obs.families.slo import EvaluatedSlo
from obs.slis.kind import HistorySpan, MinuteEvents, Observation, measurement_of
from obs.slo.burn import objective_ratio
from obs.slo.calendar_evaluation import evaluate_calendar
from obs.slo.counting import Counting
from obs.slo.cumulative import Counts
from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.expected import Expected
from obs.slo.ledger import Bucket, Ledger
from obs.slo.minutes import minute_of
from obs.slo.slices import Slices
from obs.slo.tiers import Tier, tiers, windows_of
from obs.slo.totals import CumulativeTotal, TotalState
from obs.slo.windows import MINUTE
from obs.spec.slos import Slo
from obs.state import State

log = logging.getLogger(__name__)

KIND = "slo"
"""Of the entries of SLOs in the state file."""


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
    slices: dict[int, Counts] = {}
    kept_seconds: float = 0.0
    """How far back its events count; 0 of a version that did not save it."""


@dataclass(frozen=True, slots=True)
class PastEvents:
    """History of one SLO: spans and their events by bucket, newest span first.

    `begin`: it was read from here (Unix seconds) on; None where there was nothing to read.
    """

    objective: "Objective"
    spans: tuple[tuple[HistorySpan, MinuteEvents], ...]
    begin: float | None = None
    end: float = 0.0
    """Polls cover the time from here (Unix seconds) on."""


class Objective:
    """One SLO with its measurement, ledger and counters; `of` is the object that it is for."""

    def __init__(
        self, slo: Slo, now: float, of: str = "", counting: Counting | None = None
    ) -> None:
        """`counting` is the time that counts (default: without maintenance of the system)."""
        self.slo = slo
        self.of = of
        self.counting = counting or counting_of(slo)
        self.key = "/".join((slo.service, slo.name, *filter(None, (of,))))
        self.asked_since = now
        self.source = slo.sli.measured.source
        self.sources: tuple[str, ...] = (self.source,)
        """All that it is measured by: of a composite, those of its parts."""
        self.latest: MinuteEvents = {}
        """The minutes that its last observation set."""
        self.ratio = objective_ratio(slo.objective)
        self.measurement = measurement_of(slo.sli)
        self.ledger = Ledger(self.counting.kept_seconds)
        self._asked_from = minute_of(now) + MINUTE
        policy = Policy(slo.missing_counts_as == "good", slo.counts_minutes)
        fills = slo.missing_counts_as != "ignore" and not slo.expects_minutes
        self._filler = Filler(self.ledger, self.counting, policy) if fills else None
        self._lacking: list[int] = []  # minutes without data that wait for what was before them
        self._first_seen = 0.0  # in this run, where there was nothing before
        self.events = CumulativeTotal(minute_of(now))
        self.good_events = CumulativeTotal(minute_of(now))
        self.watermark: float | None = None
        self.evaluation: Evaluation | None = None
        self.since: float | None = None
        """Events are known from here (Unix seconds) on; None before the first ones."""
        self.missing_from: float | None = None
        """From here (Unix seconds) on history has yet to be read; None where nothing is missing."""
        self._slices = _slices(slo)
        self._windows = windows_of(slo.tiers or ())
        try:
            self.tiers: tuple[Tier, ...] = tiers(self.ratio, slo.window, own=slo.tiers or ()).kept
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
        self._slices = _slices(self.slo, saved.slices)
        self.missing_from = saved.missing_from

    def save(self, state: State, *, whole: bool = False) -> bytes:
        """Queue what changed, or the `whole` ledger where the state file is new; its entry."""
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
            self._slices.minutes if self._slices else {},
            self.counting.kept_seconds,
        )
        entry = msgspec.msgpack.encode(saved)
        state.put(KIND, self.key, entry)
        return entry

    def update(self, tracker: object) -> None:
        """Count what its source's tracker knows after a poll."""
        observation = self.measurement.observe(tracker)
        if observation is None and self._filler is not None:
            observation = self.measurement.silent(tracker)
        if observation is not None:
            self._count(observation)

    def minute(self, start: int) -> Counts:
        """(good, total) of the minute that starts there."""
        return self.ledger.counts(MINUTE, start + MINUTE)

    def evaluate(self) -> None:
        """Evaluate at the present watermark."""
        if self.watermark is None or self.ledger.known_until is None:
            return
        known = self.ledger, self.ratio, self.slo.window
        if period := self.counting.period(self.watermark):
            self.evaluation = evaluate_calendar(
                *known, period, watermark=self.watermark, expected=self.expected, more=self._windows
            )
        else:
            self.evaluation = evaluate(*(*known, self.watermark, self.expected), more=self._windows)

    def known_from(self, begin: float) -> None:
        """Its events are known from `begin` (Unix seconds) on, if not from earlier."""
        begin = max(begin, self.counting.start)
        self.since = begin if self.since is None else min(self.since, begin)

    @property
    def expected(self) -> Expected:
        """What is known beforehand of its events."""
        minutes, maintenance = self.slo.expects_minutes, self.counting.maintenance
        return Expected(minutes, -inf if self.since is None else self.since, maintenance)

    def evaluated(self) -> EvaluatedSlo:
        """As values for the families."""
        return EvaluatedSlo(
            name=self.slo.name,
            service=self.slo.service,
            sli=self.slo.sli.kind,
            objective_percent=self.slo.objective,
            window=self.slo.window_label,
            objective=self.ratio,
            evaluation=self.evaluation,
            events=self.events.total,
            good_events=self.good_events.total,
            since=float(self.events.since),
            watermark=self.watermark,
            resets_at=self.evaluation.resets_at if self.evaluation else None,
            in_maintenance=self.in_maintenance,
            of=self.of,
            labels=self.slo.info_labels,
        )

    @property
    def in_maintenance(self) -> bool | None:
        """Whether its watermark is in a maintenance window; None without data or windows."""
        if not self.counting.maintenance or self.watermark is None:
            return None
        return self.counting.maintenance.covers(minute_of(self.watermark))

    def _count(self, observed: Observation) -> None:
        """Set its minutes, count what is new in them, and move the windows' end."""
        if self._slices is not None:
            observed = _in_slices(observed, self._slices)
        known_until = self.watermark or 0.0
        if observed.known_from is not None and known_until < observed.known_from:
            # The first start, or a long time without an answer.
            self.missing_from = known_until if self.missing_from is None else self.missing_from
        self.latest = observed.minutes
        self.events.begin_by(observed.counted_from)
        self.good_events.begin_by(observed.counted_from)
        minutes = self.counting.of_minutes(observed.minutes)
        for start, (good, total) in minutes.items():
            self.ledger.set(start, good, total)
        missed = self.counting.of_minutes(observed.missed)
        for events in ({**missed, **self._fill(observed)}, minutes):
            self.events.update({start: total for start, (_, total) in events.items()})
            self.good_events.update({start: good for start, (good, _) in events.items()})
        self.known_from(
            min(observed.minutes, default=observed.counted_from)
            if observed.known_from is None
            else observed.known_from
        )
        self.watermark = observed.watermark

    def _fill(self, observed: Observation) -> MinuteEvents:
        """What counts for minutes since the last watermark that lack data.

        Those before `known_from` are read from history first. Of a source without any, those in
        which this process did not run are not known: nobody asked.
        """
        if self._filler is None:
            return {}
        asked = self._asked_from if observed.known_from is None else observed.known_from
        first = max(self.watermark or 0.0, asked)
        lacking = self._filler.lacking(observed.minutes, first, observed.watermark)
        if self.watermark is None:
            self._first_seen = min(observed.minutes, default=inf)
        if self.missing_from is not None:
            self._lacking += lacking
            return {}
        return self._filler.minutes(m for m in lacking if m >= self._first_seen)

    def take_past(self, past: "PastEvents") -> None:
        """Fill in what happened before the polls began, where the ledger has nothing."""
        counted = [
            (span, self.counting.of_buckets(span.step, self._sliced(span.step, events)))
            for span, events in past.spans
        ]
        for span, events in counted:
            self.ledger.backfill(span.step, events)
        if self._filler is not None:
            # Before an SLO has data for the first time, none is missing.
            first = self.missing_from or first_known(past.spans)
            first = self._first_seen if first is None else first
            for span, events in reversed(counted):
                self._filler.buckets(span, events, first, past.end)
            self._filler.minutes(minute for minute in self._lacking if minute >= first)
            self._lacking.clear()
        if past.begin is not None:
            self.known_from(past.begin)
        self.missing_from = None

    def _sliced(self, step: int, events: MinuteEvents) -> MinuteEvents:
        return events if self._slices is None else self._slices.of_history(step, events)

    def _sli_identity(self) -> str:
        identity = self.slo.sli.model_dump(mode="json")
        if not self.slo.sli.measured.each:  # as earlier versions, which have no such field
            identity[self.slo.sli.kind].pop("by", None)
        if self.slo.slices is not None:
            identity["slices"] = self.slo.slices.model_dump(mode="json")
        return json.dumps(identity, sort_keys=True)


def _slices(slo: Slo, known: Mapping[int, Counts] | None = None) -> Slices | None:
    """The time slices that an SLO counts; None where it counts what its SLI counts."""
    if slo.slices is None:
        return None
    return Slices(round(slo.slices.length), slo.slices.good_above, known)


def _in_slices(observed: Observation, slices: Slices) -> Observation:
    """An observation of events as one of minutes. What was missed is left to history."""
    minutes = slices.update(observed.minutes, observed.watermark)
    return replace(observed, minutes=minutes, watermark=slices.end(observed.watermark), missed={})


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
