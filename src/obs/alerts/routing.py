"""Routes of alerts to receivers, and which alerts inhibit which others."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from obs.alerts.alert import OWN, About, Severity, TunedAlert
from obs.alerts.causes import CAUSES
from obs.alerts.definitions import GROUPS
from obs.alerts.test_notification import NAME as TEST
from obs.catalogue import own, slo
from obs.catalogue.query import Matcher, equal
from obs.sources.kinds import each_source
from obs.spec.composites import sources_of
from obs.spec.notify import GROUP_BY, InhibitRule, LabelRoute, Notify, Route
from obs.spec.quantity import parse_duration
from obs.spec.system import System

WATCHDOG: Final = "ObsWatchdog"
NO_RECEIVER: Final = "_nobody"
"""The receiver without destinations; no spec can have one of this name."""

_MINUTE: Final = 60.0
_HOUR: Final = 60 * _MINUTE
_DEFAULTS: Final = {
    # wait before the first notification, between changes, and until it is repeated
    Severity.CRITICAL: (15.0, 5 * _MINUTE, 4 * _HOUR),
    Severity.WARNING: (_MINUTE, 15 * _MINUTE, 24 * _HOUR),
    Severity.INFO: (5 * _MINUTE, _HOUR, 72 * _HOUR),
}
_SCOPE: Final = ("system", "environment")
_SOURCE_ALERTS: Final = ("ObsSourceDown", "ObsSourceStale")
_SILENT_SOURCE: Final = (*_SOURCE_ALERTS, "ObsSourceAbsent")


@dataclass(frozen=True, slots=True)
class Leg:
    """The route of some alerts to one receiver; seconds. `more`: later routes get them too.

    `group_by`: labels by which its alerts are grouped; `own_groups`: those of the spec's other
    routes are not the same.
    """

    receiver: str
    matchers: tuple[Matcher, ...]
    wait: float
    interval: float
    repeat: float
    quiet: tuple[str, ...] = ()
    more: bool = False
    group_by: tuple[str, ...] = GROUP_BY
    own_groups: bool = False


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert fires that `source` selects, those that `target` selects are not notified
    if both have the same values of the labels `same`.
    """

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    same: tuple[str, ...]


def legs(notify: Notify) -> tuple[Leg, ...]:
    """All routes, in order. The first match takes an alert; with `more` the next gets it too."""
    return tuple(_legs(notify))


def inhibitions(alerts: Sequence[TunedAlert], system: System) -> tuple[Inhibition, ...]:
    """Which alerts of the system inhibit which others of it.

    A lower severity never inhibits a higher one, and nothing the test notification, which is sent
    to find out whether notifications arrive.
    """
    ours = of_system(system)
    among = (
        *_by_severity(alerts),
        *_by_tier(alerts),
        *_by_source(alerts, system),
        *_by_cause(alerts, (*CAUSES, *(system.notify.inhibit if system.notify else ()))),
    )
    return tuple(
        Inhibition(
            (*ours, *rule.source), (*ours, ("alertname", "!=", TEST), *rule.target), rule.same
        )
        for rule in (*among, *_by_collector(alerts))
    )


def default_leg(severity: Severity) -> Leg | None:
    """How alerts are notified where the spec says nothing of notifications; None: not at all."""
    if severity is Severity.INFO:
        return None
    return Leg("", (_is(severity),), *_DEFAULTS[severity])


def longest_wait(notify: Notify) -> float:
    """Seconds after which every route has sent its first notification."""
    return max(leg.wait for leg in legs(notify))


def reached(notify: Notify, labels: Mapping[str, str]) -> Iterator[Leg]:
    """The routes that an alert with these labels takes; those of legs compare with `=` only."""
    for leg in legs(notify):
        if all(labels.get(label, "") == value for label, _, value in leg.matchers):
            yield leg
            if not leg.more:
                return


def of_system(system: System) -> tuple[Matcher, ...]:
    """Selects what obs sends for the system in its environment, and nothing of anybody else's.

    Not `system` alone: others may have it too, as an external label of a Prometheus.
    """
    labels = (OWN, ("system", system.system), ("environment", system.environment))
    return equal(labels)


