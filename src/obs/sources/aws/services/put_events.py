"""The publishing side of EventBridge, which AWS counts for an account and region as a whole."""

from typing import Final

from obs.catalogue import aws_put_events
from obs.sources.aws.services.kind import ServiceKind


class PutEvents(ServiceKind):
    """The PutEvents requests to all event buses together."""

    key = "put_events"
    metrics = aws_put_events.METRICS
    asked_by = "put_events: true"


KIND: Final = PutEvents()
