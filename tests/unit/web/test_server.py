import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import bcrypt
import pytest
import trustme

from obs.errors import BadInput
from obs.web.access import Access
from obs.web.server import Server, parse_listen, serve
from tests.unit.web.stub_site import StubSite


@pytest.fixture
async def client(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url, auto_decompress=False) as session:
        yield session


async def test_a_scraper_without_wishes_gets_plain_text(client: aiohttp.ClientSession) -> None:
    async with client.get("/metrics", headers={"Accept-Encoding": "identity"}) as answer:
        assert await answer.read() == b"up 1\n"
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"


async def test_a_scraper_gets_the_format_and_compression_it_requests(
    client: aiohttp.ClientSession,
) -> None:
    wishes = {
        "Accept": "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3",
        "Accept-Encoding": "gzip",
    }
    async with client.get("/metrics", headers=wishes) as answer:
        assert gzip.decompress(await answer.read()) == b"# EOF\n"
        assert answer.headers["Content-Encoding"] == "gzip"
        assert (
            answer.headers["Content-Type"]
            == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        )


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/healthz", "/readyz", "/api/v1/status", "/api/v1/slo/history"]
)
async def test_head_says_what_get_would_and_sends_no_body(
    client: aiohttp.ClientSession, path: str
) -> None:
    headers = {"Accept-Encoding": "identity"}
    async with (
        client.get(path, headers=headers) as full,
        client.head(path, headers=headers) as head,
    ):
        assert head.status == full.status == 200
        assert head.headers["Content-Length"] == str(len(await full.read()))
        assert head.headers["Content-Type"] == full.headers["Content-Type"]
        assert await head.read() == b""


async def test_health_follows_the_process(client: aiohttp.ClientSession, site: StubSite) -> None:
    async with client.get("/healthz") as answer:
        assert answer.status == 200
    site.working = False
    async with client.get("/healthz") as answer:
        assert answer.status == 503


async def test_readiness_gives_its_reasons_one_a_line(
    client: aiohttp.ClientSession, site: StubSite
) -> None:
    async with client.get("/readyz") as answer:
        assert answer.status == 200
    site.reasons = ("nats has not answered", "aws is stale")
    async with client.get("/readyz") as answer:
        assert answer.status == 503
        assert await answer.text() == "nats has not answered\naws is stale\n"


@pytest.mark.parametrize("size", [10, 1_000_000])
async def test_the_status_is_compressed_where_that_is_accepted(
    client: aiohttp.ClientSession, site: StubSite, size: int
) -> None:
    site.document = b"[" + b"1," * size + b"1]"
    async with client.get("/api/v1/status", headers={"Accept-Encoding": "gzip"}) as answer:
        assert gzip.decompress(await answer.read()) == site.document
        assert answer.headers["Content-Type"] == "application/json"
    async with client.get("/api/v1/status", headers={"Accept-Encoding": "identity"}) as answer:
        assert await answer.read() == site.document


