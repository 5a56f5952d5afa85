"""What a kind of AWS object has to say, so that the source can watch it."""

from abc import ABC
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from obs.catalogue.metric import Metric
from obs.spec.aws import AwsService, AwsSource

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient


class Listing(NamedTuple):
    """The request that lists all objects of a kind, and where its answer has their names or ARNs.

    The ARN's last part is the name.
    """

    service: str
    operation: str
    member: str
    field: str

    @property
    def action(self) -> str:
        """The IAM action that permits it."""
        return f"{self.service}:{self.operation}"


class Told(NamedTuple):
    """The value of a gauge that CloudWatch has nothing of, of the object of that name."""

    name: str
    metric: Metric
    value: float


class ServiceKind(ABC):
    """One kind of object that an AWS service has CloudWatch metrics of.

    As it stands: one object without a name, watched where the spec says so.
    """

    key: ClassVar[AwsService]
    """Name of the kind in the spec; of objects with names also the label that has them."""
    metrics: ClassVar[tuple[Metric, ...]]
    """What is read of each object: counters and levels of CloudWatch, and what the service's own
    API tells."""
    asked_by: ClassVar[str]
    """What a source has in the spec where it watches them."""
    listing: ClassVar[Listing | None] = None
    """How their names are found; None where they have none."""
    tag_type: ClassVar[str] = ""
    """Its type in the tagging API; empty where its objects have no tags."""
    tags: ClassVar[Metric | None] = None
    """The info metric of its objects' tags."""
    told_by: ClassVar[tuple[str, ...]] = ()
    """The IAM actions that `told` needs beside that of the listing."""

    def globs(self, spec: AwsSource) -> Sequence[str]:
        """Those that the spec names, as names or globs."""
        return spec.globs_of(self.key)

    def targeted(self, target_arn: str) -> str | None:
        """The name of an object that is the target of a rule, None where it is of another kind."""
        return None

    def tagged(self, arn: str) -> str | None:
        """The name of an object by its ARN in the tagging API, None where it is of another kind."""
        return self.targeted(arn)

    def told(self, client: "AwsClient", at: float) -> Iterator[Told]:
        """What the service's own API tells of its objects at `at` (Unix seconds).

        Raises SourceError.
        """
        yield from ()
