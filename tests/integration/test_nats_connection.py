import asyncio
import functools
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import nats
import nkeys
import pytest
from nats.aio.client import Client

from obs.clients.http import Http
from obs.clients.nats import keep_connected
from obs.errors import SourceError
from obs.sandbox.nats_server import NatsServer
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsConnection, NatsSource
from obs.spec.tls import Tls
from tests.integration.certificates import Certificates
from tests.integration.nats_binary import run_by
from tests.integration.nats_jwt import make_operator
from tests.integration.waiting import ended, eventually_async

pytestmark = pytest.mark.integration

SECRET = "pa55word-that-nobody-may-see"
Reports = list[SourceError | None]


@asynccontextmanager
async def connecting(spec: NatsConnection) -> AsyncIterator[Reports]:
    """What keep_connected reports while it runs."""
    reports: Reports = []

    async def wait(client: Client, ready: Callable[[], None]) -> None:
        ready()
        await asyncio.Event().wait()

    task = asyncio.create_task(keep_connected(spec, "obs main", wait, reports.append, timeout=2))
    try:
        yield reports
    finally:
        await ended(task)


async def first_report(spec: NatsConnection) -> SourceError | None:
    async with connecting(spec) as reports:
        await eventually_async(lambda: len(reports) > 0)
        return reports[0]


def refused(report: SourceError | None) -> str:
    assert report is not None
    assert SECRET not in str(report)
    return report.reason


async def test_a_server_without_login_is_entered_under_a_name_operators_can_see(
    nats_server: NatsServer,
) -> None:
    async with connecting(NatsConnection(servers=(nats_server.url,))) as reports:
        await eventually_async(lambda: reports == [None])
        with closing(Http()) as http:
            assert b'"name": "obs main"' in http.get(f"{nats_server.monitor}/connz")


async def test_user_and_password_open_an_account(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{SECRET}\n")
    login = {"user": "obs", "password_file": str(tmp_path / "password")}
    with NatsServer(tmp_path, accounts={"OMS": {"obs": SECRET}}) as server:
        assert await first_report(NatsConnection(servers=(server.url,), **login)) is None
        wrong = NatsConnection(servers=(server.url,), **(login | {"user": "other"}))
        assert refused(await first_report(wrong)) == "auth"


async def test_a_token_opens_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBS_TEST_TOKEN", SECRET)
    with NatsServer(tmp_path, extra={"authorization": {"token": SECRET}}) as server:
        spec = NatsConnection(servers=(server.url,), token="${OBS_TEST_TOKEN}")
        assert await first_report(spec) is None
        monkeypatch.setenv("OBS_TEST_TOKEN", f"{SECRET}-wrong")
        assert refused(await first_report(spec)) == "auth"


async def test_no_login_where_one_is_needed_is_refused(tmp_path: Path) -> None:
    with NatsServer(tmp_path, extra={"authorization": {"token": SECRET}}) as server:
        assert refused(await first_report(NatsConnection(servers=(server.url,)))) == "auth"


async def test_credentials_open_an_account_of_a_server_in_operator_mode(tmp_path: Path) -> None:
    operator = make_operator()
    credentials = tmp_path / "obs.creds"
    credentials.write_text(operator.credentials)
    with NatsServer(tmp_path, extra=operator.config) as server:
        spec = NatsConnection(servers=(server.url,), credentials_file=str(credentials))
        assert await first_report(spec) is None
        client = await nats.connect(server.url, user_credentials=str(credentials))
        await client.jetstream().add_stream(name="S", subjects=["s"])
        await client.close()
        source = NatsSource(monitor=(server.monitor,))
        with closing(open_cluster("main", source, time.time)) as polled:
            assert {stream.account for stream in polled.poll().streams} == {"OMS"}
        credentials.write_text(make_operator().credentials)
        assert refused(await first_report(spec)) == "auth"


async def test_a_jwt_and_its_seed_open_the_same_account(tmp_path: Path) -> None:
    operator = make_operator()
    parts = [line for line in operator.credentials.splitlines() if line and line[0] != "-"]
    files = {"jwt_file": tmp_path / "jwt", "nkey_file": tmp_path / "seed"}
    for file, text in zip(files.values(), parts, strict=True):
        file.write_text(f"{text}\n")
    with NatsServer(tmp_path / "op", extra=operator.config) as server:
        login = {name: str(file) for name, file in files.items()}
        assert await first_report(NatsConnection(servers=(server.url,), **login)) is None
        files["nkey_file"].write_text(f"{nkeys.from_seed(make_seed()).seed.decode()}\n")
        report = await first_report(NatsConnection(servers=(server.url,), **login))
        assert refused(report) == "auth"


async def test_an_nkey_opens_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = make_seed()
    public = bytes(nkeys.from_seed(bytearray(seed)).public_key).decode()
    monkeypatch.setenv("OBS_TEST_SEED", seed.decode())
    with NatsServer(tmp_path, extra={"authorization": {"users": [{"nkey": public}]}}) as server:
        spec = NatsConnection(servers=(server.url,), nkey="${OBS_TEST_SEED}")
        assert await first_report(spec) is None
        for wrong in (make_seed().decode(), "SUAGARBLED", "no seed at all"):
            monkeypatch.setenv("OBS_TEST_SEED", wrong)
            report = await first_report(spec)
            assert refused(report) == "auth"
            assert wrong not in str(report)


def make_seed() -> bytes:
    """The seed of a new user."""
    return bytes(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER))


