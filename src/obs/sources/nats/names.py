"""Which streams and consumers that a spec names exist in a NATS cluster."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import chain

from obs.snapshot.nats import NatsSnapshot, Unwatched
from obs.sources.nats.jetstream import ClusterView
from obs.sources.nats.jsz import ElsewhereStream
from obs.sources.nats.leaders import Merged
from obs.spec.globs import is_plain, plain_name, plain_names
from obs.spec.named import ANY, Found
from obs.spec.watched import SpecName

StreamKey = tuple[str, str]  # account, stream


def unwatched(merged: Merged, view: ClusterView) -> tuple[Unwatched, ...]:
    """The streams and consumers that exist but are not in the view."""
    if len(view.streams) == len(merged) and not any(view.left_out.values()):
        return ()
    streams = {(each.account, each.name) for each in view.streams}
    every = {(view.labels.get(a, a), stream): reports for (a, stream), reports in merged.items()}
    found = [Unwatched(*key) for key in every if key not in streams]
    watched = Counter([(each.account, each.stream) for each in view.consumers])
    lacking = {
        key: reports
        for key, reports in every.items()
        if watched[key] < len(reports.led) + len(reports.unled)
    }
    consumers = {
        (each.account, each.stream, each.name)
        for each in view.consumers
        if (each.account, each.stream) in lacking
    }
    found += [
        Unwatched(*key, name)
        for key, reports in lacking.items()
        for name in chain(reports.led, reports.unled)
        if (*key, name) not in consumers
    ]
    return tuple(found)


def elsewhere(merged: Merged, labels: Mapping[str, str]) -> frozenset[StreamKey]:
    """The streams that another shard's collector watches."""
    return frozenset(
        (labels.get(key.account, key.account), key.stream)
        for key, reports in merged.items()
        if isinstance(reports.stream, ElsewhereStream)
    )


def find(names: Sequence[SpecName], snapshot: NatsSnapshot | None) -> list[Found]:
    """Whether each of the names exists; that one does not only where the snapshot tells all."""
    if snapshot is None or not names:
        return [Found(None)] * len(names)
    there = _There(names, snapshot)
    found = [there.found(name) for name in names]
    if snapshot.tells_all:
        return found
    return [each if each.exists else Found(None) for each in found]


class _There:
    """What exists, as far as the names are about it."""

    def __init__(self, names: Sequence[SpecName], snapshot: NatsSnapshot) -> None:
        self._watched = [(each.account, each.name) for each in snapshot.streams]
        self._streams = [
            *self._watched,
            *((each.account, each.stream) for each in snapshot.unwatched if not each.consumer),
        ]
        self._elsewhere = snapshot.elsewhere
        globs = {name.within for name in names if name.kind == "consumer"}
        within = frozenset(plain_names(globs))
        every = not all(map(is_plain, globs))
        self._consumers: dict[StreamKey, set[str]] = {}
        for account, stream, consumer in chain(
            ((each.account, each.stream, each.name) for each in snapshot.consumers),
            (each for each in snapshot.unwatched if each.consumer),
        ):
            if every or stream in within:
                self._consumers.setdefault((account, stream), set()).add(consumer)

    def found(self, name: SpecName) -> Found:
        """Whether it exists; where it does not, the others of its kind."""
        if name.kind == "stream":
            streams = [key for key in self._streams if fnmatchcase(key[0], name.account)]
            return _among(name.name, {stream for _, stream in streams})
        if name.kind != "consumer":
            return Found(None)
        streams = self._of_consumer(name)
        if not streams:
            return Found(None, follows=True)
        found = _among(
            name.name, {each for key in streams for each in self._consumers.get(key, ())}
        )
        # One that is not here may be on a stream that another shard's collector watches.
        return Found(None, follows=True) if not found.exists and self._may_be(name) else found

    def _may_be(self, name: SpecName) -> bool:
        return any(
            fnmatchcase(stream, name.within) and fnmatchcase(account, name.account)
            for account, stream in self._elsewhere
        )

    def _of_consumer(self, name: SpecName) -> list[StreamKey]:
        """The streams that the consumer may be on: `*` stands for those that are watched."""
        among = self._watched if name.within == ANY else self._streams
        return [
            (account, stream)
            for account, stream in among
            if fnmatchcase(stream, name.within) and fnmatchcase(account, name.account)
        ]


def _among(wanted: str, there: Collection[str]) -> Found:
    name = plain_name(wanted)
    if name is not None:
        return Found(True) if name in there else Found(False, there)
    exists = any(fnmatchcase(each, wanted) for each in there)
    return Found(True) if exists else Found(False, there)
