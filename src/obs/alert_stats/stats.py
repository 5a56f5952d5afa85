"""Counts of a history: by alert, by object and by severity, and pages against their budget."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from obs.alert_stats.history import Firing, History, Labels, Span, length, pauses, union, without
from obs.alert_stats.pages import Sent, Silence, WayOf, notified_spans, sent, silenced
from obs.alerts.routing import Inhibition

FLAP: Final = 900.0
"""An alert flaps that fires again within so many seconds after it resolved."""
WEEK: Final = 7 * 86_400.0

Is = Callable[[float], bool]


@dataclass(frozen=True, slots=True)
class Count:
    """How often something fired and for how long (seconds; None where it never fired).

    `seconds` is the sum over its objects, `share` the part of the known time in which at least one
    fired. `flaps`, `off_hours` and `quiet` are parts of `fired`; `quiet` is None where the spec has
    no quiet hours. `pages` are those that the alert was part of. `inhibited` fired without a
    moment in which no other alert inhibited them, `silenced` without one in which they were not
    silenced; None where no Alertmanager was asked.
    """

    fired: int
    objects: int
    seconds: float
    median: float | None
    longest: float | None
    share: float
    flaps: int
    off_hours: int
    quiet: int | None
    inhibited: int
    silenced: int | None
    pages: int
    notifications: int
    open: int


@dataclass(frozen=True, slots=True)
class AlertCount:
    """One alert. `severity`: that of the spec, or what it fired with where the spec has none such.

    `conditions`: how often its condition became true, as far as the history tells.
    """

    name: str
    severity: str
    is_in_spec: bool
    count: Count
    conditions: int


@dataclass(frozen=True, slots=True)
class ObjectCount:
    """One alert on one object."""

    alert: str
    object: Labels
    count: Count


@dataclass(frozen=True, slots=True)
class Budget:
    """Pages against the spec's budget of `pages_per_week`; None where it has none.

    `allowed` in the known time, which counts as at least a week. `worst_week`: most pages in any
    seven days of the range.
    """

    pages_per_week: int | None
    pages: int
    allowed: float | None
    worst_week: int

    @property
    def is_over(self) -> bool:
        """Whether there were more pages than the budget allows."""
        return self.allowed is not None and self.pages > self.allowed


@dataclass(frozen=True, slots=True)
class Stats:
    """What a history comes to. `objects` are the noisiest first; `never` names the alerts of the
    spec that did not fire."""

    history: History
    alerts: tuple[AlertCount, ...]
    objects: tuple[ObjectCount, ...]
    severities: Mapping[str, Count]
    never: tuple[str, ...]
    sent: tuple[Sent, ...]
    budget: Budget


@dataclass(frozen=True, slots=True)
class Setting:
    """What the spec says that counting needs. `severities`: the alerts of the spec, and how bad
    the worst of their rules is."""

    severities: Mapping[str, str]
    rules: Sequence[Inhibition]
    way_of: WayOf
    is_off_hours: Is
    is_quiet: Is | None
    identity: Mapping[str, Sequence[str]]
    pages_per_week: int | None
    leave_out: Collection[str] = ()
    silences: Sequence[Silence] | None = None


def stats(history: History, setting: Setting) -> Stats:
    """Everything that is counted. Alerts that fired most come first."""
    firings = [each for each in history.firings if each.alert not in setting.leave_out]
    told = sent(firings, setting.rules, setting.way_of, history.end, setting.silences or ())
    count = _Counting(history, setting, notified_spans(firings, setting.rules))
    by_name: dict[str, list[Firing]] = {name: [] for name in setting.severities}
    by_severity: dict[str, list[Firing]] = {}
    by_object: dict[tuple[str, Labels], list[Firing]] = {}
    for each in firings:
        by_name.setdefault(each.alert, []).append(each)
        by_severity.setdefault(each.severity, []).append(each)
        by_object.setdefault((each.alert, _object(each, setting)), []).append(each)
    alerts = [
        AlertCount(
            name,
            setting.severities.get(name, own[-1].severity if own else ""),
            name in setting.severities,
            count.of(own, [each for each in told if name in each.alerts]),
            history.pending.get(name, 0),
        )
        for name, own in by_name.items()
        if name not in setting.leave_out
    ]
    objects = [
        ObjectCount(alert, object_, count.of(own, ()))
        for (alert, object_), own in by_object.items()
    ]
    return Stats(
        history,
        tuple(sorted(alerts, key=lambda it: (-it.count.fired, -it.count.seconds, it.name))),
        tuple(sorted(objects, key=lambda it: (-it.count.fired, -it.count.seconds, it.alert))),
        {
            severity: count.of(own, [each for each in told if each.severity == severity])
            for severity, own in sorted(by_severity.items())
        },
        tuple(sorted(each.name for each in alerts if not each.count.fired)),
        tuple(told),
        budget(told, setting.pages_per_week, history.known_seconds),
    )


def budget(told: Iterable[Sent], pages_per_week: int | None, known_seconds: float) -> Budget:
    """The pages of a time, and what its budget allowed."""
    pages = sorted(each.at for each in told if each.is_page)
    allowed = None if pages_per_week is None else pages_per_week * max(known_seconds / WEEK, 1.0)
    worst, first = 0, 0
    for last, at in enumerate(pages):
        while pages[first] <= at - WEEK:
            first += 1
        worst = max(worst, last - first + 1)
    return Budget(pages_per_week, len(pages), allowed, worst)


class _Counting:
    def __init__(
        self, history: History, setting: Setting, spans: Mapping[Labels, Sequence[Span]]
    ) -> None:
        self._history, self._setting, self._spans = history, setting, spans

    def of(self, firings: Sequence[Firing], told: Sequence[Sent]) -> Count:
        """The count of some firings, and of the notifications that they were part of."""
        seconds = [each.seconds for each in firings]
        is_off, is_quiet = self._setting.is_off_hours, self._setting.is_quiet
        known = self._history.known_seconds
        fired_in = length(union((each.begin, each.end) for each in firings))
        return Count(
            fired=len(firings),
            objects=len({each.labels for each in firings}),
            seconds=sum(seconds),
            median=median(seconds) if seconds else None,
            longest=max(seconds, default=None),
            share=min(fired_in / known, 1.0) if known > 0 else 0.0,
            flaps=sum(pause <= FLAP for pause in pauses(firings)),
            off_hours=sum(is_off(each.begin) for each in firings),
            quiet=None if is_quiet is None else sum(is_quiet(each.begin) for each in firings),
            inhibited=sum(not self._is_heard(each) for each in firings),
            silenced=self._silenced(firings),
            pages=sum(each.is_page for each in told),
            notifications=len(told),
            open=sum(each.is_open for each in firings),
        )

    def _silenced(self, firings: Sequence[Firing]) -> int | None:
        silences = self._setting.silences
        if silences is None:
            return None
        return sum(
            not without((each.begin, each.end), silenced(each.labels, silences)) for each in firings
        )

    def _is_heard(self, firing: Firing) -> bool:
        return any(
            begin < firing.end and end > firing.begin
            for begin, end in self._spans.get(firing.labels, ())
        )


def _object(firing: Firing, setting: Setting) -> Labels:
    names = setting.identity.get(firing.alert, ())
    return tuple((name, value) for name in names if (value := firing.label(name)))
