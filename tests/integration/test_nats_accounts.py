"""What servers tell of accounts, by every way in; and an account that nears its limit."""

import asyncio
import base64
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from obs.alerts.conditions import Above
from obs.alerts.definitions import BY_NAME
from obs.errors import SourceError
from obs.families.nats_accounts import limits_used
from obs.sandbox.nats_server import NatsCluster, NatsServer
from obs.snapshot.accounts import Account, AccountShare, Usage
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import open_cluster
from obs.spec.nats import NatsSource
from tests.integration.certificates import Certificates, make_certificates
from tests.integration.nats_binary import run_by
from tests.integration.nats_jwt import make_operator
from tests.integration.waiting import answered, eventually
from tests.integration.workers import AWAY

pytestmark = pytest.mark.integration

LIMITS = {"max_mem": 1_000_000, "max_file": 1_000_000, "max_streams": 4, "max_consumers": 5}
ACCOUNTS = {
    "accounts": {
        "ORDERS": {"users": [{"user": "orders", "password": "secret"}], "jetstream": LIMITS},
        "PAYMENTS": {"users": [{"user": "pay", "password": "secret"}], "jetstream": "enabled"},
        "SYS": {"users": [{"user": "sys", "password": "secret"}]},
    },
    "system_account": "SYS",
}
PAYLOAD = b"x" * 1000


@asynccontextmanager
async def signed_in(server: NatsServer, user: str) -> AsyncIterator[Client]:
    client = await nats.connect(server.url, user=user, password="secret")
    try:
        yield client
    finally:
        await client.close()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    cluster = NatsCluster(tmp_path_factory.mktemp("nats"))
    for member in cluster.members:
        member._extra = {**member._extra, **ACCOUNTS}
        run_by(member)
    with cluster:
        asyncio.run(_fill(cluster.members[0]))
        yield cluster


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    with run_by(NatsServer(tmp_path / "server", extra=ACCOUNTS)) as server:
        yield server


async def _fill(server: NatsServer) -> None:
    """A stream of three replicas and one of one, of account ORDERS."""
    async with signed_in(server, "orders") as client:
        js = client.jetstream(timeout=5)
        for replicas, name in ((3, "R3"), (1, "R1")):
            make = partial(js.add_stream, name=name, subjects=[name], num_replicas=replicas)
            await answered(make, *AWAY)
            for _ in range(10):
                await answered(partial(js.publish, name, PAYLOAD), *AWAY)
        for number in range(3):
            await answered(partial(js.add_consumer, "R1", durable_name=f"c{number}"), *AWAY)


def source(folder: Path, servers: tuple[NatsServer, ...], way: str, **more: Any) -> NatsSource:
    password = folder / "password"
    password.write_text("secret\n")
    login = {"servers": [each.url for each in servers], "password_file": str(password)}
    ways: dict[str, dict[str, Any]] = {
        "monitor": {"monitor": [each.monitor for each in servers]},
        "system": {"system": login | {"user": "sys"}},
        "account": {"connection": login | {"user": "orders", "account": "ORDERS"}},
    }
    return NatsSource.model_validate(ways[way] | more)


def polled(spec: NatsSource) -> NatsSnapshot:
    with closing(open_cluster("main", spec, time.time)) as opened:
        return opened.poll()


def account(snapshot: NatsSnapshot, name: str = "ORDERS") -> Account:
    (found,) = [each for each in snapshot.accounts if each.name == name]
    return found


def shares(snapshot: NatsSnapshot, name: str) -> dict[str, AccountShare]:
    """By server."""
    return {
        server.name: each
        for server in snapshot.servers
        for each in server.accounts
        if each.name == name
    }


