"""What to ask a NATS connection, and what its answers mean for the lag of consumers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from obs.lag.history import SequenceTimes
from obs.lag.status import Status
from obs.snapshot import Question, StoredMessage, Stream
from obs.sources.nats.tracked_consumer import TrackedConsumer

REQUESTS: Final = 100  # a poll: an answer carries a whole message
MAX_FILTERS: Final = 16  # each is a request of its own

Streams = Mapping[tuple[str, str], tuple[Stream, SequenceTimes]]
Key = tuple[str, Question]  # with when the stream was created, because its sequences start anew


class _Inquiry(NamedTuple):
    """What would tell the lag of one consumer."""

    watched: TrackedConsumer
    stream: Stream
    times: SequenceTimes
    questions: tuple[Question, ...]


class ArrivalInquiries:
    """Refines the lag of one account's consumers where it is off by more than `loose` seconds.

    An answer is kept for as long as it is needed: a consumer that stopped is asked for once. Only
    where messages vanish from the middle of the stream it is asked for again.
    """

    def __init__(self, account: str, loose: float) -> None:
        self._account = account
        self._loose = loose
        self._known: dict[Key, StoredMessage] = {}
        self._inquiries: list[_Inquiry] = []
        self._asked: dict[TrackedConsumer, int] = {}  # in which poll
        self._poll = 0
        self.open: tuple[Question, ...] = ()

    def absorb(self, present: Iterable[TrackedConsumer], streams: Streams) -> None:
        """Refine what was just judged by what is known; `open` is then what to ask."""
        self._poll += 1
        self._inquiries = list(self._wanting(present, streams))
        chosen = self._choose()
        self._known = {
            key: self._known[key]
            for inquiry in self._inquiries
            for key in _keys(inquiry)
            if key in self._known and (key[1] in chosen or not self._is_open(key, inquiry.stream))
        }
        self.open = tuple(chosen)
        self._refine()

    def take(self, answers: Mapping[Question, StoredMessage]) -> bool:
        """Refine by the answers to `open`; whether any came."""
        for inquiry in self._inquiries:
            for key in _keys(inquiry):
                if answer := answers.get(key[1]):
                    self._known[key] = answer
                elif key[1] in self.open:
                    self._known.pop(key, None)
        self.open = ()
        self._refine()
        return bool(answers)

    def _wanting(self, present: Iterable[TrackedConsumer], streams: Streams) -> Iterator[_Inquiry]:
        for watched in present:
            if watched.verdict.uncertainty <= self._loose:
                continue
            consumer = watched.consumer
            filters = consumer.config.filters
            if consumer.account != self._account or len(filters) > MAX_FILTERS:
                continue
            if watched.verdict.status is Status.LEADERLESS:  # its numbers are old
                continue
            stream, times = streams[consumer.account, consumer.stream]
            asked = watched.sequences_to_query(times, self._loose)
            questions = tuple(Question(consumer.stream, seq, filters) for seq in asked)
            yield _Inquiry(watched, stream, times, questions)

    def _choose(self) -> set[Question]:
        """Of those longest not asked for, the loosest first."""
        self._asked = {
            inquiry.watched: self._asked.get(inquiry.watched, 0) for inquiry in self._inquiries
        }
        chosen: set[Question] = set()
        requests = 0
        for inquiry in sorted(
            self._inquiries,
            key=lambda each: (self._asked[each.watched], -each.watched.verdict.uncertainty),
        ):
            asked = {key[1] for key in _keys(inquiry) if self._is_open(key, inquiry.stream)}
            requests += sum(max(len(question.filters), 1) for question in asked - chosen)
            if requests > REQUESTS:
                break
            if asked:
                self._asked[inquiry.watched] = self._poll
                chosen |= asked
        return chosen

    def _is_open(self, key: Key, stream: Stream) -> bool:
        known = self._known.get(key)
        whole = stream.messages == stream.last_seq - stream.first_seq + 1
        return known is None or not whole or not stream.first_seq <= known.seq <= stream.last_seq

    def _refine(self) -> None:
        for inquiry in self._inquiries:
            told = {
                key[1].seq: inquiry.times.arrival(self._known[key].at)
                for key in _keys(inquiry)
                if key in self._known
            }
            if told:
                inquiry.watched.refine(inquiry.stream, inquiry.times, told)


def _keys(inquiry: _Inquiry) -> list[Key]:
    return [(inquiry.stream.created, question) for question in inquiry.questions]
