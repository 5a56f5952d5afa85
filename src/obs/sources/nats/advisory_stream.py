"""Reads each message of a stream once, from a saved position on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from obs.errors import SourceError

_BATCH: Final = 256
_IDLE: Final = 10.0  # seconds without a message after which the consumer's existence is checked
_FORGOTTEN: Final = 60.0  # seconds after which the server drops the consumer of a lost reader


@dataclass(frozen=True, slots=True)
class Position:
    """The last position read. `created` identifies the stream among those of its name."""

    created: str
    sequence: int


class _State(msgspec.Struct, frozen=True, gc=False):
    last_seq: int = 0


class _Error(msgspec.Struct, frozen=True, gc=False):
    code: int = 0
    description: str = ""


class _Info(msgspec.Struct, frozen=True, gc=False):
    created: str = ""
    state: _State = _State()
    error: _Error | None = None


_INFO: Final = msgspec.json.Decoder(_Info)


async def follow(
    client: Client,
    stream: str,
    subjects: Sequence[str],
    position: Position | None,
    *,
    take: Callable[[Sequence[bytes], Position], None],
    ready: Callable[[], None],
) -> None:
    """Hand each message of `subjects` after `position` to `take` once, until cancelled.

    Without a position it starts with new messages, and `take` gets that position with no message.
    In a recreated stream it starts with the first message. Raises SourceError where the stream
    cannot be read or a message was lost in between; call it again with the last position then.
    """
    start = _start(await _info(client, stream), position)
    if start != position:
        take([], start)
    jetstream = client.jetstream()
    config = ConsumerConfig(
        description="obs reads advisories",
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=start.sequence + 1,
        ack_policy=AckPolicy.NONE,
        filter_subjects=list(subjects),
        inactive_threshold=_FORGOTTEN,
        num_replicas=1,
        mem_storage=True,
    )
    consumer = (await jetstream.add_consumer(stream, config)).name
    pull = await jetstream.pull_subscribe_bind(consumer=consumer, stream=stream)
    ready()
    delivered = 0
    while True:
        try:
            messages = await pull.fetch(_BATCH, timeout=_IDLE)
        except NatsTimeout:
            await jetstream.consumer_info(stream, consumer)  # raises where it is gone
            continue
        for message in messages:
            delivered += 1
            if message.metadata.sequence.consumer != delivered:
                raise SourceError("partial", f"{stream}: a message was lost in transit")
        last = messages[-1].metadata.sequence.stream
        take([message.data for message in messages], Position(start.created, last))


def _start(info: _Info, position: Position | None) -> Position:
    if position is None:
        return Position(info.created, info.state.last_seq)
    if position.created != info.created:
        return Position(info.created, 0)
    return Position(info.created, min(position.sequence, info.state.last_seq))


async def _info(client: Client, stream: str) -> _Info:
    """Decoded here, because the library's type lacks the time of creation."""
    answer = await client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=5)
    try:
        info = _INFO.decode(answer.data)
    except msgspec.DecodeError as error:
        raise SourceError("decode", f"{stream}: not a stream's info: {error}") from None
    if info.error is not None:
        raise SourceError("http_status", f"stream {stream}: {info.error.description}")
    return info
