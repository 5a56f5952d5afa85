"""Dead letters that applications publish to a stream of their own."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from obs.dead_letters.box import Route
from obs.dead_letters.jetstream.advisories import AGAIN
from obs.dead_letters.jetstream.api import Jetstream, Stored
from obs.dead_letters.jetstream.box import JetstreamBox
from obs.dead_letters.jetstream.headers import (
    CAUSES,
    CONSUMERS,
    DETAILS,
    REPLAYED_FROM,
    SUBJECTS,
    value,
)
from obs.dead_letters.letter import Content, DeadLetter
from obs.dead_letters.shown import line
from obs.spec.nats import DeadLetterStream

UNKNOWN: Final = "unknown"
_LONGEST: Final = 128  # characters of a cause
_LONGEST_DETAIL: Final = 300


class PublishedBox(JetstreamBox):
    """The messages of a dead-letter stream, each of which is a letter."""

    def __init__(self, name: str, jetstream: Jetstream, spec: DeadLetterStream) -> None:
        super().__init__(name, jetstream, spec.stream)
        self._causes = (spec.cause_header,) if spec.cause_header else CAUSES
        self._subjects = (spec.subject_header,) if spec.subject_header else SUBJECTS
        self._consumers = (spec.consumer_header,) if spec.consumer_header else CONSUMERS
        self.own_headers = (*self._causes, *self._subjects, *self._consumers)

    def letters(self, stored: Sequence[Stored]) -> list[DeadLetter]:
        """What the headers say; the data is fetched when it is needed."""
        return [self._letter(each) for each in stored]

    def filled(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """With their data."""
        found = self._jetstream.stored([(self._stream, int(each.handles[0])) for each in letters])
        return [
            replace(letter, content=Content(message.data, message.headers, message.subject))
            if message is not None
            else replace(letter, gone=f"it is no longer in stream {self._stream}")
            for letter, message in zip(letters, found, strict=True)
        ]

    def subject_of(self, letter: DeadLetter) -> str:
        """The subject that its headers name."""
        return value(letter.content.headers, *self._subjects) if letter.content else ""

    def routes(self, letters: Sequence[DeadLetter], to: str | None) -> list[Route]:
        """None back into the dead-letter stream, as far as that shows."""
        return [
            Route("", route.message_id, "its subject is the one of the dead letter; give --to")
            if each.content is not None and route.to == each.content.subject
            else route
            for each, route in zip(letters, super().routes(letters, to), strict=True)
        ]

    def warnings(self, routes: Sequence[Route]) -> list[str]:
        """A stream has many readers."""
        return [AGAIN] if routes else []

    def _letter(self, stored: Stored) -> DeadLetter:
        headers = stored.headers
        of = value(headers, REPLAYED_FROM)
        return DeadLetter(
            id=f"{self._stream}/{stored.seq}",
            cause=line(value(headers, *self._causes), _LONGEST) or UNKNOWN,
            origin=line(value(headers, *self._consumers), _LONGEST) or UNKNOWN,
            at=stored.at,
            detail=line(value(headers, *DETAILS), _LONGEST_DETAIL),
            handles=(f"{stored.seq}",),
            names=frozenset({of} if of else ()),
        )
