"""The page of application load balancers."""

from typing import Final

from obs.alerts.quantities import Growth, Rate, Value
from obs.packs.alb import metrics
from obs.packs.alb.metrics import BALANCER, GROUP
from obs.packs.page import Line, Lines, PackPage, Row, Stat

_FEW: Final = "CloudWatch has no such series: nothing of the kind happened lately"

PAGE: Final = PackPage(
    "alb",
    "Load balancers",
    "Do the load balancers answer, fast and without errors?",
    [("aws", metrics.REQUESTS.metric), ("load_balancer", metrics.REQUESTS.metric)],
    BALANCER,
    [
        Stat(
            "requests_now",
            "Requests",
            Rate(metrics.REQUESTS.metric, 300.0),
            "Requests to all load balancers, per second.",
            "sum",
        ),
        Stat(
            "slowest_now",
            "Slowest, 95th percentile",
            Value(metrics.RESPONSE_P95.metric),
            "Response time of the slowest load balancer.",
        ),
        Stat(
            "unhealthy_now",
            "Unhealthy targets",
            Value(metrics.UNHEALTHY.metric),
            "Targets that fail their health checks, the most behind one load balancer.",
        ),
    ],
    [
        Row(
            "Requests",
            [
                Lines("requests", "Requests", [Line(Rate(metrics.REQUESTS.metric, 300.0))]),
                Lines("response_time", "Response time, 95th percentile", highest=10),
                Lines("client_error_rate", "Client errors of targets", none=_FEW),
            ],
        ),
        Row(
            "Errors",
            [
                Lines("target_error_rate", "Server errors of targets", none=_FEW),
                Lines("own_error_rate", "Server errors of the load balancer", none=_FEW),
                Lines(
                    "own_client_errors",
                    "Client errors of the load balancer",
                    [Line(Growth(metrics.OWN_4XX.metric, 300.0))],
                    none=_FEW,
                ),
            ],
        ),
        Row(
            "Targets",
            [
                Lines("healthy", "Healthy targets", by=GROUP),
                Lines("unhealthy", "Unhealthy targets", by=GROUP),
                Lines("connection_errors", "Failed connections to targets", none=_FEW),
                Lines("refused", "Refused connections", none=_FEW),
            ],
        ),
    ],
)
