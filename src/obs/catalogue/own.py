"""Metrics of the collector itself."""

from obs.catalogue.declare import counter, gauge, histogram, info
from obs.catalogue.metric import Kind, Metric

PREFIXES = ("obs_",)

SOURCE = ("source",)

SOURCE_UP = gauge(
    "obs_source_up",
    SOURCE,
    "1 if the source's last poll succeeded, else 0.",
    title="Poll status",
    states=("down", "up"),
)
SOURCE_LAST_SUCCESS = gauge(
    "obs_source_last_success_timestamp_seconds",
    SOURCE,
    "Time of the source's last complete poll; absent before the first one.",
    "seconds",
    title="Age of the data",
)
SOURCE_ASKED_SINCE = gauge(
    "obs_source_asked_since_timestamp_seconds",
    SOURCE,
    "Time at which the collector began to poll the source after it started.",
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
    "Duration of the last poll, evaluation and rendering included.",
    "seconds",
    title="Poll duration",
)
SOURCE_POLL_SECONDS = histogram(
    "obs_source_poll_seconds",
    SOURCE,
    "Duration of the polls since the collector started, evaluation and rendering included.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    "seconds",
    title="Poll duration, distribution",
)
SOURCE_POLLS = counter("obs_source_polls_total", SOURCE, "Polls started.", title="Polls")
SOURCE_ERRORS = counter(
    "obs_source_errors_total",
    ("source", "reason"),
    "Polls that failed, by reason.",
    title="Failed polls",
)
SOURCE_SERIES = gauge(
    "obs_source_series",
    SOURCE,
    "Series exported from the source's last poll.",
    title="Series",
)
SOURCE_WITHDRAWN = gauge(
    "obs_source_withdrawn_objects",
    SOURCE,
    "Objects whose series are withdrawn although nothing says that they were deleted.",
    title="Withdrawn",
)
SERIES_DROPPED = counter(
    "obs_series_dropped_total",
    ("source", "reason"),
    "Consumers, streams and queues that were not exported, counted again at each poll, by reason.",
    title="Dropped at a cap",
)
SOURCE_LEFT_OUT = gauge(
    "obs_source_left_out",
    ("source", "reason"),
    "Consumers, streams, accounts and queues that currently have no series, by reason.",
    title="Without series",
)
AWS_REQUESTS = counter(
    "obs_aws_requests_total",
    ("operation",),
    "AWS API requests sent, retries included.",
    title="AWS requests",
)
AWS_COST = gauge(
    "obs_aws_cost_dollars_per_month",
    (),
    "Estimated monthly cost of the collector's AWS requests and metrics at the current rate.",
    title="AWS cost per month",
)
AWS_SPENT = gauge(
    "obs_aws_spent_dollars_this_month",
    SOURCE,
    "Dollars that the source's AWS requests and metrics have cost since the calendar month began, "
    "UTC; from before a restart too.",
    title="Spent this month",
)
AWS_PROJECTED = gauge(
    "obs_aws_projected_dollars_this_month",
    SOURCE,
    "Dollars that the source will have cost by the end of the calendar month at its present pace.",
    title="Projected for this month",
)
AWS_BUDGET = gauge(
    "obs_aws_budget_dollars",
    SOURCE,
    "The source's monthly_budget_dollars; in the month of its first poll, the share for the rest "
    "of it.",
    title="Budget of this month",
    absent="No source has a monthly_budget_dollars",
)
AWS_BUDGET_STAGE = gauge(
    "obs_aws_budget_stage",
    SOURCE,
    "0 within the month's budget; 1 near it, so that polls are rarer; 2 over it, so that only what "
    "alerts and SLOs need is asked for.",
    title="Monthly budget",
    absent="No source has a monthly_budget_dollars",
    states=("within", "near", "over"),
)
PUSH_UP = gauge(
    "obs_push_up",
    ("sink",),
    "1 if the last push to the sink succeeded, else 0.",
    states=("down", "up"),
)
PUSH_POINTS = counter(
    "obs_push_points_total", ("sink",), "Data points that the sink accepted.", title="Pushes"
)
PUSH_REJECTED = counter(
    "obs_push_rejected_points_total",
    ("sink",),
    "Data points that the sink received and rejected; the status page gives its reason.",
)
PUSH_LEFT_OUT = counter(
    "obs_push_left_out_points_total",
    ("sink",),
    "Values that the sink cannot hold and that were not sent: CloudWatch has no NaN or infinity.",
)
PUSH_DROPPED = counter(
    "obs_push_dropped_points_total",
    ("sink",),
    "Data points that waited in memory for the sink's receiver and were dropped beyond the bound.",
)
PUSH_PENDING = gauge(
    "obs_push_pending_points",
    ("sink",),
    "Data points that wait in memory for the sink's receiver.",
    absent="The sink keeps none: the next push has the values of then",
)
PUSH_REPEATS = counter(
    "obs_push_repeated_requests_total",
    ("sink",),
    "Requests that were sent again because the receiver could not take them.",
)
PUSH_ERRORS = counter("obs_push_errors_total", ("sink", "reason"), "Pushes that failed, by reason.")
SPANS_SENT = counter(
    "obs_trace_spans_sent_total",
    (),
    "Spans of obs' own traces that the receiver accepted.",
    title="Spans sent",
    absent="outputs.otlp.traces is not set",
)
SPANS_DROPPED = counter(
    "obs_trace_spans_dropped_total",
    ("reason",),
    "Spans of obs' own traces that did not reach the receiver: not_sent, after several attempts; "
    "queue_full, too many waited to be sent; rejected by the receiver; trace_full, one trace had "
    "more than it may.",
    title="Spans dropped",
    absent="outputs.otlp.traces is not set",
)
STATE_ERRORS = counter(
    "obs_state_errors_total",
    ("reason",),
    "Times the state file could not be read or written; the collector continues without it.",
)
LOG_LINES_DROPPED = counter(
    "obs_log_lines_dropped_total",
    (),
    "Log lines that could not be written: nobody reads the log, or its disk is full.",
)
PART = ("part",)
LEADER = gauge(
    "obs_leader",
    PART,
    "1 if this collector holds the lease and so polls what costs money, and pushes; 0 if it stands "
    "by. Absent where the spec has no `ha`. The part of the spec is empty for the whole.",
    title="Leads",
    states=("stands by", "leads"),
)
LEASE_TAKEOVERS = counter(
    "obs_lease_takeovers_total",
    PART,
    "How often a collector has taken the lease: the fencing token of its present holder, the same "
    "for all collectors that can read it.",
    title="Takeovers",
)
SPEC_REFUSED = gauge(
    "obs_spec_refused",
    (),
    "1 if the spec has changed and cannot be taken up, so that the one before is still in force, "
    "else 0.",
    title="Changed spec",
    states=("in force", "refused"),
)
SPEC_READ = gauge(
    "obs_spec_read_timestamp_seconds",
    (),
    "Time at which the spec in force was read.",
    "seconds",
)
SHARD_INFO = info(
    "obs_shard_info",
    ("shard", "shards"),
    "The shard that this collector watches, and of how many; absent without --shard; always 1.",
    title="Shards",
)
SHARDS = gauge(
    "obs_shards",
    (),
    "How many shards the system is divided into; absent without --shard.",
)
SHARD_SOURCE = ("shard", "source")
SHARD_SOURCE_UP = gauge(
    "obs_shard_source_up",
    SHARD_SOURCE,
    "1 if the last poll of the source by the collector of this shard succeeded, else 0; absent "
    "without --shard.",
    title="Sources by shard",
    absent="No collector runs with --shard",
    states=("down", "up"),
)
CHECK_OK = gauge(
    "obs_check_ok",
    ("check",),
    "1 if the last run of this check of `obs check` found no failure, else 0.",
)
SPEC_OBJECT = ("source", "kind", "object")
SPEC_OBJECT_MISSING = gauge(
    "obs_spec_object_missing",
    SPEC_OBJECT,
    "1 if the spec names this object, such as a rule, a queue or a stream, and the source does not "
    "have it, 2 if it is a glob that matches nothing, else 0; absent while that cannot be told.",
    title="Named in the spec, but missing",
    states=("there", "missing", "unmatched"),
)
UP = Metric("up", Kind.GAUGE, "1 if the last scrape of the target succeeded.", ("job", "instance"))
"""Prometheus' own metric of each of its targets, which the collector does not export."""
BUILD_INFO = info(
    "obs_build_info",
    ("version", "python_version"),
    "Version of the running collector and of its Python; always 1.",
    title="Version",
)
