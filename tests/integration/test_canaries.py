"""Canaries on a real NATS server and an emulated AWS: what they see, what they cost and need."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats
import pytest
import yaml
from nats.js.client import JetStreamContext

from obs.alerts.targets import build
from obs.artifacts import write
from obs.collector.assembly import Assembled, assemble
from obs.collector.costs import estimate_costs
from obs.sandbox import aws_events
from obs.sandbox.nats_server import NatsServer
from obs.sources.canary.by_hand import run_once
from obs.sources.kinds import BY_KEY
from obs.sources.nats.permissions import rights
from obs.spec.load import load
from obs.spec.system import System
from tests.integration.aws_fixtures import Account, account, emulator, proxy
from tests.integration.collector_process import Scrape, key, named, samples
from tests.integration.promtool import needs_promtool, said_of

__all__ = ["account", "emulator", "proxy"]

pytestmark = pytest.mark.integration

STEP = 15.0
START = 1_700_000_000 // 3600 * 3600.0
QUICK = {"timeout": "200ms"}
ALERT = re.compile(r'alertname="(\w+)"')


@dataclass
class Clock:
    """Both clocks of a collector; moved by a test."""

    now: float = START
    wall: Callable[[], float] = field(init=False)
    monotonic: Callable[[], float] = field(init=False)

    def __post_init__(self) -> None:
        self.wall = self.monotonic = lambda: self.now


@dataclass
class Running:
    """A collector in this process, polled when a test says so; and what each poll showed."""

    built: Assembled
    clock: Clock
    seen: list[Scrape] = field(default_factory=list)

    def poll(self) -> Scrape:
        asyncio.run(self.built.daemon.poll_once())
        body = self.built.collector.exposition.body(openmetrics=False, gzip=False).decode()
        self.seen.append(samples(body))
        return self.seen[-1]

    def step(self, count: int = 1) -> Scrape:
        for _ in range(count):
            self.clock.now += STEP
            self.poll()
        return self.seen[-1]


def value(scrape: Scrape, name: str, canary: str) -> float | None:
    return scrape.get(key(name, canary=canary))


def spec_of(folder: Path, sources: dict[str, Any], **more: Any) -> Path:
    folder.mkdir(exist_ok=True)
    spec = {"version": 1, "system": "oms", "state_dir": str(folder / "state")}
    file = folder / "obs.yaml"
    file.write_text(yaml.safe_dump({**spec, "sources": sources, **more}), encoding="utf-8")
    return file


@contextmanager
def running(file: Path, clock: Clock) -> Iterator[Running]:
    built = assemble(load([file], variables={}), clock=clock)  # type: ignore[arg-type]
    try:
        yield Running(built, clock)
    finally:
        built.collector.close()


def jetstream(
    server: NatsServer, work: Callable[[JetStreamContext], Coroutine[Any, Any, Any]]
) -> Any:
    async def run() -> Any:
        client = await nats.connect(server.url)
        try:
            return await work(client.jetstream())
        finally:
            await client.close()

    return asyncio.run(run())


def nats_source(server: NatsServer) -> dict[str, Any]:
    return {"local": {"monitor": [server.monitor], "connection": {"servers": [server.url]}}}


def first_firing(folder: Path, file: Path, seen: list[Scrape], alerts: set[str]) -> dict[str, int]:
    """The number of the poll at which each alert first fires: the built rules, at their own
    thresholds and durations, evaluated by promtool over what the polls showed."""
    built = folder / "built"
    write(built, build(load([file], variables={}), ["prometheus"]))
    rules = []
    for path in sorted(built.rglob("*.yaml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            rules += [each for each in group["rules"] if each.get("alert") in alerts]
    assert {each["alert"] for each in rules} == alerts
    (built / "rules.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": "all", "interval": f"{STEP:g}s", "rules": rules}]})
    )
    asked = " ".join(each["expr"] for each in rules)
    series = {each for scrape in seen for each in scrape if each[0] in asked}
    test = {
        "interval": f"{STEP:g}s",
        "input_series": [
            {
                "series": _series(name, labels),
                "values": " ".join(_shown(scrape.get((name, labels))) for scrape in seen),
            }
            for name, labels in sorted(series, key=lambda each: (each[0], sorted(each[1])))
        ],
        "promql_expr_test": [
            {
                "expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
                "eval_time": f"{index * STEP:g}s",
                "exp_samples": [],
            }
            for alert in alerts
            for index in range(len(seen))
        ],
    }
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": f"{STEP:g}s", "tests": [test]}
    (built / "test.yaml").write_text(yaml.safe_dump(document))
    found: dict[str, int] = {}
    for said in said_of(built, "test.yaml").split("expr: ")[1:]:
        alert, at = ALERT.search(said), re.search(r"time: ((?:\d+h)?(?:\d+m)?(?:\d+s)?)", said)
        assert alert
        assert at
        parts = re.findall(r"(\d+)([hms])", at[1])
        seconds = sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in parts)
        found[alert[1]] = min(found.get(alert[1], 1 << 30), int(seconds / STEP))
    return found


def _series(name: str, labels: frozenset[tuple[str, str]]) -> str:
    pairs = {**dict(labels), "job": "obs", "instance": "c", "system": "oms"}
    pairs["environment"] = "production"
    return f"{name}{{{','.join(f'{k}={json.dumps(v)}' for k, v in sorted(pairs.items()))}}}"


def _shown(number: float | None) -> str:
    return "_" if number is None else f"{number:g}" if number < 1e6 else f"{number:.3f}"


def test_two_collectors_publish_one_event_for_each_slot_and_both_measure_it(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    async def make(js: JetStreamContext) -> None:
        await js.add_stream(name="OMS", subjects=["oms.>"], max_age=3600)

    jetstream(nats_server, make)
    path = {"source": "local", "stream": "OMS", "subject": "oms.canary"}
    sources = {"nats": nats_source(nats_server), "canary": {"oms": {"nats": path, "timeout": "2s"}}}
    slo = {"name": "arrives", "service": "oms", "objective": 99}
    slo["sli"] = {"canary": {"source": "oms", "below": "1s"}}
    clock = Clock()
    one = spec_of(tmp_path / "one", sources, slos=[slo])
    with running(one, clock) as first:
        with running(spec_of(tmp_path / "two", sources), clock) as second:
            for _ in range(12):  # three slots
                first.poll()
                second.poll()
                clock.now += STEP
            found = [first.poll(), second.poll()]
        assert [value(each, "canary_published_total", "oms") for each in found] == [4, 4]
        # The second did not listen yet when the first event arrived: it is neither lost nor timed.
        assert [value(each, "canary_latency_seconds_count", "oms") for each in found] == [4, 3]
        for name in ("lost", "duplicates", "publish_failures"):
            assert [value(each, f"canary_{name}_total", "oms") for each in found] == [0, 0]

        async def look(js: JetStreamContext) -> tuple[int, Any]:
            info = await js.stream_info("OMS")
            return info.state.messages, await js.get_msg("OMS", info.state.last_seq)

        stored, message = jetstream(nats_server, look)
        assert stored == 4
        assert message.headers["Obs-Canary"] == "oms"
        assert json.loads(message.data)["obscanary"] == "oms"
        events = found[0][key("slo_events_total", slo="arrives", slo_service="oms")]
        assert events == found[0][key("slo_good_events_total", slo="arrives", slo_service="oms")]
        assert events == 3  # the minute of the fourth goes on
    with running(one, clock) as again:  # in the same slot, after a restart
        assert value(again.poll(), "canary_published_total", "oms") == 4
        assert value(again.step(4), "canary_published_total", "oms") == 5


@needs_promtool
def test_a_stopped_consumer_is_seen_before_its_lag_is(
    nats_server: NatsServer, tmp_path: Path
) -> None:
    alerts = {"CanaryLost", "NatsConsumerLagHigh", "NatsConsumerStopped"}

    async def make(js: JetStreamContext) -> None:
        await js.add_stream(name="OMS", subjects=["oms.>"], max_age=86_400)
        await js.add_consumer("OMS", durable_name="worker", ack_policy="explicit")

    async def work(js: JetStreamContext) -> None:
        """The application: takes all that there is."""
        worker = await js.pull_subscribe_bind("worker", "OMS")
        while (await worker.consumer_info()).num_pending:
            for message in await worker.fetch(100, timeout=5):
                await message.ack_sync()

    async def publish(js: JetStreamContext) -> None:
        for _ in range(74):  # 300 a minute
            await js._nc.publish("oms.changed", b"{}")
        await js.publish("oms.changed", b"{}")

    jetstream(nats_server, make)
    path = {"source": "local", "stream": "OMS", "subject": "oms.canary", "through": "worker"}
    sources = {"nats": nats_source(nats_server), "canary": {"oms": {"nats": path, **QUICK}}}
    file = spec_of(tmp_path / "one", sources)
    with running(file, Clock()) as collector:
        for _ in range(6):
            collector.step()
            jetstream(nats_server, publish)
            jetstream(nats_server, work)
        assert value(collector.step(), "canary_stage", "oms") == 0
        stopped = len(collector.seen)
        for _ in range(40):  # ten minutes
            jetstream(nats_server, publish)
            collector.step()
        assert value(collector.seen[-1], "canary_stage", "oms") == 2
        jetstream(nats_server, work)
        late = collector.step(2)
        assert (value(late, "canary_unarrived_seconds", "oms") or 0) < 60
        lost = value(late, "canary_lost_total", "oms")
        assert lost == value(late, "canary_late_total", "oms")
        fired = first_firing(tmp_path, file, collector.seen, alerts)
    assert stopped < fired["CanaryLost"] <= stopped + 10
    assert fired["CanaryLost"] < fired["NatsConsumerLagHigh"]
    assert fired["CanaryLost"] < fired.get("NatsConsumerStopped", 1 << 30)


def bus_of(endpoint: str) -> None:
    """A bus with a rule of the application, whose targets are its queue and the canary's."""
    sqs, events = (aws_events.aws(each, endpoint) for each in ("sqs", "events"))
    for each in ("work", "oms-canary"):
        sqs.create_queue(QueueName=each)
    events.create_event_bus(Name="oms")
    events.put_rule(
        Name="changed", EventBusName="oms", EventPattern='{"source": ["oms", "obs.canary"]}'
    )
    targets = [{"Id": each, "Arn": aws_events.queue_arn(each)} for each in ("work", "oms-canary")]
    events.put_targets(Rule="changed", EventBusName="oms", Targets=targets)


