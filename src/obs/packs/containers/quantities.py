"""What alerts compare and panels draw of containers."""

from dataclasses import dataclass
from typing import Final

from obs.alerts.quantities import (
    Changes,
    Count,
    Growth,
    Percent,
    Quantity,
    Rate,
    SecondsSince,
    Value,
    equals,
    matching,
)
from obs.packs.containers.metrics import ContainerMetrics
from obs.packs.containers.settings import Runtime

_WINDOW: Final = 900.0
_STUCK: Final = matching(
    "reason",
    "CrashLoopBackOff|ImagePullBackOff|ErrImagePull|InvalidImageName|CreateContainerError"
    "|CreateContainerConfigError|RunContainerError",
    "CrashLoopBackOff",
)


@dataclass(frozen=True, slots=True)
class ContainerQuantities:
    """Of the metrics of one runtime. `kills` count only where `killed`, if there is such a thing,
    is 1."""

    cpu: Quantity
    throttled: Quantity
    memory: Quantity
    memory_used: Quantity
    disk: Quantity
    number: Quantity
    uptime: Quantity
    restarts: Quantity
    kills: Quantity
    killed: Quantity | None
    waiting: Quantity | None


def quantities_of(of: ContainerMetrics, runtime: Runtime) -> ContainerQuantities:
    """The quantities made of these metrics."""
    chosen = of.chosen
    in_kubernetes = runtime == "kubernetes"
    working_set = Value(of.memory, where=chosen)
    return ContainerQuantities(
        cpu=Rate(of.cpu, where=chosen),
        throttled=Percent(Rate(of.throttled, where=chosen), Rate(of.periods, where=chosen)),
        memory=Percent(working_set, Value(of.memory_limit, where=chosen)),
        memory_used=working_set,
        disk=Percent(Value(of.disk, where=chosen), Value(of.disk_limit, where=chosen)),
        number=Count(of.started, where=chosen),
        uptime=SecondsSince(of.started, where=chosen),
        restarts=(
            Growth(of.restarts, _WINDOW) if in_kubernetes else Changes(of.started, _WINDOW, chosen)
        ),
        kills=(
            Growth(of.restarts, _WINDOW) if in_kubernetes else Growth(of.kills, _WINDOW, chosen)
        ),
        killed=(
            Value(of.last_end, where=(equals("reason", "OOMKilled"),)) if in_kubernetes else None
        ),
        waiting=Value(of.waiting, where=(_STUCK,)) if in_kubernetes else None,
    )
