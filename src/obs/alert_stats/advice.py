"""What the counts of a history say about how its alerts should be changed, as plain sentences."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean
from typing import Final, Literal

from obs.alert_stats.history import Firing, length, union
from obs.alert_stats.pages import sent
from obs.alert_stats.stats import FLAP, AlertCount, Setting, Stats
from obs.durations import format_duration, format_whole_seconds

Kind = Literal[
    "raise_for", "flapping", "always_on", "one_object", "together", "quiet_hours", "never_fired"
]
_FORS: Final = (60, 120, 300, 600, 900, 1200, 1800, 2700, 3600)
_LONGEST_FOR: Final = {"critical": 900.0}
"""Seconds by which a page may be late at most; others may be an hour late."""
_FEW: Final = 3  # fewer firings say nothing
_MOSTLY: Final = 0.5
_NEARLY_ALL: Final = 0.9
_MOST_NAMES: Final = 8
_RARE: Final = 0.2  # of the time
_SAMPLE: Final = 300  # firings that are compared label by label
_TOGETHER: Final = 600.0  # seconds between the begins of two alerts that fire together
_RANKS: Final = ("critical", "warning", "info", "")


@dataclass(frozen=True, slots=True)
class Tunable:
    """What the spec can change about an alert. Seconds; `limit` is `above`, `below` or empty,
    `window` None where it measures over none. `takes_for`: raising `for` makes sense."""

    hold: float
    limit: str = ""
    window: float | None = None
    takes_for: bool = True


@dataclass(frozen=True, slots=True)
class Advice:
    """One sentence or two. `avoids`: firings that would not have been; `setting`: the spec's."""

    kind: Kind
    alerts: tuple[str, ...]
    text: str
    avoids: int = 0
    setting: str = ""


def advice(
    found: Stats,
    setting: Setting,
    tunables: Mapping[str, Tunable],
) -> tuple[Advice, ...]:
    """What to change, what helps most first."""
    firings: dict[str, list[Firing]] = {}
    for one in found.history.firings:
        firings.setdefault(one.alert, []).append(one)
    advices: list[Advice | None] = []
    for each in found.alerts:
        tunable = tunables.get(each.name)
        own = firings.get(each.name, [])
        if tunable is None or not own:
            continue
        advices.append(_always_on(each, found, tunable))
        advices.append(_raise_for(each, own, found, setting, tunable))
        advices.append(_flapping(each, tunable))
        advices.append(_one_object(each, found))
    advices += _together(found, firings, setting)
    advices.append(_quiet_hours(found, setting))
    advices += _never(found)
    given = [each for each in advices if each is not None]
    return tuple(sorted(given, key=lambda each: -each.avoids))


def avoided(firings: Sequence[Firing], hold: float, wanted: float) -> int:
    """How many firings would not have been with a `for` of `wanted` seconds instead of `hold`.

    Those whose condition was true for no longer; what still fires, or fired before, is not known.
    """
    return sum(
        not each.is_open
        and not each.is_cut
        and each.seconds + (hold if each.held is None else each.held) <= wanted
        for each in firings
    )


def best_for(firings: Sequence[Firing], tunable: Tunable, longest: float) -> tuple[float, int]:
    """The `for` that avoids most firings at the least delay, and how many; (hold, 0) where none
    avoids half of them."""
    limit = longest if tunable.window is None else min(longest, tunable.window - 1)
    choices = [float(each) for each in _FORS if tunable.hold < each <= limit]
    counts = [avoided(firings, tunable.hold, each) for each in choices]
    most = max(counts, default=0)
    if most < max(2, _MOSTLY * len(firings)):
        return tunable.hold, 0
    for each, count in zip(choices, counts, strict=True):
        if count >= max(_MOSTLY * len(firings), 0.75 * most):
            return each, count
    return tunable.hold, 0


