"""Every alert with its defaults, a module for each kind of source, for SLOs and the collector."""

from importlib import import_module
from typing import Final

from obs.alerts.alert import Alert
from obs.alerts.definitions import collector, slo
from obs.sources.kinds import KINDS

_OF_KINDS: Final[dict[str, tuple[Alert, ...]]] = {
    kind.key: import_module(f"{__name__}.{kind.alerts}").ALERTS for kind in KINDS if kind.alerts
}
GROUPS: Final[dict[str, tuple[Alert, ...]]] = {
    **{kind.alerts: _OF_KINDS[kind.key] for kind in KINDS if kind.alerts},
    "slo": slo.ALERTS,
    "collector": collector.ALERTS,
}
ALERTS: Final = tuple(alert for group in GROUPS.values() for alert in group)
BY_NAME: Final = {alert.name: alert for alert in ALERTS}
SOURCE_KIND: Final[dict[str, str]] = {
    **{alert.name: kind for kind, alerts in _OF_KINDS.items() for alert in alerts},
    **{name: kind.key for kind in KINDS for name in kind.conditional_alerts},
}
"""The kind of source without which an alert does not apply, by the alert's name."""
