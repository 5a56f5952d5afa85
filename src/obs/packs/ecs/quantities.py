"""Values composed of metrics of ECS services."""

from typing import Final

from obs.alerts.quantities import Percent, Value
from obs.packs.ecs import metrics

RUNNING_OF_WANTED: Final = Percent(Value(metrics.RUNNING.metric), Value(metrics.DESIRED.metric))
