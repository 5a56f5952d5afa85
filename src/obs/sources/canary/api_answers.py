"""What the JetStream API answers a canary."""

from typing import Final, TypeVar

import msgspec

from obs.catalogue import canary
from obs.errors import SourceError
from obs.redaction.text import one_line

_NS: Final = 1e9
_ARRIVED, _NOT_ACKNOWLEDGED, _NOT_DELIVERED, _ = range(len(canary.STAGES))


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    description: str = ""


class Answer(msgspec.Struct, frozen=True):
    """Any answer; of a stream to a message, where that is stored now."""

    error: _Error | None = None
    stream: str = ""
    seq: int = 0
    duplicate: bool = False


class _StreamConfig(msgspec.Struct, frozen=True):
    retention: str = "limits"
    discard: str = "old"
    max_age: int = 0  # nanoseconds; 0: none
    max_msgs: int = -1
    max_bytes: int = -1
    max_msgs_per_subject: int = -1
    duplicate_window: int = 0
    allow_msg_ttl: bool = False


class StreamAnswer(Answer, frozen=True):
    """What a stream is like."""

    config: _StreamConfig = _StreamConfig()

    @property
    def window(self) -> float:
        """Seconds for which the stream knows message ids."""
        return self.config.duplicate_window / _NS

    def why_it_would_fill(self) -> str:
        """Why a canary's events would fill the stream; empty where something limits them."""
        of = self.config
        drops = of.discard == "old" and (of.max_msgs > 0 or of.max_bytes > 0)
        if drops or of.max_age > 0 or of.max_msgs_per_subject > 0 or of.allow_msg_ttl:
            return ""
        if of.retention != "limits":  # messages go once they are acknowledged
            return ""
        return (
            "keeps messages for ever, so a canary would fill it; set max_age, "
            "max_msgs_per_subject or allow_msg_ttl"
        )


class _Place(msgspec.Struct, frozen=True):
    stream_seq: int = 0


class _ConsumerConfig(msgspec.Struct, frozen=True):
    filter_subject: str = ""
    filter_subjects: tuple[str, ...] | None = None

    def receives(self, subject: str) -> bool:
        """Whether messages on this subject are the consumer's."""
        filters = self.filter_subjects or ((self.filter_subject,) if self.filter_subject else ())
        return not filters or any(matches(subject, each) for each in filters)


class ConsumerAnswer(Answer, frozen=True):
    """Where a consumer is in its stream."""

    config: _ConsumerConfig = _ConsumerConfig()
    delivered: _Place = _Place()
    ack_floor: _Place = _Place()

    def stage_of(self, sequence: int) -> int:
        """How far the message of a sequence came, as an index of STAGES."""
        if sequence <= self.ack_floor.stream_seq:
            return _ARRIVED
        return _NOT_ACKNOWLEDGED if sequence <= self.delivered.stream_seq else _NOT_DELIVERED


A = TypeVar("A", bound=Answer)


def answer(what: str, body: bytes, kind: type[A]) -> A:
    """The answer in a reply about `what`. Raises SourceError where it is an error, or is odd."""
    try:
        found = msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise SourceError("decode", f"{what}: invalid response of the JetStream API") from None
    if found.error is not None:
        said = one_line(found.error.description, 300)
        raise SourceError("http_status", f"{what}: JetStream error {found.error.code}: {said}")
    return found


def matches(subject: str, filter: str) -> bool:
    """Whether a subject matches a filter with the wildcards * and >."""
    tokens, wanted = subject.split("."), filter.split(".")
    for index, each in enumerate(wanted):
        if each == ">":
            return len(tokens) > index
        if index >= len(tokens) or each not in ("*", tokens[index]):
            return False
    return len(tokens) == len(wanted)
