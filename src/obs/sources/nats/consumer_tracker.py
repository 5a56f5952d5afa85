"""The history of one NATS source: tracks of its consumers, and their dead letters."""

from array import array
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from obs.errors import SourceError
from obs.families.events import state_families
from obs.families.family import Family, RowCache
from obs.families.nats import (
    ConsumerRows,
    consumer_families,
    credentials_family,
    missing_family,
)
from obs.families.nats_assets import asset_families
from obs.families.nats_metadata import MetadataFamilies
from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.timeline import TOLERANCE
from obs.lag.track import Track
from obs.slis.consumers import ConsumerNumbers
from obs.snapshot.assets import Stream
from obs.snapshot.messages import Question, StoredMessage
from obs.snapshot.nats import NatsSnapshot
from obs.sources.kind import Tracker
from obs.sources.nats.absence import Missing, Servers, counted
from obs.sources.nats.absent_consumers import AbsentConsumers
from obs.sources.nats.account_series import AccountSeries
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.arrival_batches import Steps
from obs.sources.nats.arrivals import ArrivalQueries
from obs.sources.nats.clock_steps import ClockSteps
from obs.sources.nats.cluster_groups import ClusterGroups
from obs.sources.nats.dead_letters import HeardDeadLetters
from obs.sources.nats.event_counts import EventCounts
from obs.sources.nats.forgetting import AbsentStreams, EndedConsumers, forgotten
from obs.sources.nats.heard_events import HeardEvents
from obs.sources.nats.kept_streams import KeptStreams
from obs.sources.nats.monitored import monitored
from obs.sources.nats.named_consumers import NamedConsumers
from obs.sources.nats.names import find
from obs.sources.nats.problems import not_told
from obs.sources.nats.saved_history import SavedHistory, restore_each
from obs.sources.nats.services import Services
from obs.sources.nats.tracked_consumer import Identity, TrackedConsumer
from obs.spec.named import Found
from obs.spec.nats import NatsSource
from obs.spec.slis import ConsumerSli
from obs.spec.source import stale_after
from obs.spec.watched import SpecName
from obs.state import State, decoded

