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
    """A server's response with any status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """HTTP to systems in the internal network; safe to use from several threads.

    Proxies and credentials of the environment (HTTP_PROXY, .netrc) are not used. A redirect is an
    error: a monitoring port has no reason to redirect.
    """

    def __init__(
        self,
        tls: Tls | None = None,
        *,
        timeout: float = 5.0,
        max_bytes: int = 1 << 30,
        connections: int = 16,
    ) -> None:
        """`timeout` in seconds applies to connecting, to the first byte and to the whole response.

        `max_bytes` limits the response; up to `connections` per host stay open.
        """
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._session = requests.Session()
        self._session.trust_env = False
        # The library does not notice that a compressed response ended early; monitoring ports
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
        """The body of a 200 response.

        Raises SourceError: connection, timeout, auth, throttled, http_status, decode (the response
        ended early, or is larger than allowed). One stalled read may pass the deadline by at
        most `timeout`.
        """
        return self._send("GET", url)

    def post(self, url: str, document: object) -> bytes:
        """The body of the 200 response to a JSON document. Raises SourceError, as `get` does."""
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
        """The response, whatever its status, to a JSON document, another body, or neither.

        Raises SourceError where there is no response: connection, timeout, decode.
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
            raise SourceError(reason, f"{where}: {_description(error, reason)}") from None

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
        """Close the open connections."""
        self._session.close()


def without_user(url: str) -> str:
    """The URL without user info, query and fragment, safe to put into a message."""
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


def _description(error: Exception, reason: Reason) -> str:
    """A description without the library's text, which repeats URLs with their user info."""
    if reason == "timeout":
        return "timed out"
    if reason == "decode":
        return "response ended early"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS handshake failed: certificate or protocol not accepted"
    if not isinstance(error, requests.RequestException | urllib3.exceptions.HTTPError):
        return f"cannot use the TLS files: {error}"
    return "cannot connect, or connection lost"
