"""What alerts compare and panels draw of Redis."""

from typing import Final

from obs.alerts.quantities import (
    Answers,
    Either,
    Growth,
    Percent,
    PercentBeside,
    Rate,
    Sum,
    Times,
    Value,
    matching,
)
from obs.packs.redis import metrics

EXPORTER: Final = Answers(metrics.UP)
UP: Final = Value(metrics.UP, across="min")
_HITS, _MISSES = Rate(metrics.HITS), Rate(metrics.MISSES)
HITS: Final = PercentBeside(_HITS, _MISSES)
LOOKUPS: Final = Sum(_HITS, _MISSES)
MEMORY: Final = Value(metrics.MEMORY_USED)
MEMORY_USED: Final = Percent(MEMORY, Value(metrics.MEMORY_MAX))
REFUSES_WHEN_FULL: Final = Value(
    metrics.INFO, where=(matching("maxmemory_policy", "noeviction|volatile-.*", "noeviction"),)
)
EVICTED: Final = Rate(metrics.EVICTED)
EXPIRED: Final = Rate(metrics.EXPIRED)
CLIENTS: Final = Value(metrics.CLIENTS)
CLIENTS_USED: Final = Percent(
    CLIENTS, Either((Value(metrics.MAX_CLIENTS), Value(metrics.CONFIGURED_CLIENTS)))
)
BLOCKED: Final = Value(metrics.BLOCKED)
REJECTED: Final = Growth(metrics.REJECTED)
COMMANDS: Final = Rate(metrics.COMMANDS)
BUSY: Final = Times(100, Rate(metrics.COMMAND_SECONDS), "percent")
KEYS: Final = Value(metrics.KEYS, across="sum")
LINK_UP: Final = Value(metrics.LINK_UP, across="min")
LAG: Final = Value(metrics.LAG)
SAVED: Final = Value(metrics.SAVED, across="min")
