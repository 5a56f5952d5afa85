"""The SLOs: their ledgers fed from what sources saw, kept over restarts, and evaluated."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from obs.catalogue import aws
from obs.families.slo import EvaluatedSlo
from obs.slo.burn import objective_ratio
from obs.slo.evaluate import Evaluation, evaluate
from obs.slo.ledger import Bucket, Ledger
from obs.slo.minutes import Minute, MinuteCounts, MinuteShare, minute_of
from obs.slo.sli import invocation_minutes
from obs.slo.tiers import Tier, tiers
from obs.slo.totals import CumulativeTotal, TotalState
from obs.slo.windows import window
from obs.snapshot import AwsSnapshot, Rule
from obs.sources.kind import Tracker
from obs.sources.nats.consumer_tracker import ConsumerNumbers, ConsumerTracker
from obs.spec.slos import EventBridgeSli, NatsDeliverySli, NatsLagSli, Slo
from obs.state import State

log = logging.getLogger(__name__)

_KIND = "slo"

RulePoints = Mapping[tuple[Rule, str], Mapping[int, float]]


class SavedSlo(msgspec.Struct, frozen=True):
    """What is kept of an SLO besides its ledger."""

    sli: str
    watermark: float | None
    events: TotalState
    good_events: TotalState
    deliveries: dict[str, tuple[float, float]]
    missing_from: float | None = None


@dataclass(frozen=True, slots=True)
class PastEvents:
    """History of one SLO: (bucket length in seconds, {start: (good, total)}), newest span first."""

    objective: "Objective"
    spans: tuple[tuple[int, dict[int, tuple[float, float]]], ...]


class Objective:
    """One SLO with its ledger and counters."""

    def __init__(self, slo: Slo, now: float) -> None:
        self.slo = slo
        self.key = f"{slo.service}/{slo.name}"
        self.ratio = objective_ratio(slo.objective)
        self.ledger = Ledger(slo.window)
        self.events = CumulativeTotal(minute_of(now))
        self.good_events = CumulativeTotal(minute_of(now))
        self.watermark: float | None = None
        self.evaluation: Evaluation | None = None
        self.missing_from: float | None = None
        """From here (Unix seconds) on history has yet to be read; None where nothing is missing."""
        try:
            self.tiers: tuple[Tier, ...] = tiers(self.ratio, slo.window).kept
        except ValueError:  # no burn rate of this objective is ever alarming
            self.tiers = ()
        self._shares: dict[str, MinuteShare] = {}
        self._deliveries: dict[str, MinuteCounts] = {}

    @property
    def source(self) -> str:
        """The name of the source that the SLI is measured at."""
        sli = self.slo.sli
        chosen_sli = sli.eventbridge or sli.nats_lag or sli.nats_delivery
        assert chosen_sli is not None
        return chosen_sli.source

    def restore(self, saved: SavedSlo, buckets: Iterable[Bucket]) -> None:
        """Go on from what an earlier run saved; not where the SLI has become another one."""
        if saved.sli != self._sli_identity():
            log.warning("SLO %s: its SLI changed; its history starts anew", self.key)
            return
        self.ledger.restore(buckets)
        self.watermark = saved.watermark
        self.events = CumulativeTotal.restored(saved.events)
        self.good_events = CumulativeTotal.restored(saved.good_events)
        self._deliveries = {
            consumer: MinuteCounts(counts) for consumer, counts in saved.deliveries.items()
        }
        self.missing_from = saved.missing_from

    def save(self, state: State) -> None:
        """Queue what changed."""
        state.put_buckets(self.key, self.ledger.changed())
        for step, before in self.ledger.kept_from().items():
            state.expire_buckets(self.key, step, before)
        saved = SavedSlo(
            self._sli_identity(),
            self.watermark,
            self.events.state(),
            self.good_events.state(),
            {key: counts.state for key, counts in self._deliveries.items() if counts.state},
            self.missing_from,
        )
        state.put(_KIND, self.key, msgspec.msgpack.encode(saved))

    def take(self, minutes: Mapping[int, tuple[float, float]], watermark: float) -> None:
        """Set these minutes, count what is new in them, and move the windows' end."""
        for start, (good, total) in minutes.items():
            self.ledger.set(start, good, total)
        self.events.absorb({start: total for start, (_, total) in minutes.items()})
        self.good_events.absorb({start: good for start, (good, _) in minutes.items()})
        self.watermark = watermark

    def take_rules(self, sli: EventBridgeSli, snapshot: AwsSnapshot) -> None:
        """Events of an EventBridge SLI: the settled minutes of all its rules together."""
        seen_until = self.watermark or 0.0
        if self.missing_from is None and seen_until < snapshot.since:
            self.missing_from = seen_until  # the first start, or a long time without an answer
        events = events_by_minute(chosen(sli, snapshot.rules), snapshot.points)
        minutes = {start: counts for start, counts in events.items() if start < snapshot.settled}
        self._begin_by(minute_of(snapshot.at))
        self.take(minutes, snapshot.settled)

    def take_lag(self, sli: NatsLagSli, consumers: Sequence[ConsumerNumbers], at: float) -> None:
        """One observation of a lag SLI: good when all its consumers are within the target."""
        if not consumers:
            return
        good = all(is_within(sli, consumer) for consumer in consumers)
        share = self._shares.setdefault("", MinuteShare())
        self._take_minute(share.observe(at, good), at)

    def take_deliveries(self, consumers: Sequence[ConsumerNumbers], at: float) -> None:
        """Deliveries against dead letters of a delivery SLI's consumers."""
        ended: list[Minute] = []
        for consumer in consumers:
            if consumer.dead_letters is None:
                continue
            key = "/".join((consumer.account, consumer.stream, consumer.consumer))
            counts = self._deliveries.setdefault(key, MinuteCounts())
            minute = counts.observe(at, consumer.delivered, consumer.dead_letters)
            if minute:
                ended.append(minute)
        if ended:
            good, total = sum(m.good for m in ended), sum(m.total for m in ended)
            self._take_minute(Minute(ended[0].start, good, total), at)

    def evaluate(self) -> None:
        """Evaluate at the present watermark."""
        if self.watermark is not None and self.ledger.known_until is not None:
            self.evaluation = evaluate(self.ledger, self.ratio, self.slo.window, self.watermark)

    def evaluated(self) -> EvaluatedSlo:
        """As values for the families."""
        return EvaluatedSlo(
            name=self.slo.name,
            service=self.slo.service,
            sli=sli_kind(self.slo),
            objective_percent=self.slo.objective,
            window=window(self.slo.window).label,
            objective=self.ratio,
            evaluation=self.evaluation,
            events=self.events.total,
            good_events=self.good_events.total,
            since=float(self.events.since),
        )

    def _take_minute(self, minute: Minute | None, at: float) -> None:
        if minute is not None:
            self._begin_by(minute.start)
            self.take({minute.start: (minute.good, minute.total)}, minute_of(at))

    def _begin_by(self, at: int) -> None:
        self.events.begin_by(at)
        self.good_events.begin_by(at)

    def _sli_identity(self) -> str:
        return json.dumps(self.slo.sli.model_dump(mode="json"), sort_keys=True)