def _legs(notify: Notify) -> Iterator[Leg]:
    yield _watchdog(notify)
    for labelled in notify.routes.labelled:
        for severity in dict.fromkeys(labelled.severity):
            yield from _fan_out(notify, labelled, Severity(severity))
    yield from _fan_out(notify, notify.routes.critical, Severity.CRITICAL)
    yield from _fan_out(notify, notify.routes.warning, Severity.WARNING)
    if notify.routes.info is not None:
        yield from _fan_out(notify, notify.routes.info, Severity.INFO)
    else:
        yield Leg(NO_RECEIVER, (_is(Severity.INFO),), *_DEFAULTS[Severity.INFO])


def _watchdog(notify: Notify) -> Leg:
    only = (("alertname", "=", WATCHDOG),)
    if notify.watchdog is None:
        return Leg(NO_RECEIVER, only, *_DEFAULTS[Severity.INFO])
    # Groups are checked at each interval: shorter than `every`, so that no turn is missed.
    return Leg(notify.watchdog.to, only, 0, _MINUTE, notify.watchdog.every)


def _fan_out(notify: Notify, route: Route, severity: Severity) -> Iterator[Leg]:
    wait, interval, repeat = _DEFAULTS[severity]
    repeat = repeat if route.repeat is None else route.repeat
    labels = route.labels if isinstance(route, LabelRoute) else {}
    matchers = (*equal(sorted(labels.items())), _is(severity))
    receivers = tuple(dict.fromkeys(route.to))
    for receiver in receivers:
        yield Leg(
            receiver,
            matchers,
            wait if route.wait is None else route.wait,
            min(interval, repeat) if route.interval is None else route.interval,
            repeat,
            tuple(dict.fromkeys(route.quiet)),
            more=receiver != receivers[-1],
            group_by=tuple(dict.fromkeys(route.group_by or notify.group_by)),
            own_groups=bool(route.group_by),
        )


def _objects(groups: Iterable[Iterable[About]]) -> Iterator[About]:
    """Kinds of objects that alerts have, without sources and the collector; narrower first."""
    for abouts in groups:
        found = set(abouts) - {About.SOURCE, About.COLLECTOR}
        yield from sorted(found, key=lambda about: (-len(about.labels), about.name))


_USUAL: Final = tuple(
    dict.fromkeys(_objects([alert.about for alert in alerts] for alerts in GROUPS.values()))
)


def _selecting(about: About, objects: Sequence[About]) -> tuple[Matcher, ...]:
    """Selects the alerts on such objects, and not those on narrower ones.

    Those have its labels too, and Alertmanager treats two missing labels as equal. An object is
    told by a label and not by its name: `schedule group` is none, and two kinds are named `check`.
    """
    narrower = [other for other in objects if set(other.labels) > set(about.labels)]
    more = dict.fromkeys(
        next(label for label in reversed(other.labels) if label not in about.labels)
        for other in narrower
    )
    own = about.name if about.name in about.labels else about.labels[-1]
    return ((own, "!=", ""), *((label, "=", "") for label in more))


def _is_about(tuned: TunedAlert, about: About) -> bool:
    """Whether it is about such objects: packs share theirs, of obs' own kinds two may be alike."""
    own = tuned.alert.about
    return own == about if tuned.alert.runbook else own is about


def _by_severity(alerts: Sequence[TunedAlert]) -> Iterator[Inhibition]:
    """Critical over warning and info of the same object."""
    of_packs = _objects([[tuned.alert.about for tuned in alerts if tuned.alert.runbook]])
    objects = tuple(dict.fromkeys((*_USUAL, *of_packs)))
    for about in objects:
        there = _selecting(about, objects)
        ours = [tuned for tuned in alerts if _is_about(tuned, about)]
        found = {tuned.severity for tuned in ours}
        if Severity.CRITICAL in found and len(found) > 1:
            yield Inhibition(
                (_is(Severity.CRITICAL), *there),
                (("severity", "=~", "warning|info"), *there),
                (*_SCOPE, *dict.fromkeys(label for each in ours for label in each.identity)),
            )
    if {tuned.name for tuned in alerts} >= set(_SOURCE_ALERTS):
        down, stale = ((("alertname", "=", name),) for name in _SOURCE_ALERTS)
        yield Inhibition(stale, down, (*_SCOPE, *own.SOURCE))


