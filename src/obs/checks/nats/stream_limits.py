"""Limits of streams: those that have none, and those that lose messages or refuse them."""

from collections.abc import Iterator
from math import ceil, log2
from typing import Final, Literal

from obs.checks.advice import nats
from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.snapshot.assets import Consumer, Stream
from obs.snapshot.nats import NatsSnapshot
from obs.spec.quantity import format_duration
from obs.spec.system import System

_LEAST_BYTES: Final = {"file": 1 << 30, "memory": 1 << 26}
"""The smallest limit that is advised, by storage."""
_NEAR_EVICTION: Final = 0.8  # of max_age
_BUCKETS: Final = ("KV_", "OBJ_")  # whose subjects have one value each

LimitName = Literal["max-age", "max-msgs", "max-bytes"]


def judge_bounded(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """Each stream has a limit."""
    unbounded = [each for each in snapshot.streams if not _is_bounded(each)]
    for stream in unbounded:
        limit = _roomy(stream)
        does = "refuses new messages" if stream.config.discard_new else "discards its oldest"
        yield doubtful(
            stream.name,
            f"has no max_age, max_bytes or max_msgs: it grows until its storage is full "
            f"({_held(stream)} so far)",
            nats("stream", "edit", stream.name, "--max-bytes", str(limit), "-f"),
            f"or another limit that fits; at it, the stream {does}",
        )
    if not unbounded:
        yield right(source, f"streams with a limit: {len(snapshot.streams)}")


def judge_refusing(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """No stream that discards new messages is full."""
    full = [
        (each, at) for each in snapshot.streams if each.config.discard_new if (at := full_by(each))
    ]
    for stream, at in full:
        yield wrong(
            stream.name,
            f"refuses new messages: {at[1]} (discard new)",
            _raised(stream, at[0]),
            "or have its consumers acknowledge faster, or purge what nobody needs",
        )
    if not full:
        yield right(source, "no stream with discard new is full")


def judge_evictions(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """No consumer is about to lose messages that it has not received."""
    streams = {(each.account, each.name): each for each in snapshot.streams}
    wrongs = 0
    for consumer in snapshot.consumers:
        stream = streams.get((consumer.account, consumer.stream))
        if stream is None or not _is_at_the_oldest(consumer, stream):
            continue
        at = _evicting(stream, snapshot.at)
        if at is None:
            continue
        wrongs += 1
        yield wrong(
            f"{consumer.stream}/{consumer.name}",
            f"loses messages: {consumer.pending} are pending, the next is the stream's oldest, and "
            f"{at[1]}",
            _raised(stream, at[0]),
            "or add clients to the consumer, so that it catches up",
        )
    if not wrongs:
        yield right(source, "no consumer is where its stream evicts messages")


def judge_replaced(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """No message is replaced by a newer one of its subject before a durable consumer has it."""
    streams = {(each.account, each.name): each for each in snapshot.streams}
    wrongs = 0
    for consumer in snapshot.consumers:
        stream = streams.get((consumer.account, consumer.stream))
        if stream is None or not _replaces(stream) or not _wants_every_message(consumer):
            continue
        wrongs += 1
        kept = stream.config.max_per_subject
        yield doubtful(
            f"{consumer.stream}/{consumer.name}",
            f"its stream keeps the last {kept} of each subject (max_msgs_per_subject): while the "
            "consumer is behind, newer messages replace what it has yet to receive",
            nats("stream", "edit", stream.name, "--max-msgs-per-subject=-1", "-f"),
            "or accept it where only the newest of each subject matters",
        )
    if not wrongs:
        yield right(source, "no durable consumer misses messages that newer ones replace")


def judge_unheard(system: System, source: str, snapshot: NatsSnapshot) -> Iterator[CheckFinding]:
    """Each stream that keeps messages for its consumers has any."""
    unheard = [
        each
        for each in snapshot.streams
        if each.config.retention in ("interest", "workqueue") and not each.consumers
    ]
    for stream in unheard:
        fate = (
            "is dropped as it arrives"
            if stream.config.retention == "interest"
            else f"waits for one ({_held(stream)} so far)"
        )
        yield doubtful(
            stream.name,
            f"has no consumer: with retention {stream.config.retention}, each message {fate}",
            nats("consumer", "add", stream.name, "CONSUMER", "--pull", "--defaults"),
        )
    if not unheard:
        yield right(source, "no stream waits for consumers that it does not have")


def full_by(stream: Stream) -> tuple[LimitName, str] | None:
    """The limit that the next message would exceed, and the figures; None where there is room."""
    config = stream.config
    if config.max_messages is not None and stream.messages >= config.max_messages:
        return "max-msgs", f"it holds {stream.messages} of max_msgs {config.max_messages}"
    usual = stream.bytes / stream.messages if stream.messages else 0.0
    if config.max_bytes is not None and stream.bytes + usual > config.max_bytes:
        return "max-bytes", f"it holds {stream.bytes} of max_bytes {config.max_bytes}"
    return None


def _is_bounded(stream: Stream) -> bool:
    config = stream.config
    limits = (config.max_age, config.max_bytes, config.max_messages, config.max_per_subject)
    return any(limit is not None for limit in limits)


def _roomy(stream: Stream) -> int:
    """A limit of bytes that discards nothing: at least twice what the stream holds."""
    least = _LEAST_BYTES.get(stream.config.storage, _LEAST_BYTES["file"])
    return max(least, 1 << ceil(log2(max(2 * stream.bytes, 1))))


def _held(stream: Stream) -> str:
    return f"{stream.messages} messages, {stream.bytes} bytes"


def _is_at_the_oldest(consumer: Consumer, stream: Stream) -> bool:
    """Whether the next message of the consumer is the stream's oldest. Of one with a filter, this
    cannot be told: what it does not want may lie between.
    """
    return (
        consumer.pending > 0
        and not consumer.config.filters
        and not consumer.leader_unreachable
        and consumer.delivered_stream_seq < stream.first_seq
    )


def _evicting(stream: Stream, now: float) -> tuple[LimitName, str] | None:
    """The limit by which the stream's oldest message goes soon."""
    if not stream.config.discard_new and (full := full_by(stream)):
        return full
    age, limit = _oldest_age(stream, now), stream.config.max_age
    if age is None or limit is None or age < _NEAR_EVICTION * limit:
        return None
    return (
        "max-age",
        f"it is {format_duration(round(age))} old; max_age is {format_duration(limit)}",
    )


def _oldest_age(stream: Stream, now: float) -> float | None:
    if stream.first_time is None:
        return None
    return (stream.at or now) + stream.clock_ahead - stream.first_time


def _raised(stream: Stream, limit: LimitName) -> str:
    """The command that doubles a limit."""
    config = stream.config
    value = {
        "max-age": format_duration(2 * (config.max_age or 0)),
        "max-msgs": str(2 * (config.max_messages or 0)),
        "max-bytes": str(2 * (config.max_bytes or 0)),
    }[limit]
    return nats("stream", "edit", stream.name, f"--{limit}", value, "-f")


def _replaces(stream: Stream) -> bool:
    return stream.config.max_per_subject is not None and not stream.name.startswith(_BUCKETS)


def _wants_every_message(consumer: Consumer) -> bool:
    config = consumer.config
    return config.durable and config.deliver_policy not in ("last", "last_per_subject")
