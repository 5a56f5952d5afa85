"""Alerts with the rules that are built of them for a system that has everything."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from obs.alerts.alert import Alert, TunedAlert
from obs.alerts.definitions import ALERTS
from obs.alerts.tuning import tuned_alerts
from obs.packs.pack import built_in
from obs.spec.load import load
from obs.spec.packs import pack_names, shown
from obs.spec.system import System

_SPEC: Final = Path(__file__).with_name("whole.yaml")


@cache
def whole() -> System:
    """A system with everything that a spec can ask for, packs apart."""
    return load([_SPEC], variables={})


@cache
def with_pack(pack: str) -> System:
    """The same system with a pack, as the pack's own example has it."""
    plain = yaml.safe_load(_SPEC.read_text(encoding="utf-8"))
    example = yaml.safe_load(built_in(pack).example)
    return System.model_validate({**plain, "packs": {shown(pack): example}})


@cache
def of_obs() -> tuple[Alert, ...]:
    """The alerts that every system may have."""
    return ALERTS


@cache
def of_packs() -> tuple[Alert, ...]:
    """Those of packs, as their default settings have them."""
    return tuple(alert for name in pack_names() for alert in built_in(name).alerts)


def rules(alert: Alert) -> list[TunedAlert]:
    """The rules of an alert: one, or one for each tier of burn rates."""
    return _built().get(alert.name) or [_plain(alert)]


def expression(alert: Alert) -> str:
    """The PromQL of the alert's first rule, for all objects of every system."""
    first = rules(alert)[0]
    return TunedAlert(alert, first.severity, first.when, first.hold, ()).expression


def _plain(alert: Alert) -> TunedAlert:
    return TunedAlert(alert, alert.severity, alert.when, alert.hold, ())


@cache
def _built() -> Mapping[str, list[TunedAlert]]:
    """The rules of the alerts of obs by name."""
    found: dict[str, list[TunedAlert]] = defaultdict(list)
    for tuned in tuned_alerts(whole()):
        found[tuned.name].append(tuned)
    return found
