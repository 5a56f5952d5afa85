"""Metrics of the collector itself."""

from obs.catalogue.metric import Metric, counter, gauge, info

SOURCE = ("source",)

SOURCE_UP = gauge("obs_source_up", SOURCE, "1 if the source's last poll succeeded, else 0.")
SOURCE_LAST_SUCCESS = gauge(
    "obs_source_last_success_timestamp_seconds",
    SOURCE,
    "When the source last answered in full; absent before the first time.",
    "seconds",
)
SOURCE_ASKED_SINCE = gauge(
    "obs_source_asked_since_timestamp_seconds",
    SOURCE,
    "When this collector, since it started, began to ask the source.",
    "seconds",
)
SOURCE_STALE_AFTER = gauge(
    "obs_source_stale_after_seconds",
    SOURCE,
    "Age of the last success at which the source's series are withdrawn.",
    "seconds",
)
SOURCE_POLL_DURATION = gauge(
    "obs_source_poll_duration_seconds",
    SOURCE,
    "How long the last poll took, its evaluation and rendering included.",
    "seconds",
)
SOURCE_POLLS = counter("obs_source_polls_total", SOURCE, "Polls begun.")
SOURCE_ERRORS = counter(
    "obs_source_errors_total", ("source", "reason"), "Polls that failed, by reason."
)
SOURCE_SERIES = gauge("obs_source_series", SOURCE, "Series made from the source's last poll.")
SERIES_DROPPED = counter(
    "obs_series_dropped_total",
    ("source", "reason"),
    "Consumers and queues left without series, added up over polls, by reason.",
)
SOURCE_LEFT_OUT = gauge(
    "obs_source_left_out",
    ("source", "reason"),
    "Consumers and queues that have no series of their own at present, by reason.",
)
AWS_REQUESTS = counter(
    "obs_aws_requests_total", ("operation",), "AWS API requests sent, retries included."
)
AWS_COST = gauge(
    "obs_aws_cost_dollars_per_month",
    (),
    "What the collector's AWS requests and metrics cost a month at the present rate.",
)
PUSH_UP = gauge("obs_push_up", ("sink",), "1 if the last push to the sink succeeded, else 0.")
PUSH_POINTS = counter("obs_push_points_total", ("sink",), "Data points the sink accepted.")
PUSH_ERRORS = counter("obs_push_errors_total", ("sink", "reason"), "Pushes that failed, by reason.")
STATE_ERRORS = counter(
    "obs_state_errors_total",
    ("reason",),
    "Times the state file could not be read or written; the collector goes on without it.",
)
CHECK_OK = gauge(
    "obs_check_ok",
    ("check",),
    "1 if this check of `obs check` found nothing that fails when it was run last, else 0.",
)
BUILD_INFO = info("obs_build_info", ("version", "python_version"), "The collector that runs.")

ALL: tuple[Metric, ...] = (
    SOURCE_UP,
    SOURCE_LAST_SUCCESS,
    SOURCE_ASKED_SINCE,
    SOURCE_STALE_AFTER,
    SOURCE_POLL_DURATION,
    SOURCE_POLLS,
    SOURCE_ERRORS,
    SOURCE_SERIES,
    SERIES_DROPPED,
    SOURCE_LEFT_OUT,
    AWS_REQUESTS,
    AWS_COST,
    PUSH_UP,
    PUSH_POINTS,
    PUSH_ERRORS,
    STATE_ERRORS,
    CHECK_OK,
    BUILD_INFO,
)
