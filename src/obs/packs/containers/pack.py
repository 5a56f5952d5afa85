"""The pack of containers."""

from obs.packs.containers.alerts import alerts_of
from obs.packs.containers.metrics import metrics_of
from obs.packs.containers.pages import page_of
from obs.packs.containers.quantities import quantities_of
from obs.packs.containers.settings import ContainersPack
from obs.packs.pack import Pack


def pack(settings: ContainersPack) -> Pack:
    """The pack for the runtime of these settings."""
    metrics = metrics_of(settings.runtime)
    quantities = quantities_of(metrics, settings.runtime)
    state = (
        (metrics.restarts, metrics.last_end, metrics.waiting)
        if settings.runtime == "kubernetes"
        else (metrics.kills,)
    )
    by = "the kubelet" if settings.runtime == "kubernetes" else "cAdvisor"
    return Pack(
        "Containers",
        f"{{runtime: {settings.runtime}}}",
        (
            *(metrics.cpu, metrics.periods, metrics.throttled, metrics.memory),
            *(metrics.memory_limit, metrics.disk, metrics.disk_limit, metrics.started, *state),
        ),
        tuple(alerts_of(quantities, metrics.labels, settings.runtime)),
        (page_of(metrics, quantities),),
        ((metrics.started, by), (metrics.memory, by)),
    )
