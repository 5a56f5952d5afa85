"""The micro services of one source over time: what they counted, and those that are gone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from obs.families.family import Family, RowCache
from obs.families.nats_services import EndpointNumbers, ServiceNumbers, service_families
from obs.slis.nats_service import ServiceRequests
from obs.sources.nats.service_counts import (
    ENDED,
    Counts,
    Endpoint,
    Instance,
    Place,
    Seen,
    ServiceCounts,
)
from obs.sources.nats.service_replies import Replies
from obs.spec.globs import matches
from obs.state import State, decoded

MOST_ENDPOINTS: Final = 1_000
"""Endpoints of a source that have series, and services: the first ones keep theirs."""
MOST_INSTANCES: Final = 10_000
"""Instances of a source that are remembered, those that are gone among them."""
_KIND: Final = "nats_services"
_REASONS: Final = ("services", "endpoints", "instances", "unreadable")

Key = tuple[str, str]
"""The account of the connection, and the service's name."""


class SavedInstance(msgspec.Struct, frozen=True, array_like=True):
    """An instance, when it last answered, and its counts by endpoint, subject and queue group."""

    id: str
    version: str
    started: float | None
    at: float
    endpoints: list[tuple[tuple[str, str, str], tuple[int, int, int]]]


class SavedService(msgspec.Struct, frozen=True, array_like=True):
    """A service; `unsure`: an instance that is forgotten did not tell when it started."""

    account: str
    name: str
    at: float
    endpoints: list[tuple[str, tuple[int, int, int], float | None]]
    instances: list[SavedInstance]
    forgotten: float | None = None
    unsure: bool = False


class SavedServices(msgspec.Struct, frozen=True):
    """All services of a source."""

    services: list[SavedService]


class Services:
    """Counts what the instances of services answer on the source's connections."""

    def __init__(
        self, source: str, state: State, label: Callable[[str], str], stale_after: float
    ) -> None:
        """`label`: what an account is called on series. What an account last told is shown for
        `stale_after` seconds."""
        self._source = source
        self._state = state
        self._label = label
        self._stale_after = stale_after
        self._services: dict[Key, ServiceCounts] = {}
        self._told: dict[str, float] = {}  # by account: when it was last asked with success
        self._left_out: dict[str, dict[str, int]] = {}

    def take(self, account: str, replies: Replies, now: float) -> None:
        """Count what the account's instances answered at `now` (Unix seconds), and save it."""
        self._drop_hidden(now)
        left_out = dict.fromkeys(_REASONS, 0)
        left_out["unreadable"] = replies.unreadable
        left_out["instances"] = int(replies.cut)
        answers: dict[str, list[Instance]] = {
            name: [] for of, name in self._services if of == account
        }
        for reply in replies.found.values():
            answers.setdefault(reply.service, []).append(reply.instance)
        room = _Room(self._services.values())
        for name, instances in sorted(answers.items()):
            service = self._services.get((account, name))
            if service is None:
                if len(self._services) >= MOST_ENDPOINTS:
                    left_out["services"] += 1
                    continue
                service = self._services[account, name] = ServiceCounts()
            admitted = room.admit(service, instances, left_out)
            service.observe(admitted, now, all_told=not replies.cut)
        self._told[account] = now
        self._left_out[account] = left_out
        self.save()

    def families(self, now: float, cache: RowCache) -> list[Family]:
        """Families of the services that are known; none where no account was asked yet."""
        if not self._told:
            return []
        shown: dict[tuple[str, ...], ServiceNumbers] = {
            (self._source, self._label(account), name): _numbers(service)
            for (account, name), service in sorted(self._services.items())
            if 0 <= now - self._told.get(account, 0.0) <= self._stale_after
            if 0 <= self._told[account] - service.at <= ENDED
        }
        left_out = {
            reason: sum(each[reason] for each in self._left_out.values()) for reason in _REASONS
        }
        return service_families(shown, left_out, self._source, cache)

    def requests(
        self, account: str, service: str, endpoints: Sequence[str]
    ) -> ServiceRequests | None:
        """The requests to a service; None where no account that is meant was asked yet.

        `account` and `endpoints` are globs; an account is meant by its label, too.
        """
        asked = {
            of: at
            for of, at in self._told.items()
            if fnmatchcase(of, account) or fnmatchcase(self._label(of), account)
        }
        if not asked:
            return None
        sums = {
            f"{of}/{name}": each.total[:2]
            for of in asked
            if (known := self._services.get((of, service)))
            for name, each in known.endpoints.items()
            if matches(name, endpoints)
        }
        return ServiceRequests(max(asked.values()), sums)

    def save(self) -> None:
        """Queue all of it for the state file."""
        if self._told or self._services:
            saved = SavedServices([_saved(*each) for each in self._services.items()])
            self._state.put(_KIND, self._source, msgspec.msgpack.encode(saved))

    def restore(self) -> None:
        """Go on from the state file. Raises ValueError where it cannot, and changes nothing."""
        entry = self._state.entries(_KIND).get(self._source)
        if entry is not None:
            saved = decoded(entry, SavedServices)
            self._services = {(each.account, each.name): _restored(each) for each in saved.services}

    def _drop_hidden(self, now: float) -> None:
        """Where there is no room left, forget sums of services that have no series any more."""
        hidden = sorted(
            (each.at, key)
            for key, each in self._services.items()
            if not 0 <= now - each.at <= ENDED
        )
        for _, key in hidden:
            endpoints = sum(len(each.endpoints) for each in self._services.values())
            if max(endpoints, len(self._services)) < MOST_ENDPOINTS:
                return
            del self._services[key]


