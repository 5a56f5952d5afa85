"""What `obs dlq` asks of JetStream: messages of a stream read, fetched, published, deleted."""

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta
from nats.aio.msg import Msg

from obs.clients.nats import NoResponders
from obs.clients.nats_session import Connected, NatsSession
from obs.dead_letters.jetstream.headers import Headers, parsed
from obs.errors import SourceError
from obs.sources.nats import subjects
from obs.sources.nats.api_answer import NOT_FOUND, ApiError, ErrorAnswer
from obs.sources.nats.jsz import Moment, unix_seconds

_BATCH: Final = 256  # messages of one request
_BYTES: Final = 16 << 20  # of one request
_AT_ONCE: Final = 64  # requests that wait for an answer
_FORGOTTEN: Final = 30_000_000_000  # nanoseconds after which the server drops an unused consumer
_LIMIT: Final = 60.0  # seconds of one piece of work
_NO_MESSAGE: Final = (10037, 10057)  # error codes: no message found, deletion failed
_NO_SUCH_CONSUMER: Final = (10084, 10098, 10099, 10100)
"""Error codes of a work queue, which takes no consumer without acknowledgements, or beside
others."""
_ENDS: Final = ("", "404", "408")  # statuses after which there is nothing more
_Count = Annotated[int, Meta(ge=0, le=2**62)]


class _State(msgspec.Struct, frozen=True):
    messages: _Count = 0
    first_seq: _Count = 0
    last_seq: _Count = 0


class _Config(msgspec.Struct, frozen=True):
    duplicate_window: _Count = 0


class _Message(msgspec.Struct, frozen=True):
    subject: str = ""
    seq: _Count = 0
    data: str = ""
    hdrs: str = ""
    time: Moment | None = None


class _Answer(msgspec.Struct, frozen=True):
    """Any answer of the API, and of a stream to what was published."""

    error: ErrorAnswer | None = None
    state: _State = _State()
    config: _Config = _Config()
    message: _Message | None = None
    name: str = ""
    stream: str = ""
    seq: _Count = 0
    duplicate: bool = False


_DECODER: Final = msgspec.json.Decoder(_Answer)


class StreamFacts(NamedTuple):
    """First and last sequence, the number of messages, and the window of message ids in seconds."""

    first: int
    last: int
    messages: int
    window: float


class Stored(NamedTuple):
    """A message of a stream; `at` in Unix seconds. Of one that is read without its data, `data`
    is empty."""

    seq: int
    subject: str
    at: float | None
    headers: tuple[tuple[str, str], ...]
    data: bytes


class Ack(NamedTuple):
    """What became of a message that was published; `refused` says why no stream has it."""

    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    refused: str = ""


