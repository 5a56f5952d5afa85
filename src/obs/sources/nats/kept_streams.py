"""Streams that a snapshot lacks although nothing says that they were deleted."""

from collections.abc import Mapping
from typing import Final

from obs.snapshot import NatsSnapshot, Stream
from obs.sources.nats.absence import Missing, Servers

FORGET_AFTER: Final = 3600.0
"""Seconds after which what is missing counts as deleted, unless a server that may have it is known
and does not tell."""

StreamId = tuple[str, str]  # account, stream


class KeptStreams:
    """Keeps a stream's last values for `keep` seconds while it cannot be told."""

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._told: Mapping[StreamId, Stream] = {}
        self._told_at = 0.0
        self._absent: dict[StreamId, tuple[Stream, float]] = {}  # with when it was last told
        self.missing: dict[StreamId, Missing] = {}

    def update(self, snapshot: NatsSnapshot, servers: Servers) -> tuple[Stream, ...]:
        """The streams to show after a poll: those told, and those that are missing and kept."""
        told = {(stream.account, stream.name): stream for stream in snapshot.streams}
        for key in self._told.keys() - told.keys():
            self._absent[key] = (self._told[key], self._told_at)
        self._told, self._told_at = told, snapshot.at
        if not self._absent:
            return snapshot.streams
        self.missing = {}
        kept = [
            stream
            for key, (stream, seen_at) in sorted(self._absent.items())
            if self._is_missing(key, servers, snapshot.at) and snapshot.at - seen_at <= self._keep
        ]
        self._absent = {key: of for key, of in self._absent.items() if key in self.missing}
        return (*snapshot.streams, *kept)

    def last(self, key: StreamId) -> Stream | None:
        """The stream as it was last told; None where it was deleted."""
        found = self._told.get(key)
        return found or (self._absent[key][0] if key in self._absent else None)

    def _is_missing(self, key: StreamId, servers: Servers, now: float) -> bool:
        """Whether it is missing rather than deleted; notes why."""
        stream, seen_at = self._absent[key]
        if key in self._told:
            return False
        why = servers.why_absent((stream.server, *stream.holders), key, seen_at)
        if why is None or is_forgotten(why, servers, stream.server, now - seen_at):
            return False
        self.missing[key] = why
        return True


def is_forgotten(why: Missing, servers: Servers, server: str, age: float) -> bool:
    """Whether what has been missing for `age` seconds counts as deleted by now."""
    return age > FORGET_AFTER and (why == "restarted" or not servers.is_known(server))
