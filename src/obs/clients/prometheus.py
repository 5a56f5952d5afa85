"""The query API of a Prometheus-compatible server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode

from obs.clients.http import Http, HttpAnswer, without_user
from obs.clients.json_answer import decode_json
from obs.errors import SourceError
from obs.spec.tls import Tls

_LONGEST: Final = 300  # characters of the server's message
_ODD: Final = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
"""What reading a document of another shape raises."""

Read = TypeVar("Read")


class QueryError(SourceError):
    """The server rejected the query; the message is the server's, on one line."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of a response: its labels, and its (Unix seconds, value) points in order."""

    labels: Mapping[str, str]
    points: tuple[tuple[float, float], ...]


class Prometheus:
    """One server; safe to use from several threads."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        tls: Tls | None = None,
        timeout: float = 30.0,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`url` is the part before /api/v1, and may contain user:password@ for basic auth.

        `token` is sent as a bearer token; `headers` go with every request (X-Scope-OrgID).
        """
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._base = url.rstrip("/")
        self._where = without_user(self._base)
        self._headers = {**bearer, **(headers or {})}
        self._http = Http(tls, timeout=timeout)

    def query(self, expression: str, at: float) -> list[Series]:
        """The value of an expression at a time (Unix seconds); a scalar is a series without labels.

        Raises QueryError where the server rejects it, SourceError where it does not respond.
        """
        return self._post("query", _series, query=expression, time=_seconds(at))

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The values from `start` to `end` (Unix seconds), every `step` s. Raises as `query`."""
        return self._post(
            "query_range",
            _series,
            query=expression,
            start=_seconds(start),
            end=_seconds(end),
            step=_seconds(step),
        )

    def label_values(self, label: str, matching: str | None, start: float, end: float) -> list[str]:
        """The values of a label, sorted, of the series that a selector matches (None: of all)."""
        path = f"label/{quote(label, safe='')}/values"
        fields = [("start", _seconds(start)), ("end", _seconds(end))]
        if matching:
            fields.append(("match[]", matching))
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in fields)
        return self._get(f"{path}?{query}", _names)

    def series(self, matching: str, start: float, end: float) -> list[dict[str, str]]:
        """The labels of every series that a selector matches. Raises as `query`."""
        fields = {"match[]": matching, "start": _seconds(start), "end": _seconds(end)}
        return self._post("series", _labels, **fields)

    def close(self) -> None:
        """Close the open connections."""
        self._http.close()

    def _post(self, path: str, read: Callable[[Any], Read], **fields: str) -> Read:
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(fields).encode()
        answer = self._http.exchange("POST", self._url(path), headers=headers, body=body)
        return self._data(answer, read)

    def _get(self, path: str, read: Callable[[Any], Read]) -> Read:
        answer = self._http.exchange("GET", self._url(path), headers=self._headers)
        return self._data(answer, read)

    def _url(self, path: str) -> str:
        return f"{self._base}/api/v1/{path}"

    def _data(self, answer: HttpAnswer, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of the data of a successful response."""
        if answer.status in (401, 403):
            raise SourceError("auth", f"{self._where}: HTTP status {answer.status}")
        try:
            document = decode_json(answer.body, self._where)
            succeeded = document["status"] == "success"
        except (SourceError, KeyError, TypeError, IndexError):
            if answer.status == 200:
                raise self._not_an_api() from None
            status = f"HTTP status {answer.status}"
            raise SourceError("http_status", f"{self._where}: {status}") from None
        if succeeded:
            try:
                return read(document.get("data") or [])
            except _ODD:
                raise self._not_an_api() from None
        message = " ".join(str(document.get("error") or "refused without a reason").split())
        kind = document.get("errorType", "error")
        raise QueryError("http_status", f"{kind}: {message[:_LONGEST]}")

    def _not_an_api(self) -> SourceError:
        return SourceError("decode", f"{self._where}: not a Prometheus API")


def _labels(data: Any) -> list[dict[str, str]]:
    return [dict(labels) for labels in data]


def _names(data: Any) -> list[str]:
    return sorted(map(str, data))


def _series(data: Any) -> list[Series]:
    if not data:
        return []
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        return [Series({}, (_point(result),))] if kind == "scalar" else []
    return [
        Series(each["metric"], tuple(map(_point, each.get("values") or [each["value"]])))
        for each in result
        if "values" in each or "value" in each  # a native histogram has neither
    ]


def _point(pair: Any) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


def _seconds(value: float) -> str:
    return f"{value:.3f}"
