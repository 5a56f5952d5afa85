"""Which OpenSearch domains the pack is for."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from obs.packs.cloudwatch import AwsPack
from obs.packs.opensearch.metrics import EVERY
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob, Matching
from obs.spec.quantity import NotBoolean

AccountId = Annotated[str, Matching(r"^[0-9]{12}$", "an account's 12 digits, in quotes")]


class OpenSearchPack(AwsPack):
    """Settings of the pack of OpenSearch domains."""

    domains: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Names of the domains, or globs: shop-*."""
    account: AccountId
    """AWS account that has the domains: CloudWatch keeps their series by it, as ClientId."""
    nodes: Annotated[int, Field(ge=1, le=1_000), NotBoolean] | None = None
    """Nodes that each domain is to have, masters included: OpenSearchNodesMissing fires below
    (default: there is no such alert)."""

    def watches(self) -> Iterator[ExportedMetric]:
        for each in EVERY:
            yield from each.of(self.domains, (self.account,))

    def thresholds(self) -> Mapping[str, float | None]:
        return {"OpenSearchNodesMissing": self.nodes}


SETTINGS: Final = OpenSearchPack