async def test_an_unknown_path_is_answered_with_those_that_exist(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get("/<script>") as answer:
        text = await answer.text()
        assert answer.status == 404
        assert "/metrics" in text
        assert "/api/v1/status" in text
        assert "<script>" not in text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_nothing_can_be_changed(client: aiohttp.ClientSession, method: str) -> None:
    async with client.request(method, "/metrics") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/status", "/nowhere"])
async def test_every_answer_carries_the_security_headers(
    client: aiohttp.ClientSession, path: str
) -> None:
    async with client.get(path) as answer:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "deny"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Server"] == "obs"
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


async def test_the_page_may_run_its_own_script_and_nothing_else(
    client: aiohttp.ClientSession,
) -> None:
    async with client.get("/", headers={"Accept-Encoding": "identity"}) as answer:
        policy = answer.headers["Content-Security-Policy"]
        html = await answer.text()
    assert policy.count("'sha256-") == 2
    assert html.count("<script>") == html.count("<style>") == 1
    assert "http://" not in html.replace("http://www.w3.org/", "")
    assert "https://" not in html


async def test_a_failure_inside_is_explained_neither_to_the_client_nor_with_what_it_sent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class FailingSite(StubSite):
        def status(self) -> bytes:
            raise RuntimeError("token=hunter2")

    server = await serve(FailingSite(), "127.0.0.1:0")
    async with (
        aiohttp.ClientSession(server.url) as client,
        client.get("/api/v1/status") as answer,
    ):
        assert answer.status == 500
        assert "hunter2" not in await answer.text()
    await server.close()
    assert "RuntimeError in" in caplog.text
    assert "hunter2" not in caplog.text
    assert all("\n" not in record.getMessage() for record in caplog.records)


async def test_a_port_in_use_has_a_clear_error(server: Server, site: StubSite) -> None:
    with pytest.raises(BadInput, match=rf"127\.0\.0\.1:{server.port}: the port is in use"):
        await serve(site, f"127.0.0.1:{server.port}")


async def test_an_address_of_another_machine_has_a_clear_error(site: StubSite) -> None:
    with pytest.raises(BadInput, match="does not have that address"):
        await serve(site, "203.0.113.7:0")


async def test_a_closed_server_frees_its_port(site: StubSite) -> None:
    first = await serve(site, "127.0.0.1:0")
    await first.close()
    second = await serve(site, f"127.0.0.1:{first.port}")
    await second.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
async def test_an_ipv6_address_is_listened_on(site: StubSite) -> None:
    try:
        server = await serve(site, "[::1]:0")
    except BadInput:
        pytest.skip("this machine has no ::1")
    assert server.url == f"http://[::1]:{server.port}/"
    async with aiohttp.ClientSession() as client, client.get(server.url) as answer:
        assert answer.status == 200
    await server.close()


@pytest.mark.parametrize(
    ("listen", "expected"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:0", ("::1", 0)), ("host:1", ("host", 1))],
)
def test_an_address_is_host_and_port(listen: str, expected: tuple[str, int]) -> None:
    assert parse_listen(listen) == expected


@pytest.mark.parametrize(
    "listen", ["", "9464", ":9464", "host", "host:", "host:x", "host:65536", "::1:9464", "a:²"]
)
def test_anything_else_is_refused_with_an_example(listen: str) -> None:
    with pytest.raises(BadInput, match=r"for example 127\.0\.0\.1:9464"):
        parse_listen(listen)


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def web_file(folder: Path, authority: trustme.CA, more: str = "", below: str = "") -> Path:
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    file = folder / "web.yml"
    file.write_text(
        f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.pem\n{more}{below}"
    )
    return file


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_users_must_log_in_on_every_path(site: StubSite, tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"pw", bcrypt.gensalt(4)).decode()
    (tmp_path / "web.yml").write_text(f"basic_auth_users: {{alice: '{hashed}'}}")
    server = await serve(site, "127.0.0.1:0", Access(tmp_path / "web.yml"))
    async with aiohttp.ClientSession(server.url) as client:
        for path in ("/", "/metrics", "/healthz", "/readyz", "/api/v1/status", "/nowhere"):
            async with client.get(path) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"].startswith("Basic")
        async with client.get(
            "/metrics", headers={"Authorization": "Basic YWxpY2U6cHc="}
        ) as answer:
            assert answer.status == 200
    await server.close()


async def test_headers_of_the_file_replace_our_own(site: StubSite, tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(
        "http_server_config: {headers: {X-Frame-Options: sameorigin}}"
    )
    server = await serve(site, "127.0.0.1:0", Access(tmp_path / "web.yml"))
    async with aiohttp.ClientSession() as client, client.get(server.url) as answer:
        assert answer.headers.getall("X-Frame-Options") == ["sameorigin"]
    await server.close()


async def test_tls_is_spoken_and_a_new_certificate_is_taken_up(
    site: StubSite, tmp_path: Path, authority: trustme.CA
) -> None:
    server = await serve(site, "127.0.0.1:0", Access(web_file(tmp_path, authority)))
    assert server.url.startswith("https://")
    another = trustme.CA()
    async with aiohttp.ClientSession() as client:
        async with client.get(server.url, ssl=trusting(authority)) as answer:
            assert answer.status == 200
        web_file(tmp_path, another)
        async with client.get(server.url, ssl=trusting(another)) as answer:
            assert answer.status == 200
    await server.close()


async def test_a_client_needs_a_certificate_where_the_file_says_so(
    site: StubSite, tmp_path: Path, authority: trustme.CA
) -> None:
    more = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.pem\n"
    allowed = "  client_allowed_sans: [prometheus.example]\n"
    server = await serve(site, "127.0.0.1:0", Access(web_file(tmp_path, authority, more, allowed)))
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.ClientError):
            await client.get(server.url, ssl=trusting(authority))
        for name, expected in (("other.example", 401), ("prometheus.example", 200)):
            context = trusting(authority)
            authority.issue_cert(name).configure_cert(context)
            async with client.get(server.url, ssl=context) as answer:
                assert answer.status == expected
    await server.close()
