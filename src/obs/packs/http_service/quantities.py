"""What alerts compare and panels draw of HTTP services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from obs.alerts.quantities import (
    Growth,
    Having,
    Percent,
    Percentile,
    Quantity,
    Rate,
    Times,
    Value,
    Where,
    matching,
    not_equal,
    not_matching,
)
from obs.packs.http_service.metrics import Metrics
from obs.packs.http_service.settings import FAILED, HttpServicePack

MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Quantities:
    """Those of a service, and those of each of its processes."""

    requests: Quantity
    answered: Quantity
    lately: Quantity
    in_the_hour: Quantity
    errors: Quantity
    refused: Quantity
    limited: Quantity
    of_class: Callable[[str, str], Quantity]
    percentile: Callable[[float], Quantity]
    active: Quantity
    cpu: Quantity
    files: Quantity
    memory: Quantity


def quantities_of(settings: HttpServicePack, metrics: Metrics) -> Quantities:
    """The quantities; what is ignored counts in none of them."""
    all_ = _counted(settings)
    served = (*all_, not_matching(settings.status, FAILED, "500"))

    def status(pattern: str, example: str) -> tuple[Where, ...]:
        return (*all_, matching(settings.status, pattern, example))

    def of_class(pattern: str, example: str) -> Quantity:
        return Rate(metrics.requests, where=status(pattern, example))

    def percentile(percent: float) -> Quantity:
        value = Percentile(metrics.durations, percent, where=served)
        return value if settings.seconds == 1 else Times(settings.seconds, value, "seconds")

    def share(pattern: str, example: str) -> Quantity:
        told = (*all_, not_equal(settings.status, ""))  # else nothing tells whether it failed
        return Percent(of_class(pattern, example), Rate(metrics.requests, where=told))

    def serving(of: Quantity) -> Quantity:
        return Having(of, metrics.requests)

    return Quantities(
        Rate(metrics.requests, where=all_),
        Rate(metrics.requests, where=served),
        Growth(metrics.requests, 10 * MINUTE, all_, known=60 * MINUTE),
        Growth(metrics.requests, 60 * MINUTE, all_),
        share(FAILED, "500"),
        share("4..", "404"),
        share("429", "429"),
        of_class,
        percentile,
        Value(metrics.active, "sum"),
        serving(Times(1, Rate(metrics.cpu), "number")),
        serving(Percent(Value(metrics.files), Value(metrics.most_files))),
        serving(Value(metrics.memory, "sum")),
    )


def _counted(settings: HttpServicePack) -> tuple[Where, ...]:
    if not settings.ignore:
        return ()
    return (not_matching(settings.route, settings.ignored, settings.ignore[0]),)
