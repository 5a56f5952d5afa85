"""The page of containers."""

from obs.packs.containers.metrics import ContainerMetrics
from obs.packs.containers.quantities import ContainerQuantities
from obs.packs.page import Line, Lines, PackPage, Row, Stat


def page_of(metrics: ContainerMetrics, of: ContainerQuantities) -> PackPage:
    """The page of the containers of one runtime."""
    none = "No container has a limit"
    state = [
        Lines("restarts", "Restarts in 15 minutes"),
        Lines("kills", "Killed for want of memory, or ended, in 15 minutes"),
        *([Lines("waiting", "Does not start", none="All containers start")] if of.waiting else []),
        Lines("uptime", "Running for", [Line(of.uptime)], highest=10),
    ]
    return PackPage(
        "containers",
        "Containers",
        "Do the containers run, within their limits?",
        [(label, metrics.started) for label in metrics.labels],
        metrics.labels,
        [
            Stat("running", "Containers", of.number, "How many there are.", "sum"),
            Stat("memory_now", "Nearest its limit", of.memory, "Of the memory limit."),
            Stat("throttled_now", "Most throttled", of.throttled, "Of its periods of CPU time."),
            Stat("restarts_now", "Most restarts", of.restarts, "Of one, in 15 minutes."),
        ],
        [
            Row("State", state),
            Row(
                "Resources",
                [
                    Lines("memory", "Memory of its limit", none=none),
                    Lines("memory_used", "Memory", [Line(of.memory_used)], highest=10),
                    Lines("throttled", "Periods with throttling", none=none),
                    Lines("cpu", "CPU cores used", [Line(of.cpu)], highest=10),
                    Lines("disk", "Share of the host's file system"),
                ],
            ),
        ],
    )
