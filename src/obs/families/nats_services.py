"""Micro services of NATS as families."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from obs.catalogue import nats_services
from obs.families.family import Family, RowCache

_NANO: Final = 1e-9
_PLACES: Final = 4  # of one endpoint
_VERSIONS: Final = 8  # of one service


@dataclass(frozen=True, slots=True)
class EndpointNumbers:
    """One endpoint of all instances; `processing` in nanoseconds, `average` in seconds,
    `last_error` in Unix seconds.

    `places` are subjects and queue groups at which its instances listen.
    """

    requests: int
    errors: int
    processing: int
    average: float | None
    last_error: float | None
    places: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ServiceNumbers:
    """One service: how many instances answer and do not any more, when the youngest started."""

    instances: int
    missing: int
    started: float | None
    versions: Sequence[str]
    endpoints: Mapping[str, EndpointNumbers]


def service_families(
    services: Mapping[tuple[str, ...], ServiceNumbers],
    left_out: Mapping[str, int],
    source: str,
    cache: RowCache,
) -> list[Family]:
    """All families of services, which are given by source, account and name."""
    rows = cache.rows("services", list(services))
    of_all = list(services.values())
    versions = [
        (*key, version) for key, each in services.items() for version in each.versions[:_VERSIONS]
    ]
    reasons = cache.rows("services left out", [(source, reason) for reason in left_out])
    return [
        Family(nats_services.INSTANCES, rows, [each.instances for each in of_all]),
        Family(nats_services.MISSING_INSTANCES, rows, [each.missing for each in of_all]),
        Family(nats_services.STARTED, rows, [each.started for each in of_all]),
        Family(nats_services.INFO, cache.rows("versions", versions), [1] * len(versions)),
        *_endpoint_families(services, cache),
        Family(nats_services.LEFT_OUT, reasons, list(left_out.values())),
    ]


def _endpoint_families(
    services: Mapping[tuple[str, ...], ServiceNumbers], cache: RowCache
) -> list[Family]:
    named = {
        (*key, name): endpoint
        for key, each in services.items()
        for name, endpoint in each.endpoints.items()
    }
    rows, numbers = cache.rows("endpoints", list(named)), list(named.values())
    places = [
        (*key, *place)
        for key, each in named.items()
        if len(each.places) <= _PLACES
        for place in each.places
    ]
    seconds = [round(each.processing * _NANO, 9) for each in numbers]
    return [
        Family(nats_services.REQUESTS, rows, [each.requests for each in numbers]),
        Family(nats_services.ERRORS, rows, [each.errors for each in numbers]),
        Family(nats_services.PROCESSING, rows, seconds),
        Family(nats_services.AVERAGE, rows, [_rounded(each.average) for each in numbers]),
        Family(nats_services.LAST_ERROR, rows, [each.last_error for each in numbers]),
        Family(nats_services.ENDPOINT_INFO, cache.rows("places", places), [1] * len(places)),
    ]


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 9)
