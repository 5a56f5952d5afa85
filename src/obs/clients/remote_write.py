"""Sending requests of Prometheus remote write, which are compressed with snappy."""

import time
from dataclasses import dataclass
from typing import Final, Protocol

import cramjam

from obs.clients.access import Access
from obs.clients.deadline import within
from obs.clients.http import Http, without_user
from obs.clients.proxies import proxy_of
from obs.clients.receiver_text import STATUS_REASONS, quoted, retry_after
from obs.errors import SourceError
from obs.spec.remote_write import RemoteWrite

_LARGEST_ANSWER: Final = 1 << 18
_QUOTED: Final = 1600  # bytes of an answer in which its text is looked for
_WRITTEN: Final = "x-prometheus-remote-write-samples-written"
_REPEATABLE: Final = frozenset((408, 425, 429))
"""Statuses below 500 that do not tell that the request is wrong."""


@dataclass(frozen=True, slots=True)
class WriteAnswer:
    """What a receiver answered; a `status` of 0: nothing. `written` is how many samples it says
    that it took, which only receivers of version 2 do; `failure` is None for a status 2xx."""

    status: int
    written: int | None = None
    failure: SourceError | None = None

    @property
    def may_repeat(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status >= 500 or self.status in _REPEATABLE or not self.status


class Writer(Protocol):
    """A connection to a remote write receiver."""

    def send(self, message: bytes, kind: str, version: str, timeout: float) -> WriteAnswer:
        """Send one message with this content type and version of the protocol.

        Blocks for `timeout` seconds at most. Raises SourceError where there is no answer, or what
        signs in cannot be read.
        """

    def close(self) -> None:
        """Close the open connections."""


class HttpWriter:
    """Remote write over HTTP; see Writer.

    Redirects are not followed. A proxy of the environment is used for https:// only.
    """

    def __init__(self, spec: RemoteWrite) -> None:
        self._url = spec.url
        self._where = without_user(spec.url)
        self._access = Access(spec)
        self._http = Http(
            spec.tls,
            timeout=spec.timeout,
            max_bytes=_LARGEST_ANSWER,
            connections=1,
            proxy=proxy_of(spec.url),
        )

    def send(self, message: bytes, kind: str, version: str, timeout: float) -> WriteAnswer:
        """See Writer."""
        headers = self._access.headers()
        if not all(text.isprintable() for each in headers.items() for text in each):
            raise SourceError("auth", f"{self._where}: a header is not valid in HTTP")
        body = bytes(cramjam.snappy.compress_raw(message))
        sign = self._access.sign
        signed = sign("POST", self._url, body) if sign else {}
        of_body = {
            "Content-Type": kind,
            "Content-Encoding": "snappy",
            "X-Prometheus-Remote-Write-Version": version,
        }
        with within(timeout):
            answer = self._http.exchange(
                "POST", self._url, headers={**headers, **signed, **of_body}, body=body
            )
        told = answer.headers.get(_WRITTEN, "").strip()
        written = int(told) if told.isascii() and told.isdigit() and len(told) < 12 else None
        if 200 <= answer.status < 300:
            return WriteAnswer(answer.status, written)
        text = quoted(answer.body[:_QUOTED].decode(errors="replace"), headers)
        failure = SourceError(
            STATUS_REASONS.get(answer.status, "http_status"),
            f"{self._where}: HTTP status {answer.status}" + f": {text}" * bool(text),
            pause=retry_after(answer.headers.get("retry-after"), time.time()),
        )
        return WriteAnswer(answer.status, written, failure)

    def close(self) -> None:
        """See Writer."""
        self._http.close()
