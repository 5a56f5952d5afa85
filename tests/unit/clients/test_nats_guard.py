"""What a NATS client sends and holds when the server is not what it should be."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlparse

import pytest

from obs.clients.nats import keep_connected
from obs.clients.nats_guard import GuardedClient
from obs.errors import SourceError
from obs.spec.nats_login import NatsLogin
from obs.spec.tls import Tls
from tests.integration.certificates import make_certificates

SECRET = "pa55word-that-nobody-may-see"
INFO = b'INFO {"server_id":"N1","version":"2.15.1","max_payload":1048576,"headers":true%b}\r\n'
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Answers as it is told, and keeps what it received."""

    def __init__(self, answer: Answer) -> None:
        self.received = b""
        self.answer = answer
        self.port = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reading = asyncio.create_task(self._read(reader))
        try:
            await self.answer(reader, writer)
            await reading
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            reading.cancel()
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while chunk := await reader.read(65536):
            self.received += chunk

    @asynccontextmanager
    async def running(self) -> AsyncIterator["RawServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


async def first_report(server: RawServer, **fields: object) -> SourceError | None:
    """What the first attempt to connect and subscribe ends with."""
    reported: asyncio.Future[SourceError | None] = asyncio.get_running_loop().create_future()

    async def use(client: object, ready: Callable[[], None]) -> None:
        ready()
        await asyncio.Event().wait()

    def report(error: SourceError | None) -> None:
        if error is not None and not reported.done():
            reported.set_result(error)

    login = NatsLogin.model_validate(fields)
    connecting = asyncio.create_task(keep_connected(login, "obs", use, report, timeout=1.0))
    try:
        async with asyncio.timeout(20):
            return await reported
    finally:
        connecting.cancel()


async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server without TLS that asks for a login."""
    writer.write(INFO % b',"auth_required":true')
    await writer.drain()


@pytest.mark.parametrize("login", ["password", "token"])
@pytest.mark.parametrize("scheme", ["tls", "nats"])
async def test_no_login_is_sent_to_a_server_without_tls_where_tls_is_wanted(
    monkeypatch: pytest.MonkeyPatch, scheme: str, login: str
) -> None:
    monkeypatch.setenv("OBS_TEST_SECRET", SECRET)
    secret = {login: "${OBS_TEST_SECRET}"} | ({"user": "obs"} if login == "password" else {})
    async with RawServer(greets).running() as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        report = await first_report(server, servers=[url], tls=Tls(), **secret)
        assert report is not None
        assert "does not offer TLS, so no login was sent" in str(report)
        assert SECRET.encode() not in server.received
        assert b"CONNECT" not in server.received


async def test_a_server_that_names_others_in_its_info_is_the_only_one_that_is_asked() -> None:
    async with RawServer(greets).running() as other:

        async def names_another(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(INFO % (b',"connect_urls":["127.0.0.1:%d"]' % other.port))
            await writer.drain()
            await asyncio.sleep(0.2)

        async with RawServer(names_another).running() as server:
            report = await first_report(server, servers=[f"nats://127.0.0.1:{server.port}"])
        assert report is not None
        assert other.received == b""


async def endless_info(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"INFO {")
    while True:
        writer.write(b" " * 65536)
        await writer.drain()


async def huge_message(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(INFO % b"")
    writer.write(b"PONG\r\nMSG x 1 99999999999\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def dripping_info(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for byte in INFO % b"":
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.5)


async def rubbish(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n<html>\x00\xff\xfe")
    await writer.drain()


async def odd_info(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"INFO [1, 2]\r\n")
    await writer.drain()


async def deep_info(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"INFO " + b"[" * 100_000 + b"\r\n")
    await writer.drain()


ODD = {each.__name__: each for each in (endless_info, huge_message, dripping_info, rubbish)}
ODD |= {each.__name__: each for each in (odd_info, deep_info)}


@pytest.mark.parametrize("how", ODD)
async def test_an_odd_server_gives_one_error_within_its_time(how: str) -> None:
    async with RawServer(ODD[how]).running() as server:
        report = await first_report(server, servers=[f"nats://127.0.0.1:{server.port}"])
    assert isinstance(report, SourceError)
    assert "\n" not in str(report)
    assert f"nats://127.0.0.1:{server.port}" in str(report)


async def test_a_connection_with_tls_that_the_library_closed_twice_is_aborted(
    tmp_path: Path,
) -> None:
    """Its second close makes asyncio of Python 3.11.2 forget what an abort of TLS needs."""
    certificates = make_certificates(tmp_path)
    of_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    of_server.load_cert_chain(certificates.server, certificates.server_key)
    of_client = ssl.create_default_context(cafile=str(certificates.ca))
    ended = asyncio.Event()

    async def until_ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await reader.read()
        ended.set()
        writer.close()

    async with await asyncio.start_server(until_ended, "127.0.0.1", 0, ssl=of_server) as server:
        url = urlparse(f"tls://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        client = GuardedClient("127.0.0.1", tls_required=True)
        await client._transport.connect(url, 1024, 5)
        await client._transport.connect_tls(url, of_client, 1024, 5)
        for _ in range(2):
            client._transport.close()  # type: ignore[no-untyped-call]
        client.abort()
        client.abort()
        async with asyncio.timeout(5):
            await ended.wait()
