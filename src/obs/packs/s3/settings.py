"""Which buckets the pack is for."""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field

from obs.packs.cloudwatch import AwsPack
from obs.packs.s3.metrics import EVERY
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob


class S3Pack(AwsPack):
    """Settings of the pack of buckets."""

    buckets: Annotated[tuple[Glob, ...], Field(min_length=1)]
    """Names of buckets, or globs."""
    filters: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("EntireBucket",)
    """Ids of the buckets' request metrics, or globs (default: EntireBucket, as the console calls
    the one of a whole bucket)."""

    def watches(self) -> Iterator[ExportedMetric]:
        for each in EVERY:
            yield from each.of(self.buckets, self.filters)


SETTINGS: Final = S3Pack