GARBLED = "-----BEGIN NATS USER JWT-----\nx.y.z\n-----BEGIN USER NKEY SEED-----\nSUAGARBLED\n"


@pytest.mark.parametrize("content", [None, "", "no credentials\n", GARBLED])
async def test_unusable_credentials_are_reported(tmp_path: Path, content: str | None) -> None:
    credentials = tmp_path / "obs.creds"
    if content is not None:
        credentials.write_text(content)
    with NatsServer(tmp_path / "op", extra=make_operator().config) as server:
        spec = NatsConnection(servers=(server.url,), credentials_file=str(credentials))
        assert refused(await first_report(spec)) == "auth"


async def test_missing_tls_files_are_reported_by_name(nats_server: NatsServer) -> None:
    spec = NatsConnection(servers=(nats_server.url,), tls=Tls(ca_file="/no/such/ca.pem"))
    report = await first_report(spec)
    assert refused(report) == "auth"
    assert "/no/such/ca.pem" in str(report)


async def test_a_missing_secret_file_is_reported_by_name(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    login = {"user": "obs", "password_file": str(tmp_path / "missing")}
    report = await first_report(NatsConnection(servers=(nats_server.url,), **login))
    assert refused(report) == "auth"
    assert "missing" in str(report)


async def test_tls_needs_the_right_authority_and_a_client_certificate_where_required(
    tmp_path: Path, certificates: Certificates
) -> None:
    tls = {
        "cert_file": str(certificates.server),
        "key_file": str(certificates.server_key),
        "ca_file": str(certificates.ca),
        "verify": True,
    }
    both = {
        "cert_file": str(certificates.client),
        "key_file": str(certificates.client_key),
    }
    with NatsServer(tmp_path, extra={"tls": tls}) as server:

        def spec(**fields: str) -> NatsConnection:
            url = server.url.replace("nats://", "tls://")
            return NatsConnection(servers=(url,), tls=Tls(**fields))

        assert await first_report(spec(ca_file=str(certificates.ca), **both)) is None
        wrong = await first_report(spec(ca_file=str(certificates.other_ca), **both))
        assert refused(wrong) == "connection"
        assert "TLS" in str(wrong)
        assert refused(await first_report(spec(ca_file=str(certificates.ca)))) == "connection"


@pytest.mark.parametrize("scheme", ["nats", "tls"])
async def test_tls_may_begin_before_the_server_says_anything(
    tmp_path: Path, certificates: Certificates, scheme: str
) -> None:
    tls = {
        "cert_file": str(certificates.server),
        "key_file": str(certificates.server_key),
        "handshake_first": True,
    }
    with NatsServer(tmp_path, extra={"tls": tls}) as server:
        url = server.url.replace("nats://", f"{scheme}://")
        trusted = Tls(ca_file=str(certificates.ca))
        first = NatsConnection(servers=(url,), tls=trusted, tls_first=True)
        assert await first_report(first) is None
        later = NatsConnection(servers=(url,), tls=trusted)
        assert refused(await first_report(later)) in ("connection", "timeout")


def server_tls(certificates: Certificates) -> dict[str, object]:
    return {"cert_file": str(certificates.server), "key_file": str(certificates.server_key)}


async def test_a_login_reaches_a_server_with_tls_whether_it_requires_or_only_offers_it(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBS_TEST_TOKEN", SECRET)
    for name, more in (("requires", {}), ("offers", {"allow_non_tls": True})):
        extra = {
            "authorization": {"token": SECRET},
            "tls": server_tls(certificates),
            **more,
        }
        with run_by(NatsServer(tmp_path / name, extra=extra)) as server:
            url = server.url.replace("nats://", "tls://")
            tls = Tls(ca_file=str(certificates.ca))
            spec = NatsConnection(servers=(url,), tls=tls, token="${OBS_TEST_TOKEN}")
            async with connecting(spec) as reports:
                await eventually_async(functools.partial(len, reports))
                assert reports == [None]
                with closing(Http()) as http:
                    assert b'"tls_version"' in http.get(f"{server.monitor}/connz")


async def test_no_login_reaches_a_server_without_tls_where_the_spec_asks_for_it(
    tmp_path: Path, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBS_TEST_TOKEN", SECRET)
    tls = Tls(ca_file=str(certificates.ca))
    trace = {"authorization": {"token": SECRET}, "trace": True}
    with run_by(NatsServer(tmp_path, extra=trace)) as server:
        for url in (server.url, server.url.replace("nats://", "tls://")):
            spec = NatsConnection(servers=(url,), tls=tls, token="${OBS_TEST_TOKEN}")
            report = await first_report(spec)
            assert refused(report) == "connection"
            assert "the server does not offer TLS" in str(report)
        log = (tmp_path / "nats.log").read_text()
        assert "CONNECT {" not in log
        plain = NatsConnection(servers=(server.url,), token="${OBS_TEST_TOKEN}")
        assert await first_report(plain) is None
        await eventually_async(lambda: "CONNECT {" in (tmp_path / "nats.log").read_text())


async def test_it_comes_back_when_the_server_does(nats_server: NatsServer) -> None:
    async with connecting(NatsConnection(servers=(nats_server.url,))) as reports:
        await eventually_async(lambda: reports == [None])
        nats_server.kill()
        await eventually_async(lambda: len(reports) > 1)
        assert refused(reports[1]) == "connection"
        nats_server.start()
        await eventually_async(lambda: reports[-1] is None)


async def test_a_rotated_password_is_read_again(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("old")
    server = NatsServer(tmp_path, accounts={"OMS": {"obs": SECRET}})
    spec = NatsConnection(servers=(server.url,), user="obs", password_file=str(password))
    with server:
        async with connecting(spec) as reports:
            await eventually_async(lambda: len(reports) > 0)
            assert refused(reports[0]) == "auth"
            password.write_text(SECRET)
            await eventually_async(lambda: reports[-1] is None)


async def test_another_server_listed_is_taken_where_one_is_down(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    down = NatsServer(tmp_path / "down")
    spec = NatsConnection(servers=(down.url, nats_server.url))
    for _ in range(4):  # the order is random
        assert await first_report(spec) is None


async def test_nothing_is_left_running_when_it_is_cancelled(nats_server: NatsServer) -> None:
    async with connecting(NatsConnection(servers=(nats_server.url,))) as reports:
        await eventually_async(lambda: reports == [None])
    await asyncio.sleep(0)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await eventually_async(lambda: all(task.done() for task in others))


async def test_a_log_never_shows_a_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    (tmp_path / "password").write_text(SECRET)
    login = {"user": "obs", "password_file": str(tmp_path / "password")}
    with NatsServer(tmp_path, accounts={"OMS": {"obs": "another"}}) as server:
        await first_report(NatsConnection(servers=(server.url,), **login))
    assert SECRET not in caplog.text
    assert SECRET not in "".join(path.read_text() for path in _logs(tmp_path))


def _logs(folder: Path) -> list[Path]:
    return list(folder.glob("*.log"))
