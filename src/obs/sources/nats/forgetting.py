"""What is kept of streams and consumers that are gone, and for how long.

What was deleted is kept for a while, in case it comes back; after that only the counters of a
consumer stay, so that they go on where one of its name is created again, for example by a job of
every night. Both are bounded in number, because names may be used once and never again.
"""

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from typing import Any, Final

from obs.lag.identity import Ended
from obs.sources.nats.absence import Servers
from obs.sources.nats.kept_streams import FORGET_AFTER, KeptStreams, StreamId, is_forgotten
from obs.sources.nats.tracked_consumer import Identity, TrackedConsumer

FORGET_DELETED: Final = 600.0
"""Seconds after which a deleted stream or consumer is forgotten."""
DELETED: Final = 10_000  # deleted consumers whose history is known, the last ones
ENDED: Final = 10_000  # forgotten consumers whose counters are known, the last ones
ENDED_FOR: Final = 2 * 86_400.0  # seconds


class EndedConsumers:
    """The counters of consumers that are forgotten."""

    def __init__(self, saved: Iterable[tuple[Identity, Ended]] = (), at: Iterable[float] = ()):
        """`at`: when each was forgotten (Unix seconds)."""
        self._ended = dict(saved)
        self._at = dict(zip(self._ended, at, strict=False))

    def __contains__(self, identity: Identity) -> bool:
        return identity in self._ended

    def add(self, identity: Identity, ended: Ended, now: float) -> None:
        """Keep the counters of one that is forgotten at `now` (Unix seconds)."""
        self._ended[identity] = ended
        self._at[identity] = now

    def take(self, identity: Identity) -> Ended | None:
        """Those of a consumer that is there again; they are its own from now on."""
        self._at.pop(identity, None)
        return self._ended.pop(identity, None)

    def forget(self, now: float) -> None:
        """Forget the oldest."""
        while self._ended:
            oldest = next(iter(self._ended))
            since = self._at.setdefault(oldest, now)  # not known by an earlier version
            if len(self._ended) <= ENDED and 0 <= now - since <= ENDED_FOR:
                return
            self.take(oldest)

    def to_state(self) -> tuple[list[tuple[Identity, Ended]], list[float]]:
        """Plain values, to go on from."""
        return list(self._ended.items()), [self._at.get(each, 0.0) for each in self._ended]


class AbsentStreams:
    """Since when streams are absent of which something is known."""

    def __init__(self, since: Mapping[StreamId, float] | None = None) -> None:
        """`since`: of those that were absent when the state was saved (Unix seconds)."""
        self.since = dict(since or {})
        self._never_told: set[StreamId] | None = None

    def forget(
        self,
        known: MutableMapping[StreamId, Any],
        told: Collection[StreamId],
        kept: KeptStreams,
        now: float,
    ) -> None:
        """Remove from `known` what is gone for long; `now` is in Unix seconds."""
        if len(known) == len(told):
            self.since.clear()
            return
        absent = known.keys() - told
        if self._never_told is None:  # since the collector was started
            self._never_told = set(absent)
        self._never_told &= absent
        since = self.since
        self.since = {key: min(since.get(key, now), now) for key in absent}
        for key, begun in list(self.since.items()):
            keep = FORGET_AFTER if key in self._never_told else FORGET_DELETED
            if now - begun > keep and kept.last(key) is None:
                del known[key], self.since[key]


def forgotten(
    tracked: Mapping[Identity, TrackedConsumer], servers: Servers, now: float
) -> list[Identity]:
    """Consumers that are gone for long, or among too many, oldest first."""
    found: list[Identity] = []
    deleted: list[Identity] = []
    for identity, each in tracked.items():
        if each.poll == servers.poll:
            continue
        age = now - each.seen_at
        if each.deleted:
            (found if age > FORGET_DELETED else deleted).append(identity)
        elif age > FORGET_AFTER:
            why, server = each.missing, each.consumer.server if each.judged else ""
            if why is None or is_forgotten(why, servers, server, age):
                found.append(identity)
    return [*found, *deleted[: max(len(deleted) - DELETED, 0)]]
