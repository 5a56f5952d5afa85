"""What alerts compare and panels draw of RDS instances, beside single metrics."""

from typing import Final

from obs.alerts.alert import HOUR
from obs.alerts.quantities import Forecast, Times, Value
from obs.packs.rds import metrics

STORAGE_TOMORROW: Final = Forecast(metrics.FREE_STORAGE.metric, 24 * HOUR, 3 * HOUR)
CPU_PERCENT: Final = Times(100, Value(metrics.CPU.metric), "percent")
CONNECTIONS: Final = Value(metrics.CONNECTIONS.metric)
FREE_STORAGE: Final = Value(metrics.FREE_STORAGE.metric)
HEARTBEAT: Final = Value(metrics.HEARTBEAT.metric)
SWAP: Final = Value(metrics.SWAP.metric)
