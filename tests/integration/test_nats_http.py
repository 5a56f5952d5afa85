import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy
from nats.js.errors import APIError

from obs.clients.http import Http
from obs.errors import SourceError
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.process import free_ports
from obs.snapshot.assets import Consumer
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.opened import cluster_by_http
from obs.sources.nats.polled_cluster import PolledCluster
from obs.spec.nats import NatsSource
from obs.spec.tls import Tls
from tests.integration.certificates import Certificates
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration

OpenSource = Callable[..., PolledCluster]
explicit = partial(ConsumerConfig, ack_policy=AckPolicy.EXPLICIT)


@pytest.fixture
def open_source() -> Iterator[OpenSource]:
    """Opens a source of these monitoring addresses; more of its spec by name."""
    with ExitStack() as stack:

        def opened(*monitor: str, **fields: object) -> PolledCluster:
            spec = NatsSource.model_validate({"monitor": monitor, **fields})
            http = Http(spec.tls, timeout=spec.timeout)
            stack.callback(http.close)
            return stack.enter_context(closing(cluster_by_http("main", spec, http, time.time)))

        yield opened


async def jetstream(server: NatsServer, **login: str) -> JetStreamContext:
    return (await nats.connect(server.url, **login)).jetstream()


async def orders(js: JetStreamContext, messages: int = 10) -> None:
    """A stream with two durable consumers, one of which has taken 4 and acknowledged 3."""
    await js.add_stream(
        name="ORDERS", subjects=["orders.>"], max_age=3600, max_bytes=1_000_000, max_msgs=5000
    )
    bounded = partial(explicit, max_deliver=3, ack_wait=30, max_ack_pending=7)
    await js.add_consumer("ORDERS", bounded(durable_name="all"))
    european = bounded(durable_name="eu", filter_subject="orders.eu", backoff=[1, 5])
    await js.add_consumer("ORDERS", european)
    for number in range(messages):
        await js.publish("orders.eu" if number % 2 else "orders.us", b"x")
    pull = await js.pull_subscribe_bind(consumer="all", stream="ORDERS")
    for message in (await pull.fetch(4))[:3]:
        await message.ack_sync()


def by_name(snapshot: NatsSnapshot) -> dict[str, Consumer]:
    return {consumer.name: consumer for consumer in snapshot.consumers}


async def test_numbers_and_limits_are_the_servers(
    nats_server: NatsServer, open_source: OpenSource
) -> None:
    before = time.time()
    js = await jetstream(nats_server)
    await orders(js)
    snapshot = open_source(nats_server.monitor).poll()
    (stream,) = snapshot.streams
    assert (stream.account, stream.name, stream.messages) == ("$G", "ORDERS", 10)
    assert (stream.first_seq, stream.last_seq, stream.consumers) == (1, 10, 2)
    assert stream.first_time is not None
    assert stream.last_time is not None
    assert before - 1 < stream.first_time <= stream.last_time < time.time() + 1
    assert stream.config.max_age == 3600.0
    assert (stream.config.max_bytes, stream.config.max_messages) == (1_000_000, 5000)
    assert stream.config.discard_new is False
    assert stream.leader
    consumers = by_name(snapshot)
    everything = consumers["all"]
    assert (everything.delivered_stream_seq, everything.delivered_consumer_seq) == (4, 4)
    assert (everything.ack_floor_stream_seq, everything.pending, everything.ack_pending) == (
        3,
        6,
        1,
    )
    assert everything.leader
    assert everything.last_delivery is not None
    assert before - 1 < everything.last_delivery < time.time() + 1
    assert everything.config.max_deliver == 3
    assert (everything.config.ack_wait, everything.config.max_ack_pending) == (30.0, 7)
    assert everything.config.filters == ()
    filtered = consumers["eu"]
    assert (filtered.pending, filtered.last_delivery) == (5, None)
    assert (filtered.config.filters, filtered.config.backoff) == (("orders.eu",), (1.0, 5.0))
    await js._nc.close()


async def test_a_stream_that_refuses_messages_at_its_limit_is_known_by_it(
    nats_server: NatsServer, open_source: OpenSource
) -> None:
    js = await jetstream(nats_server)
    await js.add_stream(name="FULL", subjects=["full"], max_msgs=3, discard=DiscardPolicy.NEW)
    for _ in range(3):
        await js.publish("full", b"x")
    with pytest.raises(APIError, match="maximum messages exceeded"):
        await js.publish("full", b"x")
    (stream,) = open_source(nats_server.monitor).poll().streams
    assert stream.config.discard_new is True
    assert (stream.messages, stream.config.max_messages) == (3, 3)


async def test_a_waiting_puller_and_a_bound_push_consumer_are_seen(
    nats_server: NatsServer, open_source: OpenSource
) -> None:
    js = await jetstream(nats_server)
    await js.add_stream(name="S", subjects=["s"])
    await js.add_consumer("S", explicit(durable_name="pull"))
    push = ConsumerConfig(
        durable_name="push", ack_policy=AckPolicy.EXPLICIT, deliver_subject="to.me"
    )
    await js.add_consumer("S", push)
    source = open_source(nats_server.monitor)
    idle = by_name(source.poll())
    assert (idle["pull"].waiting, idle["push"].push_bound) == (0, False)
    await js._nc.subscribe("to.me")
    pull = await js.pull_subscribe_bind(consumer="pull", stream="S")
    fetching = asyncio.create_task(pull.fetch(1, timeout=5))
    await asyncio.sleep(0)
    await js._nc.flush()
    consumers = by_name(await asyncio.to_thread(source.poll))
    assert consumers["pull"].waiting == 1
    assert consumers["push"].push_bound
    assert consumers["push"].config.push
    await js.publish("s", b"x")
    await fetching
    await js._nc.close()