def test_a_cluster_tells_the_same_of_accounts_by_http_and_by_the_system_account(
    tmp_path: Path, cluster: NatsCluster
) -> None:
    def same() -> bool:
        http = polled(source(tmp_path, cluster.members, "monitor"))
        system = polled(source(tmp_path, cluster.members, "system"))
        usage = account(http).usage
        stored = 3 * 10 * 1000 < (usage.store or 0) < 5 * 10 * 1100
        told = [
            [account(each, name) for name in ("ORDERS", "PAYMENTS")]
            + [shares(each, name) for name in ("ORDERS", "PAYMENTS")]
            for each in (http, system)
        ]
        return stored and told[0] == told[1] and len(shares(http, "ORDERS")) == 3

    eventually(same)
    usage = account(polled(source(tmp_path, cluster.members, "monitor"))).usage
    streams = {stream.name: stream.bytes for stream in _streams(tmp_path, cluster)}
    assert usage.store == 3 * streams["R3"] + streams["R1"], "of all replicas"
    assert (usage.store_limit, usage.memory_limit) == (1_000_000, 1_000_000)
    assert (usage.streams, usage.consumers, usage.most_consumers) == (2, 3, 3)


def test_an_account_tells_the_same_of_itself_and_its_limits_beside(
    tmp_path: Path, cluster: NatsCluster
) -> None:
    def same() -> bool:
        http = account(polled(source(tmp_path, cluster.members, "monitor"))).usage
        own = account(polled(source(tmp_path, cluster.members, "account"))).usage
        assert own.store_reserved in (0, None)  # before 2.11 it falls below zero
        reserved = {"memory_reserved": None, "store_reserved": None}
        beside = {"streams_limit": 4, "consumers_limit": 5}
        told = msgspec.structs.replace(own, **reserved)
        return told == msgspec.structs.replace(http, **beside)

    eventually(same)


def test_a_servers_share_of_an_account_is_its_own_connections_and_traffic(
    tmp_path: Path, cluster: NatsCluster
) -> None:
    async def seen() -> None:
        async with signed_in(cluster.members[1], "pay") as client:
            await client.publish("nobody", b"12345")
            await client.flush()
            for way in ("monitor", "system"):
                told = partial(polled, source(tmp_path, cluster.members, way))
                found = await asyncio.to_thread(told)
                each = {
                    name: share.connections for name, share in shares(found, "PAYMENTS").items()
                }
                assert each == {"n1": 0, "n2": 1, "n3": 0}
                assert account(found, "PAYMENTS").connections == 1
                assert (shares(found, "PAYMENTS")["n2"].received_bytes or 0) >= 5

    asyncio.run(seen())


def _streams(tmp_path: Path, cluster: NatsCluster) -> Any:
    return polled(source(tmp_path, cluster.members, "monitor")).streams


@pytest.mark.parametrize("way", ["monitor", "system", "account"])
def test_what_is_not_collected_is_not_asked_for(
    tmp_path: Path, cluster: NatsCluster, way: str
) -> None:
    found = polled(source(tmp_path, cluster.members, way, collect=["servers"]))
    assert found.accounts == ()
    assert all(server.accounts == () for server in found.servers)


def test_accounts_beyond_the_cap_are_counted(tmp_path: Path, cluster: NatsCluster) -> None:
    found = polled(source(tmp_path, cluster.members, "monitor", max_accounts=1))
    assert [each.name for each in found.accounts] == ["ORDERS"]
    assert found.left_out["accounts"] == 3


def test_an_account_nears_its_limit_and_recovers(tmp_path: Path, server: NatsServer) -> None:
    """On the threshold of NatsAccountNearLimit, of storage and of consumers of a stream."""
    condition = BY_NAME["NatsAccountNearLimit"].when
    assert isinstance(condition, Above)
    threshold = condition.threshold

    def near() -> set[str]:
        used = limits_used(account(polled(source(tmp_path, (server,), "account"))))
        return {name for name, ratio in used if ratio > threshold}

    async def fill() -> None:
        async with signed_in(server, "orders") as client:
            js = client.jetstream()
            await js.add_stream(name="S", subjects=["s"])
            for number in range(5):
                await js.add_consumer("S", durable_name=f"c{number}")
            with suppress(APIError):  # at its limit
                for _ in range(1000):
                    await js.publish("s", PAYLOAD)

    async def empty() -> None:
        async with signed_in(server, "orders") as client:
            js = client.jetstream()
            await js.purge_stream("S")
            await js.delete_consumer("S", "c0")

    assert near() == set()
    asyncio.run(fill())
    eventually(lambda: near() == {"store", "consumers"})
    asyncio.run(empty())
    eventually(lambda: near() == set())


