"""The pack of ElastiCache caches."""

from typing import Final

from obs.packs.elasticache.alerts import ALERTS
from obs.packs.elasticache.metrics import EVERY
from obs.packs.elasticache.pages import PAGE
from obs.packs.pack import Pack

PACK: Final = Pack(
    "AWS ElastiCache",
    '{source: cloud, caches: ["shop-*"]}',
    tuple(each.metric for each in EVERY),
    ALERTS,
    (PAGE,),
)
