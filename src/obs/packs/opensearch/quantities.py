"""What panels draw of OpenSearch domains, beside what alerts compare."""

from typing import Final

from obs.alerts.quantities import Times, Value
from obs.packs.opensearch import metrics

RED: Final = Value(metrics.RED.metric)
YELLOW: Final = Value(metrics.YELLOW.metric)
FREE_STORAGE: Final = Value(metrics.FREE_STORAGE.metric)
HEAP_PERCENT: Final = Times(100, Value(metrics.JVM_PRESSURE.metric), "percent")
UNASSIGNED: Final = Value(metrics.UNASSIGNED.metric)
SEARCH_LATENCY: Final = Value(metrics.SEARCH_LATENCY.metric)
INDEXING_LATENCY: Final = Value(metrics.INDEXING_LATENCY.metric)
NODES: Final = Value(metrics.NODES.metric)
