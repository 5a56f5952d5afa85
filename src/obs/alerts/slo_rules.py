"""Recording rules that evaluate SLOs from the series that their SLI is about, without a collector.

Each minute they count the events of one minute, as the collector would, and record the metrics
that the collector exports, under the same names and labels: dashboards and alerts are the same.
Windows are sums of counts, never averages of ratios: weighted by events, and whole where a minute
has none. A rule records all windows of an SLO, so that it has no more rules than a ruler allows
in a group.

Windows of a day and more hold nearly all the minutes that rules read, and five minutes change
little in them. So a group of their own sums them every five minutes. Each minute its last sums are
recorded again, beside those of the shorter windows: no series has gaps.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.alerts.slo_names.tools import named_documents
from obs.catalogue import recorded, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import duration, equal, number, selector
from obs.slis.kind import counting_of
from obs.slo.burn import error_budget, objective_ratio
from obs.slo.tiers import MIN_BAD_EVENTS, windows_of
from obs.slo.windows import DAY, LEAST_LONG, MINUTE, Window, window, windows
from obs.spec.slos import Slo
from obs.spec.system import System

NAME: Final = "slo-rules"
"""Of the rule file."""
RECORDS: Final = frozenset(
    metric.name
    for metric in (
        *(slo.EVENTS, slo.GOOD_EVENTS, slo.ERROR_RATIO, slo.BURN_RATE, slo.BAD_EVENTS),
        *(slo.BUDGET_REMAINING, slo.EXHAUSTION, slo.WATERMARK, slo.ASKED_SINCE, slo.OBJECTIVE),
        slo.INFO,
    )
)
"""What the rules record and the collector exports."""

_REMEMBERED: Final = "1d"
"""How long an SLO's begin outlives a ruler that does not run."""
_LONG: Final = DAY
_EVERY_LONG: Final = 5 * MINUTE
_SUMMED: Final = 11 * MINUTE
"""How long sums of long windows are known: through one evaluation that is missed."""
_CLOSED: Final = 1
"""Seconds that a range is shorter: before Prometheus 3 it includes both of its ends."""

RecordingRule = dict[str, Any]
Group = dict[str, Any]