SAVE_EVERY: Final = 60.0
TOLERANCE_POLLS: Final = 1.5  # poll times vary a little: exactly one interval would flap
LAG_POINTS: Final = 40
ObservedStreams = dict[tuple[str, str], tuple[Stream, SequenceTimes]]
_KIND: Final = "nats_history"


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
        keep = stale_after(spec)
        self._servers = Servers()
        self._kept_streams = KeptStreams(keep)
        self.absent = AbsentConsumers(self._servers, self._kept_streams, keep)
        self._rows = ConsumerRows()
        self._kept = RowCache()
        self._metadata = MetadataFamilies(source, spec.metadata_labels)
        self._account_series = AccountSeries(source, state, now)
        self._cluster = ClusterGroups(source, spec, now)
        self._tracked: dict[Identity, TrackedConsumer] = {}
        self._streams: dict[tuple[str, str], SequenceTimes] = {}
        self._ended = EndedConsumers()
        self._absent_streams = AbsentStreams()
        self.accounts = AccountLabels()
        self._named: NamedConsumers | None = None
        self._since = self._began = self._saved_at = now
        self._clock = ClockSteps()
        self.heard = HeardDeadLetters(source, spec, state, self.accounts.label)
        self.events = EventCounts(source, spec, state, self.accounts.label, now)
        self.present: tuple[TrackedConsumer, ...] = ()
        """Told by the last poll, or missing and kept."""
        self.streams: tuple[Stream, ...] = ()
        self.lag_columns: deque[tuple[tuple[TrackedConsumer, ...], array[int]]] = deque(
            maxlen=LAG_POINTS
        )
        self.services = Services(source, state, self.accounts.label, keep)
        parts = {
            "history": self._restore_history,
            "dead letters": self.heard.restore,
            "micro services": self.services.restore,
            "events": self.events.restore,
            "API requests": self._account_series.restore,
        }
        restore_each(parts, source, on_damage)

    def update(self, snapshot: NatsSnapshot) -> list[Family]:
        """Judge the snapshot; returns the source's families."""
        self._clock.observe(snapshot.at, snapshot.steady)
        now = snapshot.at - self._clock.forward
        self._servers.observe(snapshot)
        self.streams = self._kept_streams.update(snapshot, self._servers)
        streams = self._observe_streams(snapshot)
        told = self._observe_consumers(snapshot, streams)
        self.snapshot = snapshot
        self._absent_streams.forget(self._streams, streams.keys(), self._kept_streams, now)
        if len(told) != len(self._tracked):
            self._forget(now)
        self._ended.forget(now)
        self.absent.sort_out(self._tracked.values(), len(told), snapshot, now)
        kept = self.absent.kept
        self.present = (*told, *kept) if kept else tuple(told)
        self._named = None
        for queries in self._queries.values():
            queries.update(told, streams)
        self.heard.forget(snapshot.at, self._is_known)
        self.heard.tell_unheard(tracked.consumer for tracked in told)
        self.lag_columns.append(
            (self.present, array("q", [w.verdict.lag_messages for w in self.present]))
        )
        if not 0 <= snapshot.at - self._saved_at < SAVE_EVERY:
            self._save_history(snapshot.at)
        return self._families(snapshot)

    def _observe_streams(self, snapshot: NatsSnapshot) -> ObservedStreams:
        forward = self._clock.forward
        now = snapshot.at - forward
        backwards = TOLERANCE * self._spec.poll
        streams = {}
        for stream in snapshot.streams:
            key = (stream.account, stream.name)
            times = self._streams.get(key)
            if times is None:
                times = self._streams[key] = SequenceTimes()
            at = now if stream.at is None else stream.at - forward
            times.observe(stream, at, backwards, forward=forward)
            streams[key] = (stream, times)
        return streams

    def _observe_consumers(
        self, snapshot: NatsSnapshot, streams: ObservedStreams
    ) -> list[TrackedConsumer]:
        """Judge the consumers of the snapshot; returns those that are told."""
        forward, settings, poll = self._clock.forward, self._settings, self._servers.poll
        now, tracked_by, hears = snapshot.at - forward, self._tracked, self.heard.hears
        told: list[TrackedConsumer] = []
        account, stream, of_stream, heard = "", "", None, False
        for consumer in snapshot.consumers:
            if consumer.stream != stream or consumer.account != account:
                account, stream = consumer.account, consumer.stream
                of_stream, heard = streams.get((account, stream)), hears(consumer)
            if of_stream is None:
                continue
            identity = (account, stream, consumer.name)
            tracked = tracked_by.get(identity)
            if tracked is None:
                track = Track(self._ended.take(identity))
                tracked = tracked_by[identity] = TrackedConsumer((self.source, *identity), track)
            at = now if consumer.at is None else consumer.at - forward
            tracked.poll = poll
            if consumer.leader_unreachable:
                tracked.observe_followers(consumer, *of_stream, at, settings)
            else:
                tracked.observe(consumer, *of_stream, at, settings, heard=heard)
                told.append(tracked)
        return told

    def fault(self) -> SourceError | None:
        """Why the cluster as a whole tells nothing."""
        return self.snapshot.fault if self.snapshot else None

    def partial(self) -> list[str]:
        """Servers that did not tell all, and messages that are not counted by subject."""
        return not_told(self.source, self.snapshot)

    def withdrawn(self) -> list[str]:
        """How many consumers and streams had series and are missing for too long."""
        return [
            f"{n} missing {what} is withdrawn" if n == 1 else f"{n} missing {what}s are withdrawn"
            for what, n in self._withdrawn().items()
            if n
        ]

    def withdrawn_objects(self) -> int:
        """The same as a number."""
        return sum(self._withdrawn().values())

    def _withdrawn(self) -> dict[str, int]:
        shown = {(stream.account, stream.name) for stream in self.streams}
        return {
            "consumer": len(self.absent.gone) + sum(each.judged for each in self.absent.unknown),
            "stream": len(self.missing_streams.keys() - shown),
        }

    @property
    def missing_streams(self) -> Mapping[tuple[str, str], Missing]:
        """Why streams are missing, by account and name."""
        return self._kept_streams.missing

    def missing(self) -> dict[tuple[str, str], int]:
        """How many streams, consumers, and servers that are not polled are missing, by reason."""
        servers = self.snapshot.incomplete if self.snapshot else ()
        absent = (*self.absent.unknown, *self.absent.gone)
        consumers = [w.missing for w in (*self.present, *absent) if w.missing]
        found = {
            "server": counted(each.why for each in servers if not each.address),
            "stream": counted(self.missing_streams.values()),
            "consumer": counted(consumers),
        }
        return {(kind, why): n for kind, each in found.items() for why, n in each.items()}

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

    def hear(self, account: str, steps: Steps, dropped: int = 0) -> list[Family]:
        """Count what the connection of this account heard, and store it with its position; None
        among the steps: it was lost, and dead letters are unknown until it hears again.

        Returns the source's families where they tell more than before.
        """
        self.heard.drop(dropped)
        more = self.heard.record(account, steps, self._kept_streams.clock_ahead, self._is_known)
        if any(step is None or step.begins for step in steps):
            for known in self._tracked.values():  # a message may have been given up unheard
                known.heard_from = None
        for each in chain.from_iterable(step.dead_letters for step in steps if step):
            if each.kind != "max_deliveries":  # terminated is as good as acknowledged
                continue
            identity = (self.accounts.label(each.account), each.stream, each.consumer)
            if tracked := self._tracked.get(identity):
                tracked.give_up(each.stream_seq)
        return self._families(self.snapshot) if (more or dropped) and self.snapshot else []

    def hear_events(self, account: str, heard: HeardEvents | None) -> list[Family]:
        """Count events that the connection of this account heard; None: it was lost.

        Returns the source's families where it begins to hear; otherwise the next poll tells.
        """
        begins = self.events.record(account, heard)
        return self._families(self.snapshot) if begins and self.snapshot else []

    def _is_known(self, identity: Identity) -> bool:
        return identity in self._tracked or identity in self._ended

    def numbers(self, sli: ConsumerSli) -> list[ConsumerNumbers]:
        """The consumers that an SLI measures."""
        found = []
        for tracked in self._by_name().named(sli):
            consumer = tracked.consumer
            identity = (consumer.account, consumer.stream, consumer.name)
            of_stream = self._kept_streams.last((consumer.account, consumer.stream))
            if of_stream is None:
                continue
            found.append(
                ConsumerNumbers(
                    *identity,
                    lag_messages=tracked.verdict.lag_messages,
                    lag_seconds=tracked.verdict.lag_seconds,
                    polled=consumer,
                    of_stream=of_stream,
                    dead_letters=self.heard.of(identity),
                    heard=self.heard.spans(consumer),
                    told=tracked.missing is None,
                )
            )
        return found

    def find(self, names: Sequence[SpecName]) -> Sequence[Found]:
        """Whether these streams and consumers exist."""
        return find(names, self.snapshot)

    def nothing(self) -> str:
        """It may have no stream."""
        snapshot = self.snapshot
        if snapshot is None or not snapshot.tells_all:
            return ""
        return "" if snapshot.streams or snapshot.elsewhere else "stream"

    def save(self, now: float) -> None:
        """Queue the history and the dead letters for the state file."""
        self._save_history(now)
        for part in (self.heard, self.services, self.events, self._account_series):
            part.save()

    def _save_history(self, now: float) -> None:
        self._saved_at = now
        (ended, ended_at), poll = self._ended.to_state(), self._servers.poll
        saved = SavedHistory(
            self._since,
            [
                (identity, track)
                for identity, tracked in self._tracked.items()
                if (track := tracked.track.to_state()) is not None
            ],
            [(key, times.to_state()) for key, times in self._streams.items()],
            ended,
            dict(self.accounts.saved),
            self._clock.forward,
            [(each, w.seen_at) for each, w in self._tracked.items() if w.poll != poll],
            list(self._absent_streams.since.items()),
            ended_at,
        )
        self._state.put(_KIND, self.source, msgspec.msgpack.encode(saved))

    def named_like(self, sli: ConsumerSli) -> list[tuple[str, str]]:
        """Stream and name of the consumers that an SLI's globs match."""
        return self._by_name().like(sli)

    def _by_name(self) -> NamedConsumers:
        """Made once a poll, where an SLI asks for it."""
        if self._named is None:
            self._named = NamedConsumers((*self.present, *self.absent.judged()))
        return self._named

    def _families(self, snapshot: NatsSnapshot) -> list[Family]:
        present, unknown = self.present, self.absent.unknown
        consumers = [tracked.consumer for tracked in present]
        of_consumers = consumer_families(
            self._rows,
            [each.row for each in present],
            consumers,
            [tracked.verdict for tracked in present],
            self.heard.totals(consumers),
            unknown=[each.row for each in unknown],
            exported=self.exported,
            tolerance=self.tolerance,
            since=self._since,
        )
        rolled_up = self._spec.ephemeral == "roll_up"
        return [
            *of_consumers,
            *asset_families(
                self.source, self.streams, snapshot.by_subject, self._kept, rolled_up=rolled_up
            ),
            missing_family(self.source, self.missing(), self._kept),
            credentials_family(self.source, snapshot.credentials, snapshot.at, self._kept),
            *self._cluster.families(snapshot, self.accounts.label, self._kept),
            *self.services.families(snapshot.at, self._kept),
            *self._metadata.of(self.streams, consumers, self._kept),
            *self._account_series.families(snapshot, self.accounts.of_all, self._kept),
            *self.heard.dropped_families(self._kept, self._began),
            *self.events.families(consumers, self.streams, snapshot.at),
            *state_families(self.source, consumers, self._kept),
            *monitored(self.source, self._spec, (present, self.streams), snapshot.at, self._kept),
        ]

    def _forget(self, now: float) -> None:
        for identity in forgotten(self._tracked, self._servers, now):
            self._ended.add(identity, self._tracked.pop(identity).track.ended(), now)

    def _restore_history(self) -> None:
        history = self._state.entries(_KIND).get(self.source)
        if history is None:
            self._saved_at = 0.0  # saved at the first poll: counts that go on need their start
            return
        saved = decoded(history, SavedHistory)
        absent, now = dict(saved.absent), self._saved_at - saved.clock_forward
        tracked = [
            (identity, TrackedConsumer((self.source, *identity), Track.from_state(track)))
            for identity, track in saved.tracks
        ]
        streams = {key: SequenceTimes(times) for key, times in saved.streams}
        ended = EndedConsumers(saved.ended, saved.ended_at)
        absent_streams = AbsentStreams(dict(saved.absent_streams))
        # Nothing raises from here on: all of it is taken, or none.
        for identity, each in tracked:
            each.seen_at = min(absent.get(identity, now), now)
            self._tracked[identity] = each
        self._streams.update(streams)
        self._since, self._clock.forward = saved.since, saved.clock_forward
        self._ended, self._absent_streams = ended, absent_streams
        self.accounts.saved = saved.accounts
