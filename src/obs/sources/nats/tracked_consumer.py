"""One consumer and its history."""

from obs.lag.history import SequenceTimes
from obs.lag.observed import JudgeSettings
from obs.lag.seconds import UNHEARD, Advisories, KnownArrivals
from obs.lag.track import Track
from obs.lag.verdict import ConsumerVerdict
from obs.snapshot import Consumer, Stream

Identity = tuple[str, str, str]  # account, stream, consumer


class TrackedConsumer:
    """One consumer over time. `consumer` and `verdict` are there from the first `observe` on."""

    __slots__ = (
        "consumer", "exhausted", "heard_from", "judged", "row", "seen_at", "track", "verdict",
    )  # fmt: skip

    def __init__(self, row: tuple[str, str, str, str], track: Track) -> None:
        self.row = row
        self.track = track
        self.seen_at = 0.0
        self.exhausted: set[int] = set()  # sequences that advisories reported, above the ack floor
        self.heard_from: int | None = None  # all given up after this sequence were reported
        self.judged = False
        self.consumer: Consumer
        self.verdict: ConsumerVerdict

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
        verdict = self.track.observe(
            consumer, stream, times, now, settings, advisories=self._advisories
        )
        if not self.judged or (consumer.leader and verdict is not self.verdict):
            self.consumer = consumer
        self.seen_at = now
        self.verdict = verdict
        self.judged = True

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