def test_limits_of_tiers_and_of_connections_are_in_the_accounts_jwt(tmp_path: Path) -> None:
    tier = {"disk_storage": 2_000_000, "mem_storage": 0, "streams": 2, "consumer": 7}
    allowed = {"conn": 10, "leaf": 2, "tiered_limits": {"R1": tier}}
    operator = make_operator("ORDERS", allowed=allowed)
    credentials = tmp_path / "user.creds"
    credentials.write_text(operator.credentials)
    with run_by(NatsServer(tmp_path / "server", extra=operator.config)) as server:
        asyncio.run(_fill_tier(server, credentials))
        limits = Usage(store_limit=2_000_000, streams_limit=2, consumers_limit=7)
        told = account(polled(source(tmp_path, (server,), "monitor")))
        assert (told.connections_limit, told.leaf_nodes_limit) == (10, 2)
        assert told.tiers == {"R1": limits}
        assert told.usage.store_limit is None
        login = {"servers": [server.url], "credentials_file": str(credentials)}
        spec = NatsSource.model_validate({"connection": login | {"account": "ORDERS"}})
        own = account(polled(spec))
        assert own.tiers["R1"].store == own.usage.store == told.usage.store
        assert (own.tiers["R1"].streams, own.tiers["R1"].streams_limit) == (1, 2)
        assert ("R1 streams", 0.5) in list(limits_used(own))


async def _fill_tier(server: NatsServer, credentials: Path) -> None:
    client = await nats.connect(server.url, user_credentials=str(credentials))
    js = client.jetstream()
    await js.add_stream(name="S", subjects=["s"])
    await js.publish("s", PAYLOAD)
    await client.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@contextmanager
def proxy_of(server: NatsServer, certificates: Certificates, wanted: str) -> Iterator[str]:
    """A TLS proxy in front of the monitoring port that asks for an Authorization header."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") != wanted:
                return self.send_error(401)
            try:
                with urllib.request.urlopen(server.monitor + self.path, timeout=5) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server, certificates.server_key)
    web.socket = context.wrap_socket(web.socket, server_side=True)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://127.0.0.1:{web.server_address[1]}"
    finally:
        web.shutdown()
        web.server_close()
        thread.join()


BASIC = "Basic " + base64.b64encode(b"obs:monitoring-secret").decode()


@pytest.mark.parametrize(
    ("wanted", "login"),
    [
        (BASIC, {"user": "obs", "password_file": "FILE"}),
        ("Bearer monitoring-secret", {"token_file": "FILE"}),
    ],
    ids=["basic", "bearer"],
)
def test_a_monitoring_port_behind_a_proxy_is_signed_in_to(
    tmp_path: Path,
    server: NatsServer,
    certificates: Certificates,
    wanted: str,
    login: dict[str, str],
) -> None:
    secret = tmp_path / "secret"
    with proxy_of(server, certificates, wanted) as url:
        spec = NatsSource.model_validate(
            {
                "monitor": [url],
                "monitor_login": {
                    name: str(secret) if value == "FILE" else value for name, value in login.items()
                },
                "tls": {"ca_file": str(certificates.ca)},
                "discover": False,
            }
        )
        with closing(open_cluster("main", spec, time.time)) as opened:
            secret.write_text("wrong-secret\n")
            with pytest.raises(SourceError) as raised:
                opened.poll()
            assert str(raised.value) == (
                f"{url}/varz: HTTP status 401: credentials missing or rejected"
            )
            assert raised.value.reason == "auth"
            secret.write_text("monitoring-secret\n")  # rotated: no restart
            assert {each.name for each in opened.poll().accounts} >= {"ORDERS", "PAYMENTS"}
            secret.unlink()
            with pytest.raises(SourceError, match="cannot read the secret"):
                opened.poll()