def bus_sources(account: Account, **canary: Any) -> dict[str, Any]:
    source = {"region": "us-east-1", "endpoint_url": account.faults.endpoint_url}
    bus = {"source": "cloud", "bus": "oms", "queue": "oms-canary"}
    watched = {**source, "buses": [{"name": "oms"}], "delay": "2m", "timeout": "5s"}
    return {
        "aws": {"cloud": watched},
        "canary": {"bus": {"eventbridge": {**bus, **canary}, "timeout": "1s"}},
    }


def asked(account: Account, before: Mapping[str, int]) -> Counter[str]:
    paid = ("PutEvents", "ReceiveMessage", "DeleteMessage")
    now = Counter(account.faults.seen)
    now.subtract(before)
    return Counter({each: now[each] for each in paid})


def test_it_costs_what_the_dry_run_says_and_a_lease_lets_one_collector_publish(
    account: Account, nats_server: NatsServer, tmp_path: Path
) -> None:
    bus_of(account.endpoint_url)

    async def make(js: JetStreamContext) -> None:
        await js.create_key_value(bucket="obs", history=1)

    jetstream(nats_server, make)
    sources = bus_sources(account, lease={"source": "local", "bucket": "obs"})
    sources["nats"] = nats_source(nats_server)
    file = spec_of(tmp_path / "one", sources)
    only = {"aws": sources["aws"], "nats": sources["nats"], "canary": sources["canary"]}
    before, clock = dict(account.faults.seen), Clock(account.clock.now // 3600 * 3600)
    slots = 5
    with running(file, clock) as first, running(spec_of(tmp_path / "b", only), clock) as second:
        for _ in range(slots):
            for each in (first, second):
                each.poll()
            for each in (first, second):
                each.step()
            clock.now += 60 - 2 * STEP
        found = [each.seen[-1] for each in (first, second)]
        counted = named(found[0], "obs_aws_requests_total")
        assert sum(v for k, v in counted.items() if "PutEvents" in str(k)) == slots
    published = [value(each, "canary_published_total", "bus") for each in found]
    assert published == [slots, 0]
    assert value(found[0], "canary_latency_seconds_count", "bus") == slots
    requests = asked(account, before)
    assert requests == dict.fromkeys(("PutEvents", "ReceiveMessage", "DeleteMessage"), slots)
    (cost,) = [
        each
        for each in estimate_costs(load([file], variables={}), ["canary"])
        if each.source == "bus"
    ]
    month = 730 * 60 / slots
    units = {line.what: line.units for line in cost.estimate.lines}
    assert units["PutEvents events"] == requests["PutEvents"] * month
    assert units["SQS requests"] == (requests["ReceiveMessage"] + requests["DeleteMessage"]) * month


@needs_promtool
@pytest.mark.parametrize("fault", ["disabled rule", "failing target"])
def test_a_disabled_rule_and_a_failing_target_are_seen_before_failures_are(
    account: Account, tmp_path: Path, fault: str
) -> None:
    """CloudWatch has a minute as late as the source's `delay` says, two minutes after its end."""
    bus_of(account.endpoint_url)
    file = spec_of(tmp_path / "one", bus_sources(account))
    clock = Clock(account.clock.now // 60 * 60)
    events = aws_events.aws("events", account.endpoint_url)
    usual = {"MatchedEvents": 10.0, "Invocations": 10.0, "TriggeredRules": 10.0}
    broken = clock.now + 240

    def publish_minute(start: float) -> None:
        points = dict(usual)
        if start >= broken and fault == "failing target":
            points["FailedInvocations"] = 10.0
        if start < broken or fault == "failing target":
            metrics = {name: {int(start): number} for name, number in points.items()}
            aws_events.put_rule_points(account.endpoint_url, "oms", "changed", metrics)

    def step(collector: Running) -> None:
        collector.step()
        if clock.now % 60 == 0:
            publish_minute(clock.now - 180)

    with running(file, clock) as collector:
        for ago in range(18, 2, -1):
            publish_minute(clock.now - 60 * ago)
        while clock.now < broken:
            step(collector)
        assert value(collector.seen[-1], "canary_stage", "bus") == 0
        if fault == "disabled rule":
            events.disable_rule(Name="changed", EventBusName="oms")
        else:
            gone = [{"Id": "oms-canary", "Arn": aws_events.queue_arn("gone")}]
            events.put_targets(Rule="changed", EventBusName="oms", Targets=gone)
        before = len(collector.seen)
        for _ in range(20):  # five minutes
            step(collector)
        failures = {"EventBridgeFailedInvocations", "EventBridgeInvocationsLow"}
        fired = first_firing(tmp_path, file, collector.seen, {"CanaryLost", *failures})
    assert before < fired["CanaryLost"] <= before + 10
    later = {"EventBridgeFailedInvocations"} if fault == "failing target" else set()
    assert fired.keys() - {"CanaryLost"} == later  # too few invocations takes a quarter of an hour
    assert all(fired["CanaryLost"] < fired[each] for each in later)


def test_a_message_that_comes_twice_counts_once(account: Account, tmp_path: Path) -> None:
    bus_of(account.endpoint_url)
    events = aws_events.aws("events", account.endpoint_url)
    events.put_rule(Name="again", EventBusName="oms", EventPattern='{"source": ["obs.canary"]}')
    twice = [{"Id": "again", "Arn": aws_events.queue_arn("oms-canary")}]
    events.put_targets(Rule="again", EventBusName="oms", Targets=twice)
    file = spec_of(tmp_path / "one", bus_sources(account))
    with running(file, Clock(account.clock.now // 60 * 60)) as collector:
        collector.poll()
        found = collector.step(5)
    assert value(found, "canary_latency_seconds_count", "bus") == 2
    assert (value(found, "canary_duplicates_total", "bus") or 0) >= 1
    assert value(found, "canary_lost_total", "bus") == 0


def test_by_hand_it_says_where_an_event_stopped(nats_server: NatsServer) -> None:
    async def make(js: JetStreamContext) -> None:
        await js.add_stream(name="OMS", subjects=["oms.>"], max_age=3600)
        await js.add_stream(name="FOREVER", subjects=["forever.>"])
        await js.add_consumer("OMS", durable_name="worker", ack_policy="explicit")

    jetstream(nats_server, make)
    common = {"source": "local", "stream": "OMS"}
    paths = {
        "own": {**common, "subject": "oms.canary"},
        "worker": {**common, "subject": "oms.canary2", "through": "worker"},
        "wrong": {**common, "subject": "elsewhere"},
        "fills": {**common, "stream": "FOREVER", "subject": "forever.canary"},
    }
    canary = {
        name: {"nats": path, "lost_after": "1s", "timeout": "1s"} for name, path in paths.items()
    }
    spec = {"nats": nats_source(nats_server), "canary": canary}
    system = System.model_validate({"version": 1, "system": "oms", "sources": spec})
    found = {name: run_once(name, each) for name, each in system.sources.canary.items()}
    assert {name: each.stage for name, each in found.items()} == {
        "own": "arrived",
        "worker": "not delivered",
        "wrong": "not published",
        "fills": "not published",
    }
    assert found["own"].latency_seconds is not None
    assert "keeps messages for ever" in found["fills"].error


NATS_ADMIN = {"user": "admin", "password": "secret"}


def test_the_rights_that_are_printed_for_nats_are_enough_and_each_is_needed(
    tmp_path: Path,
) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    server = NatsServer(tmp_path / "nats")
    login = {"servers": ["nats://127.0.0.1:4222"], "user": "obs", "password_file": str(password)}
    path = {"source": "local", "stream": "OMS", "subject": "oms.canary"}
    quick = {"lost_after": "700ms", "timeout": "1s"}
    canaries = {"own": {"nats": path, **quick}, "app": {"nats": {**path, "through": "w"}, **quick}}

    def system() -> System:
        source = {"connection": {**login, "servers": [server.url], "account": "OMS"}}
        sources = {"nats": {"local": source}, "canary": canaries}
        return System.model_validate({"version": 1, "system": "oms", "sources": sources})

    def outcome(name: str, allowed: tuple[str, ...]) -> tuple[str, str]:
        permissions = {"publish": {"allow": list(allowed)}, "subscribe": {"allow": ["_INBOX.>"]}}
        user = {"user": "obs", "password": "secret", "permissions": permissions}
        accounts = {"OMS": {"users": [NATS_ADMIN, user], "jetstream": "enabled"}}
        server._extra = {"accounts": accounts}
        with server:
            asyncio.run(_oms(server))
            found = run_once(name, system().sources.canary[name])
        return found.stage, found.error

    for name in canaries:
        spec = system().sources.canary[name]
        (allowed,) = BY_KEY["canary"].subjects({name: spec}).values()
        (user,) = rights("local", system().sources.nats["local"])
        assert spec.connection_at == user.connection
        assert set(allowed) <= set(user.publishing(allowed).publish)
        # With `through` the consumer has no client that acknowledges.
        assert outcome(name, allowed)[0] == ("arrived" if name == "own" else "not delivered")
        for missing in allowed:
            stage, error = outcome(name, tuple(each for each in allowed if each != missing))
            if stage == "arrived":  # acknowledging, and asking why an event has not arrived
                assert "obs-canary-own" in missing
                continue
            told = f"publish to {missing.rstrip('*>')}"  # the server names the very subject
            assert told.lower() in error.lower(), (name, missing, stage, error)


async def _oms(server: NatsServer) -> None:
    client = await nats.connect(server.url, **NATS_ADMIN)
    js = client.jetstream()
    await js.add_stream(name="OMS", subjects=["oms.>"], max_age=3600)
    await js.add_consumer("OMS", durable_name="w", ack_policy="explicit")
    await client.close()
