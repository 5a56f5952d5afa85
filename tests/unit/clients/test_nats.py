import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from typing import cast

import nats.errors
import pytest
from nats.aio.client import Client

from obs.clients.nats import Use, keep_connected, request
from obs.clients.nats_silence import until_silent
from obs.errors import SourceError
from obs.spec.nats import NatsConnection

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
INFO = b'INFO {"server_id":"A","version":"2.10.0","max_payload":1048576,"headers":true}\r\n'


async def unused(client: Client, ready: Callable[[], None]) -> None:
    pytest.fail("there is no server to connect to")


async def first_report(url: str, timeout: float = 1.0, use: Use = unused) -> SourceError | None:
    found: asyncio.Future[SourceError | None] = asyncio.get_running_loop().create_future()

    def report(error: SourceError | None) -> None:
        if not found.done():
            found.set_result(error)

    spec = NatsConnection(servers=(url,))
    task = asyncio.create_task(keep_connected(spec, "obs", use, report, timeout=timeout))
    try:
        return await asyncio.wait_for(found, 10)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def report_of(serve: Serve, timeout: float = 1.0, use: Use = unused) -> SourceError | None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_server(once, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await first_report(f"nats://127.0.0.1:{port}", timeout, use)


async def test_nobody_listening_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    started = time.monotonic()
    report = await first_report(f"nats://127.0.0.1:{port}")
    assert report is not None
    assert report.reason == "connection"
    assert str(report).startswith(f"nats://127.0.0.1:{port}: ")
    assert time.monotonic() - started < 4


async def test_a_server_that_says_nothing_is_a_timeout() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    report = await report_of(silence, timeout=0.2)
    assert report is not None
    assert report.reason == "timeout"


async def test_something_that_is_no_nats_server_is_an_error() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()

    report = await report_of(greet)
    assert report is not None
    assert report.reason in {"connection", "decode"}


@pytest.mark.parametrize(
    "info",
    [
        *(b"[]", b"1", b"null", b"[" * 100_000, b"\xff", b'{"nonce": 5}', b'{"version": 7}'),
        *(b'{"connect_urls": 5}', b'{"connect_urls": ["[x:1"]}', b'{"max_payload": "x"}'),
    ],
)
async def test_no_greeting_of_a_server_ends_the_attempts_to_connect(info: bytes) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO " + info + b"\r\n")
        await writer.drain()

    report = await report_of(greet)
    assert report is not None
    assert report.reason in {"connection", "decode"}


async def test_a_login_that_is_refused_is_told_as_such() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        await reader.readuntil(b"PING\r\n")
        writer.write(b"-ERR 'Authorization Violation'\r\n")
        await writer.drain()

    report = await report_of(refuse)
    assert report is not None
    assert report.reason == "auth"


async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(INFO)
    await reader.readuntil(b"PING\r\n")
    writer.write(b"PONG\r\n")
    await reader.read()


async def test_it_is_connected_only_once_its_user_says_so() -> None:
    async def use(client: Client, ready: Callable[[], None]) -> None:
        ready()
        await asyncio.Event().wait()

    assert await report_of(welcome, use=use) is None


async def test_a_server_that_falls_silent_ends_the_connection() -> None:
    """As where a network loses every packet: nothing says that the connection has ended."""

    async def use(client: Client, ready: Callable[[], None]) -> None:
        await until_silent(client, 0.1)

    report = await report_of(welcome, use=use)
    assert report is not None
    assert report.reason == "timeout"


async def test_a_server_that_answers_keeps_the_connection() -> None:
    pings = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal pings
        writer.write(INFO)
        while await reader.readuntil(b"PING\r\n"):
            pings += 1
            writer.write(b"PONG\r\n")

    async def use(client: Client, ready: Callable[[], None]) -> None:
        silence = asyncio.ensure_future(until_silent(client, 0.01))
        while pings < 5 and not silence.done():
            await asyncio.sleep(0)
        assert not silence.done()
        silence.cancel()
        ready()
        await asyncio.wait((silence,))

    assert await report_of(answer, use=use) is None


async def test_what_its_user_raises_is_reported_and_the_connection_made_again() -> None:
    async def use(client: Client, ready: Callable[[], None]) -> None:
        raise SourceError("partial", "lost one")

    report = await report_of(welcome, use=use)
    assert report is not None
    assert (report.reason, str(report)) == ("partial", "lost one")


async def test_an_error_that_nobody_foresaw_is_a_line_and_the_connection_made_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def use(client: Client, ready: Callable[[], None]) -> None:
        raise KeyError("hunter2")

    report = await report_of(welcome, use=use)
    assert report is not None
    assert report.reason == "internal"
    assert "internal error: KeyError at obs/clients/nats.py:" in caplog.text
    assert "hunter2" not in caplog.text


async def test_a_connection_lost_before_its_user_is_ready_is_never_called_connected() -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(INFO)
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        await writer.drain()

    async def use(client: Client, ready: Callable[[], None]) -> None:
        while not client.is_closed:
            await asyncio.sleep(0.01)
        ready()

    report = await report_of(leave, use=use)
    assert report is not None
    assert report.reason == "connection"


class Silent:
    """A client of which every request fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def request(self, subject: str, body: bytes, timeout: float) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (nats.errors.TimeoutError(), "timeout"),
        (nats.errors.NoRespondersError(), "connection"),
        (nats.errors.ConnectionClosedError(), "connection"),
        (OSError(), "connection"),
    ],
)
async def test_a_request_without_an_answer_tells_its_subject_and_why(
    error: Exception, reason: str
) -> None:
    with pytest.raises(SourceError) as caught:
        await request(cast("Client", Silent(error)), "$JS.API.INFO", b"", 1.0)
    assert caught.value.reason == reason
    assert str(caught.value).startswith("$JS.API.INFO: ")
