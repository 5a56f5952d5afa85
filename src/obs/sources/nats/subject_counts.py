"""Messages of a stream by subject, as an account may count them over a connection of its own.

Servers tell the messages of each subject that matches a filter, at most 100 000 subjects at once;
one request a filter asks for them, rarely, so that neither a poll nor the server waits for it.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from obs.clients.nats_session import NatsSession
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.snapshot.assets import SubjectMessages
from obs.sources.nats import subjects, tolerant
from obs.sources.nats.api_answer import ErrorAnswer
from obs.sources.nats.jsz import Count
from obs.spec.nats import NatsConnection

log = logging.getLogger(__name__)

_AGAIN: Final = 60.0  # seconds after which a count that failed is tried again


class _State(msgspec.Struct, frozen=True, gc=False):
    subjects: dict[str, Count] | None = None


class _Info(msgspec.Struct, frozen=True, gc=False):
    """`total`: how many subjects match; an answer holds no more of them than a server's limit."""

    state: _State = _State()
    total: Count = 0
    error: ErrorAnswer | None = None


_INFO: Final = msgspec.json.Decoder(_Info)


class Counted(NamedTuple):
    """The messages by subject, and why others could not be counted: a sentence each."""

    messages: tuple[SubjectMessages, ...] = ()
    problems: tuple[str, ...] = ()


class AccountSubjects:
    """Counts messages in the streams of one account; `account` of the result is as in the spec."""

    def __init__(self, connect: Callable[[], NatsSession], spec: NatsConnection) -> None:
        """`connect` makes a connection, of which each count has its own: it is needed rarely."""
        self._connect = connect
        self._spec = spec
        self._session: NatsSession | None = None

    def count(self) -> Counted:
        """What can be counted now. Blocks, for each filter at most a few times the timeout."""
        found: list[SubjectMessages] = []
        problems = []
        for stream, filters in self._spec.count_subjects.items():
            try:
                found += [self._of_filter(stream, each) for each in dict.fromkeys(filters)]
            except SourceError as error:
                self.close()  # it is lost where a right is missing
                problems.append(
                    f"account {self._spec.account}: messages of stream {stream} are not counted "
                    f"by subject: {error}"
                )
        self.close()
        return Counted(tuple(found), tuple(problems))

    def close(self) -> None:
        """Close the connection, if there is one; what is asked over it ends."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _of_filter(self, stream: str, filter: str) -> SubjectMessages:
        session = self._session = self._session or self._connect()
        asked = subjects.stream_info(self._spec.api, stream)
        body = msgspec.json.encode({"subjects_filter": filter})
        reply = session.run(lambda on: on.request(asked, body), session.timeout + 1)
        return SubjectMessages(self._spec.account, stream, filter, matching(reply, filter))


class SubjectCounts:
    """Has messages counted in a thread of its own, each `every` seconds; polls take the result."""

    def __init__(self, source: str, accounts: Sequence[AccountSubjects], every: float) -> None:
        self._source = source
        self._accounts = accounts
        self._every = every
        self._begun_at: float | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        self.last = Counted()
        """The result of the last count that ended."""

    def begin(self, now: float) -> None:
        """Count anew where that is due at `now` (monotonic seconds) and no count is under way."""
        pause = min(self._every, _AGAIN) if self.last.problems else self._every
        due = self._begun_at is None or not 0 <= now - self._begun_at < pause
        if not due or self._closed or not self.idle:
            return
        self._begun_at = now
        self._thread = threading.Thread(target=self._count, name="obs-nats-subjects", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether no count is under way."""
        return self._thread is None or not self._thread.is_alive()

    def close(self) -> None:
        """Count no more, and close the connections."""
        self._closed = True
        for each in self._accounts:
            each.close()

    def _count(self) -> None:
        counted = []
        for each in self._accounts:
            counted.append(each.count())
            if self._closed:
                return
        last = Counted(
            tuple(found for each in counted for found in each.messages),
            tuple(one_line(problem) for each in counted for problem in each.problems),
        )
        for problem in last.problems:
            if problem not in self.last.problems:
                log.warning("source %s: %s", self._source, problem)
        self.last = last


def matching(reply: bytes, filter: str) -> int:
    """How many messages a reply to STREAM.INFO tells of the subjects that match the filter.

    Raises SourceError: decode; http_status where the server refuses; too_large where more subjects
    match than it tells at once.
    """
    try:
        info = _INFO.decode(reply)
    except tolerant.ODD as error:
        raise SourceError("decode", f"subject {filter}: {one_line(str(error), 200)}") from None
    if info.error is not None:
        raise SourceError("http_status", one_line(info.error.description, 200))
    told = info.state.subjects or {}
    if info.total > len(told):
        raise SourceError(
            "too_large",
            f"{info.total} subjects match {filter}, of which a server tells {len(told)} at once; "
            "name a narrower filter in count_subjects",
        )
    return sum(told.values())
