"""What was counted of a source's events: totals that never fall, also over restarts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from obs.catalogue import nats_events
from obs.catalogue.metric import Metric
from obs.families.events import EventNumbers, LabelValues, event_families
from obs.families.family import Family, RowCache
from obs.families.histogram import Histogram
from obs.snapshot.assets import Consumer, Stream
from obs.sources.nats.heard_events import MOST_SAMPLED, HeardEvents, Key, Samples
from obs.sources.nats.subjects import EVENTS
from obs.sources.nats.tracked_consumer import Identity
from obs.spec.nats import Event, NatsSource
from obs.state import State, decoded

_KIND: Final = "nats_events"
MOST: Final = 100_000
"""Keys that are counted, over all accounts of a source."""
_FORGET: Final = 3600.0  # seconds after which what no poll knows is forgotten
_FORGET_EVERY: Final = 300.0
_ASSETS: Final = {"STREAM": "stream", "CONSUMER": "consumer"}
_CHANGES: Final = {
    "STREAM": ("CREATED", "UPDATED", "DELETED"),
    "CONSUMER": ("CREATED", "DELETED"),
}
_REFUSED: Final = {nats_events.NAKS: "MSG_NAKED", nats_events.TERMINATED: "MSG_TERMINATED"}
_ELECTIONS: Final = {
    nats_events.LEADER_ELECTIONS: "LEADER_ELECTED",
    nats_events.QUORUM_LOSSES: "QUORUM_LOST",
}


class SavedSamples(msgspec.Struct, frozen=True):
    """Ack samples of one consumer."""

    consumer: Identity
    count: int
    sum: float
    classic: tuple[int, ...]
    zeros: int
    exponential: tuple[tuple[int, int], ...]
    deliveries: int
    late: int = 0


class SavedEvents(msgspec.Struct, frozen=True):
    """All counts of a source; they began at `since` (Unix seconds)."""

    since: float
    counts: list[tuple[Key, int]] = []
    samples: list[SavedSamples] = []
    dropped: int = 0
    paused: list[tuple[tuple[str, Event], float]] = []


class EventCounts:
    """Counts the events that a source's connections hear, and tells them while they hear."""

    def __init__(
        self, source: str, spec: NatsSource, state: State, label: Callable[[str], str], now: float
    ) -> None:
        """`label`: what an account is called on series, given that or its id."""
        self._source = source
        self._state = state
        self._label = label
        self._connections = [each for each in spec.every_connection if each.events]
        self._hearing: set[str] = set()  # accounts of connections
        self._since = self._forgot_at = now
        self._counts: dict[Key, int] = {}
        self._samples: dict[Identity, Samples] = {}
        self._told: dict[Identity, Histogram] = {}
        self._seen: dict[Key | Identity, float] = {}  # when a poll last knew it, if not lately
        self._dropped = 0
        self._paused: dict[tuple[str, Event], float] = {}
        self._labels: dict[str, str] = {}  # of the accounts whose events were counted
        self._cache = RowCache()
        self.ack_waits: Mapping[Identity, float] = {}
        """Seconds until a consumer whose acks are sampled redelivers, by the account as its
        connection names it; replaced as a whole at each poll."""

    def record(self, account: str, heard: HeardEvents | None) -> bool:
        """Add what a connection counted, and save it; None: it was lost. Whether it begins to hear,
        so that there is more to tell."""
        if heard is None:
            self._hearing.discard(account)
            return False
        begins = account not in self._hearing
        self._hearing.add(account)
        for key, number in heard.counts.items():
            self._add(self._labelled(key), number)
        for consumer, samples in heard.samples.items():
            of, stream, name = consumer
            self._add_samples((self._label(of), stream, name), samples)
        for (of, event), seconds in heard.paused.items():
            paused = (self._label(of), event)
            self._paused[paused] = self._paused.get(paused, 0.0) + seconds
        self._dropped += heard.dropped
        if heard.counts or heard.samples or heard.dropped or any(heard.paused.values()):
            self.save()
        return begins

    def families(
        self, consumers: Sequence[Consumer], streams: Sequence[Stream], now: float
    ) -> Iterator[Family]:
        """The families of what is heard now; none where no connection counts events."""
        if not self._connections:
            return
        self._follow_labels()
        if not 0 <= now - self._forgot_at < _FORGET_EVERY:
            self._forget(consumers, streams, now)
        hears = self._hears()
        sampled = self._sampled(consumers, hears["acks"])
        self.ack_waits = self._waits(consumers) if sampled else {}
        processing: dict[LabelValues, Histogram] = {}
        processing.update((each, self._histogram(each)) for each in sampled)
        none = Samples()
        samples = {each: self._samples.get(each, none) for each in sampled}
        totals: dict[Metric, Mapping[LabelValues, int | float]] = {
            nats_events.SAMPLED_DELIVERIES: {of: it.deliveries for of, it in samples.items()},
            nats_events.LATE: {of: it.late for of, it in samples.items()},
            nats_events.SAMPLES_DROPPED: {(): self._dropped} if hears["acks"] else {},
            **self._refused(consumers, hears["naks"]),
            **self._elections(streams, hears["elections"]),
            nats_events.CHANGES: {
                (account, _ASSETS[asset], what.lower()): self._counts.get((account, asset, what), 0)
                for account in sorted(hears["changes"])
                for asset, whats in _CHANGES.items()
                for what in whats
            },
            nats_events.AUDITED_REQUESTS: {
                (key[0], *key[2:]): number
                for key, number in sorted(self._counts.items())
                if key[1] == "API" and key[0] in hears["api"]
            },
            nats_events.EVENTS_PAUSED: {
                each: round(seconds, 1)
                for each, seconds in sorted(self._paused.items())
                if each[0] in hears[each[1]]
            },
        }
        numbers = EventNumbers(processing, totals)
        yield from event_families(self._source, numbers, self._since, self._cache)

    def _hears(self) -> Mapping[Event, set[str]]:
        """The labels of accounts of which each event is heard now."""
        found: dict[Event, set[str]] = {event: set() for event in EVENTS}
        for each in self._connections:
            if each.account in self._hearing:
                for event in each.events:
                    found[event] |= {self._label(account) for account in each.hears}
        return found

    def _sampled(self, consumers: Sequence[Consumer], heard: set[str]) -> list[Identity]:
        """Consumers of which samples are heard; those without any yet where all would be."""
        if not heard:
            return []
        own = {self._label(each.account) for each in self._connections}
        return [
            identity
            for each in consumers
            if each.account in heard
            if (identity := (each.account, each.stream, each.name)) in self._samples
            or (each.config.sampled and each.account in own and self._has_room)
        ]

    def _waits(self, consumers: Sequence[Consumer]) -> Mapping[Identity, float]:
        named = {self._label(each.account): each.account for each in self._connections}
        return {
            (named[each.account], each.stream, each.name): each.config.first_wait
            for each in consumers
            if each.config.sampled and each.account in named
        }

    @property
    def _has_room(self) -> bool:
        return len(self._samples) < MOST_SAMPLED

    def _histogram(self, consumer: Identity) -> Histogram:
        told = self._told.get(consumer)
        if told is None:
            samples = self._samples.get(consumer) or Samples()
            told = self._told[consumer] = samples.processing.histogram()
        return told

    def _refused(
        self, consumers: Sequence[Consumer], heard: set[str]
    ) -> Mapping[Metric, Mapping[LabelValues, int]]:
        acknowledging = [
            (each.account, each.stream, each.name)
            for each in (consumers if heard else ())
            if each.account in heard and each.config.ack_policy != "none"
        ]
        return {
            metric: {
                (account, *names): self._counts.get((account, "CONSUMER", what, *names), 0)
                for account, *names in acknowledging
            }
            for metric, what in _REFUSED.items()
        }

    def _elections(
        self, streams: Sequence[Stream], heard: set[str]
    ) -> Mapping[Metric, Mapping[LabelValues, int]]:
        return {
            metric: {
                (each.account, each.name, words): self._counts.get(
                    (each.account, asset, what, each.name), 0
                )
                for each in streams
                if each.account in heard and each.config.replicas > 1
                for asset, words in _ASSETS.items()
            }
            for metric, what in _ELECTIONS.items()
        }

    def _add(self, key: Key, number: int) -> None:
        if key in self._counts or len(self._counts) < MOST:
            self._counts[key] = self._counts.get(key, 0) + number

    def _add_samples(self, consumer: Identity, samples: Samples) -> None:
        known = self._samples.get(consumer)
        if known is None:
            if not self._has_room:
                self._dropped += samples.processing.count
                return
            known = self._samples[consumer] = Samples()
        known.processing.add_all(samples.processing.histogram())
        known.deliveries += samples.deliveries
        known.late += samples.late
        self._told.pop(consumer, None)

    def _labelled(self, key: Key) -> Key:
        label = self._labels[key[0]] = self._label(key[0])
        return (label, *key[1:])

    def _follow_labels(self) -> None:
        """Before the first poll an account is known by its id alone."""
        for account in {each for connection in self._connections for each in connection.hears}:
            label = self._label(account)
            if self._labels.get(account, account) == label:
                continue
            before, self._labels[account] = self._labels.get(account, account), label
            for key in [each for each in self._counts if each[0] == before]:
                self._add((label, *key[1:]), self._counts.pop(key))
            for consumer in [each for each in self._samples if each[0] == before]:
                self._add_samples((label, *consumer[1:]), self._samples.pop(consumer))
            for paused in [each for each in self._paused if each[0] == before]:
                self._paused[label, paused[1]] = self._paused.pop(paused)

    def _forget(self, consumers: Sequence[Consumer], streams: Sequence[Stream], now: float) -> None:
        """Forget consumers and streams that no poll has known for an hour."""
        self._forgot_at = now
        present = {(each.account, each.stream, each.name) for each in consumers}
        kept = {(each.account, each.name) for each in streams}
        unknown: dict[Key | Identity, float] = {}
        for consumer in [each for each in self._samples if each not in present]:
            unknown[consumer] = self._seen.get(consumer, now)
        for key in self._counts:
            is_known = (key[0], *key[3:]) in (present if len(key) > 4 else kept)
            if len(key) > 3 and key[1] != "API" and not is_known:
                unknown[key] = self._seen.get(key, now)
        for key, at in list(unknown.items()):
            if not 0 <= now - at <= _FORGET:
                del unknown[key]
                self._counts.pop(key, None)
                self._samples.pop(key, None)  # type: ignore[arg-type]
                self._told.pop(key, None)  # type: ignore[arg-type]
        self._seen = unknown

    def restore(self) -> None:
        """Go on from the state file. Raises ValueError where it cannot, and changes nothing."""
        entry = self._state.entries(_KIND).get(self._source)
        if entry is None:
            return
        saved = decoded(entry, SavedEvents)
        samples = dict[Identity, Samples]()
        for each in saved.samples[:MOST_SAMPLED]:
            known = samples[each.consumer] = Samples()
            known.processing.add_all(
                Histogram(each.count, each.sum, each.classic, each.zeros, each.exponential)
            )
            known.deliveries, known.late = each.deliveries, each.late
        self._since, self._dropped = saved.since, saved.dropped
        self._counts, self._samples = dict(saved.counts[:MOST]), samples
        self._paused = dict(saved.paused)

    def save(self) -> None:
        """Queue the whole for the state file."""
        if not self._connections:
            return
        samples = [
            SavedSamples(each, *_fields(known.processing.histogram()), known.deliveries, known.late)
            for each, known in self._samples.items()
        ]
        saved = SavedEvents(
            self._since,
            list(self._counts.items()),
            samples,
            self._dropped,
            list(self._paused.items()),
        )
        self._state.put(_KIND, self._source, msgspec.msgpack.encode(saved))


def _fields(
    of: Histogram,
) -> tuple[int, float, tuple[int, ...], int, tuple[tuple[int, int], ...]]:
    return (of.count, of.sum, of.classic, of.zeros, of.exponential)
