"""Metrics of NATS micro services: what each answers to $SRV.STATS."""

from obs.catalogue.declare import counter, gauge, info

PREFIXES = ("nats_service_", "nats_services_")

SERVICE = ("nats", "account", "nats_service")
ENDPOINT = (*SERVICE, "nats_endpoint")

_NONE = "No micro service answers, or `collect` does not name services"

INSTANCES = gauge(
    "nats_service_instances",
    SERVICE,
    "Instances of the service that answered the last time; 0 for an hour after the last one did.",
    title="Instances",
    absent=_NONE,
)
MISSING_INSTANCES = gauge(
    "nats_service_missing_instances",
    SERVICE,
    "Instances that answered within the last hour and do not any more; one that was replaced is "
    "among them.",
    title="Missing instances",
    absent=_NONE,
)
STARTED = gauge(
    "nats_service_started_timestamp_seconds",
    SERVICE,
    "When the youngest instance started, by its own clock.",
    "seconds",
    title="Last start",
)
INFO = info(
    "nats_service_info", (*SERVICE, "version"), "The versions that the service's instances have."
)
REQUESTS = counter(
    "nats_service_requests_total",
    ENDPOINT,
    "Requests to the endpoint, of all instances together.",
    title="Requests",
    absent=_NONE,
)
ERRORS = counter(
    "nats_service_errors_total",
    ENDPOINT,
    "Requests that the endpoint answered with an error, of all instances together.",
    title="Errors",
    absent=_NONE,
)
PROCESSING = counter(
    "nats_service_processing_seconds_total",
    ENDPOINT,
    "Time that the endpoint's handlers took, of all instances together; divided by the requests it "
    "is the average processing time.",
    "seconds",
    title="Processing time",
    absent=_NONE,
)
AVERAGE = gauge(
    "nats_service_average_processing_seconds",
    ENDPOINT,
    "Average processing time of the endpoint's requests in the last five minutes; absent where "
    "there were none.",
    "seconds",
    title="Average processing time",
    absent="No endpoint had a request in the last five minutes",
)
LAST_ERROR = gauge(
    "nats_service_last_error_timestamp_seconds",
    ENDPOINT,
    "When the collector last saw the errors of the endpoint rise.",
    "seconds",
    title="Last error",
)
ENDPOINT_INFO = info(
    "nats_service_endpoint_info",
    (*ENDPOINT, "subject", "queue_group"),
    "Where the endpoint listens; absent where its instances listen at more than four places.",
)
LEFT_OUT = gauge(
    "nats_services_left_out",
    ("nats", "reason"),
    "Services, endpoints and instances that are too many to be counted, and replies that cannot be "
    "read.",
)
