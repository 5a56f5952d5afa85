"""The history of one NATS source: tracks of its consumers, and their dead letters."""

import logging
from array import array
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from obs.families.family import Family, RowCache
from obs.families.nats import ConsumerRows, consumer_families, server_families, stream_families
from obs.lag.history import SequenceState, SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.timeline import TOLERANCE
from obs.lag.track import Track, TrackState
from obs.slis.consumers import ConsumerNumbers
from obs.snapshot import DeadLetter, NatsSnapshot, Question, StoredMessage
from obs.sources.kind import Tracker
from obs.sources.nats.arrivals import ArrivalQueries
from obs.sources.nats.dead_letters import HeardDeadLetters
from obs.sources.nats.hearing import Arrival
from obs.sources.nats.tracked_consumer import Identity, TrackedConsumer
from obs.spec.nats import NatsSource
from obs.spec.slos import ConsumerSli
from obs.state import State

log = logging.getLogger(__name__)

SAVE_EVERY: Final = 60.0
TOLERANCE_POLLS: Final = 1.5  # poll times vary a little: exactly one interval would flap
FORGET_AFTER: Final = 3600.0  # seconds without the consumer, after which it counts as deleted
LAG_POINTS: Final = 40
_KIND: Final = "nats_history"


class SavedHistory(msgspec.Struct, frozen=True):
    """A source's tracks and streams as they are stored."""

    since: float
    tracks: list[tuple[Identity, TrackState]]
    streams: list[tuple[tuple[str, str], SequenceState]]