class Jetstream:
    """The JetStream of one account. Methods block and raise SourceError."""

    def __init__(self, session: NatsSession, api: str) -> None:
        """`api`: the prefix of its subjects."""
        self._session = session
        self._api = api

    def facts(self, stream: str) -> StreamFacts | None:
        """What a stream holds; None where there is none of that name."""

        async def ask(server: Connected) -> _Answer:
            return await _asked(server, subjects.stream_info(self._api, stream))

        try:
            found = self._session.run(ask, _LIMIT)
        except ApiError as error:
            if error.code == NOT_FOUND:
                return None
            raise
        window = found.config.duplicate_window / 1e9
        return StreamFacts(
            found.state.first_seq, found.state.last_seq, found.state.messages, window
        )

    def read(
        self, stream: str, filters: Sequence[str], start: int, until: int, most: int
    ) -> tuple[list[Stored], int]:
        """Up to about `most` messages from sequence `start` to `until`, and where to read on.

        Their headers and, where there are filters, their data. After the last message the place
        to read on is beyond `until`.
        """
        found: list[Stored] = []
        had = 0
        at = max(start, 1)

        async def create(server: Connected) -> str:
            return await self._consumer(server, stream, filters, at)

        async def pull(server: Connected) -> tuple[list[Stored], bool]:
            return await self._pull(server, stream, consumer, had)

        try:
            consumer = self._session.run(create, _LIMIT)
        except ApiError as error:
            if error.code not in _NO_SUCH_CONSUMER:
                raise
            return self._one_by_one(stream, filters, at, until, most)
        while len(found) < most:
            part, more = self._session.run(pull, _LIMIT)
            had += len(part)
            found += [each for each in part if each.seq <= until]
            if not more or (part and part[-1].seq >= until):
                return found, until + 1
        return found, found[-1].seq + 1

    def _one_by_one(
        self, stream: str, filters: Sequence[str], start: int, until: int, most: int
    ) -> tuple[list[Stored], int]:
        """The same without a consumer, which a work queue may only have with acknowledgements."""
        found: dict[int, Stored] = {}
        for subject in filters or (">",):
            at = start
            while at <= until and len(found) < most:
                message = self.next_of(stream, subject, at)
                if message is None or message.seq > until:
                    break
                found[message.seq] = message if filters else message._replace(data=b"")
                at = message.seq + 1
        in_order = [found[seq] for seq in sorted(found)]
        return in_order, (in_order[-1].seq if len(found) >= most else until) + 1

    def next_of(self, stream: str, subject: str, seq: int) -> Stored | None:
        """The first message of a subject at a sequence or after it; None where there is none."""

        async def ask(server: Connected) -> Stored | None:
            return await self._stored(server, stream, {"seq": seq, "next_by_subj": subject})

        return self._session.run(ask, _LIMIT)

    def stored(self, places: Sequence[tuple[str, int]]) -> list[Stored | None]:
        """The messages at (stream, sequence); None for each that is not there."""

        async def ask(server: Connected) -> list[Stored | None]:
            return await _together(
                self._stored(server, stream, {"seq": seq}) for stream, seq in places
            )

        try:
            return self._session.run(ask, _LIMIT)
        except SourceError as error:
            if error.reason != "too_large" or len(places) < 2:
                raise
        half = len(places) // 2
        return [*self.stored(places[:half]), *self.stored(places[half:])]

    def publish(self, messages: Sequence[tuple[str, Headers, bytes]]) -> list[Ack]:
        """Publish messages, and wait until a stream has each."""

        async def ask(server: Connected) -> list[Ack]:
            return await _together(_published(server, *each) for each in messages)

        return self._session.run(ask, _LIMIT)

    def delete(self, stream: str, seqs: Sequence[int]) -> None:
        """Delete messages; those that are not there count as deleted. Raises SourceError, also
        where the stream permits no deletion."""

        async def ask(server: Connected) -> list[None]:
            return await _together(self._deleted(server, stream, seq) for seq in seqs)

        self._session.run(ask, _LIMIT)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    async def _consumer(
        self, server: Connected, stream: str, filters: Sequence[str], start: int
    ) -> str:
        config: dict[str, Any] = {
            "description": "obs dlq reads dead letters",
            "deliver_policy": "by_start_sequence",
            "opt_start_seq": start,
            "ack_policy": "none",
            "replay_policy": "instant",
            "inactive_threshold": _FORGOTTEN,
            "num_replicas": 1,
            "mem_storage": True,
            **({"filter_subjects": [*filters]} if filters else {"headers_only": True}),
        }
        create = f"{self._api}.CONSUMER.CREATE.{stream}"
        answer = await _asked(server, create, {"stream_name": stream, "config": config})
        if not answer.name:
            raise SourceError("decode", f"{create}: the server names no consumer")
        return answer.name

    async def _pull(
        self, server: Connected, stream: str, consumer: str, had: int
    ) -> tuple[list[Stored], bool]:
        """The next messages, and whether there may be more. Raises SourceError where one is
        lost."""
        body = json.dumps({"batch": _BATCH, "max_bytes": _BYTES, "no_wait": True}).encode()
        subject = f"{self._api}.CONSUMER.MSG.NEXT.{stream}.{consumer}"
        came = await server.messages(subject, body, _is_last, _LIMIT / 2)
        messages = [each for each in came if not _status(each)]
        if not came or (not messages and _status(came[-1]) not in _ENDS):
            raise SourceError("timeout", f"stream {stream}: no complete answer")
        for message in messages:
            had += 1
            if message.metadata.sequence.consumer != had:
                raise SourceError("partial", f"stream {stream}: a message was lost in transit")
        more = bool(messages) and messages[-1].metadata.num_pending > 0
        return [_read(each) for each in messages], more

    async def _stored(
        self, server: Connected, stream: str, which: Mapping[str, Any]
    ) -> Stored | None:
        subject = subjects.stored_message(self._api, stream)
        try:
            message = (await _asked(server, subject, which)).message
        except ApiError as error:
            if error.code in (NOT_FOUND, *_NO_MESSAGE):
                return None
            raise
        if message is None:
            raise SourceError("decode", f"{subject}: no message in the answer")
        try:
            headers, data = base64.b64decode(message.hdrs), base64.b64decode(message.data)
        except ValueError:
            raise SourceError("decode", f"{subject}: not base64") from None
        return Stored(
            message.seq, message.subject, unix_seconds(message.time), parsed(headers), data
        )

    async def _deleted(self, server: Connected, stream: str, seq: int) -> None:
        subject = subjects.deleted_message(self._api, stream)
        try:
            await _asked(server, subject, {"seq": seq, "no_erase": True})
        except ApiError as error:
            if error.code not in _NO_MESSAGE:
                said = f"{error}; with --keep nothing is removed"
                raise SourceError("http_status", said) from None


async def _together(work: "Iterable[Any]") -> list[Any]:
    """The results of coroutines, some of which run at the same time; the first error is raised."""
    permits = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Any) -> Any:
        async with permits:
            return await each

    return await asyncio.gather(*map(one, work))


async def _asked(
    server: Connected, subject: str, question: Mapping[str, Any] | None = None
) -> _Answer:
    body = b"" if question is None else json.dumps(question).encode()
    answer = _decoded(await server.request(subject, body), subject)
    if answer.error is not None:
        raise ApiError(answer.error.err_code, f"{subject}: {answer.error.description[:200]}")
    return answer


async def _published(server: Connected, subject: str, headers: Headers, data: bytes) -> Ack:
    try:
        answer = _decoded(await server.request(subject, data, headers), subject)
    except NoResponders:
        return Ack(refused="no stream takes this subject")
    except SourceError as error:
        if error.reason == "too_large":
            return Ack(refused="with its headers it is larger than the server's max_payload")
        raise
    if answer.error is not None:
        return Ack(refused=f"JetStream refused it: {answer.error.description[:200]}")
    if not answer.stream or not answer.seq:
        return Ack(refused="what answered is no stream, so it may not be stored")
    return Ack(answer.stream, answer.seq, answer.duplicate)


def _decoded(body: bytes, subject: str) -> _Answer:
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceError("decode", f"{subject}: not an answer of JetStream") from None


def _status(message: Msg) -> str:
    """The status of a message that is none of the stream: the end of a batch."""
    return "" if message.reply.startswith("$JS.ACK.") else (message.headers or {}).get("Status", "")


def _is_last(message: Msg, number: int) -> bool:
    if _status(message):
        return True
    return number >= _BATCH or message.metadata.num_pending == 0


def _read(message: Msg) -> Stored:
    metadata = message.metadata
    headers = tuple((message.headers or {}).items())
    at = metadata.timestamp.timestamp()
    return Stored(metadata.sequence.stream, message.subject, at, headers, message.data)
