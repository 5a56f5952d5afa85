"""One consumer over time: a poll in, a verdict out."""

from collections.abc import Collection
from math import inf
from typing import Final

import msgspec

from obs.lag import reason
from obs.lag.arrivals import Arrivals, ArrivalsState
from obs.lag.forecast import Trend, TrendState, eviction_seconds
from obs.lag.history import BEHIND_POLLS, SequenceTimes
from obs.lag.in_flight import InFlight, InFlightState, RedeliverySchedule
from obs.lag.leaderless import messages_outstanding, oldest_outstanding_since, still_counting
from obs.lag.observed import Consumer, ConsumerConfig, JudgeSettings, Stream
from obs.lag.progress import PollStep, Progress, Seen, seen, step_between
from obs.lag.seconds import Told, oldest_outstanding, sequences_to_query
from obs.lag.status import Status, Window, WindowState

TOLERANCE: Final = 0.125  # of a poll interval, that keeping histories small may cost
_NO_LEADER: Final = reason.names(reason.NO_LEADER)


class ConsumerVerdict(msgspec.Struct, frozen=True, gc=False):
    """What is to be told of a consumer after a poll. Durations are seconds.

    `uncertainty` is by how much at most lag_seconds may be off. `eviction_seconds` is None where
    no age limit evicts, or nothing is owed. `delivered_total` never falls for one consumer, as
    told apart by when it was created; `resets` never falls at all.
    """

    lag_messages: int
    lag_seconds: float
    uncertainty: float
    status: Status
    reasons: tuple[str, ...]
    drain_seconds: float
    eviction_seconds: float | None
    delivered_total: int
    resets: int


class TrackState(msgspec.Struct, frozen=True, array_like=True):
    """A track as plain values, for msgspec to write and read."""

    created: str
    at: float
    seen: Seen
    offset: int
    behind: int
    resets: int
    progress: int
    flight: InFlightState
    window: WindowState
    trend: TrendState
    arrivals: ArrivalsState | None


