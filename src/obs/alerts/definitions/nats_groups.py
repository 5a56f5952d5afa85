"""Alerts on routes, client connections and certificates of NATS servers."""

from typing import Final

from obs.alerts.alert import HOUR, MINUTE, About, Alert, Severity
from obs.alerts.conditions import Above, Below, Equals
from obs.catalogue import nats_clients, nats_routes, nats_server

_ROUTE: Final = About("route", nats_routes.ROUTE)
_CLIENT: Final = About("client", nats_clients.CLIENT)
_CERTIFICATE: Final = About("listener", nats_server.CERTIFICATE_REMAINING.labels)
_DAY: Final = 24 * HOUR

ALERTS: Final = (
    Alert(
        "NatsRouteLost",
        Severity.CRITICAL,
        _ROUTE,
        Equals(nats_routes.ROUTE_UP, 0),
        2 * MINUTE,
        "A NATS server has lost its connection to another server of its cluster, which runs.",
        "NATS server {server} has no connection to server {route} of its cluster, which answers.",
        "A server that restarts is connected again within seconds. One that is down has "
        "NatsServerDown instead.",
        "servers/routes",
    ),
    Alert(
        "NatsClientPendingBytesHigh",
        Severity.WARNING,
        _CLIENT,
        Above(nats_clients.PENDING_SHARE, 0.5, "ratio"),
        1 * MINUTE,
        "A client reads so slowly that NATS is about to close its connection.",
        "{value} of max_pending waits for a connection of client {client} of account {account} "
        "(threshold {threshold}).",
        "At 100 % the server closes the connection, and what waits is lost. A client that keeps up "
        "has next to nothing waiting; a minute is longer than a burst.",
        "server_groups/pending",
    ),
    Alert(
        "NatsServerCertificateExpiring",
        Severity.WARNING,
        _CERTIFICATE,
        Below(nats_server.CERTIFICATE_REMAINING, 7 * _DAY, "seconds"),
        0,
        "The certificate of a NATS server expires soon.",
        "The certificate of the {listener} listener of NATS server {server} expires in {value} "
        "(threshold {threshold}).",
        "A week leaves time to have a new one issued. Once it has expired, everyone who "
        "connects refuses it.",
        "servers/certificates",
    ),
)