async def test_a_paused_consumer_is_seen(nats_server: NatsServer, open_source: OpenSource) -> None:
    js = await jetstream(nats_server)
    await js.add_stream(name="S", subjects=["s"])
    await js.add_consumer("S", explicit(durable_name="d"))
    await js._nc.request("$JS.API.CONSUMER.PAUSE.S.d", b'{"pause_until":"2100-01-01T00:00:00Z"}')
    assert by_name(open_source(nats_server.monitor).poll())["d"].paused
    await js._nc.close()


async def test_ephemeral_consumers_are_summed_up_in_their_stream(
    nats_server: NatsServer, open_source: OpenSource
) -> None:
    js = await jetstream(nats_server)
    await orders(js)
    for _ in range(3):
        await js.add_consumer("ORDERS", explicit())
    snapshot = open_source(nats_server.monitor).poll()
    assert set(by_name(snapshot)) == {"all", "eu"}
    (stream,) = snapshot.streams
    assert (stream.ephemeral_consumers, stream.ephemeral_lag) == (3, 30)
    assert snapshot.left_out["ephemeral"] == 3
    each = open_source(nats_server.monitor, ephemeral="each").poll()
    assert len(each.consumers) == 5
    await js._nc.close()


async def test_a_consumer_created_again_is_another_one(
    nats_server: NatsServer, open_source: OpenSource
) -> None:
    js = await jetstream(nats_server)
    await orders(js)
    source = open_source(nats_server.monitor)
    first = by_name(source.poll())["all"]
    await js.delete_consumer("ORDERS", "all")
    await js.add_consumer("ORDERS", explicit(durable_name="all"))
    second = by_name(source.poll())["all"]
    assert second.created != first.created
    assert second.delivered_consumer_seq == 0
    await js._nc.close()


async def test_each_account_has_its_own_streams(tmp_path: Path, open_source: OpenSource) -> None:
    accounts = {"RED": {"red": "r"}, "BLUE": {"blue": "b"}, "SYS": {"admin": "a"}}
    with NatsServer(tmp_path, accounts=accounts) as server:
        for user, password in (("red", "r"), ("blue", "b")):
            js = await jetstream(server, user=user, password=password)
            await orders(js)
            await js._nc.close()
        snapshot = open_source(server.monitor).poll()
    assert [(c.account, c.name) for c in snapshot.consumers] == [
        ("BLUE", "all"),
        ("BLUE", "eu"),
        ("RED", "all"),
        ("RED", "eu"),
    ]


def test_a_server_without_jetstream_is_up_and_empty(
    tmp_path: Path, open_source: OpenSource
) -> None:
    with NatsServer(tmp_path, extra={"jetstream": False}) as server:
        snapshot = open_source(server.monitor).poll()
    assert (snapshot.streams, snapshot.consumers) == ((), ())
    assert [server.up for server in snapshot.servers] == [True]
    assert snapshot.servers[0].memory_limit in (None, 0)


def test_a_server_is_gone_silent_and_back_by_turns(
    nats_server: NatsServer, open_source: OpenSource
) -> None:
    source = open_source(nats_server.monitor, timeout="500ms")
    (server,) = source.poll().servers
    assert (server.name, server.up) == ("nats", True)
    assert server.address == f"127.0.0.1:{nats_server.monitor_port}"
    nats_server.kill()
    with pytest.raises(SourceError) as error:
        source.poll()
    assert error.value.reason == "connection"
    nats_server.start()
    assert source.poll().servers[0].up
    nats_server.process.pause()
    try:
        with pytest.raises(SourceError) as error:
            source.poll()
        assert error.value.reason == "timeout"
    finally:
        nats_server.process.resume()

    def back() -> bool:
        try:
            return source.poll().servers[0].up
        except SourceError:  # the request from before it was stopped may still be under way
            return False

    assert eventually(back)


def test_monitoring_over_tls_needs_the_right_authority(
    tmp_path: Path, certificates: Certificates, open_source: OpenSource
) -> None:
    client_port, monitor_port = free_ports(2)
    url = f"https://127.0.0.1:{monitor_port}"
    tls = {"cert_file": str(certificates.server), "key_file": str(certificates.server_key)}
    server = NatsServer(
        tmp_path,
        ports=(client_port, monitor_port),
        extra={"http": None, "https": url.removeprefix("https://"), "tls": tls},
    )
    server.launch()
    try:
        server.process.wait_until(lambda: "Server is ready" in server.process.tail())
        (seen,) = open_source(url, tls=Tls(ca_file=str(certificates.ca))).poll().servers
        assert seen.up
        with pytest.raises(SourceError, match="TLS") as error:
            open_source(url, tls=Tls(ca_file=str(certificates.other_ca))).poll()
        assert error.value.reason == "connection"
    finally:
        server.stop()


def test_a_client_certificate_is_presented_where_it_is_required(certificates: Certificates) -> None:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"in")

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificates.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificates.server, certificates.server_key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_port}/varz"
        ca = str(certificates.ca)
        shown = Tls(
            ca_file=ca,
            cert_file=str(certificates.client),
            key_file=str(certificates.client_key),
        )
        with closing(Http(shown)) as http:
            assert http.get(url) == b"in"
        with closing(Http(Tls(ca_file=ca))) as http, pytest.raises(SourceError):
            http.get(url)
        server.shutdown()