class Track:
    """The history of one consumer, as far as judging it takes.

    A consumer is told apart by when it was created. Where its sequences go back although it was
    not created again, a new leader may be a little behind: the numbers before are kept until it
    has caught up. Still behind after BEHIND_POLLS polls in a row it is a reset.
    """

    __slots__ = (
        "_arrivals", "_at", "_behind", "_config", "_counting", "_created", "_flight", "_led",
        "_offset", "_patience", "_progress", "_resets", "_seen", "_trend", "_verdict", "_window",
    )  # fmt: skip

    def __init__(self) -> None:
        self._created = ""
        self._at = 0.0
        self._offset = 0  # what deliveries_total is ahead of the server's count
        self._resets = 0
        self._led = True  # at the last poll
        self._counting = 0  # polls in a row with a leader that has not counted yet
        self._verdict: ConsumerVerdict | None = None
        self._config: ConsumerConfig | None = None
        self._patience: RedeliverySchedule
        self._forget()

    def _forget(self) -> None:
        self._flight = InFlight()
        self._window = Window()
        self._trend = Trend()
        self._progress = Progress()
        self._arrivals: Arrivals | None = None
        self._seen: Seen | None = None
        self._behind = 0

    def observe(
        self,
        consumer: Consumer,
        stream: Stream,
        times: SequenceTimes,
        now: float,
        settings: JudgeSettings,
        *,
        exhausted: Collection[int] = (),
    ) -> ConsumerVerdict:
        """Learn from the poll at `now` (Unix seconds) and judge the consumer.

        `times` is the stream's and has observed the same poll. `exhausted` are stream sequences
        that, as advisories told, ran out of deliveries or were terminated.
        """
        config = consumer.config
        if config is not self._config:
            if config != self._config:
                self._patience = RedeliverySchedule(config)
            self._config = config
        if consumer.pending:
            self._counting, self._led = 0, consumer.leader
        else:
            self._led = consumer.leader and not self._counts(consumer, stream)
        if not self._led:  # a follower's numbers are stale
            if self._verdict is not None:
                return self._without_leader(self._verdict, consumer, stream, times, now)
            first = self._judge(consumer, stream, times, now, settings, exhausted=exhausted)
            return msgspec.structs.replace(first, status=Status.LEADERLESS, reasons=_NO_LEADER)
        if self._identify(consumer):
            self._learn(consumer, stream, now, settings)
        elif self._verdict is not None:
            return self._verdict
        self._verdict = self._judge(consumer, stream, times, now, settings, exhausted=exhausted)
        return self._verdict

    def sequences_to_query(
        self,
        consumer: Consumer,
        times: SequenceTimes,
        loose: float,
        *,
        exhausted: Collection[int] = (),
    ) -> tuple[int, ...]:
        """What to ask to know the lag better; nothing where it is off by `loose` seconds or less.

        `consumer` and `times` are those the last verdict was judged by.
        """
        if self._verdict is None or self._verdict.uncertainty <= loose:
            return ()
        return sequences_to_query(consumer, self._flight, times, exhausted=exhausted, loose=loose)

    def refine(
        self,
        consumer: Consumer,
        stream: Stream,
        times: SequenceTimes,
        told: Told,
        *,
        exhausted: Collection[int] = (),
    ) -> ConsumerVerdict:
        """The last verdict with the lag in seconds as `told` makes it. Raises ValueError before
        the first `observe`.

        `consumer`, `stream` and `times` are those it was judged by.
        """
        if self._verdict is None:
            raise ValueError("nothing was observed yet")
        seconds, uncertainty = self._age(consumer, times, self._at, exhausted, told)
        self._verdict = msgspec.structs.replace(
            self._verdict,
            lag_seconds=seconds,
            uncertainty=uncertainty,
            eviction_seconds=eviction_seconds(stream.config.max_age, seconds),
        )
        return self._verdict

    def _counts(self, consumer: Consumer, stream: Stream) -> bool:
        """Whether the leader has yet to count what is pending; believed after BEHIND_POLLS."""
        before = self._seen if self._verdict is not None else None
        if before is None or not still_counting(before, consumer, stream, led=self._led):
            self._counting = 0
            return False
        self._counting += 1
        return self._counting < BEHIND_POLLS

    def _identify(self, consumer: Consumer) -> bool:
        """Whether the poll can be learnt from; forgets what came before a reset."""
        before = self._seen
        if before is None:
            self._created = consumer.created
            return True
        recreated = consumer.created != self._created
        back = before.deliveries - consumer.delivered_consumer_seq
        if not recreated:
            if back <= 0 and consumer.delivered_stream_seq >= before.delivered:
                self._behind = 0
                return True
            self._behind += 1
            if self._behind < BEHIND_POLLS:
                return False
        self._created = consumer.created
        self._offset = 0 if recreated else self._offset + max(back, 0)
        self._resets += 1
        self._forget()
        return True

    def _learn(
        self, consumer: Consumer, stream: Stream, now: float, settings: JudgeSettings
    ) -> None:
        after = seen(consumer, stream)
        elapsed = 0.0 if self._seen is None else max(now - self._at, 0.0)
        before = self._seen or after
        self._seen, self._at = after, now
        # What a long gap hides is not known: it counts as one poll.
        watched = elapsed if elapsed <= 2 * settings.interval else settings.interval
        filtered = bool(consumer.config.filters)
        settled = self._flight.settled
        step = step_between(
            before, after, stream, settled=settled, filtered=filtered, seconds=elapsed
        )
        pulled = consumer.waiting > 0 or consumer.push_bound or step.deliveries > 0
        if step.deliveries > 0 and elapsed > watched:
            self._flight.pass_unseen(elapsed - watched, after.delivered)
        self._learn_flight(after, step, watched if pulled else 0.0, settings.interval)
        if filtered:
            self._count_arrivals(before, after, step, now, settings)
        lag = after.pending + after.in_flight
        self._trend.observe(elapsed, lag, settings.window)
        if not consumer.paused:
            finished = self._progress.acknowledged(
                step, before, after, self._flight, self._patience
            )
            # Owing less than was finished since the last poll is as good as owing nothing.
            shrank = lag < before.pending + before.in_flight or lag <= finished
            self._window.observe(
                watched,
                clean=lag == 0 or (finished > 0 and shrank),
                finished=finished > 0,
                delivered=step.deliveries > 0,
                pulled=pulled,
            )

    def _learn_flight(self, after: Seen, step: PollStep, active: float, interval: float) -> None:
        flight, patience = self._flight, self._patience
        flight.active += active
        if step.retried:
            flight.retried = flight.active
        if step.retried or not (step.exact or patience.max_deliver == 1):
            flight.doubt = flight.active
        flight.observe(after.delivered, after.floor, after.in_flight, patience, interval)

    def _count_arrivals(
        self, before: Seen, after: Seen, step: PollStep, now: float, settings: JudgeSettings
    ) -> None:
        """Matching arrivals are what pending grew by and what was delivered for the first time."""
        grown = after.pending - before.pending
        first = min(step.deliveries, step.advance) if step.advance > 0 else 0
        arrived = min(max(grown + first, 0), max(after.last_seq - before.last_seq, 0))
        certain = first == 0 or before.redelivered == after.redelivered == 0
        exact = certain and arrived == grown + first and not step.evicted
        backlog = after.pending if after.in_flight == 0 else None
        if self._arrivals is None:
            self._arrivals = Arrivals()
        self._arrivals.observe(arrived, exact, backlog, now, TOLERANCE * settings.interval)

    def _judge(
        self,
        consumer: Consumer,
        stream: Stream,
        times: SequenceTimes,
        now: float,
        settings: JudgeSettings,
        *,
        exhausted: Collection[int],
    ) -> ConsumerVerdict:
        lag = consumer.pending + consumer.ack_pending
        seconds = uncertainty = 0.0
        eviction = None
        window = self._window
        if lag:
            seconds, uncertainty = self._age(consumer, times, now, exhausted, {})
            eviction = eviction_seconds(stream.config.max_age, seconds)
        if consumer.paused:
            status = Status.PAUSED
        elif lag == 0:
            status = Status.OK
        else:
            length = settings.window
            if consumer.pending == 0:  # nothing new to deliver: until an ack wait is over
                length = max(length, self._patience.longest)
            status = window.judge(length)
        return ConsumerVerdict(
            lag,
            seconds,
            uncertainty,
            status,
            self._reasons(consumer, settings),
            self._trend.drain_seconds(lag),
            eviction,
            self._total(consumer),
            self._resets,
        )

    def _age(
        self,
        consumer: Consumer,
        times: SequenceTimes,
        now: float,
        exhausted: Collection[int],
        told: Told,
    ) -> tuple[float, float]:
        """(age of the oldest owed, by how much it may be off) in seconds."""
        flight, patience, arrivals = self._flight, self._patience, self._arrivals
        arrived, uncertainty = oldest_outstanding(
            consumer, flight, patience, times, arrivals, exhausted=exhausted, told=told
        )
        return max(now - arrived, 0.0), uncertainty

    def _without_leader(
        self,
        last: ConsumerVerdict,
        consumer: Consumer,
        stream: Stream,
        times: SequenceTimes,
        now: float,
    ) -> ConsumerVerdict:
        """What the last leader's numbers come to by now."""
        before = self._seen or seen(consumer, stream)
        floor = consumer.ack_floor_stream_seq
        filtered = bool(consumer.config.filters)
        owed = messages_outstanding(before, floor, stream, filtered=filtered)
        known = (self._at - last.lag_seconds, last.uncertainty) if last.lag_messages else None
        arrived, uncertainty = oldest_outstanding_since(before, known, floor, times)
        age = max(now - arrived, 0.0)
        if not owed:
            age, uncertainty = 0.0, age if filtered else 0.0
        return msgspec.structs.replace(
            last,
            lag_messages=owed,
            lag_seconds=age,
            uncertainty=uncertainty,
            status=Status.LEADERLESS,
            reasons=_NO_LEADER,
            drain_seconds=inf if owed else 0.0,
            eviction_seconds=eviction_seconds(stream.config.max_age, age) if owed else None,
        )

    def _reasons(self, consumer: Consumer, settings: JudgeSettings) -> tuple[str, ...]:
        config, window, flight = consumer.config, self._window, self._flight
        bits = 0
        if config.push:
            if not consumer.push_bound:
                bits |= reason.PUSH_UNBOUND
        elif window.now - window.pulled >= settings.window <= window.now:
            bits |= reason.NO_PULLER
        if consumer.paused:
            bits |= reason.PAUSED
        in_flight = consumer.ack_pending
        if in_flight:
            if 0 < config.max_ack_pending <= in_flight:
                bits |= reason.ACK_PENDING_FULL
            if consumer.redelivered and (
                config.max_deliver <= 0  # nothing is ever given up
                or flight.active - flight.retried < self._patience.longest
            ):
                bits |= reason.MESSAGE_RETRYING
        return reason.names(bits)

    def _total(self, consumer: Consumer) -> int:
        held = 0 if self._seen is None else self._seen.deliveries
        return self._offset + max(held, consumer.delivered_consumer_seq)

    def to_state(self) -> TrackState | None:
        """Plain values, for `from_state`; None before the first poll."""
        if self._seen is None:
            return None
        return TrackState(
            self._created,
            self._at,
            self._seen,
            self._offset,
            self._behind,
            self._resets,
            self._progress.redeliveries,
            self._flight.to_state(),
            self._window.to_state(),
            self._trend.to_state(),
            None if self._arrivals is None else self._arrivals.to_state(),
        )

    @classmethod
    def from_state(cls, state: TrackState) -> "Track":
        """A track that goes on judging as the saved one would have."""
        track = cls()
        track._created, track._at, track._seen = state.created, state.at, state.seen
        track._offset, track._behind, track._resets = state.offset, state.behind, state.resets
        track._progress = Progress(state.progress)
        track._flight = InFlight(state.flight)
        track._window = Window(state.window)
        track._trend = Trend(state.trend)
        track._arrivals = None if state.arrivals is None else Arrivals(state.arrivals)
        return track
