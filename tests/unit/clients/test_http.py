import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TypedDict, Unpack

import pytest

from obs.clients.http import Http, without_user
from obs.errors import SourceError
from obs.spec.tls import Tls

Talk = Callable[[socket.socket, threading.Event], object]
SECRET = "s3cret"


class Options(TypedDict, total=False):
    """Of Http."""

    tls: Tls
    timeout: float
    max_bytes: int


@contextmanager
def server(talk: Talk) -> Iterator[str]:
    """Listens on loopback; `talk` answers each connection after a request's first bytes."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            while not done.is_set():
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        connection.recv(65536)
                        talk(connection, done)
                    except OSError:
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/jsz"
        finally:
            done.set()
            thread.join()


def page(body: bytes, status: str = "200 OK", *headers: str) -> Talk:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    head = "\r\n".join([*lines, "", ""]).encode()
    return lambda connection, done: connection.sendall(head + body)


def raw(answer: bytes) -> Talk:
    return lambda connection, done: connection.sendall(answer)


def get(url: str, **options: Unpack[Options]) -> bytes:
    usual: Options = {"timeout": 2.0}
    with closing(Http(**(usual | options))) as http:
        return http.get(url)


def failure(talk: Talk, **options: Unpack[Options]) -> SourceError:
    with server(talk) as url, pytest.raises(SourceError) as error:
        get(url, **options)
    assert url in str(error.value)
    return error.value


def test_the_body_of_an_answer_is_returned() -> None:
    with server(page(b'{"a":1}')) as url:
        assert get(url) == b'{"a":1}'


def test_no_compression_is_asked_for() -> None:
    requests = []

    def talk(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        requests.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with server(talk) as url, closing(Http(timeout=2)) as http:
        http.get(url)
        http.get(url)
    assert b"Accept-Encoding: identity\r\n" in requests[0]


def test_a_document_is_posted_as_json() -> None:
    requests = []

    def talk(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        request = b""
        while not request.endswith(b"]"):  # head and body come one after the other
            request += connection.recv(65536)
        requests.append(request)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with server(talk) as url, closing(Http(timeout=2)) as http:
        http.get(url)
        assert http.post(url, [{"a": 1}]) == b"ok"
    assert requests[0].startswith(b"POST /jsz ")
    assert b"Content-Type: application/json\r\n" in requests[0]
    assert requests[0].endswith(b'\r\n\r\n[{"a": 1}]')


def test_a_user_in_the_url_signs_in_and_is_not_part_of_the_request_line() -> None:
    requests = []

    def talk(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        requests.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with server(talk) as url, closing(Http(timeout=2)) as http:
        http.get(url)
        http.get(url.replace("http://", "http://user:p%40ss@"))
    assert requests[0].startswith(b"GET /jsz HTTP/1.1\r\n")
    assert b"Authorization: Basic dXNlcjpwQHNz\r\n" in requests[0]  # user:p@ss


def test_a_header_that_http_cannot_carry_is_an_error_without_its_text() -> None:
    with server(page(b"ok")) as url, closing(Http(timeout=2)) as http:
        for value in (f"{SECRET}\n", f"{SECRET}\u20ac"):
            with pytest.raises(SourceError) as error:
                http.exchange("GET", url, headers={"X-Token": value})
            assert error.value.reason == "connection"
            assert SECRET not in str(error.value)


def test_a_chunked_body_is_put_together() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    )
    with server(raw(answer)) as url:
        assert get(url) == b"abcde"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("401 Unauthorized", "auth"),
        ("403 Forbidden", "auth"),
        ("404 Not Found", "http_status"),
        ("429 Too Many Requests", "throttled"),
        ("500 Internal Server Error", "http_status"),
        ("204 No Content", "http_status"),
    ],
)
def test_any_status_but_200_is_an_error(status: str, reason: str) -> None:
    error = failure(page(b"", status))
    assert error.reason == reason
    assert status.split(maxsplit=1)[0] in str(error)


def test_a_redirect_is_not_followed() -> None:
    error = failure(page(b"", "302 Found", "Location: http://127.0.0.1:1/elsewhere"))
    assert error.reason == "http_status"


def test_half_a_page_is_a_decode_error() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n" + b"x" * 50
    assert failure(raw(half)).reason == "decode"


def test_half_a_chunked_page_is_a_decode_error() -> None:
    half = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"
    assert failure(raw(half)).reason == "decode"


def test_something_that_does_not_speak_http_is_an_error() -> None:
    assert failure(raw(b"SSH-2.0-OpenSSH\r\n")).reason == "connection"


def test_a_connection_closed_without_an_answer_is_an_error() -> None:
    assert failure(raw(b"")).reason == "connection"


def test_a_server_that_never_answers_is_a_timeout() -> None:
    started = time.monotonic()
    assert failure(lambda connection, done: done.wait(5), timeout=0.2).reason == "timeout"
    assert time.monotonic() - started < 4


def test_a_server_that_answers_drop_by_drop_is_a_timeout() -> None:
    def drip(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not done.wait(0.02):
            connection.sendall(b"x")

    started = time.monotonic()
    assert failure(drip, timeout=0.3).reason == "timeout"
    assert time.monotonic() - started < 4


def test_a_server_that_stops_in_the_middle_is_a_timeout() -> None:
    def stall(connection: socket.socket, done: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nx")
        done.wait(5)

    assert failure(stall, timeout=0.2).reason == "timeout"


def test_an_answer_larger_than_allowed_is_an_error() -> None:
    error = failure(page(b"x" * 1001), max_bytes=1000)
    assert error.reason == "too_large"
    assert "larger than 1000 bytes" in str(error)


def test_an_answer_as_large_as_allowed_is_taken() -> None:
    with server(page(b"x" * 1000)) as url:
        assert len(get(url, max_bytes=1000)) == 1000


def test_nobody_listening_is_a_connection_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(SourceError) as error:
        get(f"http://127.0.0.1:{port}/jsz")
    assert error.value.reason == "connection"


def test_a_name_that_does_not_exist_is_a_connection_error() -> None:
    with pytest.raises(SourceError) as error:
        get("http://no-such-host.invalid:8222/jsz")
    assert error.value.reason == "connection"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with server(page(b"direct")) as url:
        assert get(url) == b"direct"


def test_no_message_repeats_user_info_or_a_query() -> None:
    with pytest.raises(SourceError) as error:
        get(f"http://user:{SECRET}@127.0.0.1:1/jsz?token={SECRET}")
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None
    assert without_user(f"http://user:{SECRET}@h:1/p?q={SECRET}#f") == "http://h:1/p"


def test_connections_are_used_again() -> None:
    connections = []

    def twice(connection: socket.socket, done: threading.Event) -> None:
        connections.append(connection)
        for _ in range(2):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            connection.recv(65536)

    with server(twice) as url, closing(Http(timeout=2)) as http:
        assert (http.get(url), http.get(url)) == (b"ok", b"ok")
    assert len(connections) == 1


def test_tls_files_that_are_missing_are_told_by_their_name() -> None:
    with pytest.raises(SourceError, match=r"/no/such/ca\.pem"):
        get("https://127.0.0.1:1/varz", tls=Tls(ca_file="/no/such/ca.pem"))
