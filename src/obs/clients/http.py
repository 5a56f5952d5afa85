"""HTTP with TLS, a deadline and a size limit; errors as SourceError."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import IncompleteRead
from http.cookiejar import DefaultCookiePolicy
from typing import Final
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from obs.errors import Reason, SourceError
from obs.spec.sources import Tls

_CHUNK: Final = 1 << 18
_STATUS: Final[Mapping[int, Reason]] = {401: "auth", 403: "auth", 429: "throttled"}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered, whatever its status; header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """Talks with systems in one's own network; safe to use from several threads.

    Proxies and credentials of the environment (HTTP_PROXY, .netrc) are not used, and a redirect
    is an error: a monitoring port has no reason to send its reader elsewhere.
    """

    def __init__(
        self,
        tls: Tls | None = None,
        *,
        timeout: float = 5.0,
        max_bytes: int = 1 << 30,
        connections: int = 16,
    ) -> None:
        """`timeout` seconds to connect, to the first byte, and for the whole answer.

        `max_bytes` limits the answer; `connections` are kept open per host.
        """
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._session = requests.Session()
        self._session.trust_env = False
        # A compressed answer that ends early is not noticed by the library; monitoring ports
        # of nats-server do not compress anyway.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(pool_connections=64, pool_maxsize=connections)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        if tls and tls.ca_file:
            self._session.verify = tls.ca_file
        if tls and tls.cert_file:
            self._session.cert = (tls.cert_file, tls.key_file) if tls.key_file else tls.cert_file

    def get(self, url: str) -> bytes:
        """The body of a 200 answer.

        Raises SourceError: connection, timeout, auth, throttled, http_status, decode (the answer
        ended early, or is larger than allowed). One stalled read may pass the deadline by at
        most `timeout`.
        """
        return self._send("GET", url)

    def post(self, url: str, document: object) -> bytes:
        """The body of the 200 answer to a JSON document. Raises SourceError, as `get` does."""
        return self._send("POST", url, document)

    def _send(self, method: str, url: str, document: object = None) -> bytes:
        answer = self.exchange(method, url, document=document)
        _check(answer.status, without_user(url))
        return answer.body

    def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        document: object = None,
        body: bytes | None = None,
    ) -> HttpAnswer:
        """The answer, whatever its status, to a JSON document, a body of another kind, or neither.

        Raises SourceError where there is no answer: connection, timeout, decode.
        """
        deadline = time.monotonic() + self._timeout
        where = without_user(url)
        try:
            with self._session.request(
                method,
                url,
                headers=headers,
                json=document,
                data=body,
                timeout=self._timeout,
                stream=True,
                allow_redirects=False,
            ) as answer:
                names = {name.lower(): value for name, value in answer.headers.items()}
                return HttpAnswer(
                    answer.status_code, names, self._body(answer.raw, deadline, where)
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            reason = _reason(error)
            raise SourceError(reason, f"{where}: {_words(error, reason)}") from None

    def _body(self, raw: urllib3.HTTPResponse, deadline: float, where: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := raw.read1(_CHUNK, decode_content=False):
            size += len(part)
            if size > self._max_bytes:
                raise SourceError(
                    "decode", f"{where}: response larger than {self._max_bytes} bytes"
                )
            if time.monotonic() > deadline:
                raise SourceError(
                    "timeout", f"{where}: response not complete within {self._timeout:g} s"
                )
            parts.append(part)
        return b"".join(parts)

    def close(self) -> None:
        """Close kept connections."""
        self._session.close()


def without_user(url: str) -> str:
    """The URL without user info, query and fragment: fit for a message."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _check(status: int, where: str) -> None:
    if status != 200:
        raise SourceError(_STATUS.get(status, "http_status"), f"{where}: HTTP status {status}")


def _reason(error: Exception) -> Reason:
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError | TimeoutError):
        return "timeout"
    if any(isinstance(cause, IncompleteRead) for cause in (error, *error.args)):
        return "decode"
    return "connection"


def _words(error: Exception, reason: Reason) -> str:
    """What happened, without the library's text, which repeats URLs with their user info."""
    if reason == "timeout":
        return "timed out"
    if reason == "decode":
        return "response ended early"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS handshake failed: certificate or protocol not accepted"
    if not isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError):
        return f"cannot use the TLS files: {error}"
    return "cannot connect, or connection lost"
