"""Alerts on application load balancers."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below, Beyond, ErrorRate, Increase
from obs.alerts.conditions.beyond import Traffic
from obs.alerts.quantities import Growth, PercentBeside, Sum
from obs.packs.alb import metrics
from obs.packs.alb.metrics import BALANCER, GROUP

_BALANCER: Final = About("load_balancer", BALANCER)
_GROUP: Final = About("target_group", GROUP)
_OWN_5XX: Final = Growth(metrics.OWN_5XX.metric, 5 * MINUTE)
_REQUESTS: Final = Growth(metrics.REQUESTS.metric, 5 * MINUTE)
_KEPT: Final = 30 * MINUTE

ALERTS: Final = (
    Alert(
        "AlbTargetErrorRateHigh",
        Severity.CRITICAL,
        _BALANCER,
        ErrorRate(metrics.TARGET_5XX.metric, metrics.REQUESTS.metric, 5, 5 * MINUTE, 20),
        0,
        "Targets of a load balancer answer with server errors.",
        "{value} of the requests through load balancer {load_balancer} were answered with 5xx by "
        "targets in the last {window} (threshold {threshold}).",
        "One request in twenty is more than retries hide from users. At least twenty requests are "
        "required, so that a single error at night does not page.",
        "alb/target_error_rate",
        _KEPT,
    ),
    Alert(
        "AlbErrorRateHigh",
        Severity.CRITICAL,
        _BALANCER,
        Beyond(
            PercentBeside(_OWN_5XX, _REQUESTS),
            ">",
            5,
            BALANCER,
            Traffic(Sum(_OWN_5XX, _REQUESTS), 20),
        ),
        0,
        "A load balancer answers with server errors of its own.",
        "{value} of the requests to load balancer {load_balancer} were answered with 5xx by the "
        "load balancer itself in the last {window} (threshold {threshold}).",
        "These requests got no answer of a target: there was no healthy one, or it timed out or "
        "closed the connection. AWS does not count a request without a target as one, so the "
        "share is of requests and errors together.",
        "alb/own_error_rate",
        _KEPT,
    ),
    Alert(
        "AlbClientErrorRateHigh",
        Severity.WARNING,
        _BALANCER,
        ErrorRate(metrics.TARGET_4XX.metric, metrics.REQUESTS.metric, 25, 15 * MINUTE, 100),
        0,
        "Targets of a load balancer refuse many requests as the client's fault.",
        "{value} of the requests through load balancer {load_balancer} were answered with 4xx in "
        "the last {window} (threshold {threshold}).",
        "Some 4xx are normal: scanners, expired logins. One request in four is a broken client, a "
        "removed path or a login that fails for everybody, often since a deployment.",
        "alb/client_error_rate",
        _KEPT,
    ),
    Alert(
        "AlbResponseSlow",
        Severity.WARNING,
        _BALANCER,
        Above(metrics.RESPONSE_P95.metric, 0.5, "seconds"),
        5 * MINUTE,
        "Targets of a load balancer answer slowly.",
        "One request in twenty through load balancer {load_balancer} waits longer than {value} for "
        "its target (threshold {threshold}).",
        "Half a second at the 95th percentile is the usual objective of an HTTP API; five minutes "
        "of it are no single slow request.",
        "alb/response_time",
        _KEPT,
    ),
    Alert(
        "AlbTargetsNoneHealthy",
        Severity.CRITICAL,
        _GROUP,
        Below(metrics.HEALTHY.metric, 1, "number"),
        2 * MINUTE,
        "No target of a target group is healthy.",
        "Target group {target_group} behind load balancer {load_balancer} has {value} healthy "
        "targets.",
        "Without a healthy target the load balancer sends requests to unhealthy ones, or answers "
        "503. Two minutes leave time for the first health checks of a deployment.",
        "alb/healthy",
        _KEPT,
    ),
    Alert(
        "AlbTargetsUnhealthy",
        Severity.WARNING,
        _GROUP,
        Above(metrics.UNHEALTHY.metric, 0, "number"),
        10 * MINUTE,
        "Targets of a target group fail their health checks.",
        "Unhealthy targets of group {target_group} behind load balancer {load_balancer}: {value}.",
        "The others carry the load. A target that starts is unhealthy for a few minutes; after "
        "ten it does not come by itself.",
        "alb/unhealthy",
        _KEPT,
    ),
    Alert(
        "AlbConnectionsRefused",
        Severity.CRITICAL,
        _BALANCER,
        Increase(metrics.REJECTED.metric, 0, 5 * MINUTE, "connections"),
        0,
        "A load balancer refuses connections because it has too many.",
        "Connections that load balancer {load_balancer} refused in the last {window}: {value} "
        "(threshold {threshold}).",
        "AWS counts connections here only once the load balancer is at its maximum, and no client "
        "of these gets an answer.",
        "alb/refused",
        _KEPT,
    ),
    Alert(
        "AlbTargetConnectionsFailing",
        Severity.WARNING,
        _BALANCER,
        Increase(metrics.CONNECTION_ERRORS.metric, 10, 5 * MINUTE, "connections"),
        0,
        "A load balancer cannot connect to its targets.",
        "Connections from load balancer {load_balancer} to targets that failed in the last "
        "{window}: {value} (threshold {threshold}).",
        "The load balancer tries another target, so a few are hidden from users. Ten in five "
        "minutes are a target that is down or full while its health check still passes.",
        "alb/connection_errors",
        _KEPT,
    ),
)
