"""Alerts that follow from others: while the cause fires, the symptom is not notified.

The symptom says nothing that the cause does not say, and both would page the same people. On one
object severities do this already; here are causes on another object, or of the same severity.
"""

from collections.abc import Collection, Iterator
from typing import Final

from obs.alerts.definitions import alerts_of
from obs.catalogue import aws, nats, nats_services
from obs.spec.notify import InhibitRule
from obs.spec.report import did_you_mean
from obs.spec.system import System
from obs.spec.tree import Path


def _cause(source: str, target: tuple[str, ...], equal: tuple[str, ...]) -> InhibitRule:
    return InhibitRule(source=(source,), target=target, equal=equal)


CAUSES: Final = (
    # The servers that are left report each route to a server that is down, one page for each.
    _cause("NatsServerDown", ("NatsRouteLost",), nats.SERVER[:1]),
    _cause("NatsServerDown", ("NatsServerUnhealthy",), nats.SERVER),
    # Every server is unhealthy without a meta leader.
    _cause("NatsMetaLeaderMissing", ("NatsServerUnhealthy",), nats.SERVER[:1]),
    # A service that does not answer has no endpoint that does.
    _cause("NatsServiceDown", ("NatsServiceErrors", "NatsServiceSlow"), nats_services.SERVICE),
    # Both fire where many invocations fail, and the rule's failures are told by one of them.
    _cause("EventBridgeFailedInvocations", ("EventBridgeErrorRateHigh",), aws.RULE),
)

NEVER_INHIBITED: Final = (
    "ObsWatchdog",
    "ObsCollectorAbsent",
    "ObsSourceAbsent",
    "ObsSourceDown",
    "ObsSourceStale",
)
"""They tell that alerts do not arrive, or cannot fire; and they inhibit what depends on them."""


def inhibit_problems(system: System) -> Iterator[tuple[Path, str]]:
    """Path and message of everything that is wrong with the spec's own inhibition rules."""
    alerts = alerts_of(system)
    known = {label for alert in alerts.values() for label in alert.about.labels}
    inhibits: dict[str, set[str]] = {}
    for rule in CAUSES:
        for source in rule.source:
            inhibits.setdefault(source, set()).update(rule.target)
    for index, rule in enumerate(system.notify.inhibit if system.notify else ()):
        path: Path = ("notify", "inhibit", index)
        for field, names in (("source", rule.source), ("target", rule.target)):
            for place, name in enumerate(names):
                if why := _unfit(field, name, alerts):
                    yield (*path, field, place), why
        for place, label in enumerate(rule.equal):
            if label not in known:
                hint = did_you_mean(label, known) or "; write for example nats, stream or rule"
                yield (*path, "equal", place), f"no object of an alert has this label{hint}"
        for source in rule.source:
            for place, target in enumerate(rule.target):
                if source in _all_below(target, inhibits) | {target}:
                    why = f"{target} inhibits {source} already; neither would be notified"
                    if source == target:
                        why = "an alert cannot inhibit itself"
                    yield (*path, "target", place), why
            inhibits.setdefault(source, set()).update(rule.target)


def _unfit(field: str, name: str, alerts: Collection[str]) -> str:
    if name not in alerts:
        return f"no alert of this name{did_you_mean(name, alerts) or '; see `obs alerts list`'}"
    if field == "target" and name in NEVER_INHIBITED:
        return f"{name} tells that other alerts cannot fire; nothing may inhibit it"
    if field == "source" and name == "ObsWatchdog":
        return "ObsWatchdog always fires, and would inhibit the target for ever"
    return ""


def _all_below(name: str, inhibits: dict[str, set[str]]) -> set[str]:
    """Everything that an alert inhibits, directly or through others."""
    found: set[str] = set()
    todo = [name]
    while todo:
        for each in inhibits.get(todo.pop(), set()) - found:
            found.add(each)
            todo.append(each)
    return found
