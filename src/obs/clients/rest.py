"""A read-write HTTP API: authentication, retries, error messages of the server."""

import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

from obs.bounded_json import UnreadableJson, load_json
from obs.clients.http import Http, HttpAnswer, without_user
from obs.clients.sent_headers import sent_headers
from obs.errors import Reason, SourceError
from obs.redaction.text import one_line
from obs.spec.stacks import Reached

ATTEMPTS: Final = 5  # of one request, the first included
_FIRST_WAIT: Final = 0.5
_LONGEST_WAIT: Final = 30.0
_NOT_EXECUTED: Final = frozenset((429, 503))
"""The request had no effect: retry every request."""
_OUTCOME_UNKNOWN: Final = frozenset((500, 502, 504))
"""Outcome unknown: retry only idempotent requests."""
_QUOTED: Final = 300  # characters of the server's message
_MESSAGE: Final = 1 << 16  # bytes in which it is looked for
LARGEST: Final = 32_000_000  # bytes of a response
_REASONS: Final[Mapping[int, Reason]] = {401: "auth", 403: "auth", 429: "throttled"}
_MEANINGS: Final = {
    401: "credentials rejected",
    403: "permission denied for these credentials",
    404: "not found",
    409: "conflicts with an existing object",
    412: "changed by someone else in the meantime, or the name is taken",
    413: "request too large",
    429: "too many requests",
}


class RequestRejected(SourceError):  # noqa: N818  says what happened
    """The server rejected the request; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        reason: Reason = _REASONS.get(status, "http_status")
        super().__init__(reason, message)
        self.status = status


class Rest:
    """One server. Secrets are read when a request is sent, and never appear in an error.

    `pause` sleeps for a number of seconds.
    """

    def __init__(
        self,
        reached: Reached,
        *,
        headers: Mapping[str, str] | None = None,
        pause: Callable[[float], None] = time.sleep,
        max_bytes: int = LARGEST,
    ) -> None:
        self.url = reached.url.rstrip("/")
        self._reached = reached
        self._headers = dict(headers or {})
        self._pause = pause
        self._http = Http(reached.tls, timeout=reached.timeout, max_bytes=max_bytes)

    def get(self, path: str, parameters: Mapping[str, object] | None = None) -> HttpAnswer:
        """The response. Raises RequestRejected, and SourceError where there is no response, as all
        methods do."""
        return self.send("GET", path, parameters=parameters)

    def find(self, path: str) -> HttpAnswer | None:
        """As get; None where the server answers 404."""
        try:
            return self.get(path)
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise

    def send(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, object] | None = None,
        document: object = None,
        text: str | None = None,
        kind: str = "application/yaml",
        idempotent: bool | None = None,
    ) -> HttpAnswer:
        """The response to one request, which is retried while the server is busy or unreachable.

        `text` is sent with content type `kind`. `idempotent`: repeating the request does no harm;
        by default true of all methods but POST.
        """
        if idempotent is None:
            idempotent = method != "POST"
        url = self.url + path + (f"?{urlencode(parameters, doseq=True)}" if parameters else "")
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            headers = self._signed(kind if text is not None else None)
            try:
                answer = self._http.exchange(
                    method,
                    url,
                    headers=headers,
                    document=document,
                    body=None if text is None else text.encode(),
                )
            except SourceError as error:
                if last or not idempotent or "larger than" in str(error):  # the next one is, too
                    raise
                self._pause(_wait(attempt, None))
                continue
            if answer.status < 300:
                return answer
            again = answer.status in _NOT_EXECUTED or (
                idempotent and answer.status in _OUTCOME_UNKNOWN
            )
            if last or not again:
                raise _rejected(method, url, answer)
            self._pause(_wait(attempt, answer.headers.get("retry-after")))
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signed(self, kind: str | None) -> dict[str, str]:
        """Request headers."""
        headers = {"Accept": "*/*", **self._headers}
        if kind is not None:
            headers["Content-Type"] = kind
        return headers | sent_headers(self._reached)


def document(answer: HttpAnswer, where: str) -> Any:
    """The JSON of a response. Raises SourceError("decode") where it is not JSON, or too much."""
    try:
        return load_json(answer.body)
    except UnreadableJson as error:
        text = str(error)
        why = "is not JSON" if text.startswith("is not valid JSON") else text
        raise SourceError("decode", f"{where}: response {why}") from None


def segment(name: str) -> str:
    """A name, quoted as one segment of a path."""
    return quote(name, safe="")


def _wait(attempt: int, retry_after: str | None) -> float:
    """Seconds to wait: as the server asks in Retry-After, else exponential backoff with jitter."""
    if retry_after is not None and retry_after.strip().isdigit():
        return min(float(retry_after), _LONGEST_WAIT)
    wait = min(_FIRST_WAIT * float(2 ** (attempt - 1)), _LONGEST_WAIT)
    return wait * random.uniform(0.5, 1.0)  # noqa: S311  nothing is secret about it


def _rejected(method: str, url: str, answer: HttpAnswer) -> RequestRejected:
    meaning = _MEANINGS.get(answer.status, "")
    message = _server_message(answer.body)
    explanation = ": ".join(filter(None, (meaning, message)))
    where = f"{method} {without_user(url)}"
    return RequestRejected(
        answer.status, f"{where}: HTTP {answer.status}{': ' if explanation else ''}{explanation}"
    )


def _server_message(body: bytes) -> str:
    """The server's message on one line: that of its JSON, or the text."""
    text = body[:_MESSAGE].decode(errors="replace")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = None
    if isinstance(whole, dict):
        text = next((str(whole[key]) for key in ("message", "error", "msg") if whole.get(key)), "")
    if text.lstrip().startswith("<"):
        return ""  # an HTML page of a proxy
    return one_line(text, _QUOTED)