def _raise_for(
    each: AlertCount, firings: Sequence[Firing], found: Stats, setting: Setting, tunable: Tunable
) -> Advice | None:
    if len(firings) < _FEW or not tunable.takes_for:
        return None
    longest = _LONGEST_FOR.get(each.severity, 3600.0)
    wanted, count = best_for(firings, tunable, longest)
    if not count:
        return None
    later = wanted - tunable.hold
    short = max(one.seconds for one in firings if avoided([one], tunable.hold, wanted))
    would = f"{count} of {len(firings)} would not have fired"
    if each.count.pages:
        changed = _held_longer(found, each.name, later)
        left = sum(
            one.is_page and each.name in one.alerts
            for one in sent(
                changed, setting.rules, setting.way_of, found.history.end, setting.silences or ()
            )
        )
        would += f", {_counted(left, 'page')} instead of {each.count.pages}"
    others = f"; the others come {format_duration(later)} later" if count < len(firings) else ""
    threshold = f", or move its threshold (`{tunable.limit}`)" if tunable.limit else ""
    text = (
        f"{each.name} fired {count} of {len(firings)} times for {_about(short)} or less: raise "
        f"`for` from {format_duration(tunable.hold)} to {format_duration(wanted)} "
        f"({would}{others}){threshold}."
    )
    return Advice(
        "raise_for",
        (each.name,),
        text,
        count,
        f"alerts: {{{each.name}: {{for: {format_duration(wanted)}}}}}",
    )


def _held_longer(found: Stats, name: str, later: float) -> list[Firing]:
    return [
        each if each.alert != name or each.is_cut else replace(each, begin=each.begin + later)
        for each in found.history.firings
        if each.alert != name or each.is_cut or each.begin + later < each.end
    ]


def _flapping(each: AlertCount, tunable: Tunable) -> Advice | None:
    count = each.count
    if count.flaps < _FEW or count.flaps < _MOSTLY * (count.fired - count.objects):
        return None
    ways = []
    if tunable.limit:
        ways.append(f"move the threshold (`{tunable.limit}`) out of its usual range")
    if tunable.window is not None:
        ways.append(f"lengthen `window` ({format_duration(tunable.window)})")
    if not ways:
        ways.append("raise `for`" if tunable.takes_for else "find out what comes and goes")
    return Advice(
        "flapping",
        (each.name,),
        f"{each.name} flaps: {count.flaps} of {count.fired} times it fired again within "
        f"{format_duration(FLAP)} after it resolved. What it watches hovers at the threshold: "
        f"{' or '.join(ways)}.",
        count.flaps,
    )


def _always_on(each: AlertCount, found: Stats, tunable: Tunable) -> Advice | None:
    if each.count.share < _MOSTLY:
        return None
    span = _about(found.history.known_seconds)
    change = f"move its threshold (`{tunable.limit}`), " if tunable.limit else ""
    return Advice(
        "always_on",
        (each.name,),
        f"{each.name} fired for {100 * each.count.share:.0f} % of {span}: fix what it reports, "
        f"{change}or disable it. An alert that always fires hides the next fault.",
        each.count.fired,
    )


def _one_object(each: AlertCount, found: Stats) -> Advice | None:
    count = each.count
    own = [one for one in found.objects if one.alert == each.name]
    if count.fired < 5 or len(own) < 2 or not own[0].object:
        return None
    top = own[0]
    if top.count.fired < 0.7 * count.fired:
        return None
    which = ", ".join(f"{label}={value}" for label, value in top.object)
    return Advice(
        "one_object",
        (each.name,),
        f"{top.count.fired} of {count.fired} times {each.name} fired on {which}: repair that one, "
        f"or tune it alone under alerts.{each.name}.overrides.",
        top.count.fired // 2,
    )


def _together(
    found: Stats, firings: Mapping[str, Sequence[Firing]], setting: Setting
) -> list[Advice | None]:
    counts = {each.name: each for each in found.alerts if each.is_in_spec}
    known = found.history.known_seconds
    names = [name for name, each in counts.items() if each.count.fired >= _FEW]
    begins = {name: sorted(each.begin for each in firings[name]) for name in names}
    # One that begins to fire all the time begins together with everything.
    rare = [name for name in names if _reach(begins[name]) < _RARE * known]
    advices: list[Advice | None] = []
    done: set[frozenset[str]] = set()
    for symptom in names:
        for cause in rare:
            pair = frozenset((cause, symptom))
            if cause == symptom or pair in done or not _may_inhibit(counts, begins, cause, symptom):
                continue
            own = firings[symptom]
            partners = [_nearest(begins[cause], each.begin) for each in own]
            hits = [at for at in partners if at is not None]
            if len(hits) < _NEARLY_ALL * len(own) or not counts[symptom].count.notifications:
                continue
            if counts[symptom].count.inhibited > 0.1 * len(own):
                continue  # rules do what can be done already
            done.add(pair)
            same = _shared(firings[cause], own, setting)
            rule = f"{{source: [{cause}], target: [{symptom}], equal: [{', '.join(same)}]}}"
            advices.append(
                Advice(
                    "together",
                    (cause, symptom),
                    f"{symptom} fired {len(hits)} of {len(own)} times together with {cause}: if "
                    f"that is its cause, let it inhibit {symptom}: notify.inhibit: [{rule}].",
                    counts[symptom].count.notifications,
                    f"notify: {{inhibit: [{rule}]}}",
                )
            )
    return advices


