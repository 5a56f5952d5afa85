"""What the collector remembers of one NATS source: each consumer's track, and its dead letters."""

import logging
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from obs.collector.arrivals import ArrivalInquiries
from obs.collector.state import State
from obs.collector.tracked_consumer import Identity, TrackedConsumer
from obs.families.family import Family, RowCache
from obs.families.nats import ConsumerRows, consumer_families, server_families, stream_families
from obs.lag.history import SequenceState, SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.timeline import TOLERANCE
from obs.lag.track import Track, TrackState
from obs.slis.consumers import ConsumerNumbers
from obs.snapshot import DeadLetter, NatsSnapshot, Question, StoredMessage
from obs.spec.slos import ConsumerSli
from obs.spec.sources import NatsSource

log = logging.getLogger(__name__)

SAVE_EVERY: Final = 60.0
LOOSE_POLLS: Final = 1.5  # polls move a little: at one interval exactly it would come and go
FORGET_AFTER: Final = 3600.0  # a consumer unseen for so long (seconds) is taken for deleted
LAG_POINTS: Final = 40
_KIND: Final = "nats_history"
_LETTERS: Final = "nats_dead_letters"


class SavedHistory(msgspec.Struct, frozen=True):
    """A source's tracks and streams as they are stored."""

    since: float
    tracks: list[tuple[Identity, TrackState]]
    streams: list[tuple[tuple[str, str], SequenceState]]


class SavedDeadLetters(msgspec.Struct, frozen=True):
    """Dead letters counted so far, and up to where the capturing stream was read."""

    counts: list[tuple[Identity, int]]
    position: tuple[str, int] | None = None


