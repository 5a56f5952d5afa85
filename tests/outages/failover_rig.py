"""Collectors of one spec under a real Prometheus and Alertmanager, with alerts that always fire."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from obs.alerts.tuning import tuned_alerts
from obs.sandbox.alerting import AlertmanagerProcess, WebhookReceiver, alertmanager_binary
from obs.sandbox.aws_emulator import AwsEmulator
from obs.sandbox.aws_events import DEAD_LETTER_QUEUE
from obs.sandbox.aws_faults import AwsFaults
from obs.sandbox.nats_server import NatsCluster, NatsServer
from obs.sandbox.process import Process, free_ports
from obs.spec.load import load
from tests.integration.aws_fixtures import sign_in
from tests.integration.collector_process import CollectorProcess, Spec, key, spec_of
from tests.integration.cuttable import Cuttable
from tests.integration.prometheus_server import BINARY, PrometheusServer
from tests.integration.waiting import eventually
from tests.outages.failover_traffic import BUCKET, BUS, PASSWORD, STREAM, USER, WORKER, Traffic
from tests.outages.networks import Network

TTL: Final = 6.0  # seconds
POLL: Final = 12.0  # seconds, of AWS
NATS_POLL: Final = 4.0  # seconds
TAKEOVER: Final = 2 * POLL + TTL
"""Seconds until another leads and everything is fresh, at most: docs/high-availability.md."""
LEADER: Final = key("obs_leader")
EPOCH: Final = key("obs_lease_takeovers_total")
WINDOW: Final = 60
"""Seconds in which alerts on AWS count: a spec allows no less."""
_SHARE: Final = 5  # AWS is polled every minute by default: all durations of alerts are a fifth
_AT_ONCE: Final = ("NatsConsumerLagHigh", "SloBudgetExhausted", "SqsDeadLettersWaiting")
"""Alerts that fire early, and so all the time."""
GROWING: Final = ("EventBridgeFailedInvocations", "EventBridgeErrorRateHigh")
"""Alerts on counters: they outlive a collector once there is a whole window of their past."""
STARTS: Final = 240.0
"""Seconds until all alerts fire that are to, at most."""
_OBS_USER: Final = "obs"
_OF_LEASES: Final = ("GetItem", "PutItem")
_NATS_LEASE: Final = {"nats": {"source": "nats", "bucket": BUCKET}}
DELIVERY: Final = "delivery"
SLOS: Final[list[dict[str, object]]] = [
    {
        "name": DELIVERY,
        "service": "oms",
        "objective": 99.0,
        "window": "7d",
        "sli": {"eventbridge": {"source": "aws", "bus": BUS}},
    },
    {
        "name": "timeliness",
        "service": "oms",
        "objective": 99.0,
        "window": "7d",
        "sli": {
            "nats_lag": {
                "source": "nats",
                "stream": STREAM,
                "consumer": WORKER,
                "max_messages": 1_000,
            }
        },
    },
]


def missing() -> str:
    """What this machine lacks; empty if nothing."""
    tools = {"Prometheus": BINARY, "Alertmanager": alertmanager_binary()}
    lacking = [name for name, path in tools.items() if path is None]
    return f"{' and '.join(lacking)} not installed" if lacking else ""


@dataclass(eq=False)
class Member:
    """One collector with its own way to AWS, on which its requests are counted."""

    collector: CollectorProcess
    aws: AwsFaults
    address: str
    network: Network | None = None

    @property
    def requests(self) -> int:
        """What has arrived at AWS so far, but for those about a lease."""
        return sum(n for operation, n in self.aws.seen.items() if operation not in _OF_LEASES)

    @property
    def leads(self) -> bool:
        """Whether it says so."""
        return self.collector.scrape().get(LEADER) == 1


@dataclass
class Rig:
    """Everything, running."""

    folder: Path
    servers: Sequence[NatsServer]
    emulator: AwsEmulator
    traffic: Traffic
    receiver: WebhookReceiver
    stack: ExitStack
    apart: bool = False
    short: bool = False
    lease: Mapping[str, object] = field(default_factory=lambda: _NATS_LEASE)
    prometheus: PrometheusServer = field(init=False)
    members: list[Member] = field(default_factory=list)
    """Those that run, or soon run again."""
    every: list[Member] = field(default_factory=list)
    """Those that were replaced, too."""
    spent: list[tuple[float, Member]] = field(default_factory=list)
    """When requests to AWS were seen (Unix seconds), and whose they were."""

    _between: dict[int, Cuttable] = field(default_factory=dict)  # by the port behind it

    def add(self) -> Member:
        """One more collector, with an empty state, not started yet."""
        folder = self.folder / f"collector-{len(self.every)}"
        faults = self.stack.enter_context(AwsFaults(self.emulator.endpoint_url))
        network = self.stack.enter_context(Network()) if self.apart else None
        (port,) = free_ports(1)
        address = f"{network.address if network else '127.0.0.1'}:{port}"
        spec = self.spec(folder, *self._ways(faults, network)) | {
            "outputs": {"web": {"listen": address}}
        }
        collector = CollectorProcess(folder, spec, within=network.within if network else ())
        self.stack.callback(self._end, collector)
        member = Member(collector, faults, address, network)
        self.members.append(member)
        self.every.append(member)
        return member

    def start(self, collectors: int) -> None:
        """So many collectors at once; from now on something happens in NATS and AWS."""
        each = [self.add() for _ in range(collectors)]
        with ThreadPoolExecutor(collectors) as starting:
            list(starting.map(lambda member: member.collector.start(), each))
        self.stack.enter_context(_metered(self))
        self.traffic.flow()

    def replace(self, old: Member) -> Member:
        """Another one at another address, not started yet; Prometheus forgets the old one."""
        new = self.add()
        self.members.remove(old)
        self.prometheus.watch(each.address for each in self.members)
        return new

    def leader(self, *without: Member) -> Member:
        """Wait until one leads that is not among these, and give it."""
        others = [each for each in self.members if each not in without]

        def found() -> Member | None:
            return next((each for each in others if each.leads), None)

        leads = eventually(found)
        assert leads is not None
        return leads

    def spec(self, folder: Path, aws: str, nats: Sequence[str], monitor: Sequence[str]) -> Spec:
        """A collector's spec, with the addresses under which it reaches the systems."""
        login = {"user": _OBS_USER, "password_file": str(self.password_file)}
        connection = {"servers": [f"nats://{each}" for each in nats], **login}
        spec = spec_of(
            folder,
            nats={
                "monitor": [f"http://{each}" for each in monitor],
                "poll": f"{NATS_POLL:g}s",
                "connection": connection,
            },
            aws={
                "endpoint_url": f"http://{aws}",
                "allow_plaintext": True,
                "poll": f"{POLL:g}s",
                "buses": [{"name": BUS}],
                "queues": [DEAD_LETTER_QUEUE],
            },
            slos=SLOS,
        )
        return {**spec, "ha": {"lease": self.lease, "ttl": f"{TTL:g}s"}}

    @property
    def password_file(self) -> Path:
        """Of the collectors' NATS user."""
        return self.folder / "password"

    def change_password(self, password: str) -> None:
        """In the file, then on the server, which ends all connections of the user."""
        self.password_file.write_text(password)
        for each in self.servers:
            each._extra = _logins(password)
            each.launch()
            hang_up(each.process)

    def rules(self, spec: Spec) -> str:
        """Build the rules of a spec, all durations a fifth; gives them as a glob.

        The short form goes without alerts on counters, for which it would wait a minute or two.
        """
        file, out = self.folder / "rules.json", self.folder / "rules"
        file.write_text(json.dumps(spec))
        alerts = tuned_alerts(load([file], variables={}))
        held = {each.name: max(round(each.hold / _SHARE), 1) for each in alerts if each.hold}
        soon = dict.fromkeys(_AT_ONCE, 2)
        tuned: dict[str, dict[str, object]] = {
            name: {"for": f"{seconds}s"} for name, seconds in (held | soon).items()
        }
        for name in GROWING:
            tuned[name] = {"enabled": False} if self.short else {"window": f"{WINDOW}s"}
        own = spec.get("alerts", {})
        merged = {name: {**tuned.get(name, {}), **own.get(name, {})} for name in tuned.keys() | own}
        file.write_text(json.dumps({**spec, "alerts": merged}))
        command = [sys.executable, "-m", "obs", "alerts", "build", "--spec", str(file)]
        whole = [*command, "--target", "prometheus", "--out", str(out)]
        subprocess.run(whole, check=True, capture_output=True)
        return str(out / "prometheus" / "*.yaml")

    def firing(self) -> set[frozenset[tuple[str, str]]]:
        """The alerts that fire, as the receiver was notified."""
        now: dict[frozenset[tuple[str, str]], bool] = {}
        for notice in self.receiver.notices:
            now[notice.alert] = notice.firing
        return {alert for alert, fires in now.items() if fires}

    def _ways(self, faults: AwsFaults, network: Network | None) -> tuple[str, list[str], list[str]]:
        """Addresses of AWS, and of each server for clients and for monitoring."""
        aws = int(faults.endpoint_url.rpartition(":")[2])
        if network is None:
            clients = [f"{each.host}:{each.port}" for each in self.servers]
            monitors = [f"{each.host}:{each.monitor_port}" for each in self.servers]
            return f"127.0.0.1:{aws}", clients, monitors
        ports = [("rest", aws)]
        for each in self.servers:
            ports += [("nats", each.port), ("nats", each.monitor_port)]
        found = []
        for link, port in ports:
            if (between := self._between.get(port)) is None:
                between = self._between[port] = Cuttable(port, network.here(link))
                self.stack.callback(between.close)
            found.append(f"{between.host}:{between.port}")
        return found[0], found[1::2], found[2::2]

    def _end(self, collector: CollectorProcess) -> None:
        collector.process.resume()
        collector.kill()


