"""EventBridge pipes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from obs.catalogue import aws_pipes
from obs.sources.aws.services.kind import Listing, ServiceKind, Told

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient

_CHANGING: Final = frozenset({"CREATING", "UPDATING", "STARTING"})
"""States on the way to RUNNING: a pipe that is in one of them is not broken."""


class Pipes(ServiceKind):
    """Pipes by name. EventBridge stops one by itself whose target it may not invoke for long."""

    key = "pipe"
    metrics = aws_pipes.METRICS
    tag_type = "pipes:pipe"
    tags = aws_pipes.TAGS
    asked_by = "pipes"
    listing = Listing("pipes", "ListPipes", "Pipes", "Name")

    def told(self, client: "AwsClient", at: float) -> Iterator[Told]:
        for pipe in client.listed("pipes", "ListPipes", "Pipes"):
            state = str(pipe.get("CurrentState", ""))
            if pipe.get("DesiredState") == "RUNNING" and state not in _CHANGING:
                runs = float(state == "RUNNING")
                yield Told(str(pipe.get("Name", "")), aws_pipes.RUNNING, runs)

    def tagged(self, arn: str) -> str | None:
        """arn:aws:pipes:REGION:ACCOUNT:pipe/NAME."""
        service, _, name = arn.partition(":pipe/")
        return name if ":pipes:" in service and name else None


KIND: Final = Pipes()
