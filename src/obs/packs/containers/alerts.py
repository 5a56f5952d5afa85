"""Alerts on containers."""

from collections.abc import Iterator
from typing import Final

from obs.alerts.alert import MINUTE, About, Alert, Severity
from obs.alerts.conditions import Beyond
from obs.alerts.conditions.beyond import Traffic
from obs.packs.containers.quantities import ContainerQuantities
from obs.packs.containers.settings import Runtime

_KEPT: Final = 30 * MINUTE
_NAMED: Final[dict[Runtime, str]] = {
    "docker": "Container {name} on {instance}",
    "kubernetes": "Container {container} of pod {namespace}/{pod}",
}


def alerts_of(
    of: ContainerQuantities, labels: tuple[str, ...], runtime: Runtime
) -> Iterator[Alert]:
    """The alerts on containers that these labels tell apart."""
    about = About(labels[-1], labels)
    named = _NAMED[runtime]
    yield Alert(
        "ContainerMemoryHigh",
        Severity.WARNING,
        about,
        Beyond(of.memory, ">", 90, labels),
        10 * MINUTE,
        "A container is about to reach its memory limit.",
        f"{named} uses {{value}} of its memory limit (threshold {{threshold}}).",
        "At the limit the kernel kills it. Its page cache that can be freed does not count.",
        "containers/memory",
        _KEPT,
    )
    yield Alert(
        "ContainerRestarting",
        Severity.WARNING,
        about,
        Beyond(of.restarts, ">", 2, labels),
        0,
        "A container restarts again and again.",
        f"{named} restarted more than {{threshold}} times in {{window}}.",
        "One restart may be a deployment or a fault that has passed; three in a quarter of an hour "
        "are a fault that lasts, and what the container does is not done.",
        "containers/restarts",
        _KEPT,
    )
    yield Alert(
        "ContainerOutOfMemory",
        Severity.WARNING,
        about,
        Beyond(
            of.kills,
            ">",
            0,
            labels,
            Traffic(of.killed, 1, lacking="it ended for another reason") if of.killed else None,
        ),
        0,
        "A container was killed for want of memory.",
        f"{named} was killed in {{window}} because it reached its memory limit.",
        "What it worked on is lost. It needs a higher limit, or has a leak and will be killed "
        "again.",
        "containers/kills",
        _KEPT,
    )
    if of.waiting:
        yield Alert(
            "ContainerNotStarting",
            Severity.WARNING,
            about,
            Beyond(of.waiting, ">", 0, labels),
            15 * MINUTE,
            "A container does not start.",
            f"{named} has not started for {{hold}}: its image, its configuration or its program "
            "does not let it.",
            "A quarter of an hour is longer than a slow registry; without it the pod does not "
            "serve.",
            "containers/waiting",
            0,  # one that has started has no such series any more
        )
    yield Alert(
        "ContainerThrottled",
        Severity.WARNING,
        about,
        Beyond(of.throttled, ">", 25, labels),
        15 * MINUTE,
        "A container is held back by its CPU limit.",
        f"{named} had to stop in {{value}} of its periods of CPU time (threshold {{threshold}}).",
        "In a quarter of all periods requests wait for the next one, up to a tenth of a second "
        "each time, although the host may have CPU left.",
        "containers/throttled",
        _KEPT,
    )
    yield Alert(
        "ContainerDiskHigh",
        Severity.WARNING,
        about,
        Beyond(of.disk, ">", 50, labels),
        15 * MINUTE,
        "A container fills its host's disk.",
        f"{named} takes {{value}} of its host's file system (threshold {{threshold}}).",
        "What a container writes outside of a volume is lost with it and fills the disk of "
        "everybody else on the host; half of the disk is never meant.",
        "containers/disk",
        _KEPT,
    )
