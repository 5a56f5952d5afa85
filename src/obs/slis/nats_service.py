"""Good requests: those that a micro service answered without an error."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from obs.slis.kind import Measurement, Observation
from obs.slo.cumulative import Counts
from obs.slo.minutes import BACKWARDS, minute_of
from obs.slo.windows import HOUR, MINUTE
from obs.spec.slis import NatsServiceSli

_SPREAD: Final = 5 * HOUR  # over how long at most the requests between two answers are spread


@dataclass(frozen=True, slots=True)
class ServiceRequests:
    """By account and endpoint the sums of requests and of errors at `at` (Unix seconds)."""

    at: float
    sums: Mapping[str, tuple[int, int]]


class AskedServices(Protocol):
    """The micro services of a source."""

    def requests(
        self, account: str, service: str, endpoints: Sequence[str]
    ) -> ServiceRequests | None:
        """The requests to a service, given by globs; None where it was not asked yet."""
        ...


class ServiceTracker(Protocol):
    """A source that asks micro services."""

    @property
    def services(self) -> AskedServices: ...


class SavedRequests(msgspec.Struct, frozen=True, array_like=True):
    """The last sums, and the minute that they are in with its events so far."""

    sums: dict[str, tuple[int, int]]
    minute: int
    events: Counts


class RequestMeasurement(Measurement[NatsServiceSli, ServiceTracker]):
    """Requests to the SLI's endpoints, of all instances together.

    Those between two answers are spread evenly over the minutes since. What an endpoint had counted
    when it was first seen may be old, and counts for nothing.
    """

    def __init__(self, sli: NatsServiceSli) -> None:
        super().__init__(sli)
        self._sums: dict[str, tuple[int, int]] = {}
        self._minute: int | None = None
        self._events: Counts = (0.0, 0.0)

    @classmethod
    def objects(
        cls, sli: NatsServiceSli, tracker: ServiceTracker
    ) -> Mapping[str, NatsServiceSli] | None:
        """Each endpoint, of all accounts that are meant together."""
        found = tracker.services.requests(sli.account, sli.service, sli.endpoints)
        if found is None:
            return None
        names = {key.rpartition("/")[2] for key in found.sums}
        return {name: sli.of(name) for name in names}

    def observe(self, tracker: ServiceTracker) -> Observation | None:
        """The minutes that have ended by the last answers."""
        sli = self.sli
        found = tracker.services.requests(sli.account, sli.service, sli.endpoints)
        if found is None or (not found.sums and not self._sums):
            return None
        good, total = self._grown(found.sums)
        self._sums.update(found.sums)
        before, minute = self._minute, minute_of(found.at)
        if before is None or minute < before - BACKWARDS:
            self._minute, self._events = minute, (good, total)
            return None
        since = max(before + MINUTE, minute - _SPREAD)
        spread = range(since, minute + MINUTE, MINUTE)
        if not spread:
            self._events = (self._events[0] + good, self._events[1] + total)
            return None
        share = (good / len(spread), total / len(spread))
        ended = {before: self._events, **dict.fromkeys(spread[:-1], share)}
        self._minute, self._events = minute, share
        return Observation(ended, minute, before)

    def saved(self) -> bytes:
        """The last sums, and the events of the minute that is going on."""
        if self._minute is None:
            return b""
        return msgspec.msgpack.encode(SavedRequests(self._sums, self._minute, self._events))

    def restore(self, saved: bytes) -> None:
        """Count on from there."""
        state = msgspec.msgpack.decode(saved, type=SavedRequests)
        self._sums, self._minute, self._events = state.sums, state.minute, state.events

    def _grown(self, sums: Mapping[str, tuple[int, int]]) -> Counts:
        """(good, total) requests since the last answers."""
        total = bad = 0
        for key, (requests, errors) in sums.items():
            last_requests, last_errors = self._sums.get(key, (requests, errors))
            failed = max(errors - last_errors, 0)
            bad += failed
            # Some libraries count a request before its error: the error may be seen later.
            total += max(requests - last_requests, failed)
        return float(total - bad), float(total)


MEASUREMENT: Final = RequestMeasurement
