"""EventBridge API destinations: HTTP endpoints that rules and pipes call."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from obs.catalogue import aws_archives
from obs.sources.aws.services.kind import Listing, ServiceKind, Told

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient

_AUTHORIZED: Final = frozenset({"AUTHORIZED", "ACTIVE"})


class ApiDestinations(ServiceKind):
    """API destinations by name.

    Their deliveries are those of the rules that have them as targets.
    """

    key = "api_destination"
    metrics = aws_archives.API_DESTINATION_METRICS
    asked_by = "api_destinations"
    listing = Listing("events", "ListApiDestinations", "ApiDestinations", "Name")
    told_by = ("events:ListConnections",)

    def told(self, client: "AwsClient", at: float) -> Iterator[Told]:
        connections = client.listed("events", "ListConnections", "Connections")
        authorized = {
            connection.get("ConnectionArn")
            for connection in connections
            if connection.get("ConnectionState") in _AUTHORIZED
        }
        for one in client.listed("events", "ListApiDestinations", "ApiDestinations"):
            active = one.get("ApiDestinationState") == "ACTIVE"
            ready = active and one.get("ConnectionArn") in authorized
            yield Told(str(one.get("Name", "")), aws_archives.READY, float(ready))


KIND: Final = ApiDestinations()
