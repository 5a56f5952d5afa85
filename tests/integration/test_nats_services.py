"""Micro services of two accounts on a real server, read by a user with only the printed rights."""

import asyncio
import json
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.micro import add_service
from nats.micro.request import Request, ServiceError
from nats.micro.service import Service

from obs.alerts.targets import build
from obs.artifacts import write
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.prometheus import PrometheusProcess, Rules, prometheus_binary
from obs.sources.nats import subjects
from obs.sources.nats.permissions import rights
from obs.sources.nats.service_asking import ask
from obs.sources.nats.service_replies import MOST_REPLIES
from obs.spec.load import load
from obs.spec.nats import NatsSource
from tests.integration.collector_process import CollectorProcess, Spec, collectors, key, spec_of
from tests.integration.nats_binary import run_by
from tests.integration.promtool import needs
from tests.integration.waiting import eventually

pytestmark = pytest.mark.integration
__all__ = ["collectors"]

ACCOUNTS = ("ORDERS", "PRICES")
SLOW = 0.03  # seconds that a slow handler takes


@dataclass
class MicroServices:
    """Services that run in a thread of their own, and requests to them."""

    url: str
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    clients: dict[str, Client] = field(default_factory=dict)

    def __post_init__(self) -> None:
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def start(self, account: str, name: str, version: str = "1.0.0") -> Service:
        """One instance with the endpoints get, which is slow, and put, which fails."""
        service: Service = self._run(self._start(account, name, version))
        return service

    def stop(self, service: Service) -> None:
        self._run(service.stop())

    def call(self, account: str, subject: str, number: int) -> None:
        self._run(self._call(account, subject, number))

    def close(self) -> None:
        for client in self.clients.values():
            self._run(client.close())
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        running: Future[Any] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return running.result(20)

    async def _client(self, account: str) -> Client:
        if account not in self.clients:
            login = {"user": account.lower(), "password": "secret"}
            self.clients[account] = await nats.connect(self.url, **login)
        return self.clients[account]

    async def _start(self, account: str, name: str, version: str) -> Service:
        service = await add_service(await self._client(account), name=name, version=version)
        await service.add_endpoint(name="get", handler=_slow, subject=f"{name}.get")
        await service.add_endpoint(name="put", handler=_failing, subject=f"{name}.put")
        await (await self._client(account)).flush()
        return service

    async def _call(self, account: str, subject: str, number: int) -> None:
        client = await self._client(account)
        await asyncio.gather(*(client.request(subject, b"", timeout=5) for _ in range(number)))


async def _slow(request: Request) -> None:
    await asyncio.sleep(SLOW)
    await request.respond(b"ok")


async def _failing(request: Request) -> None:
    raise ServiceError("500", "no")


