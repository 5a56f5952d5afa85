"""Which RDS instances the pack is for."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from obs.packs.cloudwatch import AwsPack
from obs.packs.rds.metrics import EVERY
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob
from obs.spec.quantity import NotBoolean

_WARNING: Final = 0.8


class RdsPack(AwsPack):
    """Settings of the pack of RDS instances."""

    databases: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Identifiers of the instances, or globs: shop-*."""
    max_connections: Annotated[int, Field(ge=10, le=262_143), NotBoolean] = 100
    """Connections that the instances accept, max_connections of their parameter group, which
    CloudWatch does not tell: RdsConnectionsHigh fires above 80 % of it (default: 100)."""

    def watches(self) -> Iterator[ExportedMetric]:
        for each in EVERY:
            yield from each.of(self.databases)

    def thresholds(self) -> Mapping[str, float | None]:
        return {"RdsConnectionsHigh": _WARNING * self.max_connections}


SETTINGS: Final = RdsPack
