"""Dead letters that consumers gave up, from the advisories that a stream captures."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from obs.dead_letters.box import Route
from obs.dead_letters.jetstream.api import Jetstream, Stored, StreamFacts
from obs.dead_letters.jetstream.box import JetstreamBox, in_window, place
from obs.dead_letters.jetstream.headers import MESSAGE_ID, value
from obs.dead_letters.letter import Content, DeadLetter
from obs.dead_letters.shown import line
from obs.sources.nats import subjects
from obs.sources.nats.advisories import KINDS
from obs.sources.nats.jsz import Count, Moment, unix_seconds
from obs.sources.nats.jsz import Sequence as StreamSequence
from obs.spec.nats import NatsConnection

_LONGEST: Final = 128  # characters of a cause
_LARGEST: Final = 1 << 16  # bytes of an advisory
_NAME: Final = re.compile(r"[^\s.*>\x00-\x1f\x7f]{1,255}")


class _Advisory(msgspec.Struct, frozen=True, gc=False):
    type: str
    timestamp: Moment | None = None
    stream: str = ""
    consumer: str = ""
    stream_seq: StreamSequence = 0
    deliveries: Count = 1
    reason: str = ""


_DECODER: Final = msgspec.json.Decoder(_Advisory)


class AdvisoryBox(JetstreamBox):
    """The advisories of one account: each names a stream, a consumer and a message."""

    def __init__(
        self,
        name: str,
        jetstream: Jetstream,
        stream: str,
        spec: NatsConnection,
        clock: Callable[[], float],
    ) -> None:
        """`clock` gives Unix seconds."""
        super().__init__(name, jetstream, stream)
        self._clock = clock
        self._streams: dict[str, StreamFacts | None] = {}
        if spec.imports:
            self.notes.append(
                f"of account {spec.account} only; those of {', '.join(spec.imports)} need a "
                "connection and an advisory_stream of their own"
            )

    @property
    def filters(self) -> Sequence[str]:
        """Of the connection's own account: what others' messages said cannot be fetched."""
        return subjects.DEAD_LETTERS

    def letters(self, stored: Sequence[Stored]) -> list[DeadLetter]:
        """One for each message and consumer, however many advisories it has."""
        found: dict[str, DeadLetter] = {}
        for each in stored:
            letter = _letter(each)
            if letter is None:
                continue
            known = found.get(letter.id)
            if known is not None:
                letter = replace(known, handles=(*known.handles, *letter.handles))
            found[letter.id] = letter
        return [self._told_gone(each) for each in found.values()]

    def filled(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """With the messages that their streams still have."""
        places = [_place(each) for each in letters]
        return [
            _filled(letter, message)
            for letter, message in zip(letters, self._jetstream.stored(places), strict=True)
        ]

    def routes(self, letters: Sequence[DeadLetter], to: str | None) -> list[Route]:
        """None to a stream that would take it for the original, whose message id it still knows."""
        return [
            route if route.problem or not left else route._replace(problem=left)
            for left, route in zip(
                map(self._known_as_original, letters), super().routes(letters, to), strict=True
            )
        ]

    def _known_as_original(self, letter: DeadLetter) -> str:
        content, (stream, _) = letter.content, _place(letter)
        facts = self._streams.get(stream)
        if content is None or content.at is None or facts is None:
            return ""
        left = content.at + facts.window - self._clock()
        return in_window(stream, left) if left > 0 and value(content.headers, MESSAGE_ID) else ""

    def warnings(self, routes: Sequence[Route]) -> list[str]:
        """A stream has many readers."""
        return [AGAIN] if routes else []

    def _told_gone(self, letter: DeadLetter) -> DeadLetter:
        """Where the stream begins after it, its message is gone."""
        stream, seq = _place(letter)
        if stream not in self._streams:
            self._streams[stream] = self._jetstream.facts(stream)
        facts = self._streams[stream]
        if facts is None:
            return replace(letter, gone=f"there is no stream {stream} any more")
        return replace(letter, gone=_gone(stream, seq)) if seq < facts.first else letter


AGAIN: Final = (
    "every consumer of these subjects gets the messages again, not only the one that gave them up"
)


def _gone(stream: str, seq: int) -> str:
    return f"message {seq} is no longer in stream {stream}"


def _filled(letter: DeadLetter, message: Stored | None) -> DeadLetter:
    if message is None:
        return replace(letter, gone=letter.gone or _gone(*_place(letter)))
    content = Content(message.data, message.headers, message.subject, message.at)
    return replace(letter, content=content, gone="")


def _place(letter: DeadLetter) -> tuple[str, int]:
    stream, _, seq = letter.id.split("/")
    return stream, int(seq)


def _letter(stored: Stored) -> DeadLetter | None:
    """The letter that an advisory announces; None where it is none of those."""
    if len(stored.data) > _LARGEST:
        return None
    try:
        told = _DECODER.decode(stored.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    kind = KINDS.get(told.type)
    if kind is None or not _is_name(told.stream) or not _is_name(told.consumer):
        return None
    reason = line(told.reason, _LONGEST)
    at = unix_seconds(told.timestamp)
    return DeadLetter(
        id=f"{told.stream}/{told.consumer}/{told.stream_seq}",
        cause=f"{kind}: {reason}" if reason else kind,
        origin=f"{told.stream}/{told.consumer}",
        at=stored.at if at is None else at,
        attempts=max(told.deliveries, 1),
        handles=(f"{stored.seq}",),
        names=frozenset({place(told.stream, told.stream_seq)}),
    )


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and "/" not in text
