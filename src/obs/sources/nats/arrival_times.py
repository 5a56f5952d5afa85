"""When messages arrived, queried over a NATS connection.

A separate connection, made at the first query: its errors do not affect the connection for
advisories. The answer carries the message itself, which is
dropped unread: JetStream has no request for its time alone.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from nats.aio.client import Client

from obs.clients.nats import keep_connected, request
from obs.clients.nats_silence import until_silent
from obs.errors import SourceError
from obs.snapshot.messages import Question, StoredMessage
from obs.sources.nats import tolerant
from obs.sources.nats.api_answer import ErrorAnswer
from obs.sources.nats.subjects import stored_message
from obs.spec.nats import NatsConnection

log = logging.getLogger(__name__)

TIMEOUT: Final = 2.0  # seconds, for all queries of a poll
_AT_ONCE: Final = 8  # answers carry whole messages: few at a time
_UNANSWERED_PAUSE: Final = 60.0
_REFUSED_PAUSE: Final = 600.0
_STEPS: Final = 16  # of one question in one poll
_NOT_FOUND: Final = 404


class _Message(msgspec.Struct, frozen=True, gc=False):
    seq: int
    time: datetime
    subject: str = ""


class _Answer(msgspec.Struct, frozen=True, gc=False):
    message: _Message | None = None
    error: ErrorAnswer | None = None


_DECODER: Final = msgspec.json.Decoder(_Answer)


class ArrivalTimes:
    """Queries the streams of one account."""

    def __init__(self, name: str, spec: NatsConnection, monotonic: Callable[[], float]) -> None:
        """`monotonic` gives seconds."""
        self._name = name
        self._spec = spec
        self._monotonic = monotonic
        self._wanted = asyncio.Event()
        self._client: Client | None = None
        self._not_before = 0.0
        self._reached: dict[Question, int] = {}  # sequences that walks of earlier polls got to
        self._logged = ""

    async def run(self) -> None:
        """Keep connected until cancelled, from the first query on."""
        await self._wanted.wait()
        name = f"obs {self._name} arrival times"
        await keep_connected(self._spec, name, self._use, self._report)

    async def query(self, questions: Sequence[Question]) -> dict[Question, StoredMessage]:
        """The answers that came within TIMEOUT; without a connection none. Raises nothing.

        After a refusal, or without any answer, it pauses. Logs a problem once.
        """
        self._wanted.set()
        client = self._client
        if client is None or not questions or self._monotonic() < self._not_before:
            return {}
        limit = asyncio.Semaphore(_AT_ONCE)
        tasks = {
            question: asyncio.create_task(
                _answer(
                    client,
                    self._spec.api,
                    question,
                    limit,
                    self._reached.get(question, question.seq),
                )
            )
            for question in questions
        }
        try:
            await asyncio.wait(tasks.values(), timeout=TIMEOUT)
        finally:
            for task in tasks.values():
                task.cancel()
        answers, errors = _split(tasks)
        self._reached = {
            question: found.seq for question, found in answers.items() if not found.sure
        }
        if self._client is client:  # otherwise its loss is reported
            self._note(len(errors) == len(tasks), errors)
        return answers

    async def _use(self, client: Client, ready: Callable[[], None]) -> None:
        self._client = client
        try:
            ready()
            await until_silent(client, TIMEOUT)
        finally:
            self._client = None

    def _report(self, error: SourceError | None) -> None:
        if error is None:
            return
        if error.reason == "auth":
            self._not_before = self._monotonic() + _REFUSED_PAUSE
            self._log(f"{error}; see `obs nats permissions`")
        else:
            self._log(str(error))

    def _note(self, unanswered: bool, errors: Sequence[str]) -> None:
        if errors:
            self._log(errors[0])
        else:
            self._logged = ""
        if unanswered:
            self._not_before = self._monotonic() + _UNANSWERED_PAUSE

    def _log(self, problem: str) -> None:
        if problem != self._logged:
            log.warning("source %s: lag in seconds stays an estimate: %s", self._name, problem)
        self._logged = problem


class _Found(NamedTuple):
    seq: int
    at: float
    subject: str


Task = asyncio.Task[StoredMessage | None]


def _split(tasks: dict[Question, Task]) -> tuple[dict[Question, StoredMessage], list[str]]:
    """(the answers, the errors); a message that does not exist is neither."""
    answers, errors = {}, []
    for question, task in tasks.items():
        if not task.done() or task.cancelled():
            errors.append(f"no answer within {TIMEOUT:g} s")
        elif error := task.exception():
            errors.append(str(error) if isinstance(error, SourceError) else type(error).__name__)
        elif message := task.result():
            answers[question] = message
    return answers, errors


async def _answer(
    client: Client, api: str, question: Question, limit: asyncio.Semaphore, since: int
) -> StoredMessage | None:
    """The message asked for; none is before the sequence `since`. Raises SourceError.

    A message that was not the last of its subject leads on to the next one, for _STEPS at most.
    """
    by = question.last_before

    async def first(seq: int, subjects: Sequence[str]) -> _Found | None:
        subject = stored_message(api, question.stream)
        return await _first(client, subject, seq, subjects, limit)

    # A sequence without a subject fails where it was deleted.
    subjects = question.filters or (">",)
    message = await first(since, subjects)
    for _ in range(_STEPS if by is not None else 0):
        if message is None or by is None or message.at > by:
            break
        later = await first(message.seq + 1, (message.subject,))
        if later is None or later.at > by:
            break
        message = await first(message.seq + 1, subjects)
    else:
        if by is not None and message is not None:
            return StoredMessage(message.seq, message.at, sure=False)
    return None if message is None else StoredMessage(message.seq, message.at)


async def _first(
    client: Client, api: str, seq: int, subjects: Sequence[str], limit: asyncio.Semaphore
) -> _Found | None:
    """The earliest message at `seq` or after it that any subject matches. Raises SourceError."""
    found = []
    for subject in subjects:
        async with limit:
            found.append(await _first_of_subject(client, api, seq, subject))
    return min((message for message in found if message), default=None)


async def _first_of_subject(client: Client, api: str, seq: int, subject: str) -> _Found | None:
    body = msgspec.json.encode({"seq": seq, "next_by_subj": subject})
    data = await request(client, api, body, TIMEOUT)
    try:
        answer = _DECODER.decode(data)
    except tolerant.ODD:
        raise SourceError("decode", f"{api}: not a stored message") from None
    if found := answer.message:
        return _Found(found.seq, found.time.timestamp(), found.subject)
    if answer.error is None or answer.error.code == _NOT_FOUND:
        return None
    raise SourceError("http_status", f"{api}: {answer.error.description}")
