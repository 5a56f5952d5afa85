"""Every alert with its defaults, a module for each kind of source, for SLOs and the collector.

Packs bring more: `groups_of` has those of the packs that a system uses, too.
"""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

from obs.alerts.alert import Alert
from obs.alerts.definitions import collector, high_availability, slo
from obs.catalogue.metric import Metric
from obs.catalogue.query import Matcher
from obs.sources.kinds import KINDS
from obs.spec.system import System

_OF_KINDS: Final[dict[str, tuple[Alert, ...]]] = {
    kind.key: import_module(f"{__name__}.{kind.alerts}").ALERTS for kind in KINDS if kind.alerts
}
GROUPS: Final[dict[str, tuple[Alert, ...]]] = {
    **{kind.alerts: _OF_KINDS[kind.key] for kind in KINDS if kind.alerts},
    "slo": slo.ALERTS,
    "collector": collector.ALERTS,
    "high_availability": high_availability.ALERTS,
}
ALERTS: Final = tuple(alert for group in GROUPS.values() for alert in group)
BY_NAME: Final = {alert.name: alert for alert in ALERTS}
SOURCE_KIND: Final[dict[str, str]] = {
    **{alert.name: kind for kind, alerts in _OF_KINDS.items() for alert in alerts},
    **{name: kind.key for kind in KINDS for name in kind.conditional_alerts},
}
"""The kind of source without which an alert does not apply, by the alert's name."""
ONLY_WITH: Final[dict[str, str]] = {each.name: "ha" for each in high_availability.ALERTS}
"""The field of the spec without which an alert does not apply, by the alert's name."""


class _Record(Protocol):
    @property
    def metric(self) -> Metric: ...
    @property
    def promql(self) -> str: ...
    @property
    def labels(self) -> tuple[tuple[str, str], ...]: ...


class _Pack(Protocol):
    @property
    def alerts(self) -> tuple[Alert, ...]: ...
    @property
    def records(self) -> Sequence[_Record]: ...


def groups_of(system: System) -> Mapping[str, tuple[Alert, ...]]:
    """The alerts that a system may have, by group: the usual ones, and those of its packs."""
    return {**GROUPS, **{name: pack.alerts for name, pack, _ in _packs(system)}}


def alerts_of(system: System) -> Mapping[str, Alert]:
    """The same by name."""
    return {alert.name: alert for group in groups_of(system).values() for alert in group}


def selecting_of(system: System) -> Mapping[str, tuple[Matcher, ...]]:
    """What chooses the series of other exporters that alerts of packs read, by alert name."""
    return {alert.name: where for _, pack, where in _packs(system) for alert in pack.alerts}


def records_of(system: System) -> Mapping[str, list[dict[str, Any]]]:
    """The recording rules that alerts of packs read, by group."""
    return {
        name: [
            {"record": each.metric.name, "expr": each.promql, "labels": dict(each.labels)}
            for each in pack.records
        ]
        for name, pack, _ in _packs(system)
        if pack.records
    }


def _packs(system: System) -> Iterator[tuple[str, _Pack, tuple[Matcher, ...]]]:
    """Packs are loaded by name, as kinds of source are: those that are not used cost nothing."""
    for name, settings in system.packs.used():
        pack: _Pack = import_module("obs.packs.pack").pack_of(name, settings)
        yield name, pack, settings.matchers
