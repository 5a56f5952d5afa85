"""The counters of one AWS source's rules, which never fall although CloudWatch corrects points."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from obs.catalogue import aws
from obs.catalogue.metric import Metric
from obs.families.aws import latency_families, queue_families, rule_families
from obs.families.family import Family, RowCache
from obs.slo.minutes import minute_of
from obs.slo.totals import HORIZON_SECONDS, CumulativeTotal, TotalState
from obs.slo.windows import HOUR, MINUTE
from obs.snapshot import AwsSnapshot, Rule
from obs.sources.aws.missed import Uncounted
from obs.sources.aws.names import find
from obs.sources.kind import Tracker
from obs.spec.named import Found
from obs.spec.watched import SpecName
from obs.state import State, decoded

log = logging.getLogger(__name__)

_KIND = "cloudwatch_total"
_LAST_POLL = "cloudwatch_poll"
LATE: Final = HOUR
"""Seconds by which a point may come late although nobody polled meanwhile."""
_ENCODE = msgspec.msgpack.Encoder().encode
_SEPARATOR = "\x1f"  # occurs in no name


@dataclass(frozen=True, slots=True)
class RuleEvents:
    """Events of a rule since some moment."""

    invocations: float
    failed: float
    dead_lettered: float
    dead_letter_failures: float


class LastPoll(msgspec.Struct, frozen=True):
    """What the next poll has to know of the last one, also after a restart; Unix seconds.

    Minutes before `settled` were complete, those from `seen_until` on had not begun. A rule that is
    not in the listing of `listed` did not exist then, unless the spec had another `selection`.
    """

    settled: int
    seen_until: int
    listed: float | None
    selection: str


class RuleCounters(Tracker[AwsSnapshot]):
    """Counters of every rule of one source, kept over restarts.

    At the first start ever they begin now. A rule that appears later is counted from the last
    listing without it on: it did not exist before.
    """

    def __init__(
        self, source: str, state: State, on_damage: Callable[[], None], selection: str = ""
    ) -> None:
        """`selection`: the rules that the spec chooses, in any form that changes with them."""
        self.source = source
        self._selection = selection
        self._state = state
        self._kept = RowCache()
        self._first_shown: set[Rule] = set()
        self._last = self._restored_poll(on_damage)
        self._totals: dict[tuple[Rule, str], CumulativeTotal] = {}
        for key, value in state.entries(_KIND).items():
            try:
                saved_source, bus, rule, metric = key.split(_SEPARATOR)
                if saved_source == source:
                    total = CumulativeTotal.restored(decoded(value, TotalState))
                    self._totals[Rule(bus, rule), metric] = total
            except ValueError as error:
                on_damage()
                log.warning("state of counter %r is unreadable (%s); starting at 0", key, error)

    def update(self, snapshot: AwsSnapshot) -> list[Family]:
        """Count what is new in the snapshot's points; returns the source's families."""
        self.snapshot = snapshot
        self._first_shown = set()
        for rule in snapshot.rules:
            begin = self._begin(rule, snapshot)
            for metric in aws.RULE_METRICS:
                self._count_points(rule, metric.twin.metric, snapshot, begin)
        self._remember(snapshot)
        since = min(
            (total.since for total in self._totals.values()), default=minute_of(snapshot.at)
        )
        return [
            *rule_families(self.source, snapshot.rules, self._total, since, self._kept),
            *latency_families(self.source, snapshot.latencies, self._kept),
            *queue_families(self.source, snapshot.queues, self._kept),
        ]

    def save(self, now: float) -> None:
        """Queue every counter, and what the next poll has to know of the last one."""
        for (rule, metric), total in self._totals.items():
            self._put(rule, metric, total.state())
        if self._last is not None:
            self._state.put(_LAST_POLL, self.source, _ENCODE(self._last))

    def find(self, names: Sequence[SpecName]) -> Sequence[Found]:
        """Whether these buses, rules and queues exist."""
        return find(names, self.snapshot.names if self.snapshot else None)

    def nothing(self) -> str:
        """It may have neither rule nor queue."""
        snapshot = self.snapshot
        if snapshot is None or snapshot.rules or snapshot.queues or snapshot.left_out:
            return ""
        return "rule"

    def uncounted(self, rules: Iterable[Rule], until: int) -> Uncounted | None:
        """What the counters of these rules lack from before `until`; None: nothing."""
        last = self._last
        if last is None:
            return None
        behind = last.settled - LATE < until
        since = [last.settled - HORIZON_SECONDS] if behind else []
        listed = self._listed_before()
        if listed is not None and listed < until and any(map(self._is_new, rules)):
            since.append(minute_of(listed))
        return Uncounted(min(since), last.seen_until) if since else None

    def events(self, rule: Rule, since: float) -> RuleEvents:
        """The rule's events from `since` (Unix seconds) on, as far as CloudWatch has them.

        An event that failed counts once: a dead-lettered one may be a failed invocation too.
        """
        sums = [
            sum(value for at, value in self._points(rule, metric).items() if at >= since)
            for metric in (
                *(aws.INVOCATIONS, aws.FAILED_INVOCATIONS),
                *(aws.DEAD_LETTERED, aws.DEAD_LETTER_FAILURES),
            )
        ]
        invocations, failed, dead_lettered, lost = sums
        return RuleEvents(invocations, max(failed, dead_lettered + lost), dead_lettered, lost)

    def last_failure(self, rule: Rule) -> float | None:
        """Start of the last minute in which an event failed; None where none is known."""
        failures = (
            at
            for metric in (aws.FAILED_INVOCATIONS, aws.DEAD_LETTERED, aws.DEAD_LETTER_FAILURES)
            for at, value in self._points(rule, metric).items()
            if value > 0
        )
        return max(failures, default=None)

    def _points(self, rule: Rule, metric: Metric) -> Mapping[int, float]:
        return self.snapshot.points.get((rule, metric.twin.metric), {}) if self.snapshot else {}

    def _is_new(self, rule: Rule) -> bool:
        return (rule, aws.INVOCATIONS.twin.metric) not in self._totals

    def _listed_before(self) -> float | None:
        """When the rules were last listed; None where that listing chose others."""
        last = self._last
        return last.listed if last is not None and last.selection == self._selection else None

    def _begin(self, rule: Rule, snapshot: AwsSnapshot) -> int:
        """Where a rule's counters begin that are new.

        What it had by then shows only at the next poll: `increase()` needs the zero before it.
        """
        now, before = minute_of(snapshot.at), self._listed_before()
        if before is None or snapshot.listed is None or before >= snapshot.listed:
            return now
        if self._is_new(rule):
            self._first_shown.add(rule)
        return min(minute_of(before), now)

    def _count_points(self, rule: Rule, metric: str, snapshot: AwsSnapshot, begin: int) -> None:
        total = self._totals.get((rule, metric))
        if total is None:
            total = self._totals[rule, metric] = CumulativeTotal(begin)
        total.begin_by(minute_of(snapshot.at))
        total.update(snapshot.missed.get((rule, metric), {}))
        total.update(snapshot.points.get((rule, metric), {}))
        if changed := total.changed():
            self._put(rule, metric, changed)

    def _put(self, rule: Rule, metric: str, total: TotalState) -> None:
        key = _SEPARATOR.join((self.source, rule.bus, rule.name, metric))
        self._state.put(_KIND, key, _ENCODE(total))

    def _total(self, rule: Rule, metric: Metric) -> float:
        if rule in self._first_shown:
            return 0.0
        return self._totals[rule, metric.twin.metric].total

    def _remember(self, snapshot: AwsSnapshot) -> None:
        seen_until = minute_of(snapshot.at) + MINUTE
        settled = int(snapshot.settled)
        self._last = LastPoll(settled, seen_until, snapshot.listed, self._selection)
        self._state.put(_LAST_POLL, self.source, _ENCODE(self._last))

    def _restored_poll(self, on_damage: Callable[[], None]) -> LastPoll | None:
        value = self._state.entries(_LAST_POLL).get(self.source)
        try:
            return decoded(value, LastPoll) if value else None
        except ValueError as error:
            on_damage()
            log.warning("state of the last poll of %s is unreadable (%s)", self.source, error)
            return None
