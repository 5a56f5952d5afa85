"""One deadline and one size hold for all of an HTTP request, whatever the server does."""

import gc
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs.clients import resolving
from obs.clients.http import Http
from obs.errors import REASONS, SourceError
from tests.unit.clients.test_http import Talk, failure, get, page, raw, server

MB: Final = 1 << 20
HEAD: Final = b"HTTP/1.1 200 OK\r\n"
CHUNKED: Final = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def dripping(before: bytes, drop: bytes = b"x") -> Talk:
    def drip(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(before)
        while not done.wait(0.02):
            connection.sendall(drop)

    return drip


@pytest.mark.parametrize(
    "talk",
    [
        dripping(b""),  # status line
        dripping(HEAD + b"X-Slow: "),
        dripping(HEAD, b"A: b\r\n"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(HEAD + b"Content-Length: 100000\r\n\r\n"),
        dripping(CHUNKED + b"1;", b"e"),  # chunk extension
        dripping(CHUNKED, b"1\r\nx\r\n"),
        dripping(CHUNKED + b"0\r\n", b"A: b\r\n"),  # trailers
        dripping(CHUNKED + b"0\r\nA: "),
    ],
    ids=[
        *("status line", "header", "headers", "continue", "body", "chunk extension", "chunks"),
        *("trailers", "trailer"),
    ],
)
def test_a_byte_at_a_time_of_any_part_is_a_timeout(talk: Talk) -> None:
    started = time.monotonic()
    assert failure(talk, timeout=0.3).reason == "timeout"
    assert time.monotonic() - started < 4


def test_the_deadline_holds_on_a_connection_that_is_used_again() -> None:
    def once(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\nok")
        connection.recv(65536)
        dripping(HEAD + b"X: ")(connection, done)

    with server(once) as url, closing(Http(timeout=0.3)) as http:
        assert http.get(url) == b"ok"
        started = time.monotonic()
        with pytest.raises(SourceError, match="timed out"):
            http.get(url)
        assert time.monotonic() - started < 4


def test_the_deadline_holds_for_a_request_that_nobody_reads() -> None:
    def ignore(connection: socket.socket, done: threading.Event) -> None:
        done.wait(5)

    started = time.monotonic()
    with server(ignore) as url, closing(Http(timeout=0.3)) as http:
        with pytest.raises(SourceError) as error:
            http.exchange("POST", url, body=b"x" * (32 * MB))
        assert error.value.reason == "timeout"
        assert time.monotonic() - started < 4


def test_the_deadline_holds_for_a_tls_handshake() -> None:
    def hang(connection: socket.socket, done: threading.Event) -> None:
        dripping(b"\x16\x03\x03\x40\x00")(connection, done)

    started = time.monotonic()
    with server(hang) as url, pytest.raises(SourceError) as error:
        get(url.replace("http://", "https://"), timeout=0.3)
    assert error.value.reason == "timeout"
    assert time.monotonic() - started < 4


def test_a_name_server_that_hangs_is_a_timeout_and_holds_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    released = threading.Event()
    look_up = resolving._look_up

    def hang(host: str, port: int, flags: int = 0) -> object:
        if flags:
            return look_up(host, port, flags)
        released.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(resolving, "_look_up", hang)
    threads = threading.active_count()
    started = time.monotonic()
    for _ in range(3):
        with pytest.raises(SourceError) as error:
            get("http://slow.invalid:8222/varz", timeout=0.1)
        assert error.value.reason == "timeout"
    assert time.monotonic() - started < 4
    assert threading.active_count() == threads + 1
    released.set()


def test_the_next_address_of_a_name_is_tried_where_the_first_does_not_respond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(page(b"ok")) as url, socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = int(url.rpartition(":")[2].split("/")[0])
        waiting = [socket.socket() for _ in range(3)]  # a full queue: nobody accepts
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", full.getsockname()),
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)),
        ]
        monkeypatch.setattr(resolving, "_look_up", lambda *_: found)
        assert get(f"http://two.example:{port}/jsz", timeout=1) == b"ok"
        for each in waiting:
            each.close()


def endless(connection: socket.socket, done: threading.Event) -> None:
    connection.sendall(HEAD + b"\r\n")
    while not done.is_set():
        connection.sendall(b" " * MB)


