"""Which arrival times to query over a NATS connection, and the lag that follows from them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from obs.lag.history import SequenceTimes
from obs.lag.pending import LAST_PER_SUBJECT, is_whole
from obs.lag.seconds import KnownArrival
from obs.lag.status import Status
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.messages import Question, StoredMessage
from obs.sources.nats.jsz import server_seconds
from obs.sources.nats.tracked_consumer import TrackedConsumer

REQUESTS: Final = 100  # per poll: a response carries a whole message
MAX_FILTERS: Final = 16  # each is a separate request

Streams = Mapping[tuple[str, str], tuple[Stream, SequenceTimes]]
Key = tuple[
    str, Question
]  # with the stream's creation time: a recreated stream numbers from 1 again


class _Uncertain(NamedTuple):
    """A consumer whose lag is uncertain, and the questions whose answers make it exact."""

    tracked: TrackedConsumer
    stream: Stream
    times: SequenceTimes
    questions: tuple[Question, ...]


class ArrivalQueries:
    """Refines the lag of one account's consumers where it is uncertain by more than `tolerance`.

    `account` is its label or its id, `tolerance` in seconds. An answer is stored as long as it is
    needed, so a stopped consumer is queried once; again at each poll where messages are deleted
    from the middle of the stream. There an answer of an earlier poll only tells that nothing before
    it is outstanding.
    """

    def __init__(self, account: str, tolerance: float) -> None:
        self._account = account
        self._tolerance = tolerance
        self._known: dict[Key, StoredMessage] = {}
        self._fresh: set[Key] = set()  # answered since the last poll
        self._uncertain: list[_Uncertain] = []
        self._queried: dict[TrackedConsumer, int] = {}  # number of the last poll
        self._poll = 0
        self.open: tuple[Question, ...] = ()

    def update(self, present: Iterable[TrackedConsumer], streams: Streams) -> None:
        """Refine the lags of a poll by the known answers; `open` is then what to query."""
        self._poll += 1
        self._fresh.clear()
        self._uncertain = list(self._select(present, streams))
        chosen = self._choose()
        self._known = {
            key: self._known[key]
            for each in self._uncertain
            for key in _keys(each)
            if key in self._known
        }
        self.open = tuple(chosen)
        self._refine()

    def record(self, answers: Mapping[Question, StoredMessage]) -> bool:
        """Refine by the answers to `open`; returns whether there were any."""
        for each in self._uncertain:
            for key in _keys(each):
                if answer := answers.get(key[1]):
                    self._known[key] = answer
                    self._fresh.add(key)
        self.open = ()
        self._refine()
        return bool(answers)

    def _select(self, present: Iterable[TrackedConsumer], streams: Streams) -> Iterator[_Uncertain]:
        for tracked in present:
            if tracked.verdict.uncertainty <= self._tolerance:
                continue
            consumer = tracked.consumer
            filters = consumer.config.filters
            named = self._account in (consumer.account, consumer.account_id)
            if not named or len(filters) > MAX_FILTERS:
                continue
            if tracked.verdict.status is Status.LEADERLESS:  # its numbers are old
                continue
            stream, times = streams[consumer.account, consumer.stream]
            sequences = tracked.sequences_to_query(stream, times, self._tolerance)
            last_before = _last_before(consumer)
            questions = tuple(
                Question(consumer.stream, seq, filters, last_before) for seq in sequences
            )
            yield _Uncertain(tracked, stream, times, questions)

    def _choose(self) -> set[Question]:
        """Those that were queried longest ago, the most uncertain first."""
        self._queried = {
            each.tracked: self._queried.get(each.tracked, 0) for each in self._uncertain
        }
        chosen: set[Question] = set()
        requests = 0
        for each in sorted(
            self._uncertain,
            key=lambda each: (self._queried[each.tracked], -each.tracked.verdict.uncertainty),
        ):
            unanswered = {key[1] for key in _keys(each) if self._is_open(key, each.stream)}
            requests += sum(max(len(question.filters), 1) for question in unanswered - chosen)
            if requests > REQUESTS:
                break
            if unanswered:
                self._queried[each.tracked] = self._poll
                chosen |= unanswered
        return chosen

    def _is_open(self, key: Key, stream: Stream) -> bool:
        known = self._known.get(key)
        return (
            known is None
            or not known.sure
            or not is_whole(stream)
            or not stream.first_seq <= known.seq <= stream.last_seq
        )

    def _refine(self) -> None:
        for each in self._uncertain:
            known_arrivals = {
                key[1].seq: self._arrival(key, each) for key in _keys(each) if key in self._known
            }
            if known_arrivals:
                each.tracked.refine(each.stream, each.times, known_arrivals)

    def _arrival(self, key: Key, each: _Uncertain) -> KnownArrival:
        known = self._known[key]
        present = key in self._fresh or not self._is_open(key, each.stream)
        arrived = each.times.arrival(known.seq, known.at)
        return KnownArrival(known.seq, arrived, known.sure and present)


def _last_before(consumer: Consumer) -> float | None:
    """When the consumer began with the last message of each subject; None where it did not."""
    if consumer.config.deliver_policy != LAST_PER_SUBJECT:
        return None
    return server_seconds(consumer.created)


def _keys(each: _Uncertain) -> list[Key]:
    return [(each.stream.created, question) for question in each.questions]
