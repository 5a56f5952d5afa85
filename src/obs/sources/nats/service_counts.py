"""Sums of what the instances of a service count, each by itself and from zero at its start.

A sum never falls and counts nothing twice, whether instances come, go, come back or start counting
from zero again. What an instance counted between the last time that it answered and its end is
lost: nobody else knows it.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MOST: Final = 2**53  # beyond, floats are not exact: a sum stays there

ENDED: Final = 3600.0
"""Seconds after its last answer for which an instance is remembered, and a service is shown."""

WINDOW: Final = 300.0
"""Seconds over which processing times are averaged."""
_BETWEEN: Final = 15.0  # seconds between two marks


class Counts(NamedTuple):
    """Requests, errors among them, and nanoseconds that they took."""

    requests: int = 0
    errors: int = 0
    processing: int = 0


NOTHING: Final = Counts()


class Place(NamedTuple):
    """An endpoint's name, and where an instance listens for it; a name may be at several places."""

    name: str
    subject: str
    queue_group: str


class Instance(NamedTuple):
    """What one instance answers; `started` in Unix seconds by its own clock, None: not told."""

    id: str
    version: str
    started: float | None
    endpoints: Mapping[Place, Counts]


@dataclass(slots=True)
class Endpoint:
    """One endpoint of all instances; `last_error`: when errors were last seen to rise.

    `marks`: earlier totals, oldest first; not kept over a restart.
    """

    total: Counts = NOTHING
    last_error: float | None = None
    marks: deque[tuple[float, Counts]] = field(default_factory=deque)

    @property
    def average(self) -> float | None:
        """Seconds that a request took, of those since the oldest mark; None where there is none."""
        requests, _, processing = grown(self.marks[0][1] if self.marks else self.total, self.total)
        return processing / requests * 1e-9 if requests else None

    def mark(self, now: float) -> None:
        """Keep the total of this moment, and the oldest one of the last WINDOW seconds."""
        if self.marks and not now - self.marks[-1][0] >= 0:
            self.marks.clear()  # the clock was set back
        if not self.marks or now - self.marks[-1][0] >= _BETWEEN:
            self.marks.append((now, self.total))
        while len(self.marks) > 1 and now - self.marks[1][0] >= WINDOW:
            self.marks.popleft()


@dataclass(slots=True)
class Seen:
    """An instance, when it last answered (Unix seconds), and whether it did the last time."""

    last: Instance
    at: float
    answers: bool = True


@dataclass(slots=True)
class ServiceCounts:
    """One service: its endpoints by name, its instances by id, when one last answered.

    `forgotten`: of the instances that are no longer remembered, when the one started that started
    last; inf where one did not tell. One that is as old may have been counted before.
    """

    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    instances: dict[str, Seen] = field(default_factory=dict)
    at: float = 0.0
    forgotten: float | None = None

    @property
    def running(self) -> Sequence[Instance]:
        """The instances that answered the last time."""
        return [each.last for each in self.instances.values() if each.answers]

    def observe(self, answers: Iterable[Instance], now: float, *, all_told: bool = True) -> None:
        """Add what the instances that answer at `now` counted since they last did.

        `all_told` false: there may be more that answered, so no absence counts.
        """
        first = not self.at
        if all_told:
            for each in self.instances.values():
                each.answers = False
        for instance in answers:
            before = self.instances.get(instance.id)
            known = before.last.endpoints if before else {}
            if before is not None or not self._may_be_counted(instance):
                for place, counts in instance.endpoints.items():
                    self._add(place.name, grown(known.get(place), counts), None if first else now)
            else:
                for place in instance.endpoints:
                    self.endpoints.setdefault(place.name, Endpoint())
            # What is left out because it is odd may come back.
            kept = instance._replace(endpoints={**known, **instance.endpoints})
            self.instances[instance.id] = Seen(kept, now)
            self.at = now
        for gone in [id for id, each in self.instances.items() if not 0 <= now - each.at <= ENDED]:
            self._forget(gone)
        for endpoint in self.endpoints.values():
            endpoint.mark(now)

    def _forget(self, instance: str) -> None:
        started = self.instances.pop(instance).last.started
        self.forgotten = max(
            float("-inf") if self.forgotten is None else self.forgotten,
            float("inf") if started is None else started,
        )

    def _may_be_counted(self, instance: Instance) -> bool:
        """Whether an instance that is not known may be one that was."""
        if self.forgotten is None:
            return False
        return instance.started is None or instance.started <= self.forgotten

    def _add(self, name: str, more: Counts, now: float | None) -> None:
        """`now`: None where it is not known when the errors came."""
        endpoint = self.endpoints.setdefault(name, Endpoint())
        endpoint.total = _sum(endpoint.total, more)
        if more.errors and now is not None:
            endpoint.last_error = now


def grown(before: Counts | None, now: Counts) -> Counts:
    """What was counted since; all of it where counting began from zero in between."""
    if before is None or any(new < old for old, new in zip(before, now, strict=True)):
        return now
    return Counts(*(new - old for old, new in zip(before, now, strict=True)))


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(*(min(a + b, MOST) for a, b in zip(one, other, strict=True)))
