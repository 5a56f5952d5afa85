"""Metrics of the thresholds that streams and consumers have in their metadata.

They exist only where an asset sets a threshold; `check` is its key without `io.nats.monitor.`.
"""

from obs.catalogue.declare import gauge
from obs.catalogue.nats import CONSUMER, STREAM

PREFIXES = ("nats_consumer_monitor_", "nats_stream_monitor_")

CONSUMER_CHECK = (*CONSUMER, "check")
STREAM_CHECK = (*STREAM, "check", "level")

_NONE = "None has thresholds in its metadata"
_STATES = ("within", "beyond")

CONSUMER_LIMIT = gauge(
    "nats_consumer_monitor_limit",
    CONSUMER_CHECK,
    "Threshold in the consumer's metadata (io.nats.monitor.…), a duration in seconds.",
    absent=_NONE,
)
CONSUMER_VALUE = gauge(
    "nats_consumer_monitor_value",
    CONSUMER_CHECK,
    "What the threshold is compared with, a duration in seconds; +Inf for never.",
    absent=_NONE,
)
CONSUMER_BEYOND = gauge(
    "nats_consumer_monitor_beyond",
    CONSUMER_CHECK,
    "1 while the consumer is beyond the threshold in its metadata, else 0.",
    title="Consumers beyond their own thresholds",
    states=_STATES,
    absent=_NONE,
)
STREAM_LIMIT = gauge(
    "nats_stream_monitor_limit",
    STREAM_CHECK,
    "Threshold in the stream's metadata (io.nats.monitor.…), a duration in seconds.",
    absent=_NONE,
)
STREAM_VALUE = gauge(
    "nats_stream_monitor_value",
    STREAM_CHECK,
    "What the threshold is compared with, a duration in seconds; +Inf for never.",
    absent=_NONE,
)
STREAM_BEYOND = gauge(
    "nats_stream_monitor_beyond",
    STREAM_CHECK,
    "1 while the stream is beyond the threshold in its metadata, else 0.",
    title="Streams beyond their own thresholds",
    states=_STATES,
    absent=_NONE,
)
