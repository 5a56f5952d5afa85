"""Which parts of AWS an application stands on; each part is a pack of its own."""

from collections.abc import Mapping
from typing import Final, Self

from pydantic import model_validator

from obs.packs.alb.settings import AlbPack
from obs.packs.cloudwatch import AwsPack
from obs.packs.ecs.settings import EcsPack
from obs.packs.elasticache.settings import ElastiCachePack
from obs.packs.opensearch.settings import AccountId, OpenSearchPack
from obs.packs.rds.settings import RdsPack
from obs.packs.s3.settings import S3Pack
from obs.spec.cloudwatch_metrics import ExportedMetric
from obs.spec.model import Glob, wrong
from obs.spec.pack_settings import PackSettings

_PACKS: Final[Mapping[str, tuple[type[AwsPack], str]]] = {
    "alb": (AlbPack, "load_balancers"),
    "ecs": (EcsPack, "clusters"),
    "rds": (RdsPack, "databases"),
    "opensearch": (OpenSearchPack, "domains"),
    "elasticache": (ElastiCachePack, "caches"),
    "s3": (S3Pack, "buckets"),
}
"""The packs, and the setting that chooses each: the same here as there."""


class AwsAppPack(AwsPack):
    """Settings of the packs of one application. Each part that is named is watched; write the pack
    by itself where it needs more settings."""

    load_balancers: tuple[Glob, ...] = ()
    """Application load balancers, the ends of their ARNs, or globs: app/kb-*."""
    clusters: tuple[Glob, ...] = ()
    """ECS clusters whose services are watched, as names or globs."""
    databases: tuple[Glob, ...] = ()
    """Identifiers of RDS instances, or globs."""
    domains: tuple[Glob, ...] = ()
    """Names of OpenSearch domains, or globs; they need account."""
    account: AccountId | None = None
    """AWS account that has the OpenSearch domains: 12 digits, in quotes."""
    caches: tuple[Glob, ...] = ()
    """Identifiers of ElastiCache clusters, or globs."""
    buckets: tuple[Glob, ...] = ()
    """S3 buckets with request metrics, as names or globs."""

    def watches(self) -> tuple[ExportedMetric, ...]:
        return ()

    def stands_for(self) -> Mapping[str, PackSettings]:
        more = {"opensearch": {"account": self.account}}
        return {
            name: settings.model_validate(
                {"source": self.source, part: chosen, **more.get(name, {})}
            )
            for name, (settings, part) in _PACKS.items()
            if (chosen := getattr(self, part))
        }

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not any(getattr(self, part) for _, part in _PACKS.values()):
            parts = ", ".join(part for _, part in _PACKS.values())
            raise wrong(f"names nothing to watch; write some of {parts}")
        if self.domains and not self.account:
            raise wrong(
                'is missing; OpenSearch domains need it, for example "123456789012"', "account"
            )
        return self


SETTINGS: Final = AwsAppPack
