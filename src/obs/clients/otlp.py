"""Sending OTLP metrics and spans: over HTTP here, over gRPC in otlp_grpc.

The SDK's exporters return only success or failure, drop the receiver's report of rejected points,
retry by themselves and read settings from OTEL_* variables. So only their encoder is used, and the
request is sent here. The sink repeats a push, within the interval of the pushes: after that, values
are cumulative, and the next push corrects what failed. Spans are sent again by whoever has them
(obs.sinks.traces).
"""

import gzip
import time
from collections.abc import Mapping
from typing import Final

from google.protobuf.message import DecodeError, Message

from obs.clients.deadline import within
from obs.clients.header_file import read_file, read_headers
from obs.clients.http import Http, HttpAnswer, without_user
from obs.clients.otlp_answer import (
    METRICS,
    Answer,
    Refused,
    Sender,
    Signal,
    accepted,
    json_response,
    status_text,
)
from obs.clients.proxies import proxy_of
from obs.clients.receiver_text import STATUS_REASONS, quoted, retry_after
from obs.errors import SourceError
from obs.spec.otlp import OtlpReceiver
from obs.spec.tls import Tls

_PROTOBUF: Final = "application/x-protobuf"
_LARGEST_ANSWER: Final = 1 << 18
_REPEATABLE: Final = frozenset((429, 502, 503, 504))  # OTLP specification, "Retryable"


def connect(spec: OtlpReceiver, signal: Signal = METRICS) -> Sender:
    """The sender for the spec's protocol; connects when first used."""
    if spec.protocol == "http":
        return OtlpHttp(spec, signal)
    from obs.clients.otlp_grpc import OtlpGrpc  # noqa: PLC0415  heavy: only when used

    return OtlpGrpc(spec, signal)


class OtlpHttp:
    """OTLP over HTTP in protobuf, compressed; see obs.clients.otlp_answer.Sender.

    Redirects are not followed. A proxy of the environment is used for https:// only.
    """

    def __init__(self, spec: OtlpReceiver, signal: Signal = METRICS) -> None:
        self._signal = signal
        self._url = spec.endpoint.rstrip("/").removesuffix(signal.path) + signal.path
        self._where = without_user(self._url)
        self._headers_file = spec.headers_file
        self._tls = spec.tls or Tls()
        self._http = Http(
            spec.tls,
            timeout=spec.timeout,
            max_bytes=_LARGEST_ANSWER,
            connections=1,
            proxy=proxy_of(self._url),
        )

    def send(self, request: Message, timeout: float) -> Answer:
        """See Sender."""
        headers = read_headers(self._headers_file)
        for path in filter(None, (self._tls.ca_file, self._tls.cert_file, self._tls.key_file)):
            read_file(path)
        answer = self._exchange(request, headers, timeout)
        if answer.status != 200:
            raise _refused(answer, headers, self._where)
        return _accepted(answer, headers, self._where, self._signal)

    def close(self) -> None:
        """See Sender."""
        self._http.close()

    def _exchange(self, request: Message, headers: Mapping[str, str], timeout: float) -> HttpAnswer:
        if not all(value.isprintable() for each in headers.items() for value in each):
            why = "a header of headers_file is not valid in HTTP"
            raise SourceError("auth", f"{self._where}: {why}")
        of_body = {"content-type": _PROTOBUF, "content-encoding": "gzip"}
        with within(timeout):
            return self._http.exchange(
                "POST",
                self._url,
                headers={**headers, **of_body},
                body=gzip.compress(request.SerializeToString(), compresslevel=1, mtime=0),
            )


def _refused(answer: HttpAnswer, headers: Mapping[str, str], where: str) -> Refused:
    text = quoted(status_text(answer.body, _kind(answer)), headers)
    pause = retry_after(answer.headers.get("retry-after"), time.time())
    return Refused(
        STATUS_REASONS.get(answer.status, "http_status"),
        f"{where}: HTTP status {answer.status}" + f": {text}" * bool(text),
        pause=pause if answer.status in (429, 503) else None,
        may_repeat=answer.status in _REPEATABLE,
        too_large=answer.status == 413,
    )


def _accepted(answer: HttpAnswer, headers: Mapping[str, str], where: str, signal: Signal) -> Answer:
    """What was rejected, by the response; some receivers send a 200 without a body."""
    kind = _kind(answer)
    if not answer.body:
        return Answer()
    if kind == "application/json":
        return accepted(json_response(answer.body, signal), headers, signal)
    try:
        if kind != _PROTOBUF or answer.headers.get("content-encoding", "identity") != "identity":
            raise DecodeError  # what is compressed was not asked for, and may be a bomb
        response = signal.response.FromString(answer.body)
    except DecodeError:
        raise SourceError("decode", f"{where}: invalid OTLP response") from None
    return accepted(response, headers, signal)


def _kind(answer: HttpAnswer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip().lower()
