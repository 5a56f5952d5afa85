"""Every alert with its defaults, a module for each kind of object."""

from typing import Final

from obs.alerts.alert import Alert
from obs.alerts.definitions import collector, eventbridge, nats, slo

GROUPS: Final[dict[str, tuple[Alert, ...]]] = {
    "nats": nats.ALERTS,
    "eventbridge": eventbridge.ALERTS,
    "slo": slo.ALERTS,
    "collector": collector.ALERTS,
}
ALERTS: Final = tuple(alert for group in GROUPS.values() for alert in group)
BY_NAME: Final = {alert.name: alert for alert in ALERTS}
