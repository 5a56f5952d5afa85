"""Lambda functions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from obs.catalogue import aws_functions
from obs.sources.aws.services.kind import Listing, ServiceKind, Told

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient


class Functions(ServiceKind):
    """Functions by name, each over all of its versions and aliases."""

    key = "function"
    metrics = aws_functions.METRICS
    tag_type = "lambda:function"
    tags = aws_functions.TAGS
    asked_by = "functions or targets"
    listing = Listing("lambda", "ListFunctions", "Functions", "FunctionName")

    def targeted(self, target_arn: str) -> str | None:
        """arn:aws:lambda:REGION:ACCOUNT:function:NAME, and perhaps :VERSION or :ALIAS."""
        service, _, resource = target_arn.partition(":function:")
        return resource.split(":")[0] if ":lambda:" in service and resource else None

    def told(self, client: "AwsClient", at: float) -> Iterator[Told]:
        for function in client.listed("lambda", "ListFunctions", "Functions"):
            if isinstance(timeout := function.get("Timeout"), int | float):
                name = str(function.get("FunctionName", ""))
                yield Told(name, aws_functions.TIMEOUT, float(timeout))


KIND: Final = Functions()
