"""Receivers of OTLP that ask for pauses, answer too much, redirect, or are behind a proxy."""

import asyncio
import gzip
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from obs.catalogue import aws
from obs.errors import SourceError
from obs.families.family import Family, Rows
from obs.sinks.otlp import Identity, OtlpSink, open_otlp
from obs.sinks.pushed import Pushed
from obs.spec.otlp import Otlp
from tests.hostile.push_receivers import (
    DRIPS,
    FLOODS,
    HTTP2_SILENCE,
    Misbehaviour,
    PushReceiver,
    answers,
)
from tests.integration.otlp_receivers import (
    GrpcReceiver,
    HttpReceiver,
    certificate,
    grpc_receiver,
    http_receiver,
)

pytestmark = pytest.mark.integration

AT = 1_790_000_000.0
RULES = Rows([("main", "oms-events", "oms-schema-changed")])
TOKEN = "hunter2-of-the-gateway"


def family(total: int = 3) -> Family:
    return Family(aws.FAILED_INVOCATIONS, RULES, [total], AT - 3600)


def sink(endpoint: str, protocol: str = "http", timeout: str = "5s", **fields: object) -> OtlpSink:
    of_all = {"endpoint": endpoint, "protocol": protocol, "timeout": timeout, "every": "1s"}
    given = of_all | fields
    return open_otlp(Otlp.model_validate(given), Identity("oms", "production", "host-1", ()))


@pytest.fixture
def headers(tmp_path: Path) -> str:
    file = tmp_path / "headers"
    file.write_text(f"authorization: Bearer {TOKEN}\n")
    return str(file)


@pytest.fixture
async def http() -> AsyncIterator[HttpReceiver]:
    async with http_receiver() as receiver:
        yield receiver


@pytest.fixture
def rpc() -> Iterator[GrpcReceiver]:
    with grpc_receiver() as receiver:
        yield receiver


def failure(outcome: Pushed) -> SourceError:
    assert outcome.failure is not None
    return outcome.failure


def pushed_to(misbehaviours: Sequence[Misbehaviour], **fields: str) -> list[SourceError]:
    """What a push to a receiver that misbehaves in each way fails with."""
    with PushReceiver() as receiver:
        receiver.misbehaviours = misbehaviours
        pusher = sink(receiver.endpoint, **fields)
        return [failure(pusher.push([family()], AT)) for _ in misbehaviours]


def test_a_receiver_that_hangs_or_drips_holds_no_push_beyond_its_timeout() -> None:
    started = time.monotonic()
    failures = pushed_to(DRIPS, timeout="0.2s")
    assert time.monotonic() - started < len(DRIPS) * 0.2 + 2
    assert {each.reason for each in failures} == {"timeout"}


def test_answers_without_end_are_given_up() -> None:
    failures = pushed_to(FLOODS[:3], timeout="1s")
    assert {each.reason for each in failures} <= {"too_large", "connection", "timeout"}


def test_grpc_receivers_that_say_nothing_hold_no_push_beyond_its_timeout() -> None:
    for silence in HTTP2_SILENCE:
        with PushReceiver(silent=True) as receiver:
            receiver.misbehaviours = [silence]
            started = time.monotonic()
            pusher = sink(receiver.endpoint, "grpc", "0.3s")
            assert failure(pusher.push([family()], AT)).reason == "timeout"
            assert time.monotonic() - started < 3
            pusher.close()


@pytest.mark.parametrize("status", [429, 503])
def test_the_pause_of_a_retry_after_header_is_passed_on(status: int) -> None:
    (error,) = pushed_to([answers(status, b"", "Retry-After: 120")])
    assert error.pause == 120
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    (error,) = pushed_to([answers(status, b"", f"Retry-After: {later}")])
    assert error.pause is not None
    assert 50 < error.pause <= 60


def test_a_pause_without_a_reason_for_one_is_not_kept() -> None:
    (error,) = pushed_to([answers(400, b"", "Retry-After: 120")])
    assert error.pause is None


def test_a_compressed_answer_is_never_unpacked() -> None:
    bomb = gzip.compress(b"\0" * (64 << 20))
    kind = "Content-Type: application/x-protobuf"
    (error,) = pushed_to([answers(200, bomb, kind, "Content-Encoding: gzip")])
    assert error.reason == "decode"


def test_what_a_receiver_says_is_one_clean_line() -> None:
    (error,) = pushed_to([answers(400, b"no\r\n\x1b[31mroom " * 100, "Content-Type: text/plain")])
    assert ": HTTP status 400: no \N{REPLACEMENT CHARACTER}[31mroom no" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 300


def test_credentials_do_not_follow_a_redirect_nor_come_back_in_an_error(headers: str) -> None:
    with PushReceiver() as elsewhere:
        (error,) = pushed_to(
            [
                answers(
                    307, f"moved, {TOKEN}".encode(), f"Location: {elsewhere.endpoint}/v1/metrics"
                )
            ],
            headers_file=headers,
        )
        assert elsewhere.requests == 0
    assert error.reason == "http_status"
    assert TOKEN not in str(error)


