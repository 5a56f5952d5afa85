"""Alerts on canaries: marked events that do not arrive, or arrive late."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above
from obs.catalogue import canary

_CANARY: Final = About("canary", canary.CANARY)

ALERTS: Final = (
    Alert(
        "CanaryLost",
        Severity.CRITICAL,
        _CANARY,
        Above(canary.UNARRIVED, 90, "seconds"),
        0,
        "The events that a canary publishes do not arrive.",
        "Nothing that canary {canary} published has arrived for {value} (threshold {threshold}).",
        "A canary publishes a marked event each minute on the path of the system's own events, and "
        "counts it as lost after half a minute. In ninety seconds two are lost: one alone may be a "
        "restart or a failover. The system's own events on this path probably do not arrive "
        "either, before lag or failures say so.",
        "canaries/unarrived",
    ),
    Alert(
        "CanaryLate",
        Severity.WARNING,
        _CANARY,
        Above(canary.LAST_LATENCY, 5, "seconds"),
        5 * MINUTE,
        "The events that a canary publishes arrive late.",
        "The last event of canary {canary} took {value} to arrive (threshold {threshold}).",
        "A stream delivers within milliseconds, and EventBridge usually within half a second. Five "
        "seconds for five minutes mean a consumer that has fallen behind, or a target that is "
        "retried. What is late depends on the path: override the threshold per canary.",
        "canaries/latency",
    ),
)
