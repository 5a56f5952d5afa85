"""What CloudWatch has of application load balancers.

A load balancer without requests publishes nothing, so a latency that is missing is unknown, while
a count that is missing is of nothing.
"""

from typing import Final

from obs.packs.cloudwatch import Watched, watched

_NAMESPACE: Final = "AWS/ApplicationELB"
_BALANCER: Final = ("LoadBalancer",)
_GROUP: Final = ("TargetGroup", "LoadBalancer")


def _count(name: str, help: str, title: str) -> Watched:
    return watched(
        *(_NAMESPACE, name, _BALANCER, "Sum", "sparse", help, title),
        unit="Count",
        found_by="RequestCount",
    )


REQUESTS: Final = _count(
    "RequestCount",
    "Requests for which the load balancer chose a target.",
    "Requests",
)
TARGET_5XX: Final = _count(
    "HTTPCode_Target_5XX_Count",
    "Responses of targets with a status from 500 to 599.",
    "Server errors of targets",
)
TARGET_4XX: Final = _count(
    "HTTPCode_Target_4XX_Count",
    "Responses of targets with a status from 400 to 499.",
    "Client errors of targets",
)
OWN_5XX: Final = _count(
    "HTTPCode_ELB_5XX_Count",
    "Server errors that the load balancer answers itself: no healthy target, a timeout, a target "
    "that closes the connection.",
    "Server errors of the load balancer",
)
OWN_4XX: Final = _count(
    "HTTPCode_ELB_4XX_Count",
    "Requests that the load balancer refuses itself: malformed, or given up by the client.",
    "Client errors of the load balancer",
)
REJECTED: Final = _count(
    "RejectedConnectionCount",
    "Connections that the load balancer refused because it had as many as it can have.",
    "Refused connections",
)
CONNECTION_ERRORS: Final = _count(
    "TargetConnectionErrorCount",
    "Connections that the load balancer could not open to a target.",
    "Failed connections to targets",
)
RESPONSE_P95: Final = watched(
    _NAMESPACE,
    "TargetResponseTime",
    _BALANCER,
    "p95",
    "level",
    "Time within which targets began to answer 95 % of the requests, in the newest minute.",
    "Response time, 95th percentile",
    unit="Seconds",
    found_by="RequestCount",
)
HEALTHY: Final = watched(
    _NAMESPACE,
    "HealthyHostCount",
    _GROUP,
    "Minimum",
    "level",
    "Healthy targets of the group, as the load balancer's node that sees the fewest tells it.",
    "Healthy targets",
    unit="Count",
)
UNHEALTHY: Final = watched(
    _NAMESPACE,
    "UnHealthyHostCount",
    _GROUP,
    "Maximum",
    "level",
    "Unhealthy targets of the group, as the load balancer's node that sees the most tells it.",
    "Unhealthy targets",
    unit="Count",
    found_by="HealthyHostCount",
)

OF_BALANCERS: Final = (
    *(REQUESTS, TARGET_5XX, TARGET_4XX, OWN_5XX, OWN_4XX, REJECTED, CONNECTION_ERRORS),
    RESPONSE_P95,
)
OF_GROUPS: Final = (HEALTHY, UNHEALTHY)
BALANCER: Final = REQUESTS.metric.labels
GROUP: Final = HEALTHY.metric.labels
