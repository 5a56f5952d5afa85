"""Alerts on HTTP services."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.http_service.quantities import Quantities

_KEPT: Final = 30 * MINUTE
_LEAST: Final = 0.2
"""Requests a second, 60 in five minutes, below which a share or a percentile is chance."""
_USUAL: Final = 100
"""Requests in an hour of a service that is not expected to have none for ten minutes."""


def alerts_of(label: str, quantities: Quantities) -> tuple[Alert, ...]:
    """The alerts; `label` tells the services apart."""
    service, process = (label,), (label, "instance")
    named, one = f"Service {{{label}}}", f"Instance {{instance}} of service {{{label}}}"
    return (
        Alert(
            "HttpServiceErrorsHigh",
            Severity.CRITICAL,
            About(label, service),
            Beyond(quantities.errors, ">", 5, service, Traffic(quantities.requests, _LEAST)),
            5 * MINUTE,
            "An HTTP service fails.",
            f"{named} answers {{value}} of its requests with a 5xx status (threshold "
            "{threshold}).",
            "A service that fails one request in twenty is broken for its users; fewer than 60 "
            "requests in five minutes say little.",
            "http-service/errors",
            _KEPT,
        ),
        Alert(
            "HttpServiceSlow",
            Severity.WARNING,
            About(label, service),
            Beyond(
                quantities.percentile(95), ">", 0.5, service, Traffic(quantities.answered, _LEAST)
            ),
            10 * MINUTE,
            "An HTTP service is slow.",
            f"{named} takes more than {{value}} for one in twenty requests (threshold "
            "{threshold}).",
            "Beyond half a second people notice that they wait, and a page makes several requests.",
            "http-service/p95",
            _KEPT,
        ),
        Alert(
            "HttpServiceNoTraffic",
            Severity.WARNING,
            About(label, service),
            Beyond(
                quantities.lately,
                "<",
                1,
                service,
                Traffic(quantities.in_the_hour, _USUAL, past=True),
            ),
            5 * MINUTE,
            "An HTTP service gets no requests any more.",
            f"{named} got {{value}} requests in {{window}}, and many in the hour before.",
            "A service with 100 requests in an hour does not go ten minutes without any by chance: "
            "they no longer reach it.",
            "http-service/lately",
            _KEPT,
        ),
        Alert(
            "HttpServiceRequestsPileUp",
            Severity.WARNING,
            About("instance", process),
            Beyond(quantities.active, ">", 100, process),
            5 * MINUTE,
            "Requests pile up in an HTTP service.",
            f"{one} has {{value}} requests in progress (threshold {{threshold}}).",
            "Most servers have fewer workers for each process: further requests wait.",
            "http-service/active",
            _KEPT,
        ),
        Alert(
            "HttpServiceFilesHigh",
            Severity.WARNING,
            About("instance", process),
            Beyond(quantities.files, ">", 80, process),
            5 * MINUTE,
            "An HTTP service is running out of file descriptors.",
            f"{one} has {{value}} of its file descriptors open (threshold {{threshold}}).",
            "Each connection takes one; without any the service accepts no connections and "
            "cannot reach what it depends on.",
            "http-service/files",
            _KEPT,
        ),
    )
