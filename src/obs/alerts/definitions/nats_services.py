"""Alerts on NATS micro services."""

from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Equals, ErrorRate
from obs.catalogue import nats_services

_SERVICE: Final = About("nats_service", nats_services.SERVICE)
_ENDPOINT: Final = About("nats_endpoint", nats_services.ENDPOINT)

ALERTS: Final = (
    Alert(
        "NatsServiceDown",
        Severity.CRITICAL,
        _SERVICE,
        Equals(nats_services.INSTANCES, 0),
        2 * MINUTE,
        "No instance of a micro service answers any more.",
        "Service {nats_service} of account {account} on NATS {nats} has no instance that answers.",
        "A deployment that replaces the only instance takes less than two minutes.",
        "services/instances",
    ),
    Alert(
        "NatsServiceErrors",
        Severity.WARNING,
        _ENDPOINT,
        ErrorRate(nats_services.ERRORS, nats_services.REQUESTS, 5, 15 * MINUTE, 20),
        0,
        "A micro service answers too many requests with an error.",
        "{value} of the requests to endpoint {nats_endpoint} of service {nats_service} failed in "
        "the last {window} (threshold {threshold}).",
        "Callers notice when one request in twenty fails. At least twenty requests are required, "
        "so that a single failure in a quiet period does not alert.",
        "services/error_rate",
    ),
    Alert(
        "NatsServiceSlow",
        Severity.WARNING,
        _ENDPOINT,
        Above(nats_services.AVERAGE, 1, "seconds"),
        10 * MINUTE,
        "A micro service takes too long for a request.",
        "Endpoint {nats_endpoint} of service {nats_service} takes {value} for a request on average "
        "(threshold {threshold}).",
        "Clients wait for a reply for two seconds or five by default. What is slow depends on the "
        "service: override the threshold per service.",
        "services/processing",
    ),
)
