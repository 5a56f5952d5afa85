"""One consumer over time: a poll in, a verdict out."""

import msgspec

from obs.lag.arrivals import ArrivalsState
from obs.lag.evictions import EvictionsState
from obs.lag.evidence import Evidence
from obs.lag.forecast import TrendState, eviction_seconds
from obs.lag.history import BEHIND_POLLS, SequenceTimes
from obs.lag.identity import ConsumerIdentity, Ended
from obs.lag.in_flight import InFlightState
from obs.lag.leaderless import aged_without_leader, first_without_leader, still_counting
from obs.lag.observed import JudgeSettings, ObservedConsumer, ObservedConsumerConfig, ObservedStream
from obs.lag.progress import PollCounters
from obs.lag.redelivery_schedule import RedeliverySchedule
from obs.lag.seconds import UNHEARD, Advisories, KnownArrivals, sequences_to_query
from obs.lag.status import StatusWindowState
from obs.lag.verdict import ConsumerVerdict, judge, lag_seconds


class TrackState(msgspec.Struct, frozen=True, array_like=True):
    """A track as plain values, which msgspec encodes as an array in this order."""

    created: str
    at: float
    last: PollCounters
    offset: int
    behind: int
    resets: int
    redeliveries: int
    in_flight: InFlightState
    window: StatusWindowState
    trend: TrendState
    arrivals: ArrivalsState | None
    earlier: str = ""
    evictions: EvictionsState | None = None