def _reach(begins: Sequence[float]) -> float:
    """Seconds in which another alert would begin together with one that began then."""
    return length(union((at - _TOGETHER, at + _TOGETHER) for at in begins))


def _may_inhibit(
    counts: Mapping[str, AlertCount], begins: Mapping[str, Sequence[float]], one: str, other: str
) -> bool:
    """Whether one alert is the more severe; of two that are equal, that which fired first."""
    first, second = (_RANKS.index(counts[name].severity) for name in (one, other))
    if first != second:
        return first < second
    return (mean(begins[one]), one) < (mean(begins[other]), other)


def _nearest(begins: Sequence[float], at: float) -> float | None:
    place = bisect_left(begins, at - _TOGETHER)
    return begins[place] if place < len(begins) and begins[place] <= at + _TOGETHER else None


def _shared(one: Sequence[Firing], other: Sequence[Firing], setting: Setting) -> list[str]:
    """Labels of the objects of both whose values are the same wherever they fired together."""
    theirs = setting.identity.get(other[0].alert, ())
    names = [name for name in setting.identity.get(one[0].alert, ()) if name in theirs]
    causes = sorted(one, key=lambda each: each.begin)
    begins = [each.begin for each in causes]
    for symptom in other[:_SAMPLE]:
        place = bisect_left(begins, symptom.begin - _TOGETHER)
        near = [
            each
            for each in causes[place : place + _SAMPLE]
            if each.begin <= symptom.begin + _TOGETHER
        ]
        # Of several that fired at that time, the cause is that with most in common.
        names = max(
            ([name for name in names if each.label(name) == symptom.label(name)] for each in near),
            key=len,
            default=names,
        )
    return names


def _quiet_hours(found: Stats, setting: Setting) -> Advice | None:
    warnings = found.severities.get("warning")
    if setting.is_quiet is not None or warnings is None or warnings.off_hours < 5:
        return None
    if warnings.off_hours < _MOSTLY * warnings.fired:
        return None
    return Advice(
        "quiet_hours",
        (),
        f"{warnings.off_hours} of {warnings.fired} warnings fired outside working hours, and the "
        "spec has no quiet hours: add notify.quiet_hours, and name them in notify.routes.warning.",
        warnings.off_hours // 2,
    )


def _never(found: Stats) -> list[Advice | None]:
    if not found.never:
        return []
    total = sum(each.is_in_spec for each in found.alerts)
    advices: list[Advice | None] = [
        Advice(
            "never_fired",
            found.never,
            f"{len(found.never)} of {total} alerts never fired in "
            f"{_about(found.history.known_seconds)}: {listed(found.never)}. Verify that they can: "
            "`obs drill` injects their faults, and `obs alerts test` shows that they arrive.",
        )
    ]
    near = {each.name: each.conditions for each in found.alerts if each.name in found.never}
    for name, times in near.items():
        if times >= _FEW:
            text = (
                f"{name} never fired, but its condition became true {times} times and passed "
                "within its `for`."
            )
            advices.append(Advice("never_fired", (name,), text))
    return advices


def listed(names: Sequence[str]) -> str:
    """Names in a sentence; of many the first few."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(seconds: float) -> str:
    """A duration in its two largest units."""
    for unit in (86_400, 3600, 60):
        if seconds >= 2 * unit:
            lesser = {86_400: 3600, 3600: 60, 60: 1}[unit]
            return format_whole_seconds(max(round(seconds / lesser) * lesser, 1))
    return format_whole_seconds(max(seconds, 1))
