"""The query API of a Prometheus-compatible server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from obs.bounded_json import UnreadableJson, load_json
from obs.clients.http import Http, HttpAnswer, without_user
from obs.errors import SourceError
from obs.redaction.text import one_line
from obs.spec.tls import Tls

_LONGEST: Final = 300  # characters of the server's message
_READ: Final = 10_000  # characters in which it is looked for
_LARGEST: Final = 16_000_000  # bytes of a response
_MOST_VALUES: Final = 3_000_000  # of a response: three for each point
_ODD: Final = (LookupError, TypeError, ValueError, AttributeError, OverflowError)


Sign = Callable[[str, str, bytes | None], Mapping[str, str]]


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
        most_series: int | None = None,
        sign: Sign | None = None,
    ) -> None:
        """`url` is the part before /api/v1, and may contain user:password@ for basic auth.

        `token` is sent as a bearer token; `headers` go with every request (X-Scope-OrgID).
        `most_series` asks for no more in a result; servers before Prometheus 3 do not hear it.
        `sign` gives headers that sign a request, of its method, URL and body.
        """
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._base = url.rstrip("/")
        self._where = without_user(self._base)
        self._headers = {**bearer, **(headers or {})}
        self._limit = {} if most_series is None else {"limit": str(most_series)}
        self._sign: Sign = sign or (lambda method, url, body: {})
        self._http = Http(tls, timeout=timeout, max_bytes=_LARGEST)

    def query(self, expression: str, at: float) -> list[Series]:
        """The value of an expression at a time (Unix seconds); a scalar is a series without labels.

        Raises QueryError where the server rejects it, SourceError where it does not respond.
        """
        fields = {"query": expression, "time": _seconds(at), **self._limit}
        return self._series(self._post("query", **fields))

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Series]:
        """The values from `start` to `end` (Unix seconds), every `step` s. Raises as `query`."""
        answer = self._post(
            "query_range",
            query=expression,
            start=_seconds(start),
            end=_seconds(end),
            step=_seconds(step),
            **self._limit,
        )
        return self._series(answer)

    def label_values(self, label: str, matching: str | None, start: float, end: float) -> list[str]:
        """The values of a label, sorted, of the series that a selector matches (None: of all)."""
        path = f"label/{quote(label, safe='')}/values"
        fields = [("start", _seconds(start)), ("end", _seconds(end))]
        if matching:
            fields.append(("match[]", matching))
        query = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in fields)
        found = self._get(f"{path}?{query}")
        if not isinstance(found, list):
            raise self._odd()
        return sorted(map(str, found))

    def series(self, matching: str, start: float, end: float) -> list[dict[str, str]]:
        """The labels of every series that a selector matches. Raises as `query`."""
        fields = {"match[]": matching, "start": _seconds(start), "end": _seconds(end)}
        found = self._post("series", **fields)
        try:
            return [dict(labels) for labels in found]
        except _ODD:
            raise self._odd() from None

    def close(self) -> None:
        """Close the open connections."""
        self._http.close()

    def _post(self, path: str, **fields: str) -> Any:
        return self._exchange("POST", path, urlencode(fields).encode())

    def _get(self, path: str) -> Any:
        return self._exchange("GET", path, None)

    def _exchange(self, method: str, path: str, body: bytes | None) -> Any:
        url = self._url(path)
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        headers = {**self._headers, **kind, **self._sign(method, url, body)}
        return self._data(self._http.exchange(method, url, headers=headers, body=body))

    def _url(self, path: str) -> str:
        return f"{self._base}/api/v1/{path}"

    def _data(self, answer: HttpAnswer) -> Any:
        if answer.status in (401, 403):
            raise SourceError("auth", f"{self._where}: HTTP status {answer.status}")
        try:
            document = load_json(answer.body, values=_MOST_VALUES)
            succeeded = document["status"] == "success"
        except (UnreadableJson, KeyError, TypeError):
            if answer.status == 200:
                raise self._odd() from None
            status = f"HTTP status {answer.status}"
            raise SourceError("http_status", f"{self._where}: {status}") from None
        if succeeded:
            return document.get("data") or []
        told = str(document.get("error") or "refused without a reason")[:_READ]
        kind = str(document.get("errorType", "error"))[:_LONGEST]
        raise QueryError("http_status", f"{one_line(kind, 64)}: {one_line(told, _LONGEST)}")

    def _series(self, data: Any) -> list[Series]:
        try:
            return _series(data)
        except _ODD:
            raise self._odd() from None

    def _odd(self) -> SourceError:
        return SourceError("decode", f"{self._where}: not a Prometheus API")


def _series(data: Any) -> list[Series]:
    if not data:
        return []
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        return [Series({}, (_point(result),))] if kind == "scalar" else []
    return [
        Series(_labels(each["metric"]), tuple(map(_point, each.get("values") or [each["value"]])))
        for each in result
        if "values" in each or "value" in each  # a native histogram has neither
    ]


def _labels(found: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in found.items()}


def _point(pair: Any) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])


def _seconds(value: float) -> str:
    return f"{value:.3f}"