def test_an_endless_answer_is_too_large_and_its_memory_given_back() -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = [failure(endless, max_bytes=8 * MB, timeout=10) for _ in range(10)]
    assert {error.reason for error in kept} == {"too_large"}
    held = sum(len(each) for each in gc.get_objects() if isinstance(each, bytes))
    assert held < MB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 40 << 10  # KB


def test_an_endless_answer_tells_the_limit_and_the_remedy() -> None:
    with server(endless) as url, closing(Http(max_bytes=8 * MB, remedy="increase it")) as http:
        with pytest.raises(SourceError) as error:
            http.get(url)
        assert str(error.value) == f"{url}: response larger than 8 MB; increase it"


def test_what_announces_more_than_allowed_is_not_read() -> None:
    talk = raw(HEAD + b"Content-Length: 99999999999\r\n\r\n")
    assert failure(talk, max_bytes=1000).reason == "too_large"


def test_a_request_may_have_a_limit_of_its_own() -> None:
    with server(page(b"x" * 11)) as url, closing(Http()) as http:
        assert len(http.get(url, limit=11)) == 11
    with server(page(b"x" * 11)) as url, closing(Http()) as http:
        with pytest.raises(SourceError) as error:
            http.get(url, limit=10)
        assert error.value.reason == "too_large"


def test_answers_that_are_read_at_the_same_time_are_limited_together() -> None:
    errors = []

    def read(http: Http, url: str) -> None:
        with pytest.raises(SourceError) as error:
            http.get(url)
        errors.append(error.value)

    def stall(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(HEAD + b"\r\n" + b" " * 700_000)
        done.wait(5)

    with closing(Http(max_bytes=1_000_000, timeout=0.7)) as http:
        with server(stall) as one, server(stall) as two, server(stall) as three:
            readers = [
                threading.Thread(target=read, args=(http, each)) for each in (one, two, three)
            ]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
        assert sorted(error.reason for error in errors) == ["timeout", "timeout", "too_large"]
        (message,) = [str(error) for error in errors if error.reason == "too_large"]
        assert message.endswith("responses read at the same time are larger than 2 MB")
        with server(page(b"x" * 900_000)) as url:  # what was held is free again
            assert len(http.get(url)) == 900_000


def error_of(ask: Callable[[], object]) -> SourceError | None:
    try:
        ask()
    except SourceError as error:
        return error
    return None


PIECES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [
            *(HEAD, b"HTTP/1.1 204 \r\n", b"HTTP/9.9 200 x\r\n", b"HTTP/1.1 -1 x\r\n", b"\r\n"),
            *(b"HTTP/1.1 " + b"9" * 5000 + b"\r\n", b"Content-Length: -1\r\n", b"x" * 70_000),
            *(b"Content-Length: " + b"9" * 5000 + b"\r\n", b"Content-Length: 5, 6\r\n"),
            *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"ffffffffffff\r\n"),
            *(
                b"-5\r\nabc\r\n",
                b"3\r\nabc\r\n",
                b"0\r\n\r\n",
                b"zz\r\n",
                b"Content-Encoding: x\r\n",
            ),
            *(b"Content-Encoding: gzip\r\n", b": x\r\n", b" folded\r\n", b"\xff\xfe: \x00\r\n"),
            *(b"A: b\r\n" * 150, b"Location: http://[\r\n", b"Connection: close\r\n"),
        ]
    ),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(PIECES, max_size=6))
def test_whatever_a_server_answers_only_errors_of_ours_arrive(parts: list[bytes]) -> None:
    with server(raw(b"".join(parts))) as url, closing(Http(timeout=0.5)) as http:
        error = error_of(lambda: http.exchange("GET", url))
    assert error is None or (error.reason in REASONS and error.__cause__ is None)


@pytest.mark.parametrize(
    "url",
    ["http://[", "http://h:99999999/", "http://h:x/", "http://\u20ac\u20ac..", "ftp://h/"],
)
def test_an_address_that_is_none_is_an_error_of_ours(url: str) -> None:
    with pytest.raises(SourceError):
        get(url)


@pytest.mark.parametrize(
    "error", [KeyError("x"), RecursionError(), MemoryError(), ssl.SSLError(1, "x"), EOFError()]
)
def test_any_exception_of_the_library_is_translated(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    def request(http: Http) -> Callable[..., object]:
        monkeypatch.setattr(http._pools, "request", fail)
        return http.get

    with closing(Http()) as http, pytest.raises(SourceError):
        request(http)("http://127.0.0.1:1/")