async def test_rejected_points_are_counted_beside_those_accepted(
    http: HttpReceiver, rpc: GrpcReceiver
) -> None:
    rows = Rows(("main", "oms-events", f"rule-{number}") for number in range(10))
    rules = Family(aws.FAILED_INVOCATIONS, rows, [1] * 10, AT)
    for receiver, protocol in ((http, "http"), (rpc, "grpc")):
        receiver.rejected = 3
        outcome = await asyncio.to_thread(sink(receiver.endpoint, protocol).push, [rules], AT)
        assert (outcome.accepted, outcome.rejected) == (7, 3)
        assert str(failure(outcome)) == "3 of 10 points rejected: too old"


def test_the_pause_of_a_grpc_status_is_passed_on(rpc: GrpcReceiver) -> None:
    info = Packed()
    info.Pack(RetryInfo(retry_delay=Duration(seconds=90)))
    status = Status(code=8, message="no", details=[info]).SerializeToString()
    rpc.code = grpc.StatusCode.RESOURCE_EXHAUSTED
    rpc.trailers = (("grpc-status-details-bin", status),)
    error = failure(sink(rpc.endpoint, "grpc").push([family()], AT))
    assert (error.reason, error.pause) == ("throttled", 90)
    assert str(error) == f"127.0.0.1:{rpc.port}: gRPC status RESOURCE_EXHAUSTED: no"


def test_a_grpc_answer_that_is_too_large_is_not_taken_for_throttling(rpc: GrpcReceiver) -> None:
    rpc.rejected, rpc.why = 1, "x" * 100_000
    error = failure(sink(rpc.endpoint, "grpc").push([family()], AT))
    assert (error.reason, "larger than" in str(error)) == ("too_large", True)


def test_a_grpc_answer_that_grows_when_it_is_unpacked_is_bounded(rpc: GrpcReceiver) -> None:
    rpc.compress = True
    rpc.rejected, rpc.why = 1, "x" * (20 << 20)  # 20 kB on the wire
    error = failure(sink(rpc.endpoint, "grpc").push([family()], AT))
    assert error.reason == "too_large"
    assert len(str(error)) < 400


async def test_after_an_outage_the_receiver_has_the_totals_of_now_and_no_backlog(
    http: HttpReceiver,
) -> None:
    pusher = sink(http.endpoint)
    http.status = 503
    for minute in range(5):
        lost = await asyncio.to_thread(pusher.push, [family(minute)], AT + 60 * minute)
        assert failure(lost).reason == "http_status"
    http.status = 200
    http.requests.clear()
    assert await asyncio.to_thread(pusher.push, [family(42)], AT + 600) == Pushed(1)
    (request,) = http.requests
    (metric,) = request.resource_metrics[0].scope_metrics[0].metrics
    (point,) = metric.sum.data_points
    assert (point.as_int, point.time_unix_nano) == (42, int((AT + 600) * 1e9))
    assert point.start_time_unix_nano == int((AT - 3600) * 1e9)


async def test_requests_are_as_small_as_the_receiver_takes(http: HttpReceiver) -> None:
    rows = Rows(("main", "oms-events", f"rule-{number}") for number in range(3_000))
    rules = Family(aws.FAILED_INVOCATIONS, rows, [1] * 3_000, AT)
    http.most = 60_000
    with grpc_receiver(most=60_000) as rpc:
        for receiver, protocol in ((http, "http"), (rpc, "grpc")):
            pusher = sink(receiver.endpoint, protocol)
            assert await asyncio.to_thread(pusher.push, [rules], AT) == Pushed(3_000)
            sizes = [request.ByteSize() for request in receiver.requests]
            assert max(sizes) <= 60_000
            assert len(sizes) < 12
            pusher.close()


async def test_a_receiver_that_is_back_soon_misses_no_push(http: HttpReceiver) -> None:
    http.status = 503
    pusher = sink(http.endpoint, every="30s")
    pushing = asyncio.create_task(asyncio.to_thread(pusher.push, [family()], AT))
    while not http.requests:
        await asyncio.sleep(0.01)
    http.status = 200
    outcome = await pushing
    assert (outcome.accepted, outcome.failure, outcome.repeated >= 1) == (1, None, True)


class Proxy:
    """An HTTP proxy that connects to one address, whatever it is asked for."""

    def __init__(self, port: int) -> None:
        self.asked: list[bytes] = []
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://user:pass@127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            client, _ = self._listener.accept()
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += client.recv(1)
            self.asked.append(head)
            server = socket.create_connection(("127.0.0.1", self._port))
            client.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            for ends in ((client, server), (server, client)):
                threading.Thread(target=_copy, args=ends, daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


async def test_what_leaves_with_tls_goes_through_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path, "collector.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own.cert_file, own.key_file)
    async with http_receiver(context) as receiver:
        proxy = Proxy(receiver.port)
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        pusher = sink("https://collector.example:4318", tls={"ca_file": own.cert_file})
        assert await asyncio.to_thread(pusher.push, [family()], AT) == Pushed(1)
    (asked,) = proxy.asked
    assert asked.startswith(b"CONNECT collector.example:4318 HTTP/1.")
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNz" in asked


@pytest.mark.parametrize("protocol", ["http", "grpc"])
async def test_what_a_proxy_could_read_does_not_go_through_one(
    protocol: str, http: HttpReceiver, rpc: GrpcReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = http if protocol == "http" else rpc
    proxy = Proxy(receiver.port)
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "")
    pusher = sink(receiver.endpoint, protocol)
    assert await asyncio.to_thread(pusher.push, [family()], AT) == Pushed(1)
    assert proxy.asked == []
    pusher.close()