def _by_tier(alerts: Sequence[TunedAlert]) -> Iterator[Inhibition]:
    """A faster burn-rate tier over the slower ones of the same SLO: those with longer windows.

    Not by burn rate: that of one window differs between SLOs of different length.
    """
    found = {
        (parse_duration(burn.long), burn.long, tuned.severity)
        for tuned in alerts
        if (burn := tuned.when.tier()) is not None
    }
    for length, tier, severity in sorted(found):
        slower = dict.fromkeys(other for its, other, _ in sorted(found) if its > length)
        if slower:
            yield Inhibition(
                (("tier", "=", tier), _is(severity)),
                (("tier", "=~", "|".join(slower)), *_no_worse_than(severity)),
                (*_SCOPE, *dict.fromkeys(label for each in alerts for label in _apart(each))),
            )


def _apart(tuned: TunedAlert) -> tuple[str, ...]:
    """What tells the SLOs of a burn-rate alert from each other."""
    return tuned.identity if tuned.when.tier() is not None else slo.SLO


def _by_source(alerts: Sequence[TunedAlert], system: System) -> Iterator[Inhibition]:
    """A source that is down, or that nobody polls, over all alerts that depend on it."""
    severities = sorted({tuned.severity for tuned in alerts if tuned.name in _SILENT_SOURCE})
    for source, dependents in _dependents(system):
        for severity in severities:
            down = (
                ("alertname", "=~", "|".join(_SILENT_SOURCE)),
                ("source", "=", source),
                _is(severity),
            )
            for dependent in dependents:
                yield Inhibition(down, (*dependent, *_no_worse_than(severity)), _SCOPE)


def _dependents(system: System) -> Iterator[tuple[str, list[tuple[Matcher, ...]]]]:
    """Each source, and what selects the alerts that depend on it."""
    own_alerts: dict[str, tuple[Matcher, ...]] = {}
    for kind, name, _ in each_source(system):
        causes: Matcher = ("alertname", "!~", "|".join(kind.causes))
        own_alerts[name] = ((kind.key, "=", name), *((causes,) if kind.causes else ()))
    slos_by_key = {(each.service, each.name): each for each in system.slos}
    for source, objects in sorted(own_alerts.items()):
        services: dict[str, list[str]] = {}
        for each in system.slos:
            if source in sources_of((each.service, each.name), slos_by_key):
                services.setdefault(each.service, []).append(each.name)
        slos = [
            (("slo_service", "=", service), ("slo", "=~", _any_of(names)))
            for service, names in sorted(services.items())
        ]
        yield source, [objects, *slos]


def _by_cause(alerts: Sequence[TunedAlert], rules: Sequence[InhibitRule]) -> Iterator[Inhibition]:
    """Causes over their symptoms: those that obs knows, and those of the spec."""
    for rule in rules:
        severities = {tuned.severity for tuned in alerts if tuned.name in rule.source}
        targets = sorted({tuned.name for tuned in alerts} & set(rule.target))
        for severity in sorted(severities) if targets else ():
            yield Inhibition(
                (("alertname", "=~", "|".join(sorted(set(rule.source)))), _is(severity)),
                (("alertname", "=~", "|".join(targets)), *_no_worse_than(severity)),
                (*_SCOPE, *dict.fromkeys(rule.equal)),
            )


def _by_collector(alerts: Sequence[TunedAlert]) -> Iterator[Inhibition]:
    """No collector at all over everything of its system."""
    name = "ObsCollectorAbsent"
    for severity in sorted({tuned.severity for tuned in alerts if tuned.name == name}):
        yield Inhibition(
            (("alertname", "=", name), _is(severity)),
            (("alertname", "!~", f"{name}|{WATCHDOG}"), *_no_worse_than(severity)),
            _SCOPE,
        )


def _no_worse_than(severity: Severity) -> tuple[Matcher, ...]:
    match severity:
        case Severity.CRITICAL:
            return ()
        case Severity.WARNING:
            return (("severity", "=~", "warning|info"),)
        case Severity.INFO:
            return (_is(severity),)


def _any_of(names: Sequence[str]) -> str:
    return "|".join(sorted({name.replace(".", r"\.") for name in names}))


def _is(severity: Severity) -> Matcher:
    return ("severity", "=", str(severity))
