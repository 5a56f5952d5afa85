"""What alerts compare and panels draw of ElastiCache nodes."""

from typing import Final

from obs.alerts.alert import MINUTE
from obs.alerts.quantities import Growth, PercentBeside, Rate, Sum, Times, Value
from obs.packs.elasticache import metrics

_HITS, _MISSES = (Growth(each.metric, 15 * MINUTE) for each in (metrics.HITS, metrics.MISSES))
HIT_RATIO: Final = PercentBeside(_HITS, _MISSES)
LOOKUPS: Final = Sum(_HITS, _MISSES)
EVICTED: Final = Growth(metrics.EVICTIONS.metric, 15 * MINUTE)
LOOKUP_RATE: Final = Sum(
    Rate(metrics.HITS.metric, 5 * MINUTE), Rate(metrics.MISSES.metric, 5 * MINUTE)
)
HEARTBEAT: Final = Value(metrics.HEARTBEAT.metric)
MEMORY_PERCENT: Final = Times(100, Value(metrics.MEMORY.metric), "percent")
CONNECTIONS: Final = Value(metrics.CONNECTIONS.metric)
