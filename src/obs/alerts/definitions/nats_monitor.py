"""Alerts on thresholds that streams and consumers have in their metadata."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import BeyondOwnThreshold
from obs.catalogue import nats, nats_monitor

_CONSUMER: Final = About("check", nats_monitor.CONSUMER_CHECK)
_STREAM: Final = About("check", (*nats.STREAM, "check"))
_OF_STREAM: Final = (
    nats_monitor.STREAM_BEYOND,
    nats_monitor.STREAM_VALUE,
    nats_monitor.STREAM_LIMIT,
)
_WHY: Final = (
    "The owner of the {asset} has set the threshold. A minute rules out a single poll that met a "
    "peak."
)

ALERTS: Final = (
    Alert(
        "NatsConsumerBeyondOwnThreshold",
        Severity.CRITICAL,
        _CONSUMER,
        BeyondOwnThreshold(
            nats_monitor.CONSUMER_BEYOND,
            nats_monitor.CONSUMER_VALUE,
            nats_monitor.CONSUMER_LIMIT,
        ),
        1 * MINUTE,
        "A consumer is beyond a threshold in its metadata.",
        "Consumer {consumer} on stream {stream} is beyond its {check}: the value is {value}, the "
        "threshold in its metadata {limit}; durations are in seconds.",
        _WHY.format(asset="consumer"),
        "jetstream/consumer_thresholds",
    ),
    Alert(
        "NatsStreamBeyondOwnThreshold",
        Severity.CRITICAL,
        _STREAM,
        BeyondOwnThreshold(*_OF_STREAM, (("level", "critical"),)),
        1 * MINUTE,
        "A stream is beyond a critical threshold in its metadata.",
        "Stream {stream} is beyond its {check}: the value is {value}, the threshold in its "
        "metadata {limit}; durations are in seconds.",
        _WHY.format(asset="stream"),
        "jetstream/stream_thresholds",
    ),
    Alert(
        "NatsStreamBeyondOwnWarning",
        Severity.WARNING,
        _STREAM,
        BeyondOwnThreshold(*_OF_STREAM, (("level", "warning"),)),
        1 * MINUTE,
        "A stream is beyond a threshold to warn at in its metadata.",
        "Stream {stream} is beyond its {check}: the value is {value}, the threshold in its "
        "metadata {limit}.",
        _WHY.format(asset="stream"),
        "jetstream/stream_thresholds",
    ),
)