def slo_groups(system: System) -> list[Group]:
    """A rule group for each SLO that rules evaluate, which needs its interval of a minute; then
    one for the windows of a day and more of each that has some."""
    sources = {name: spec for _, name, spec in system.sources.every()}
    every = [
        _Rules(system, each, sources[each.sli.measured.source].delayed_by)
        for each in system.slos
        if each.by_rules
    ]
    return [
        *(each.group("slo-rules", MINUTE, each.all()) for each in every),
        *(e.group("slo-rules-long", _EVERY_LONG, e.long()) for e in every if e.has_long),
    ]


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rules of one SLO, whose minutes are complete `delay` seconds after their end."""

    system: System
    slo: Slo
    delay: float

    def group(self, name: str, interval: int, rules: Iterator[RecordingRule]) -> Group:
        """A group of this SLO, evaluated every `interval` seconds."""
        return {
            "name": f"{self.system.known_as}-{name}-{self.slo.service}-{self.slo.name}",
            "interval": duration(interval),
            "rules": list(rules),
        }

    def long(self) -> Iterator[RecordingRule]:
        """The sums of the windows of a day and more."""
        yield self._rule(recorded.LONG_BAD_EVENTS, self._each_window(self._bad, self._long))
        yield self._rule(recorded.LONG_WINDOW_EVENTS, self._each_window(self._events, self._long))

    def all(self) -> Iterator[RecordingRule]:
        """In the order in which they read each other."""
        counting = counting_of(self.slo.sli)
        for metric, expression in counting(self.slo.sli.measured, self.delay, self._series).rules:
            yield self._rule(metric, expression)
        yield self._rule(recorded.KNOWN_FROM, self._known_from())
        for metric, grown in (
            (slo.EVENTS, self._series(recorded.EVENTS_1M)),
            (slo.GOOD_EVENTS, f"({self._minute_good()})"),
        ):
            yield self._rule(metric, self._counter(metric, grown))
        yield self._rule(slo.BAD_EVENTS, self._sums(self._bad, recorded.LONG_BAD_EVENTS))
        yield self._rule(
            recorded.WINDOW_EVENTS, self._sums(self._events, recorded.LONG_WINDOW_EVENTS)
        )
        events = self._series(recorded.WINDOW_EVENTS)
        yield self._rule(slo.ERROR_RATIO, f"{self._series(slo.BAD_EVENTS)}\n/ ({events} > 0)")
        budget = number(error_budget(self._objective))
        yield self._rule(slo.BURN_RATE, f"{self._series(slo.ERROR_RATIO)} / {budget}")
        yield self._rule(slo.BUDGET_REMAINING, self._remaining(budget))
        yield self._rule(slo.EXHAUSTION, self._exhaustion())
        yield self._rule(slo.WATERMARK, self._watermark())
        asked = self._series(slo.ASKED_SINCE)
        yield self._rule(
            slo.ASKED_SINCE, f"sum(last_over_time({asked}[{_REMEMBERED}]))\nor vector(time())"
        )
        yield self._rule(slo.OBJECTIVE, f"vector({number(self._objective)})")
        yield self._rule(
            slo.INFO,
            "vector(1)",
            sli=self.slo.sli.kind,
            objective_percent=f"{self.slo.objective:.12g}",
            slo_window=self._own.label,
            **dict(self.slo.info_labels),
        )

    @property
    def _objective(self) -> float:
        return objective_ratio(self.slo.objective)

    @property
    def _own(self) -> Window:
        return window(self.slo.window)

    @property
    def _labels(self) -> dict[str, str]:
        named = {"slo": self.slo.name, "slo_service": self.slo.service}
        return named | dict(self.system.labels)

    def _series(self, metric: Metric, **more: str) -> str:
        return selector(metric, equal(tuple({**self._labels, **more}.items())))

    def _rule(self, record: Metric, expression: str, **more: str) -> RecordingRule:
        labels = dict(sorted({**self._labels, **more}.items()))
        return {"record": record.name, "expr": expression, "labels": labels}

    def _known_from(self) -> str:
        before = f"sum(last_over_time({self._series(recorded.KNOWN_FROM)}[{_REMEMBERED}]))"
        ago = number(self.delay + MINUTE)
        return f"{before}\nor sum(timestamp({self._series(recorded.EVENTS_1M)})) - {ago}"

    def _minute_good(self) -> str:
        return " - ".join(map(self._series, (recorded.EVENTS_1M, recorded.BAD_EVENTS_1M)))

    def _counter(self, metric: Metric, grown: str) -> str:
        """Its last value and what a minute adds, from 0 on."""
        last = f"last_over_time({self._series(metric)}[1h])"
        return f"{last} + {grown}\nor {last}\nor 0 * {self._series(recorded.EVENTS_1M)}"

    @property
    def _windows(self) -> tuple[Window, ...]:
        return windows(self.slo.window, windows_of(self.slo.tiers or ()))

    @property
    def _long(self) -> list[Window]:
        return [each for each in self._windows if each.seconds >= _LONG]

    @property
    def has_long(self) -> bool:
        """Whether any window is a day or more."""
        return bool(self._long)

    def _sums(self, expressed: Callable[[Window], str], long: Metric) -> str:
        """Of all windows: the short ones as they are now, the long ones as they were last."""
        short = self._each_window(expressed, [e for e in self._windows if e.seconds < _LONG])
        if not self.has_long:
            return short
        return f"{short}\nor last_over_time({self._series(long)}[{duration(_SUMMED)}])"

    def _each_window(self, expressed: Callable[[Window], str], of: Sequence[Window]) -> str:
        """The windows' values, told apart by a label."""
        return "\nor ".join(
            f'label_replace({expressed(each)}, "window", "{each.label}", "", "")' for each in of
        )

    def _sum(self, metric: Metric, span: Window) -> str:
        return f"sum_over_time({self._series(metric)}[{duration(span.seconds - _CLOSED)}])"

    def _bad(self, span: Window) -> str:
        return self._sum(recorded.BAD_EVENTS_1M, span)

    def _events(self, span: Window) -> str:
        """As obs.slo.expected has it: what is not known of a window counts as good."""
        seen = self._sum(recorded.EVENTS_1M, span)
        if self.slo.sli.measured.counts_minutes:
            return f"clamp_min({seen}, {number(span.seconds / MINUTE)})"
        if span.seconds < LEAST_LONG:
            return seen
        since = self._series(recorded.KNOWN_FROM)
        known = f"clamp_min(time() - {number(self.delay)} - {since}, {MINUTE})"
        return f"{seen} * clamp_min({span.seconds} / {known}, 1)"

    def _remaining(self, budget: str) -> str:
        """The budget left; not told where one bad event is more than the whole of it."""

        def own(metric: Metric) -> str:
            return f"sum without (window) ({self._series(metric, window=self._own.label)})"

        left = f"1 - {own(slo.BURN_RATE)}"
        if self.slo.sli.measured.counts_minutes:
            return left
        one = f"({own(slo.BAD_EVENTS)} > 0 < {MIN_BAD_EVENTS})"
        return f"{left}\nunless ({one} and {own(recorded.WINDOW_EVENTS)} * {budget} < 1)"

    def _exhaustion(self) -> str:
        """As obs.slo.burn: 0 without a budget, and infinite at a burn rate of 0."""
        left, burn = self._series(slo.BUDGET_REMAINING), self._series(slo.BURN_RATE)
        seconds = f"clamp_min({left}, 0) * {self._own.seconds} / ignoring (window) group_right ()"
        return f"{seconds}\n  {burn} >= 0\nor (0 * {burn} and ignoring (window) {left})"

    def _watermark(self) -> str:
        return f"sum(timestamp({self._series(recorded.EVENTS_1M)})) - {number(self.delay)}"


def slo_documents(system: System) -> dict[str, dict[str, Any]]:
    """The rule files by name: of these groups, and of those under other tools' names; none where
    no SLO is evaluated by rules, or the spec asks for no such names."""
    groups = slo_groups(system)
    return ({NAME: {"groups": groups}} if groups else {}) | named_documents(system)
