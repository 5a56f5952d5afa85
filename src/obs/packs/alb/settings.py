"""Which load balancers the pack is for."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from obs.packs.alb.metrics import OF_BALANCERS, OF_GROUPS
from obs.packs.cloudwatch import AwsPack
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob


class AlbPack(AwsPack):
    """Settings of the pack of application load balancers."""

    load_balancers: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Load balancers as CloudWatch names them, the end of their ARNs, or globs: app/shop-*."""
    target_groups: tuple[Glob, ...] = ("*",)
    """Target groups whose healthy targets are counted, the end of their ARNs, or globs (default:
    all of these load balancers)."""

    def watches(self) -> Iterator[ExportedMetric]:
        for each in OF_BALANCERS:
            yield from each.of(self.load_balancers)
        for each in OF_GROUPS:
            yield from each.of(self.target_groups, self.load_balancers)


SETTINGS: Final = AlbPack