class _Room:
    """How many more endpoints and instances may be counted."""

    def __init__(self, services: Iterable[ServiceCounts]) -> None:
        every = list(services)
        self._endpoints = MOST_ENDPOINTS - sum(len(each.endpoints) for each in every)
        self._instances = MOST_INSTANCES - sum(len(each.instances) for each in every)

    def admit(
        self, service: ServiceCounts, instances: Iterable[Instance], left_out: dict[str, int]
    ) -> Iterator[Instance]:
        """The instances, as far as there is room for them and for their endpoints."""
        refused: set[str] = set()
        for each in instances:
            if each.id not in service.instances:
                if self._instances <= 0:
                    left_out["instances"] += 1
                    continue
                self._instances -= 1
            for name in {place.name for place in each.endpoints} - service.endpoints.keys():
                if self._endpoints <= 0:
                    refused.add(name)
                else:
                    self._endpoints -= 1
                    service.endpoints[name] = Endpoint()
            yield each._replace(
                endpoints={
                    place: counts
                    for place, counts in each.endpoints.items()
                    if place.name not in refused
                }
            )
        left_out["endpoints"] += len(refused)


def _numbers(service: ServiceCounts) -> ServiceNumbers:
    running = service.running
    places: dict[str, dict[tuple[str, str], None]] = {}
    for place in (place for each in running for place in each.endpoints):
        places.setdefault(place.name, {})[place.subject, place.queue_group] = None
    return ServiceNumbers(
        len(running),
        len(service.instances) - len(running),
        max((each.started for each in running if each.started is not None), default=None),
        sorted({each.version for each in running}),
        {
            name: EndpointNumbers(
                *each.total, each.average, each.last_error, sorted(places.get(name, ()))
            )
            for name, each in sorted(service.endpoints.items())
        },
    )


def _saved(key: Key, service: ServiceCounts) -> SavedService:
    unsure = service.forgotten == float("inf")
    return SavedService(
        *key,
        service.at,
        [(name, each.total, each.last_error) for name, each in service.endpoints.items()],
        [
            SavedInstance(
                *(each.last.id, each.last.version, each.last.started, each.at),
                list(each.last.endpoints.items()),
            )
            for each in service.instances.values()
        ],
        None if unsure else service.forgotten,
        unsure,
    )


def _restored(saved: SavedService) -> ServiceCounts:
    return ServiceCounts(
        {name: Endpoint(_counts(total), at) for name, total, at in saved.endpoints},
        {
            each.id: Seen(
                Instance(
                    *(each.id, each.version, each.started),
                    {Place(*place): _counts(counts) for place, counts in each.endpoints},
                ),
                each.at,
            )
            for each in saved.instances
        },
        saved.at,
        float("inf") if saved.unsure else saved.forgotten,
    )


def _counts(saved: tuple[int, int, int]) -> Counts:
    """Raises ValueError where it was never saved."""
    if min(saved) < 0:
        raise ValueError(f"{min(saved)} was never counted")
    return Counts(*saved)
