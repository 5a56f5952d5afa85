"""The pack of resilience."""

from typing import Final

from obs.packs.pack import Pack
from obs.packs.resilience import metrics
from obs.packs.resilience.alerts import ALERTS
from obs.packs.resilience.pages import PAGE

PACK: Final = Pack(
    "Resilience",
    "{where: {job: shop}}",
    (
        *(metrics.STATE, metrics.TRANSITIONS, metrics.CALLS, metrics.FALLBACKS),
        *(metrics.ATTEMPTS, metrics.RETRIED_CALLS, metrics.LIMITED, metrics.DEAD_LETTERS),
        *(metrics.CAPACITY, metrics.OLDEST, metrics.ADDED, metrics.REPROCESSED),
        *(metrics.JAVA_STATE, metrics.JAVA_CALLS, metrics.JAVA_REJECTED, metrics.JAVA_RETRIES),
        *(metrics.JAVA_WAITING, metrics.NODE_EVENTS, metrics.NODE_JOBS),
    ),
    ALERTS,
    (PAGE,),
)