class ConsumerTracker(Tracker[NatsSnapshot]):
    """Judges every consumer of one source against its history."""

    def __init__(
        self, source: str, spec: NatsSource, state: State, on_damage: Callable[[], None], now: float
    ) -> None:
        self.source = source
        self.tolerance = TOLERANCE_POLLS * spec.poll
        self._spec = spec
        self._state = state
        self._queries = {
            each.account: ArrivalQueries(each.account, self.tolerance)
            for each in spec.every_connection
        }
        self._settings = JudgeSettings(interval=spec.poll, window=spec.status_window)
        self._rows = ConsumerRows()
        self._kept = RowCache()
        self._tracked: dict[Identity, TrackedConsumer] = {}
        self._streams: dict[tuple[str, str], SequenceTimes] = {}
        self._since = now
        self._saved_at = now
        self.heard = HeardDeadLetters(source, spec, state)
        self.present: tuple[TrackedConsumer, ...] = ()
        self.lag_columns: deque[tuple[tuple[TrackedConsumer, ...], array[int]]] = deque(
            maxlen=LAG_POINTS
        )
        self._restore(on_damage)

    def update(self, snapshot: NatsSnapshot) -> list[Family]:
        """Judge the snapshot; returns the source's families."""
        now = snapshot.at
        backwards = TOLERANCE * self._spec.poll
        streams = {}
        for stream in snapshot.streams:
            key = (stream.account, stream.name)
            times = self._streams.get(key)
            if times is None:
                times = self._streams[key] = SequenceTimes()
            times.observe(stream, now, backwards)
            streams[key] = (stream, times)
        settings, tracked_by, present = self._settings, self._tracked, []
        for consumer in snapshot.consumers:
            of_stream = streams.get((consumer.account, consumer.stream))
            if of_stream is None:
                continue
            identity = (consumer.account, consumer.stream, consumer.name)
            tracked = tracked_by.get(identity)
            if tracked is None:
                tracked = tracked_by[identity] = TrackedConsumer((self.source, *identity), Track())
            tracked.observe(consumer, *of_stream, now, settings)
            present.append(tracked)
        self.present = tuple(present)
        self.snapshot = snapshot
        for queries in self._queries.values():
            queries.update(self.present, streams)
        self.heard.tell_unheard(tracked.consumer for tracked in present)
        self.lag_columns.append(
            (self.present, array("q", [w.verdict.lag_messages for w in present]))
        )
        self._forget(now)
        if not 0 <= now - self._saved_at < SAVE_EVERY:
            self.save(now)
        return self._families(snapshot)

    def questions(self, account: str) -> tuple[Question, ...]:
        """The queries that would make an account's lags exact; they change with every poll."""
        return self._queries[account].open

    def record_arrivals(
        self, account: str, answers: Mapping[Question, StoredMessage]
    ) -> list[Family]:
        """Refine lags by the answers; returns the source's families where there were any."""
        if self.snapshot is None or not self._queries[account].record(answers):
            return []
        return self._families(self.snapshot)

    def record_dead_letters(self, account: str, arrival: Arrival) -> list[Family]:
        """Count what the connection of this account heard, and store it with its position.

        Returns the source's families where they tell more than before.
        """
        more = self.heard.record(account, arrival, self._clock_ahead)
        for each in arrival.dead_letters:
            if tracked := self._tracked.get((each.account, each.stream, each.consumer)):
                tracked.exhausted.add(each.stream_seq)
        return self._families(self.snapshot) if more and self.snapshot else []

    def lose_connection(self, account: str) -> list[Family]:
        """The connection of this account hears nothing for now: dead letters are unknown."""
        known = self.heard.lost(account)
        return self._families(self.snapshot) if known and self.snapshot else []

    def numbers(self, sli: ConsumerSli) -> list[ConsumerNumbers]:
        """The consumers that an SLI measures."""
        snapshot = self.snapshot
        streams = {(s.account, s.name): s for s in snapshot.streams} if snapshot else {}
        found = []
        for tracked in self._candidates(sli):
            consumer = tracked.consumer
            identity = (consumer.account, consumer.stream, consumer.name)
            found.append(
                ConsumerNumbers(
                    *identity,
                    lag_messages=tracked.verdict.lag_messages,
                    lag_seconds=tracked.verdict.lag_seconds,
                    polled=consumer,
                    of_stream=streams[consumer.account, consumer.stream],
                    dead_letters=self.heard.of(identity),
                    heard=self.heard.spans(consumer.account),
                )
            )
        return found

    def save(self, now: float) -> None:
        """Queue the history for the state file."""
        self._saved_at = now
        saved = SavedHistory(
            self._since,
            [
                (identity, track)
                for identity, tracked in self._tracked.items()
                if (track := tracked.track.to_state()) is not None
            ],
            [(key, times.to_state()) for key, times in self._streams.items()],
        )
        self._state.put(_KIND, self.source, msgspec.msgpack.encode(saved))

    def _candidates(self, sli: ConsumerSli) -> Iterator[TrackedConsumer]:
        for tracked in self.present:
            consumer = tracked.consumer
            if (
                consumer.name == sli.consumer
                and consumer.stream == sli.stream
                and fnmatchcase(consumer.account, sli.account)
            ):
                yield tracked

    def _families(self, snapshot: NatsSnapshot) -> list[Family]:
        present = self.present
        consumers = consumer_families(
            self._rows.of([tracked.row for tracked in present]),
            [tracked.consumer for tracked in present],
            [tracked.verdict for tracked in present],
            [self.heard.total(tracked.consumer) for tracked in present],
            tolerance=self.tolerance,
            since=self._since,
        )
        rolled_up = self._spec.ephemeral == "roll_up"
        return [
            *consumers,
            *stream_families(self.source, snapshot.streams, self._kept, rolled_up=rolled_up),
            *server_families(self.source, snapshot.servers, self._kept),
        ]

    def _forget(self, now: float) -> None:
        if len(self._tracked) == len(self.present):
            return
        for identity, tracked in list(self._tracked.items()):
            if now - tracked.seen_at > FORGET_AFTER:
                del self._tracked[identity]

    def _restore(self, on_damage: Callable[[], None]) -> None:
        try:
            if history := self._state.entries(_KIND).get(self.source):
                saved = msgspec.msgpack.decode(history, type=SavedHistory)
                self._since = saved.since
                for identity, track in saved.tracks:
                    tracked = TrackedConsumer((self.source, *identity), Track.from_state(track))
                    tracked.seen_at = self._saved_at
                    self._tracked[identity] = tracked
                for key, times in saved.streams:
                    self._streams[key] = SequenceTimes(times)
            self.heard.restore()
        except (msgspec.DecodeError, ValueError):
            on_damage()
            log.warning(
                "state of source %s is unreadable; starting with an empty history", self.source
            )

    def _clock_ahead(self, dead_letter: DeadLetter) -> float:
        """By how many seconds the clock of its server is ahead, as far as that is known."""
        for stream in self.snapshot.streams if self.snapshot else ():
            if (stream.account, stream.name) == (dead_letter.account, dead_letter.stream):
                return stream.clock_ahead
        return 0.0
