"""Which ECS services the pack is for."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from obs.packs.cloudwatch import AwsPack
from obs.packs.ecs.metrics import EVERY
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob


class EcsPack(AwsPack):
    """Settings of the pack of ECS services."""

    clusters: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Names of clusters, or globs."""
    services: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Names of services, or globs (default: all of these clusters)."""

    def watches(self) -> Iterator[ExportedMetric]:
        for each in EVERY:
            yield from each.of(self.clusters, self.services)


SETTINGS: Final = EcsPack
