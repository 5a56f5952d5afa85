"""What a hostile server can do to a NATS connection."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client

from obs.clients.nats import keep_connected, request
from obs.errors import REASONS, SourceError
from obs.spec.nats_login import NatsLogin
from obs.spec.tls import Tls

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SECRET = "pa55word-that-nobody-may-see"


def info(**more: object) -> bytes:
    told = {"server_id": "A", "version": "2.10.0", "max_payload": 1 << 20, "headers": True}
    return b"INFO " + json.dumps({**told, **more}).encode() + b"\r\n"


async def idle(client: Client, ready: Callable[[], None]) -> None:
    ready()
    await asyncio.Event().wait()


class Server:
    """Serves every connection the same way, and records what arrives after the greeting."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.received = b""
        self.connections = 0

    async def __aenter__(self) -> "Server":
        self.server = await asyncio.start_server(self._once, "127.0.0.1", 0)
        self.address = "127.0.0.1:{1}".format(*self.server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def _once(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.serve(reader, writer)
            while part := await reader.read(65536):
                self.received += part
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def greeting(line: bytes) -> Serve:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)

    return greet


def welcome(*after: bytes, line: bytes = info()) -> Serve:
    """Accepts the login, then sends what follows."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(line)
        await reader.readuntil(b"PING\r\n")
        writer.write(b"PONG\r\n")
        for part in after:
            writer.write(part)
            await writer.drain()

    return accept


async def reports_of(spec: NatsLogin, count: int = 1, timeout: float = 1.0) -> list[str]:
    """The first reports of a connection, as reason and message; "up" for none."""
    reports: asyncio.Queue[SourceError | None] = asyncio.Queue()
    task = asyncio.create_task(
        keep_connected(spec, "obs", idle, reports.put_nowait, timeout=timeout)
    )
    try:
        found = [await asyncio.wait_for(reports.get(), 10) for _ in range(count)]
    finally:
        task.cancel()
        await asyncio.wait([task])
    return ["up" if each is None else f"{each.reason} {each}" for each in found]


LOGINS = [{"user": "obs", "password": "${OBS_SECRET}"}, {"token": "${OBS_SECRET}"}]


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBS_SECRET", SECRET)


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize(
    "line", [info(), info(tls_required=False), info(auth_required=True, nonce="x")]
)
@pytest.mark.parametrize(("scheme", "tls"), [("tls", None), ("tls", Tls()), ("nats", Tls())])
async def test_nothing_is_sent_to_a_server_without_tls_where_the_spec_asks_for_it(
    login: dict[str, str], line: bytes, scheme: str, tls: Tls | None
) -> None:
    async with Server(greeting(line)) as server:
        spec = NatsLogin(servers=(f"{scheme}://{server.address}",), tls=tls, **login)
        (report,) = await reports_of(spec)
        assert report == (
            f"connection {scheme}://{server.address}: the server does not offer TLS, so no login "
            "was sent; configure TLS on the server, or write nats:// and no tls where the network "
            "is trusted"
        )
        assert server.received == b""


async def test_nothing_is_sent_when_it_connects_again_either() -> None:
    async with Server(greeting(info())) as server:
        spec = NatsLogin(servers=(f"tls://{server.address}",), token="${OBS_SECRET}")
        reports = await reports_of(spec, 2)
        assert all("does not offer TLS" in report for report in reports)
        assert server.connections >= 2
        assert server.received == b""


async def test_one_tls_address_of_several_asks_for_tls_on_all() -> None:
    async with Server(greeting(info())) as one, Server(greeting(info())) as two:
        servers = (f"tls://{one.address}", f"nats://{two.address}")
        await reports_of(NatsLogin(servers=servers, token="${OBS_SECRET}"))
        assert one.connections == two.connections == 1
        assert one.received == two.received == b""


@pytest.mark.parametrize("offer", ["tls_required", "tls_available"])
async def test_a_server_that_offers_tls_gets_a_handshake_and_no_login_where_that_fails(
    offer: str,
) -> None:
    async with Server(greeting(info(**{offer: True}))) as server:
        spec = NatsLogin(servers=(f"tls://{server.address}",), token="${OBS_SECRET}")
        (report,) = await reports_of(spec, timeout=0.3)
        assert report.startswith("timeout ")
        assert server.received.startswith(b"\x16\x03")  # a TLS handshake
        assert SECRET.encode() not in server.received


async def test_servers_that_a_server_names_are_not_connected_to() -> None:
    async with Server(welcome()) as other:
        line = info(connect_urls=[other.address])
        async with Server(welcome(line, b"-ERR 'Stale Connection'\r\n", line=line)) as server:
            spec = NatsLogin(servers=(f"nats://{server.address}",))
            reports = await reports_of(spec, 3)
            assert "up" in reports
            assert server.connections >= 2
            assert other.connections == 0


async def drip_info(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"INFO {")
    while not writer.is_closing():
        writer.write(b" ")
        await asyncio.sleep(0.01)


async def drip_after_info(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(info())
    while not writer.is_closing():
        writer.write(b"+")
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("serve", [drip_info, drip_after_info])
async def test_a_greeting_a_byte_at_a_time_ends_at_the_timeout(serve: Serve) -> None:
    started = time.monotonic()
    async with Server(serve) as server:
        spec = NatsLogin(servers=(f"nats://{server.address}",))
        (report,) = await reports_of(spec, timeout=0.3)
    assert report.startswith("timeout ")
    assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    ("sent", "most"),
    [
        (b"MSG x 1 99999999999\r\n", 1463637),
        (b"HMSG x 1 12 99999999999\r\n", 1463637),
        (b"INFO {" + b" " * (2 << 20), 1 << 20),
        (b"x" * (2 << 20), 1 << 20),
    ],
)
async def test_what_no_server_sends_ends_the_connection_and_is_told(sent: bytes, most: int) -> None:
    async with Server(welcome(sent)) as server:
        spec = NatsLogin(servers=(f"nats://{server.address}",))
        *_, report = await reports_of(spec, 2)
    kind = "message" if b"MSG" in sent else "line"
    assert report == (
        f"too_large nats://{server.address}: the server sends a {kind} of more than {most} bytes"
    )


async def test_a_server_cannot_announce_messages_larger_than_nats_allows() -> None:
    serve = welcome(b"MSG x 1 99999999999\r\n", line=info(max_payload=1 << 62))
    async with Server(serve) as server:
        *_, report = await reports_of(NatsLogin(servers=(f"nats://{server.address}",)), 2)
    assert report.startswith("too_large ")
    assert f"more than {(64 << 20) * 4 // 3 + 65536} bytes" in report


@pytest.mark.parametrize(
    "line",
    [
        b"INFO []\r\n",
        b"INFO null\r\n",
        b'INFO "x"\r\n',
        b"INFO {\r\n",
        b"INFO\r\n",
        b"INFO " + b"[" * 30_000 + b"\r\n",
        b"INFO " + b" " * 100_000,
        b'INFO {"max_payload":' + b"9" * 5000 + b"}\r\n",
        info(max_payload="much"),
        info(max_payload=None),
        info(version=7),
        info(version=[]),
        info(connect_urls=7),
        info(connect_urls=[None]),
        info(headers="x", nonce=4, client_id={}),
        b"\xff\xfe\r\n",
        b"\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
    ],
)
async def test_an_odd_greeting_is_an_error_or_harmless(line: bytes) -> None:
    async with Server(welcome(line=line)) as server:
        (report,) = await reports_of(NatsLogin(servers=(f"nats://{server.address}",)), timeout=0.5)
    assert report.split()[0] in (*REASONS, "up")


@pytest.mark.parametrize(
    "after",
    [
        b"INFO {\r\n",
        b"INFO []\r\n",
        b"INFO " + b"[" * 100_000 + b"\r\n",
        b"-ERR\r\n",
        b"-ERR '\xff'\r\n",
        b"MSG x " + b"9" * 5000 + b" 1\r\n",
        b"FOO\r\n",
        b"\x00\x01\r\n",
    ],
)
async def test_a_line_that_cannot_be_read_ends_the_connection(after: bytes) -> None:
    async with Server(welcome(after)) as server:
        *_, report = await reports_of(NatsLogin(servers=(f"nats://{server.address}",)), 2)
    assert report.split()[0] in REASONS


LINES = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from(
            [
                *(b"INFO {}\r\n", b"MSG x 1 3\r\nabc\r\n", b"MSG _INBOX.x 1 y 2\r\n", b"PING\r\n"),
                *(b"PONG\r\n", b"+OK\r\n", b"-ERR 'x'\r\n", b"HMSG x 1 9 3\r\n", b"\r\n"),
                b"HMSG x 1 12 12\r\nNATS/1.0\r\n\r\n\r\n",
                b"HMSG x 1 12 12\r\nNATS/\xff.0\r\n\r\n\r\n",
            ]
        ),
    ),
    max_size=6,
).map(b"".join)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=LINES, after=LINES)
def test_whatever_a_server_sends_only_errors_of_ours_arrive(before: bytes, after: bytes) -> None:
    async def use(client: Client, ready: Callable[[], None]) -> None:
        await client.subscribe("x")
        await request(client, "$JS.API.INFO", b"", 0.05)
        await client.jetstream().consumer_info("S", "c", timeout=0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(before or info())
        writer.write(b"PONG\r\n" + after)
        writer.write_eof()

    async def first() -> SourceError | None:
        reports: asyncio.Queue[SourceError | None] = asyncio.Queue()
        async with Server(serve) as server:
            spec = NatsLogin(servers=(f"nats://{server.address}",))
            task = asyncio.create_task(
                keep_connected(spec, "obs", use, reports.put_nowait, timeout=0.3)
            )
            try:
                return await asyncio.wait_for(reports.get(), 5)
            finally:
                task.cancel()
                await asyncio.wait([task])

    error = asyncio.run(first())
    assert error is not None
    assert error.reason in REASONS