def hang_up(process: Process) -> None:
    """SIGHUP."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGHUP)


@contextmanager
def rig(
    folder: Path,
    collectors: int = 2,
    *,
    apart: bool = False,
    short: bool = False,
    cluster: bool = False,
) -> Iterator[Rig]:
    """So many collectors, `apart`: each in a network of its own; `short`: with fewer alerts;
    `cluster`: three NATS servers with three replicas of everything."""
    with systems(folder, cluster=cluster) as made:
        made.apart, made.short = apart, short
        made.start(collectors)
        _observe(made, folder)
        yield made


@contextmanager
def systems(folder: Path, *, cluster: bool = False) -> Iterator[Rig]:
    """NATS and AWS, in which something happens once there are collectors."""
    with ExitStack() as stack:
        sign_in(stack.enter_context(pytest.MonkeyPatch.context()))
        (folder / "password").write_text("first")
        emulator = stack.enter_context(AwsEmulator())
        servers = _servers(folder / "nats", stack, cluster=cluster)
        traffic = Traffic([each.url for each in servers], emulator.endpoint_url)
        traffic.prepare()
        receiver = stack.enter_context(_receiving())
        stack.enter_context(traffic.running())
        yield Rig(folder, servers, emulator, traffic, receiver, stack)


def _servers(folder: Path, stack: ExitStack, *, cluster: bool) -> Sequence[NatsServer]:
    """One whose users have passwords, or three that let anybody in."""
    if cluster:
        return stack.enter_context(NatsCluster(folder)).members
    return (stack.enter_context(NatsServer(folder, extra=_logins("first"))),)


def _logins(password: str) -> dict[str, Any]:
    users = [(USER, PASSWORD), (_OBS_USER, password)]
    logins = [{"user": user, "password": password} for user, password in users]
    return {"authorization": {"users": logins}}


def _observe(made: Rig, folder: Path) -> None:
    """Prometheus and Alertmanager."""
    binary = alertmanager_binary()
    assert binary is not None
    alertmanager = AlertmanagerProcess(binary, folder, made.receiver.url)
    rules = made.rules(made.members[0].collector.spec)
    targets = [each.address for each in made.members]
    made.prometheus = PrometheusServer(
        folder / "prometheus", targets, [rules], alertmanager.address, moving=True
    )
    for each in (alertmanager.process, made.prometheus.process):
        made.stack.callback(each.stop)
    alertmanager.start()
    made.prometheus.process.start()


@contextmanager
def _receiving() -> Iterator[WebhookReceiver]:
    """A receiver on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    receiver = WebhookReceiver()

    def run(work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    run(receiver.__aenter__())
    try:
        yield receiver
    finally:
        run(receiver.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


@contextmanager
def _metered(made: Rig) -> Iterator[None]:
    """Note who spends, and when."""
    ended = threading.Event()

    def look() -> None:
        before: dict[int, int] = {}
        while not ended.wait(0.05):
            for number, each in enumerate(made.every):
                now = each.requests
                if now > before.get(number, 0):
                    before[number] = now
                    made.spent.append((time.time(), each))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
