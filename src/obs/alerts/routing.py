"""Routes of alerts to receivers, and which alerts inhibit which others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from obs.alerts.alert import About, Severity, TunedAlert
from obs.alerts.definitions import GROUPS
from obs.catalogue import own, slo
from obs.catalogue.query import Matcher, equal
from obs.sources.kinds import each_source
from obs.spec.notify import LabelRoute, Notify, Route
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
    """The route of some alerts to one receiver; seconds. `more`: later routes get them too."""

    receiver: str
    matchers: tuple[Matcher, ...]
    wait: float
    interval: float
    repeat: float
    quiet: tuple[str, ...] = ()
    more: bool = False


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
    """Which alerts inhibit which. A lower severity never inhibits a higher one.

    Both are of the system, by its labels. That these are the same for both is not enough:
    Alertmanager takes labels that two foreign alerts lack for the same, too.
    """
    own_labels = equal(system.labels)
    return tuple(
        replace(rule, source=(*rule.source, *own_labels), target=(*rule.target, *own_labels))
        for rule in (
            *_by_severity(alerts),
            *_by_tier(alerts),
            *_by_source(alerts, system),
            *_by_collector(alerts),
        )
    )


def _legs(notify: Notify) -> Iterator[Leg]:
    yield _watchdog(notify)
    for labelled in notify.routes.labelled:
        for severity in dict.fromkeys(labelled.severity):
            yield from _fan_out(labelled, Severity(severity))
    yield from _fan_out(notify.routes.critical, Severity.CRITICAL)
    yield from _fan_out(notify.routes.warning, Severity.WARNING)
    if notify.routes.info is not None:
        yield from _fan_out(notify.routes.info, Severity.INFO)
    else:
        yield Leg(NO_RECEIVER, (_is(Severity.INFO),), *_DEFAULTS[Severity.INFO])


def _watchdog(notify: Notify) -> Leg:
    only = (("alertname", "=", WATCHDOG),)
    if notify.watchdog is None:
        return Leg(NO_RECEIVER, only, *_DEFAULTS[Severity.INFO])
    # Groups are checked at each interval: shorter than `every`, so that no turn is missed.
    return Leg(notify.watchdog.to, only, 0, _MINUTE, notify.watchdog.every)


def _fan_out(route: Route, severity: Severity) -> Iterator[Leg]:
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
        )


def _objects() -> Iterator[About]:
    """Kinds of objects that alerts have, without sources and the collector; narrower first."""
    for alerts in GROUPS.values():
        found = {alert.about for alert in alerts} - {About.SOURCE, About.COLLECTOR}
        yield from sorted(found, key=lambda about: (-len(about.labels), about.name))


_OBJECTS: Final = tuple(dict.fromkeys(_objects()))


def _selecting(about: About) -> tuple[Matcher, ...]:
    """Selects the alerts on such objects, and not those on narrower ones.

    Those have its labels too, and Alertmanager treats two missing labels as equal.
    """
    narrower = [other for other in _OBJECTS if set(other.labels) > set(about.labels)]
    return ((about.name, "!=", ""), *((other.name, "=", "") for other in narrower))


def _by_severity(alerts: Sequence[TunedAlert]) -> Iterator[Inhibition]:
    """Critical over warning and info of the same object."""
    for about in _OBJECTS:
        there = _selecting(about)
        found = {tuned.severity for tuned in alerts if tuned.alert.about is about}
        if Severity.CRITICAL in found and len(found) > 1:
            yield Inhibition(
                (_is(Severity.CRITICAL), *there),
                (("severity", "=~", "warning|info"), *there),
                (*_SCOPE, *about.labels),
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
                (*_SCOPE, *slo.SLO),
            )


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
    for source, objects in sorted(own_alerts.items()):
        services: dict[str, list[str]] = {}
        for each in system.slos:
            if source == each.sli.measured.source:
                services.setdefault(each.service, []).append(each.name)
        slos = [
            (("slo_service", "=", service), ("slo", "=~", _any_of(names)))
            for service, names in sorted(services.items())
        ]
        yield source, [objects, *slos]


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
