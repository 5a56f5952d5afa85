"""Reads each message of a stream once, from a saved position on."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from obs.errors import SourceError
from obs.sources.nats import tolerant
from obs.sources.nats.api_answer import ErrorAnswer
from obs.sources.nats.hearing import Position
from obs.sources.nats.subjects import stream_info

_BATCH: Final = 256
_FORGOTTEN: Final = 60.0  # seconds after which the server drops the consumer of a lost reader


class _State(msgspec.Struct, frozen=True, gc=False):
    first_seq: int = 0
    last_seq: int = 0


class _Info(msgspec.Struct, frozen=True, gc=False):
    created: str = ""
    state: _State = _State()
    error: ErrorAnswer | None = None


_INFO: Final = msgspec.json.Decoder(_Info)


Handler = Callable[[Sequence[Msg], Position, float | None], None]
"""Takes messages, the position after them, and the time (Unix seconds) up to which the stream has
no others; None: it has more."""


async def follow(
    client: Client,
    api: str,
    stream: str,
    subjects: Sequence[str],
    position: Position | None,
    *,
    begin: Callable[[Position], None],
    take: Handler,
    idle: float,
    clock: Callable[[], float],
    room: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Hand each message of `subjects` after `position` to `take` once, until cancelled.

    Where there is no position, or messages after it are gone, `begin` gets the one from which on
    all will come: that of the last message or, in a recreated stream, before the first. After
    `idle` seconds without a message `take` gets none. Raises SourceError where the stream cannot be
    read or a message was lost in between; call it again with the last position then. Where there is
    `room`, it is waited for after each batch.
    """
    start = _start(await _info(client, api, stream), position)
    if start != position:
        begin(start)
    jetstream = client.jetstream(prefix=api)
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
    asked = clock()
    info = await jetstream.add_consumer(stream, config)
    pull = await jetstream.pull_subscribe_bind(consumer=info.name, stream=stream)
    take([], start, None if info.num_pending else asked)
    delivered = 0
    while True:
        asked = clock()
        try:
            messages = await pull.fetch(_BATCH, timeout=idle)
        except TimeoutError:
            messages = []
        if not messages:
            asked = clock()
            info = await jetstream.consumer_info(stream, info.name)  # raises where it is gone
            take([], start, None if info.num_pending else asked)
            continue
        for message in messages:
            delivered += 1
            if message.metadata.sequence.consumer != delivered:
                raise SourceError("partial", f"{stream}: a message was lost in transit")
        last = messages[-1].metadata
        start = Position(start.created, last.sequence.stream)
        take(messages, start, None if last.num_pending else asked)
        if room is not None:  # what waits in the stream is not lost
            await room()


def _start(info: _Info, position: Position | None) -> Position:
    if position is None:
        return Position(info.created, info.state.last_seq)
    if position.created != info.created:
        return Position(info.created, 0)
    first, last = info.state.first_seq, info.state.last_seq
    if position.sequence > last or position.sequence + 1 < first:
        return Position(info.created, min(max(position.sequence, first - 1), last))
    return position


async def _info(client: Client, api: str, stream: str) -> _Info:
    """Decoded here, because the library's type lacks the time of creation."""
    answer = await client.request(stream_info(api, stream), b"", timeout=5)
    try:
        info = _INFO.decode(answer.data)
    except tolerant.ODD as error:
        raise SourceError("decode", f"{stream}: not a stream's info: {error}") from None
    if info.error is not None:
        raise SourceError("http_status", f"stream {stream}: {info.error.description}")
    return info