def source(folder: Path, server: NatsServer) -> dict[str, Any]:
    """Both accounts by their own rights; replies are taken for as long as the timeout is."""
    password = folder / "password"
    password.write_text("secret\n")
    first, second = (
        {
            "servers": [server.url],
            "user": f"obs-{account.lower()}",
            "password_file": str(password),
            "account": account,
        }
        for account in ACCOUNTS
    )
    quick = {"poll": "250ms", "timeout": "500ms"}
    return quick | {"collect": ["services"], "connection": first, "connections": [second]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Users of obs have the printed rights; the one of PRICES may not ask services."""
    folder = tmp_path_factory.mktemp("nats")
    started = NatsServer(folder)
    accounts = {}
    for each in rights("nats", NatsSource.model_validate(source(folder, started))):
        publish = [to for to in each.publish if each.account == "ORDERS" or "$SRV" not in to]
        user = {
            "user": each.user,
            "password": "secret",
            "permissions": {
                "publish": {"allow": publish},
                "subscribe": {"allow": [*each.subscribe]},
            },
        }
        admin = {"user": each.account.lower(), "password": "secret"}
        accounts[each.account] = {"users": [admin, user], "jetstream": "enabled"}
    started._extra = {"accounts": accounts}
    with run_by(started):
        yield started


@pytest.fixture
def services(server: NatsServer) -> Iterator[MicroServices]:
    running = MicroServices(server.url)
    yield running
    running.close()


def sample(name: str, endpoint: str = "", service: str = "orders") -> Any:
    labels = {"nats": "nats", "account": "ORDERS", "nats_service": service}
    return key(
        f"nats_service_{name}", **labels, **({"nats_endpoint": endpoint} if endpoint else {})
    )


def started(folder: Path, server: NatsServer, running: list[CollectorProcess]) -> CollectorProcess:
    spec: Spec = spec_of(folder, nats=source(folder, server))
    collector = CollectorProcess(folder, spec)
    running.append(collector)
    return collector.start()


def test_counts_of_instances_that_come_go_and_restart_are_added_up_over_a_kill_of_the_collector(
    server: NatsServer, services: MicroServices, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    collector = started(tmp_path, server, collectors)
    first, second = (services.start("ORDERS", "orders", each) for each in ("1.0.0", "1.1.0"))
    services.call("ORDERS", "orders.get", 10)
    services.call("ORDERS", "orders.put", 4)
    wanted = {
        sample("requests_total", "get"): 10,
        sample("errors_total", "put"): 4,
        sample("instances"): 2,
        sample("missing_instances"): 0,
    }
    told = collector.until(lambda now: now.items() >= wanted.items())
    assert told[sample("errors_total", "get")] == 0
    assert told[sample("processing_seconds_total", "get")] >= 10 * SLOW
    assert time.time() - 60 < told[sample("started_timestamp_seconds")] < time.time() + 60
    labels = {"nats": "nats", "account": "ORDERS", "nats_service": "orders"}
    assert told[key("nats_service_info", **labels, version="1.1.0")] == 1
    place = {"nats_endpoint": "get", "subject": "orders.get", "queue_group": "q"}
    assert told[key("nats_service_endpoint_info", **labels, **place)] == 1

    services.stop(first)
    gone = {sample("instances"): 1, sample("missing_instances"): 1}
    told = collector.until(lambda now: now.items() >= gone.items())
    assert told[sample("requests_total", "get")] == 10

    collector.kill()
    services.stop(second)
    third = services.start("ORDERS", "orders", "1.2.0")
    services.call("ORDERS", "orders.get", 3)
    collector.start()
    back = {sample("requests_total", "get"): 13, sample("instances"): 1}
    collector.until(lambda now: now.items() >= back.items())

    services.stop(third)
    told = collector.until(lambda now: now.get(sample("instances")) == 0)
    assert told[sample("requests_total", "get")] == 13
    assert key("nats_service_info", **labels, version="1.2.0") not in told

    up = {each: key("obs_source_up", source=f"nats/services/{each}") for each in ACCOUNTS}
    assert (told[up["ORDERS"]], told[up["PRICES"]]) == (1, 0)
    words = f"the user lacks the permission to publish to {subjects.SERVICES}"
    collector.logged(words)


async def test_a_flood_of_replies_is_cut_and_leaves_the_connection(server: NatsServer) -> None:
    login = {"user": "orders", "password": "secret"}
    flooding, asking = [await nats.connect(server.url, **login) for _ in range(2)]

    async def flood(message: Msg) -> None:
        for number in range(2 * MOST_REPLIES):
            await flooding.publish(message.reply, b'{"name": "x", "id": "%d"}' % number)

    subscription = await flooding.subscribe(subjects.SERVICES, cb=flood)
    await flooding.flush()
    replies = await ask(asking, 20.0)
    assert (len(replies.found), replies.cut) == (MOST_REPLIES, True)
    await subscription.unsubscribe()
    await flooding.flush()
    assert (await ask(asking, 20.0)).found == {}, "nobody is there, which is told at once"
    await flooding.close()
    await asking.close()


@needs("prometheus")
def test_alerts_fire_and_an_slo_counts_where_a_service_fails_is_slow_and_goes_down(
    server: NatsServer, services: MicroServices, tmp_path: Path, collectors: list[CollectorProcess]
) -> None:
    measured = {"source": "nats", "account": "ORDERS", "service": "orders"}
    names = {"name": "answered", "service": "orders", "objective": 99}
    slos = [names | {"sli": {"nats_service": measured}}]
    spec: Spec = spec_of(tmp_path, nats=source(tmp_path, server), slos=slos)
    at_once = {"for": "0s"}
    spec["alerts"] = {
        "NatsServiceDown": at_once,
        "NatsServiceErrors": {"window": "1m", "min_events": 5},
        "NatsServiceSlow": at_once | {"above": f"{int(1000 * SLOW / 2)}ms"},
    }
    collector = CollectorProcess(tmp_path, spec)
    collectors.append(collector.start())
    rules = tmp_path / "rules"
    write(rules, build(load([collector.spec_file], variables={}), ["prometheus"]))
    prometheus = PrometheusProcess(
        prometheus_binary() or "",
        tmp_path,
        collector.url.removeprefix("http://"),
        rules=Rules(str(rules / "prometheus/*.yaml"), "127.0.0.1:1"),
        every=1,
    )
    prometheus.start()
    try:
        service = services.start("ORDERS", "orders")
        collector.until(lambda now: now.get(sample("requests_total", "put")) == 0)
        eventually(lambda: _query(prometheus, 'nats_service_requests_total{nats_endpoint="put"}'))
        services.call("ORDERS", "orders.put", 10)
        services.call("ORDERS", "orders.get", 10)
        slow = {("NatsServiceErrors", "put"), ("NatsServiceSlow", "get")}
        eventually(lambda: _firing(prometheus) >= slow)
        services.stop(service)
        eventually(lambda: _firing(prometheus) >= slow | {("NatsServiceDown", "")})
        collector.clock.turn()  # an SLO counts whole minutes
        of_slo = {"slo": "answered", "slo_service": "orders"}
        events = {
            key("slo_events_total", **of_slo): 20,
            key("slo_good_events_total", **of_slo): 10,
        }
        collector.until(lambda now: now.items() >= events.items())
    finally:
        prometheus.stop()


def _firing(prometheus: PrometheusProcess) -> set[tuple[str, str]]:
    """Alerts on services, and the endpoints they are about."""
    found = _query(prometheus, 'ALERTS{alertstate="firing",nats_service="orders"}')
    return {(each["alertname"], each.get("nats_endpoint", "")) for each in found}


def _query(prometheus: PrometheusProcess, expression: str) -> list[dict[str, str]]:
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{prometheus.url}/api/v1/query?{query}", timeout=5) as answer:
            return [each["metric"] for each in json.load(answer)["data"]["result"]]
    except OSError:  # it is starting
        return []
