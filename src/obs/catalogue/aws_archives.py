"""Metrics of EventBridge archives and their replays, and of API destinations.

CloudWatch has none of them: EventBridge's own API tells them.
"""

from typing import Final

from obs.catalogue.declare import gauge
from obs.catalogue.metric import Metric

PREFIXES = ("eventbridge_archive_", "eventbridge_api_destination_")

ARCHIVE = ("aws", "archive")
API_DESTINATION = ("aws", "api_destination")

ENABLED = gauge(
    "eventbridge_archive_enabled",
    ARCHIVE,
    "Whether the archive receives events: 1 if so, 0 if not.",
    title="Archive enabled",
    states=("disabled", "enabled"),
)
EVENTS = gauge(
    "eventbridge_archive_events",
    ARCHIVE,
    "Events in the archive, as EventBridge counted them last.",
    title="Archived events",
)
SIZE = gauge(
    "eventbridge_archive_size_bytes",
    ARCHIVE,
    "Size of the archive, as EventBridge measured it last.",
    "bytes",
    title="Archive size",
)
RUNNING_REPLAYS = gauge(
    "eventbridge_archive_running_replays",
    ARCHIVE,
    "Replays of the archive that run or start now.",
    title="Running replays",
)
FAILED_REPLAYS = gauge(
    "eventbridge_archive_failed_replays",
    ARCHIVE,
    "Replays of the archive that failed within the last hour.",
    title="Failed replays",
)
READY = gauge(
    "eventbridge_api_destination_ready",
    API_DESTINATION,
    "Whether EventBridge can call the API destination: 1 if it is active and its connection "
    "authorized, 0 if not.",
    title="API destination ready",
    states=("not ready", "ready"),
)

ARCHIVE_METRICS: Final[tuple[Metric, ...]] = (
    *(ENABLED, EVENTS, SIZE, RUNNING_REPLAYS, FAILED_REPLAYS),
)
API_DESTINATION_METRICS: Final[tuple[Metric, ...]] = (READY,)
