"""One consumer and its history."""

from typing import Final

import msgspec

from obs.lag import reason
from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.seconds import UNHEARD, Advisories, KnownArrivals
from obs.lag.track import Track
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot.assets import Consumer, Stream
from obs.sources.nats.absence import Missing

_MOST_EXHAUSTED: Final = 10_000  # sequences: more have no message each, or make lag an estimate
_UNREACHABLE: Final = reason.names(reason.LEADER_UNREACHABLE)[0]

Identity = tuple[str, str, str]  # account, stream, consumer


class TrackedConsumer:
    """One consumer over time. `consumer` and `verdict` are there from the first `observe` on.

    `seen_at` is when it was last told (Unix seconds), or, as long as it was not `judged`, when
    others last named it. `poll`: the number of the last poll that had it. `missing`: why it is not
    told now, unless it was `deleted`; its values are the last ones.
    """

    __slots__ = (
        "consumer", "deleted", "exhausted", "heard_from", "judged", "missing", "poll", "row",
        "seen_at", "track", "verdict",
    )  # fmt: skip

    def __init__(self, row: tuple[str, str, str, str], track: Track) -> None:
        self.row = row
        self.track = track
        self.seen_at = 0.0
        self.exhausted: set[int] = set()  # sequences that advisories reported, above the ack floor
        self.heard_from: int | None = None  # all given up after this sequence were reported
        self.judged = False
        self.poll = 0
        self.missing: Missing | None = None
        self.deleted = False
        self.consumer: Consumer
        self.verdict: ConsumerVerdict

    def give_up(self, seq: int) -> None:
        """An advisory reported that the message at `seq` ran out of deliveries."""
        if len(self.exhausted) < _MOST_EXHAUSTED:
            self.exhausted.add(seq)

    def observe(
        self,
        consumer: Consumer,
        stream: Stream,
        times: SequenceTimes,
        now: float,
        settings: JudgeSettings,
        *,
        heard: bool = False,
    ) -> None:
        """Judge the consumer; numbers of a leader that is behind, or of no leader, are ignored.

        `heard`: advisories on it have been heard since the last poll.
        """
        if not heard:
            self.heard_from = None
        elif self.heard_from is None:
            self.heard_from = consumer.delivered_stream_seq
        if self.exhausted:
            self.exhausted = {n for n in self.exhausted if n > consumer.ack_floor_stream_seq}
        advisories = self._advisories if heard or self.exhausted else UNHEARD
        verdict = self.track.observe(consumer, stream, times, now, settings, advisories=advisories)
        if not self.judged or (consumer.leader and not self.track.is_behind):
            self.consumer = consumer
        self.seen_at = now
        self.verdict = verdict
        self.judged = True
        self.missing = None
        self.deleted = False

    def observe_followers(
        self,
        consumer: Consumer,
        stream: Stream,
        times: SequenceTimes,
        now: float,
        settings: JudgeSettings,
    ) -> None:
        """Only followers reported it: they name a leader that did not.

        Its lag goes on from what the leader last told, its status stays.
        """
        self.missing = "unreachable"
        self.deleted = False
        if not self.judged:
            self.seen_at = now
            return
        last = self.verdict
        aged = self.track.observe(
            consumer, stream, times, now, settings, advisories=self._advisories
        )
        reasons = tuple(
            name for name in reason.REASONS if name in last.reasons or name == _UNREACHABLE
        )
        self.verdict = msgspec.structs.replace(
            aged, status=last.status, reasons=reasons, drain_seconds=last.drain_seconds
        )

    @property
    def was_reported(self) -> bool:
        """Whether a poll had it; the others are known from the saved state only."""
        return self.poll > 0

    @property
    def _advisories(self) -> Advisories:
        if not self.exhausted and self.heard_from is None:
            return UNHEARD
        return Advisories(self.exhausted, self.heard_from)

    def sequences_to_query(
        self, stream: Stream, times: SequenceTimes, tolerance: float
    ) -> tuple[int, ...]:
        """The sequences whose arrival times would make the lag more certain."""
        return self.track.sequences_to_query(
            self.consumer, stream, times, tolerance, advisories=self._advisories
        )

    def refine(self, stream: Stream, times: SequenceTimes, known_arrivals: KnownArrivals) -> None:
        """Judge the lag in seconds again, by arrival times from the server."""
        self.verdict = self.track.refine(
            self.consumer, stream, times, known_arrivals, advisories=self._advisories
        )
