"""Clients that are slow, silent, greedy or send what is no request."""

import asyncio
import base64
import errno
import gzip
import logging
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import bcrypt
import pytest
import trustme

from obs.web import limits, listener
from obs.web.access import Access
from obs.web.server import Server, serve
from obs.web.streamed import SharedDocument
from tests.hostile.web_requests import malformed_requests
from tests.unit.web.stub_site import StubSite


@pytest.fixture
async def client(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def closed_within(seconds: float, port: int, say: bytes) -> bytes:
    """What a raw client gets until the server closes; fails where it does not in time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(say)
    try:
        async with asyncio.timeout(seconds):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


HALF = b"GET /metrics HTTP/1.1\r\nHost: a\r\n"


async def test_a_request_that_is_not_completed_ends_the_connection(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.1)
    said = (b"", b"GET /met", HALF)
    answers = await asyncio.gather(*(closed_within(5, server.port, say) for say in said))
    assert answers == [b"", b"", b""]
    assert [record.getMessage() for record in caplog.records] == [
        "web: a client at 127.0.0.1 did not complete a request within 0.1 s"
    ]


async def test_a_connection_without_a_further_request_ends_without_a_word(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.1)
    assert b"200 OK" in await closed_within(5, server.port, HALF + b"\r\n")
    assert not caplog.records


async def test_a_tls_handshake_that_is_not_completed_ends_the_connection(
    site: StubSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "REQUEST_SECONDS", 0.1)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    web_file = tmp_path / "web.yml"
    web_file.write_text("tls_server_config: {cert_file: server.pem, key_file: server.pem}")
    server = await serve(site, "127.0.0.1:0", Access(web_file))
    for say in (b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\n\r\n"):
        await closed_within(5, server.port, say)
    await server.close()


async def test_a_client_that_does_not_read_is_closed_and_holds_no_copy_of_the_body(
    site: StubSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "STALLED_SECONDS", 0.1)
    site.document = bytes(50_000_000)
    server = await serve(site, "127.0.0.1:0")
    say = b"GET /api/v1/status HTTP/1.1\r\nHost: a\r\n\r\n"
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
    writer.write(say)
    async with asyncio.timeout(10):
        while "read nothing of an answer" not in caplog.text:
            await asyncio.sleep(0.05)
    writer.transport.abort()
    await server.close()


async def test_closing_does_not_wait_for_a_client_that_does_not_read(site: StubSite) -> None:
    site.document = bytes(50_000_000)
    server = await serve(site, "127.0.0.1:0")
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
    writer.write(b"GET /api/v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0.1)
    async with asyncio.timeout(3):
        await server.close()
    writer.transport.abort()


async def test_malformed_requests_are_short_lines_without_what_was_sent(
    site: StubSite, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.5)
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(listener, "_WATCH_SECONDS", 0.1)
    server = await serve(site, "127.0.0.1:0")
    said = malformed_requests()
    answers = await asyncio.gather(*(closed_within(10, server.port, each) for each in said))
    assert all(answer[:9] in (b"", b"HTTP/1.1 ", b"HTTP/1.0 ") for answer in answers)
    assert not any(b"hunter2" in answer for answer in answers)
    for record in caplog.records:
        message = logging.Formatter().format(record)
        assert len(message) < 200
        assert "\n" not in message
        assert "hunter2" not in message
    assert 1 <= len(caplog.records) <= 4
    assert b"200 OK" in await closed_within(5, server.port, HALF + b"Connection: close\r\n\r\n")
    await server.close()


async def test_without_files_for_new_clients_the_others_are_served(
    server: Server,
    client: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with client.get("/healthz") as answer:
        assert await answer.text() == "ok\n"  # this connection stays
    tries: list[int] = []

    def accept(_: socket.socket) -> tuple[socket.socket, tuple[str, int]]:
        tries.append(1)
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket.socket, "accept", accept)
    other = socket.create_connection(("127.0.0.1", server.port))
    for _ in range(20):
        async with client.get("/healthz") as answer:
            assert answer.status == 200
        await asyncio.sleep(0.01)
    other.close()
    assert len(tries) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "web: a client at an unknown address could not be accepted: Too many open files"
    ]


async def test_an_address_that_guesses_passwords_is_told_when_to_come_back(
    site: StubSite, tmp_path: Path
) -> None:
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{alice: '{hashed}'}}")
    server = await serve(site, "127.0.0.1:0", Access(tmp_path / "web.yml"))
    statuses = []
    async with aiohttp.ClientSession(server.url) as client:
        for number in range(12):
            login = base64.b64encode(f"alice:wrong {number}".encode()).decode()
            headers = {"Authorization": f"Basic {login}"}
            async with client.get("/healthz", headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses == [401] * 10 + [429] * 2
    assert int(answer.headers["Retry-After"]) == 3
    await server.close()


async def test_clients_that_ask_at_once_share_one_status_document() -> None:
    built: list[int] = []

    def build() -> bytes:
        built.append(1)
        time.sleep(0.05)
        return b"x" * 1000

    document = SharedDocument(build)
    bodies = await asyncio.gather(*(document.body(gzip=True) for _ in range(50)))
    assert len(built) == 1
    assert len({id(body) for body in bodies}) == 1
    assert gzip.decompress(b"".join(bodies[0])) == b"x" * 1000


async def test_clients_that_are_slow_do_not_hold_ever_more_versions_of_a_document() -> None:
    versions = iter(range(100))
    document = SharedDocument(lambda: str(next(versions)).encode())
    held = [await document.body(gzip=False) for _ in range(20)]
    assert len({id(body) for body in held}) == 4
    held.clear()
    assert b"".join(await document.body(gzip=False)) > b"3"
