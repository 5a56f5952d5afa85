"""Which caches the pack is for."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from obs.packs.cloudwatch import AwsPack
from obs.packs.elasticache.metrics import EVERY
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob


class ElastiCachePack(AwsPack):
    """Settings of the pack of ElastiCache caches."""

    caches: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Identifiers of the cache clusters, those of a replication group with their numbers, or
    globs: shop-*."""

    def watches(self) -> Iterator[ExportedMetric]:
        for each in EVERY:
            yield from each.of(self.caches, ("*",))


SETTINGS: Final = ElastiCachePack
