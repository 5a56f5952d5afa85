"""What every box on JetStream does: fetch, publish again, delete."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from obs.dead_letters.box import Outcome, Parcel, Route
from obs.dead_letters.jetstream.api import Ack, Jetstream, Stored
from obs.dead_letters.jetstream.headers import MESSAGE_ID, REPLAYED_FROM, Headers, of_replay, value
from obs.dead_letters.letter import DeadLetter
from obs.errors import SourceError

MOST: Final = 10_000
"""Letters of one reading."""
BATCH: Final = 50
_SUBJECT: Final = re.compile(r"[^\s.*>\x00-\x1f\x7f]+(\.[^\s.*>\x00-\x1f\x7f]+)*")


def place(stream: str, seq: int) -> str:
    """How a message of a stream is named: by it, a replay that comes back is recognised."""
    return f"{stream}#{seq}"


class JetstreamBox:
    """Letters that lie in one stream, `stream`. Subclasses read them."""

    batch = BATCH
    own_headers: tuple[str, ...] = ()

    def __init__(self, name: str, jetstream: Jetstream, stream: str) -> None:
        self.name = name
        self.notes: list[str] = []
        self._jetstream = jetstream
        self._stream = stream
        self._next: int | None = None
        self._until = 0
        self._seen = 0

    def read(self) -> list[DeadLetter]:
        """The letters that were there when the reading began."""
        if self._next is None:
            facts = self._jetstream.facts(self._stream)
            if facts is None:
                raise SourceError("http_status", f"{self.name}: no stream {self._stream}")
            self._next, self._until = facts.first, facts.last
            self._seen = facts.last
        while self._next <= self._until:
            stored, self._next = self._jetstream.read(
                self._stream, self.filters, self._next, self._until, MOST
            )
            if letters := self.letters(stored):
                return letters
        return []

    def newcomers(self) -> list[DeadLetter]:
        """The letters that came since, each once."""
        found: list[Stored] = []
        for subject in self.filters or (">",):
            at = self._seen
            while (each := self._jetstream.next_of(self._stream, subject, at + 1)) is not None:
                found.append(each)
                at = each.seq
        self._seen = max([self._seen, *(each.seq for each in found)])
        return self.letters(found)

    @property
    def filters(self) -> Sequence[str]:
        """The subjects of the stream that hold letters; empty: all, whose data is not read."""
        return ()

    def letters(self, stored: Sequence[Stored]) -> list[DeadLetter]:
        """The letters that these messages are."""
        raise NotImplementedError

    def remove(self, letters: Sequence[DeadLetter]) -> list[str]:
        """Delete what announces the letters, or is them."""
        self._jetstream.delete(self._stream, [int(at) for each in letters for at in each.handles])
        return [each.id for each in letters]

    def subject_of(self, letter: DeadLetter) -> str:
        """The subject that a letter had; empty where nothing tells."""
        return letter.content.subject if letter.content else ""

    def routes(self, letters: Sequence[DeadLetter], to: str | None) -> list[Route]:
        """To the subject that each had, or to the one that is given."""
        return [self._route(each, to or self.subject_of(each)) for each in letters]

    def send(self, parcels: Sequence[Parcel]) -> Iterator[Outcome]:
        """Publish, each with the id by which the stream drops what it has already."""
        acks = self._jetstream.publish([self._message(each) for each in parcels])
        replays = self._replays(acks)
        for parcel, ack in zip(parcels, acks, strict=True):
            at = place(ack.stream, ack.seq)
            if ack.refused or (ack.duplicate and at not in replays):
                yield Outcome(parcel.letter, refused=ack.refused or in_window(ack.stream))
            else:
                yield Outcome(parcel.letter, (at, parcel.letter.id), ack.duplicate)

    def _replays(self, acks: Sequence[Ack]) -> set[str]:
        """Of those that were dropped as duplicates, the places that have a replay, not the original
        message: a stream remembers ids for a while."""
        places = [(each.stream, each.seq) for each in acks if each.duplicate]
        found = self._jetstream.stored(places)
        return {
            place(*where)
            for where, message in zip(places, found, strict=True)
            if message is not None and value(message.headers, REPLAYED_FROM)
        }

    def keep(self) -> None:
        """Nothing is hidden while it is read."""

    def close(self) -> None:
        """Close the connection."""
        self._jetstream.close()

    def _route(self, letter: DeadLetter, subject: str) -> Route:
        assert letter.content is not None
        kept = value(letter.content.headers, MESSAGE_ID)
        message_id = kept or f"obs-replay:{letter.key}"
        if not subject:
            return Route("", message_id, "nothing tells its subject; give --to SUBJECT")
        if problem := bad_subject(subject):
            return Route("", message_id, problem)
        return Route(subject, message_id)

    def _message(self, parcel: Parcel) -> tuple[str, Headers, bytes]:
        content = parcel.letter.content
        assert content is not None
        headers = of_replay(
            content.headers, parcel.letter.id, parcel.route.message_id, own=self.own_headers
        )
        return parcel.route.to, Headers(headers), content.payload


def in_window(stream: str, left: float | None = None) -> str:
    """Why a message is not taken while the stream knows the original's id, for `left` seconds."""
    how_long = "until its duplicate window ends" if left is None else f"for {left:.0f} s more"
    return f"stream {stream} still knows the Nats-Msg-Id of the original and drops it {how_long}"


def bad_subject(subject: str) -> str:
    """Why nothing is published to a subject; empty where it may be."""
    if not _SUBJECT.fullmatch(subject) or len(subject) > 1_024:
        return "its subject is none that can be published to; give --to SUBJECT"
    if subject.startswith("$"):
        return f"nothing is replayed to {subject[:80]}: subjects with $ are the server's"
    return ""
