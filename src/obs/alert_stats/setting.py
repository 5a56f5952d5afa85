"""What a spec says about its alerts, as counting needs it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from obs.alert_stats.advice import Tunable
from obs.alert_stats.notifying import Timing
from obs.alert_stats.pages import Way
from obs.alert_stats.stats import Setting
from obs.alerts.alert import Severity, TunedAlert
from obs.alerts.routing import NO_RECEIVER, WATCHDOG, default_leg, inhibitions, reached
from obs.alerts.test_notification import NAME as TEST
from obs.spec.notify import Notify
from obs.spec.system import System

WORK_BEGINS: Final = 9  # o'clock, Monday to Friday
WORK_ENDS: Final = 17
_SHARED: Final = ("alertname", "severity", "system", "environment", "managed_by")


def setting(system: System, alerts: Sequence[TunedAlert], zone: tzinfo) -> Setting:
    """The spec's alerts, routes, inhibition rules, quiet hours and budget."""
    notify = system.notify
    severities: dict[str, str] = {}
    identity: dict[str, dict[str, None]] = {}
    for tuned in alerts:
        worst = min(
            (severities.get(tuned.name, Severity.INFO), str(tuned.severity)),
            key=lambda each: list(Severity).index(Severity(each)),
        )
        severities[tuned.name] = str(worst)
        identity.setdefault(tuned.name, {}).update(dict.fromkeys(tuned.identity))
    severities.pop(WATCHDOG, None)

    def way_of(labels: Mapping[str, str]) -> Way | None:
        return _way(notify, labels)

    hours = list(notify.quiet_hours.values()) if notify else []
    return Setting(
        severities,
        inhibitions(alerts, system),
        way_of,
        lambda at: not _is_working_time(at, zone),
        (lambda at: any(each.cover(at) for each in hours)) if hours else None,
        {name: tuple(labels) for name, labels in identity.items()},
        notify.pages_per_week if notify else None,
        (WATCHDOG, TEST),
    )


def labels_by_alert(alerts: Sequence[TunedAlert]) -> Iterator[tuple[str, set[str]]]:
    """The labels that tell the alerts of each rule apart."""
    for tuned in alerts:
        own = (label for label, _ in (*tuned.labels, *tuned.only))
        yield tuned.name, {*_SHARED, *tuned.identity, *own}


def tunables(alerts: Sequence[TunedAlert]) -> dict[str, Tunable]:
    """What can be changed about each alert; of several rules the general one's."""
    found: dict[str, Tunable] = {}
    for tuned in alerts:
        fields = tuned.when.tunable()
        window = getattr(tuned.when, fields["window"]) if "window" in fields else None
        found.setdefault(
            tuned.name,
            Tunable(
                tuned.hold,
                next((field for field in ("above", "below") if field in fields), ""),
                window,
                tuned.when.tier() is None,
            ),
        )
    return found


def _way(notify: Notify | None, labels: Mapping[str, str]) -> Way | None:
    """The first route that an alert takes; its other receivers get the same notifications."""
    if labels.get("severity") not in list(Severity):
        return None
    severity = Severity(labels["severity"])
    leg = default_leg(severity) if notify is None else next(reached(notify, labels), None)
    if leg is None or leg.receiver == NO_RECEIVER:
        return None
    hours = [notify.quiet_hours[name] for name in leg.quiet] if notify else []
    is_quiet = (lambda at: any(each.cover(at) for each in hours)) if hours else None
    name = ",".join(f"{label}{operator}{value}" for label, operator, value in leg.matchers)
    timing = Timing(leg.wait, max(leg.interval, 1.0), leg.repeat, is_quiet)
    return Way(name, leg.group_by, timing)


def _is_working_time(at: float, zone: tzinfo) -> bool:
    local = datetime.fromtimestamp(at, zone)
    return local.weekday() < 5 and WORK_BEGINS <= local.hour < WORK_ENDS
