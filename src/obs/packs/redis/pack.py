"""The pack of Redis servers."""

from typing import Final

from obs.catalogue.foreign import UP
from obs.packs.pack import Pack
from obs.packs.redis import metrics
from obs.packs.redis.alerts import ALERTS
from obs.packs.redis.pages import PAGE

_EXPORTER: Final = "redis_exporter"

PACK: Final = Pack(
    "Redis",
    "{where: {job: redis}}",
    (
        UP,
        *(metrics.UP, metrics.HITS, metrics.MISSES, metrics.MEMORY_USED, metrics.MEMORY_MAX),
        *(metrics.INFO, metrics.EVICTED, metrics.EXPIRED, metrics.CLIENTS, metrics.MAX_CLIENTS),
        *(metrics.CONFIGURED_CLIENTS, metrics.BLOCKED, metrics.REJECTED, metrics.COMMANDS),
        *(metrics.COMMAND_SECONDS, metrics.KEYS, metrics.LINK_UP, metrics.LAG, metrics.SAVED),
    ),
    ALERTS,
    (PAGE,),
    ((metrics.UP, _EXPORTER), (metrics.HITS, _EXPORTER)),
)