class Track:
    """Judges one consumer by its polls so far."""

    __slots__ = (
        "_behind_by", "_config", "_evidence", "_has_leader", "_identity", "_schedule", "_uncounted",
        "_verdict",
    )  # fmt: skip

    def __init__(self, ended: Ended | None = None) -> None:
        """Counters go on from `ended`: the consumer's, or those of an earlier one of the name."""
        self._identity = ConsumerIdentity.after(ended) if ended else ConsumerIdentity()
        self._evidence = Evidence()
        self._has_leader = True  # at the last poll
        self._uncounted = 0  # polls in a row with a leader that has yet to count
        self._verdict: ConsumerVerdict | None = None
        self._behind_by = 0.0  # seconds from the last poll that was used to the last one
        self._config: ObservedConsumerConfig | None = None
        self._schedule: RedeliverySchedule  # of the config; set by the first poll

    def observe(
        self,
        consumer: ObservedConsumer,
        stream: ObservedStream,
        times: SequenceTimes,
        now: float,
        settings: JudgeSettings,
        *,
        advisories: Advisories = UNHEARD,
    ) -> ConsumerVerdict:
        """The verdict after the poll at `now` (Unix seconds).

        `times` is the stream's and has observed the same poll.
        """
        config = consumer.config
        if config is not self._config:
            if config != self._config:
                self._schedule = RedeliverySchedule(config)
            self._config = config
        if consumer.pending:
            self._uncounted, self._has_leader = 0, consumer.leader
        else:
            self._has_leader = consumer.leader and not self._has_yet_to_count(consumer, stream)
        last, self._behind_by = self._verdict, 0.0
        if not self._has_leader:  # a follower's numbers are stale
            if last is not None:
                return aged_without_leader(
                    last, consumer, stream, times, now, evidence=self._evidence
                )
        elif last is not None and (
            times.is_behind or not self._learn(consumer, stream, now, settings)
        ):
            self._behind_by = now - self._evidence.at
            return _aged(last, self._behind_by)
        elif last is None:
            self._learn(consumer, stream, now, settings)
        verdict = judge(
            consumer,
            stream,
            times,
            now,
            settings,
            schedule=self._schedule,
            identity=self._identity,
            evidence=self._evidence,
            advisories=advisories,
        )
        if not self._has_leader:
            return first_without_leader(verdict)
        self._verdict = verdict
        return verdict

    def _learn(
        self,
        consumer: ObservedConsumer,
        stream: ObservedStream,
        now: float,
        settings: JudgeSettings,
    ) -> bool:
        """Learn from the poll; False where its numbers are behind those of the last one."""
        continuity = self._identity.observe(consumer, self._evidence.last)
        if continuity == "stale":
            return False
        if continuity == "reset":
            evictions = self._evidence.evictions
            evictions.restart()
            self._evidence = Evidence()
            self._evidence.evictions = evictions
        self._evidence.observe(consumer, stream, now, settings, self._schedule)
        return True

    def _has_yet_to_count(self, consumer: ObservedConsumer, stream: ObservedStream) -> bool:
        """Whether the leader has yet to count the pending messages; at most BEHIND_POLLS polls."""
        before = self._evidence.last if self._verdict is not None else None
        if before is None or not still_counting(before, consumer, stream, led=self._has_leader):
            self._uncounted = 0
            return False
        self._uncounted += 1
        return self._uncounted < BEHIND_POLLS

    def sequences_to_query(
        self,
        consumer: ObservedConsumer,
        stream: ObservedStream,
        times: SequenceTimes,
        tolerance: float,
        *,
        advisories: Advisories = UNHEARD,
    ) -> tuple[int, ...]:
        """Stream sequences whose arrival times would make the lag in seconds more certain.

        Empty where it is off by at most `tolerance` seconds. `consumer`, `stream` and `times` are
        those of the last verdict.
        """
        if self._verdict is None or self._verdict.uncertainty <= tolerance:
            return ()
        return sequences_to_query(
            consumer,
            stream,
            self._evidence.in_flight,
            self._schedule,
            times,
            advisories=advisories,
            tolerance=tolerance,
        )

    def refine(
        self,
        consumer: ObservedConsumer,
        stream: ObservedStream,
        times: SequenceTimes,
        known_arrivals: KnownArrivals,
        *,
        advisories: Advisories = UNHEARD,
    ) -> ConsumerVerdict:
        """The last verdict, with its lag in seconds judged again by the known arrivals.

        `consumer`, `stream` and `times` are those of the last verdict. Raises ValueError before the
        first `observe`.
        """
        if self._verdict is None:
            raise ValueError("nothing was observed yet")
        evidence = self._evidence
        seconds, uncertainty = lag_seconds(
            consumer,
            stream,
            times,
            evidence.at,
            schedule=self._schedule,
            evidence=evidence,
            advisories=advisories,
            known_arrivals=known_arrivals,
        )
        self._verdict = msgspec.structs.replace(
            self._verdict,
            lag_seconds=seconds,
            uncertainty=uncertainty,
            eviction_seconds=eviction_seconds(stream.config.max_age, seconds),
        )
        return _aged(self._verdict, self._behind_by)

    @property
    def is_behind(self) -> bool:
        """Whether the last poll was not used, because it was of before the one used last."""
        return self._behind_by > 0

    def to_state(self) -> TrackState | None:
        """Plain values, for `from_state`; None before the first poll."""
        state = self._evidence.to_state()
        if state is None:
            return None
        at, last, redeliveries, in_flight, window, trend, arrivals, evictions = state
        identity = self._identity
        return TrackState(
            identity.created,
            at,
            last,
            identity.offset,
            identity.behind,
            identity.resets,
            redeliveries,
            in_flight,
            window,
            trend,
            arrivals,
            identity.earlier,
            evictions,
        )

    def ended(self) -> Ended:
        """What stays of the consumer, for another track."""
        return self._identity.ended(self._evidence.last)

    @classmethod
    def from_state(cls, state: TrackState) -> "Track":
        """A track that goes on judging as the saved one would have."""
        track = cls()
        track._identity = ConsumerIdentity(
            state.created, state.offset, state.behind, state.resets, state.earlier
        )
        track._evidence = Evidence(
            (
                state.at,
                state.last,
                state.redeliveries,
                state.in_flight,
                state.window,
                state.trend,
                state.arrivals,
                state.evictions,
            )
        )
        return track


def _aged(verdict: ConsumerVerdict, seconds: float) -> ConsumerVerdict:
    """The same so much later, as far as is known: what was outstanding may be gone since."""
    if not verdict.lag_messages or seconds <= 0:
        return verdict
    return msgspec.structs.replace(
        verdict,
        lag_seconds=verdict.lag_seconds + seconds,
        uncertainty=max(verdict.uncertainty, seconds),
    )
