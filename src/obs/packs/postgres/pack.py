"""The pack of PostgreSQL servers."""

from typing import Final

from obs.catalogue.foreign import UP
from obs.packs.pack import Pack
from obs.packs.postgres import metrics
from obs.packs.postgres.alerts import ALERTS
from obs.packs.postgres.pages import PAGE

_EXPORTER: Final = "postgres_exporter"

PACK: Final = Pack(
    "PostgreSQL",
    "{where: {job: postgres}}",
    (
        UP,
        *(metrics.UP, metrics.MAX_CONNECTIONS, metrics.BACKENDS, metrics.LONGEST_TRANSACTION),
        *(metrics.DEADLOCKS, metrics.COMMITS, metrics.ROLLBACKS),
        *(metrics.BLOCKS_HIT, metrics.BLOCKS_READ, metrics.TEMPORARY, metrics.SIZE),
        *(metrics.WRAPAROUND_AGE, metrics.LAG, metrics.LAG_BEFORE, metrics.REPLICA_BEHIND),
        *(metrics.SLOT_ACTIVE, metrics.SLOT_ACTIVE_SINCE_020, metrics.SLOT_WAL),
    ),
    ALERTS,
    (PAGE,),
    ((metrics.UP, _EXPORTER), (metrics.BACKENDS, _EXPORTER)),
)
