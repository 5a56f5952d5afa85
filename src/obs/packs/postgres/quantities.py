"""What alerts compare and panels draw of PostgreSQL."""

from typing import Final

from obs.alerts.quantities import (
    Answers,
    Either,
    Growth,
    Percent,
    PercentBeside,
    Rate,
    Sum,
    Value,
    equals,
)
from obs.packs.postgres import metrics

EXPORTER: Final = Answers(metrics.UP)
UP: Final = Value(metrics.UP, across="min")
CONNECTIONS: Final = Value(metrics.BACKENDS, across="sum")
CONNECTIONS_USED: Final = Percent(CONNECTIONS, Value(metrics.MAX_CONNECTIONS))
LONGEST: Final = Value(metrics.LONGEST_TRANSACTION)
IDLE_IN_TRANSACTION: Final = Value(
    metrics.LONGEST_TRANSACTION, where=(equals("state", "idle in transaction"),)
)
DEADLOCKS: Final = Growth(metrics.DEADLOCKS, 15 * 60)
COMMITS: Final = Rate(metrics.COMMITS)
ROLLBACKS: Final = Rate(metrics.ROLLBACKS)
_HIT, _READ = Rate(metrics.BLOCKS_HIT), Rate(metrics.BLOCKS_READ)
CACHE_HITS: Final = PercentBeside(_HIT, _READ)
BLOCKS: Final = Sum(_HIT, _READ)
TEMPORARY: Final = Rate(metrics.TEMPORARY)
SIZE: Final = Value(metrics.SIZE)
WRAPAROUND_AGE: Final = Value(metrics.WRAPAROUND_AGE)
LAG: Final = Either((Value(metrics.LAG), Value(metrics.LAG_BEFORE)))
REPLICA_BEHIND: Final = Value(metrics.REPLICA_BEHIND)
SLOT_ACTIVE: Final = Either(
    (Value(metrics.SLOT_ACTIVE, across="min"), Value(metrics.SLOT_ACTIVE_SINCE_020, across="min"))
)
SLOT_WAL: Final = Value(metrics.SLOT_WAL)