class Objectives:
    """All SLOs of the spec."""

    def __init__(
        self, slos: Iterable[Slo], state: State, on_damage: Callable[[], None], now: float
    ) -> None:
        self._state = state
        self.all = tuple(Objective(slo, now) for slo in slos)
        saved = state.entries(_KIND)
        for objective in self.all:
            try:
                if objective.key in saved:
                    kept = msgspec.msgpack.decode(saved[objective.key], type=SavedSlo)
                    buckets = [Bucket(*row) for row in state.buckets(objective.key)]
                    objective.restore(kept, buckets)
            except (msgspec.DecodeError, ValueError):
                on_damage()
                log.warning("state of SLO %s is unreadable; it starts anew", objective.key)
            objective.evaluate()

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
            each.objective.missing_from = None
            self._settle(each.objective)

    def update(self, source: str, tracker: Tracker[Any]) -> None:
        """Feed the SLOs of this source from what its last poll left in `tracker`."""
        if isinstance(tracker, ConsumerTracker) and tracker.snapshot is not None:
            self.absorb_consumers(source, tracker.snapshot.at, tracker.numbers)
        elif isinstance(tracker.snapshot, AwsSnapshot):
            self.absorb_rules(source, tracker.snapshot)

    def absorb_rules(self, source: str, snapshot: AwsSnapshot) -> None:
        """Feed the SLOs over rules of this source."""
        for objective in self.all:
            sli = objective.slo.sli.eventbridge
            if sli and sli.source == source:
                objective.take_rules(sli, snapshot)
                self._settle(objective)

    def absorb_consumers(
        self,
        source: str,
        at: float,
        numbers: Callable[[NatsLagSli | NatsDeliverySli], Sequence[ConsumerNumbers]],
    ) -> None:
        """Feed the SLOs over consumers of this source; `numbers` looks up an SLI's consumers."""
        for objective in self.all:
            lag, delivery = objective.slo.sli.nats_lag, objective.slo.sli.nats_delivery
            if lag and lag.source == source:
                objective.take_lag(lag, numbers(lag), at)
            elif delivery and delivery.source == source:
                objective.take_deliveries(numbers(delivery), at)
            else:
                continue
            self._settle(objective)

    def _settle(self, objective: Objective) -> None:
        objective.evaluate()
        objective.save(self._state)


def chosen(sli: EventBridgeSli, rules: Iterable[Rule]) -> list[Rule]:
    """The rules that an SLI speaks of."""
    return [
        rule
        for rule in rules
        if rule.bus == sli.bus and any(fnmatchcase(rule.name, glob) for glob in sli.rules)
    ]


def events_by_minute(rules: Iterable[Rule], points: RulePoints) -> dict[int, tuple[float, float]]:
    """(good, total) of all the rules together, by minute."""
    sums: dict[int, tuple[float, float]] = {}
    for rule in rules:
        by_metric = [points.get((rule, metric.twin.metric), {}) for metric in _SLI_METRICS]
        for start, (good, total) in invocation_minutes(*by_metric).items():
            before_good, before_total = sums.get(start, (0.0, 0.0))
            sums[start] = (before_good + good, before_total + total)
    return sums


def is_within(sli: NatsLagSli, consumer: ConsumerNumbers) -> bool:
    """Whether a consumer's lag is within the SLI's targets."""
    seconds_ok = sli.max_seconds is None or consumer.lag_seconds <= sli.max_seconds
    return seconds_ok and (sli.max_messages is None or consumer.lag_messages <= sli.max_messages)


def sli_kind(slo: Slo) -> str:
    """The SLI's kind as the spec writes it."""
    return next(name for name, sli in slo.sli if sli is not None)


_SLI_METRICS = (
    aws.INVOCATIONS,
    aws.FAILED_INVOCATIONS,
    aws.DEAD_LETTERED,
    aws.DEAD_LETTER_FAILURES,
)