class ConsumerTracker:
    """Judges every consumer of one source against its history."""

    def __init__(
        self, source: str, spec: NatsSource, state: State, on_damage: Callable[[], None], now: float
    ) -> None:
        self.source = source
        self.loose = LOOSE_POLLS * spec.poll
        self._spec = spec
        self._state = state
        self._inquiries = (
            ArrivalInquiries(spec.connection.account, self.loose) if spec.connection else None
        )
        self._settings = JudgeSettings(interval=spec.poll, window=spec.status_window)
        self._rows = ConsumerRows()
        self._kept = RowCache()
        self._watched: dict[Identity, TrackedConsumer] = {}
        self._streams: dict[tuple[str, str], SequenceTimes] = {}
        self._letters: dict[Identity, int] = {}
        self._since = now
        self._saved_at = now
        self.position: tuple[str, int] | None = None
        self.knows_dead_letters = False
        self.snapshot: NatsSnapshot | None = None
        self.present: tuple[TrackedConsumer, ...] = ()
        self.lag_columns: deque[tuple[tuple[TrackedConsumer, ...], array[int]]] = deque(
            maxlen=LAG_POINTS
        )
        self._restore(on_damage)

    def absorb(self, snapshot: NatsSnapshot) -> list[Family]:
        """Judge the snapshot; gives the source's families."""
        now = snapshot.at
        tolerance = TOLERANCE * self._spec.poll
        streams = {}
        for stream in snapshot.streams:
            key = (stream.account, stream.name)
            times = self._streams.get(key)
            if times is None:
                times = self._streams[key] = SequenceTimes()
            times.observe(stream, now, tolerance)
            streams[key] = (stream, times)
        settings, watched_by, present = self._settings, self._watched, []
        for consumer in snapshot.consumers:
            of_stream = streams.get((consumer.account, consumer.stream))
            if of_stream is None:
                continue
            identity = (consumer.account, consumer.stream, consumer.name)
            watched = watched_by.get(identity)
            if watched is None:
                watched = watched_by[identity] = TrackedConsumer((self.source, *identity), Track())
            watched.observe(consumer, *of_stream, now, settings)
            present.append(watched)
        self.present = tuple(present)
        self.snapshot = snapshot
        if self._inquiries:
            self._inquiries.absorb(self.present, streams)
        self.lag_columns.append(
            (self.present, array("q", [w.verdict.lag_messages for w in present]))
        )
        self._forget(now)
        if not 0 <= now - self._saved_at < SAVE_EVERY:
            self.save(now)
        return self._families(snapshot)

    @property
    def questions(self) -> tuple[Question, ...]:
        """What to ask a NATS connection to know lags better; changes with every poll."""
        return self._inquiries.open if self._inquiries else ()

    def take_arrivals(self, answers: Mapping[Question, StoredMessage]) -> list[Family]:
        """Refine lags by what the connection answered; gives the source's families if any did."""
        if self._inquiries is None or self.snapshot is None or not self._inquiries.take(answers):
            return []
        return self._families(self.snapshot)

    def record_dead_letters(
        self, letters: Sequence[DeadLetter], position: tuple[str, int] | None
    ) -> None:
        """Count dead letters; they and the position are stored together."""
        self.knows_dead_letters = True
        self.position = position or self.position
        for letter in letters:
            identity = (letter.account, letter.stream, letter.consumer)
            self._letters[identity] = self._letters.get(identity, 0) + 1
            if watched := self._watched.get(identity):
                watched.exhausted.add(letter.stream_seq)
        saved = SavedDeadLetters(list(self._letters.items()), self.position)
        self._state.put(_LETTERS, self.source, msgspec.msgpack.encode(saved))

    def dead_letters(self, watched: TrackedConsumer) -> int | None:
        """Dead letters of a consumer since counting began; None where nothing can tell."""
        if not self.knows_dead_letters:
            return None
        consumer = watched.consumer
        return self._letters.get((consumer.account, consumer.stream, consumer.name), 0)

    def numbers(self, sli: ConsumerSli) -> list[ConsumerNumbers]:
        """The consumers that an SLI speaks of."""
        return [
            ConsumerNumbers(
                account=watched.consumer.account,
                stream=watched.consumer.stream,
                consumer=watched.consumer.name,
                lag_messages=watched.verdict.lag_messages,
                lag_seconds=watched.verdict.lag_seconds,
                delivered=watched.verdict.delivered_total,
                dead_letters=self.dead_letters(watched),
            )
            for watched in self._candidates(sli)
        ]

    def save(self, now: float) -> None:
        """Queue the history for the state file."""
        self._saved_at = now
        saved = SavedHistory(
            self._since,
            [
                (identity, track)
                for identity, watched in self._watched.items()
                if (track := watched.track.to_state()) is not None
            ],
            [(key, times.to_state()) for key, times in self._streams.items()],
        )
        self._state.put(_KIND, self.source, msgspec.msgpack.encode(saved))

    def _candidates(self, sli: ConsumerSli) -> Iterator[TrackedConsumer]:
        for watched in self.present:
            consumer = watched.consumer
            if (
                consumer.name == sli.consumer
                and consumer.stream == sli.stream
                and fnmatchcase(consumer.account, sli.account)
            ):
                yield watched

    def _families(self, snapshot: NatsSnapshot) -> list[Family]:
        present = self.present
        consumers = consumer_families(
            self._rows.of([watched.row for watched in present]),
            [watched.consumer for watched in present],
            [watched.verdict for watched in present],
            [self.dead_letters(watched) for watched in present],
            tolerance=self.loose,
            since=self._since,
        )
        rolled_up = self._spec.ephemeral == "roll_up"
        return [
            *consumers,
            *stream_families(self.source, snapshot.streams, self._kept, rolled_up=rolled_up),
            *server_families(self.source, snapshot.servers, self._kept),
        ]

    def _forget(self, now: float) -> None:
        if len(self._watched) == len(self.present):
            return
        for identity, watched in list(self._watched.items()):
            if now - watched.seen_at > FORGET_AFTER:
                del self._watched[identity]

    def _restore(self, on_damage: Callable[[], None]) -> None:
        try:
            if history := self._state.entries(_KIND).get(self.source):
                saved = msgspec.msgpack.decode(history, type=SavedHistory)
                self._since = saved.since
                for identity, track in saved.tracks:
                    watched = TrackedConsumer((self.source, *identity), Track.from_state(track))
                    watched.seen_at = self._saved_at
                    self._watched[identity] = watched
                for key, times in saved.streams:
                    self._streams[key] = SequenceTimes(times)
            if letters := self._state.entries(_LETTERS).get(self.source):
                kept = msgspec.msgpack.decode(letters, type=SavedDeadLetters)
                self._letters = dict(kept.counts)
                self.position = kept.position
                self.knows_dead_letters = self._spec.connection is not None
        except (msgspec.DecodeError, ValueError):
            on_damage()
            log.warning(
                "state of source %s is unreadable; starting with an empty history", self.source
            )
