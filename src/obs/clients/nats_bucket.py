"""A key-value bucket of JetStream with compare-and-set, over the JetStream API."""

import base64
import binascii
import json
from typing import Final, NamedTuple

import msgspec

from obs.clients.nats_session import Connected, NatsSession
from obs.clients.nats_subjects import key_subject, read_subject
from obs.errors import SourceError
from obs.redaction.text import one_line

_NO_MESSAGE: Final = 10037
_NO_STREAM: Final = 10059
_WRONG_REVISION: Final = (10071, 10164)
_EXPECTED: Final = "Nats-Expected-Last-Subject-Sequence"
_DELETED: Final = b"KV-Operation:"


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    err_code: int = 0
    description: str = ""


class _Message(msgspec.Struct, frozen=True):
    seq: int = 0
    data: str = ""
    hdrs: str = ""


class _Answer(msgspec.Struct, frozen=True):
    error: _Error | None = None
    message: _Message | None = None
    seq: int = 0


class Value(NamedTuple):
    """A value of a key, and its revision; None where the key was deleted."""

    value: bytes | None
    revision: int


class WrongRevision(SourceError):  # noqa: N818  says what happened
    """Another one has written the key meanwhile."""


class Bucket:
    """One bucket, reached over a connection. Methods block and raise SourceError."""

    def __init__(self, session: NatsSession, bucket: str, api: str, limit: float) -> None:
        """`api`: the prefix of the JetStream API. `limit`: seconds of a request."""
        self._session = session
        self._name = bucket
        self._api = api
        self._limit = limit

    def read(self, key: str) -> Value | None:
        """The last value of a key, as the stream's leader has it; None: it never had one."""
        # Not by a direct get, which a follower answers, that may not have the last value yet.
        subject = read_subject(self._name, self._api)
        body = json.dumps({"last_by_subj": f"$KV.{self._name}.{key}"}).encode()
        answer = self._asked(subject, body)
        if answer.error is not None and answer.error.err_code == _NO_MESSAGE:
            return None
        self._raise(subject, answer)
        if answer.message is None:
            raise SourceError("decode", f"{subject}: no message in the answer")
        try:
            data = base64.b64decode(answer.message.data, validate=True)
            headers = base64.b64decode(answer.message.hdrs, validate=True)
        except (binascii.Error, ValueError):
            raise SourceError("decode", f"{subject}: the message is no base64") from None
        return Value(None if _DELETED in headers else data, answer.message.seq)

    def write(self, key: str, value: bytes, expected: int | None = None) -> int:
        """Write a value, and give its revision.

        `expected`: the revision that it replaces, 0 where the key never had a value; then raises
        WrongRevision where it has another. None: whatever there is.
        """
        subject = key_subject(self._name, key, self._api)
        headers = None if expected is None else {_EXPECTED: str(expected)}
        answer = self._asked(subject, value, headers)
        if answer.error is not None and answer.error.err_code in _WRONG_REVISION:
            raise WrongRevision("unavailable", f"{subject}: another one has written it")
        self._raise(subject, answer)
        if not answer.seq:
            raise SourceError("decode", f"{subject}: the answer has no sequence")
        return answer.seq

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _asked(self, subject: str, body: bytes, headers: dict[str, str] | None = None) -> _Answer:
        async def work(connected: Connected) -> bytes:
            return await connected.request(subject, body, headers)

        reply = self._session.run(work, self._limit)
        try:
            return msgspec.json.decode(reply, type=_Answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise SourceError("decode", f"{subject}: invalid answer of JetStream") from None

    def _raise(self, subject: str, answer: _Answer) -> None:
        if answer.error is None:
            return
        if answer.error.err_code == _NO_STREAM:
            made = f"nats kv add {self._name}"
            raise SourceError("unavailable", f"bucket {self._name} does not exist; make it: {made}")
        said = one_line(answer.error.description, 300)
        raise SourceError("http_status", f"{subject}: JetStream error {answer.error.code}: {said}")
