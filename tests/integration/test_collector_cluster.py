"""The running collector on a cluster of three while the leader of consumers is killed."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import nats
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig

from obs.clients.http import Http
from obs.lag.status import Status
from obs.sandbox.nats_server import NatsCluster, NatsServer
from tests.integration.collector_process import CollectorProcess, Scrape, spec_of
from tests.integration.leaders import leaders
from tests.integration.outstanding import Outstanding, Spans
from tests.integration.readings import Readings
from tests.integration.waiting import answered, ended, eventually_async
from tests.integration.workers import AWAY, Worker

pytestmark = pytest.mark.integration

STREAM = "EVENTS"
CONSUMERS = tuple(f"c{number}" for number in range(6))
POLL = 0.5
TOLERANCE = 0.2
IDENTITY = re.compile(
    rf'^(nats_consumer_\w+)\{{.*stream="{STREAM}".*consumer="(\w+)"(.*)\}}', re.MULTILINE
)


@dataclass(frozen=True)
class Run:
    """What happened, and when (Unix seconds)."""

    readings: Readings
    outstanding: dict[str, Outstanding]
    victim: str  # its address
    orphaned: set[str]  # the consumers it led
    killed: float
    led_again: float
    back: float
    delivered: dict[str, int]  # at the end, as the servers say


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("cluster")
    with NatsCluster(folder / "nats") as cluster:
        source = {"monitor": [cluster.members[0].monitor], "discover": True}
        more = {"include": ["nats_consumer_replicas_behind", "nats_consumer_resets_total"]}
        spec = spec_of(folder / "obs", nats=source) | {"metrics": more}
        collector = CollectorProcess(folder / "obs", spec)
        try:
            yield asyncio.run(_run(cluster, collector))
        finally:
            collector.kill()
            print(collector.log)  # noqa: T201  shown with a test that fails


async def _run(cluster: NatsCluster, collector: CollectorProcess) -> Run:
    await _create(cluster)
    placed = _leaders(cluster.members[0])
    victim = cluster.member(_elsewhere(placed))
    orphaned = {name for name in CONSUMERS if placed[name] == victim.name}
    others = [member for member in cluster.members if member is not victim]
    client = await nats.connect([member.url for member in others])
    arrived: Spans = {}
    outstanding = {name: Outstanding(arrived) for name in CONSUMERS}
    readings = Readings(collector, STREAM)
    await asyncio.to_thread(collector.start)

    def well() -> bool:
        reported = [readings.last(name) for name in CONSUMERS]
        return all(each.status is Status.OK and each.lag_seconds < 1 for each in reported)

    def behind() -> set[float | None]:
        return {readings.last(name).value("replicas_behind") for name in CONSUMERS}

    async with asyncio.TaskGroup() as group:
        js = client.jetstream(timeout=10)
        enough = asyncio.Event()
        traffic = group.create_task(_traffic(js, arrived, enough))
        workers = [Worker(name, outstanding[name]).run(js, STREAM) for name in CONSUMERS]
        work = [group.create_task(each) for each in workers]
        reading = group.create_task(readings.run())
        await _polls(readings, 6)
        assert well()
        killed = time.time()
        victim.kill()
        await eventually_async(lambda: readings.polls[-1].begin > killed and behind() == {1.0}, 30)
        # Until a new one is elected, the others still name the leader that was killed.
        await eventually_async(lambda: _led_by_others(others[0], victim), 30)
        await _polls(readings, 1)
        await eventually_async(well, 30)
        led_again = time.time()
        await _polls(readings, 4)
        await asyncio.to_thread(victim.start, 30)
        await eventually_async(lambda: behind() == {0.0} and well(), 30)
        back = time.time()
        await _polls(readings, 4)
        enough.set()
        await traffic
        await eventually_async(
            lambda: all(len(o.settled) == len(arrived) for o in outstanding.values())
        )
        await ended(*work)
        await _polls(readings, 2)
        delivered = {name: await _delivered(js, name) for name in CONSUMERS}
        await _polls(readings, 2)
        await ended(reading)
    await client.close()
    address = f"{victim.host}:{victim.monitor_port}"
    return Run(readings, outstanding, address, orphaned, killed, led_again, back, delivered)


async def _create(cluster: NatsCluster) -> None:
    """A stream and consumers on all three servers."""
    client = await nats.connect([member.url for member in cluster.members])
    js = client.jetstream(timeout=3)
    await answered(partial(js.add_stream, name=STREAM, subjects=["events"], num_replicas=3), *AWAY)
    for name in CONSUMERS:
        config = ConsumerConfig(durable_name=name, ack_wait=2)
        await answered(partial(js.add_consumer, STREAM, config), *AWAY)
    await client.close()


def _leaders(member: NatsServer) -> dict[str, str]:
    """Leaders of the stream and of its consumers by name, as one server sees them."""
    with closing(Http(timeout=3)) as http:
        return leaders(http, member)


def _led_by_others(member: NatsServer, victim: NatsServer) -> bool:
    """Whether the stream and every consumer have a leader that lives, as one server sees them."""
    return not {"", victim.name} & set(_leaders(member).values())


def _elsewhere(placed: dict[str, str]) -> str:
    """A server that leads consumers, most of all that do not lead the stream."""
    led = Counter(placed[name] for name in CONSUMERS if placed[name] != placed[STREAM])
    assert led, "of six consumers some are led by another server than their stream"
    return led.most_common(1)[0][0]


async def _traffic(js: JetStreamContext, arrived: Spans, enough: asyncio.Event) -> None:
    """Ten messages a second. It is never cancelled: what was published has to be known."""
    while not enough.is_set():
        before = time.time()
        seq = (await js.publish("events", b"x", timeout=10)).seq
        arrived[seq] = (before, time.time())
        await asyncio.sleep(0.1)


async def _delivered(js: JetStreamContext, consumer: str) -> int:
    return int((await js.consumer_info(STREAM, consumer)).delivered.consumer_seq)


async def _polls(readings: Readings, count: int) -> None:
    """Wait until so many more polls were read."""
    enough = len(readings.polls) + count
    await eventually_async(lambda: len(readings.polls) >= enough, 20)


def test_every_scrape_has_each_series_of_each_consumer_once(run: Run) -> None:
    texts = run.readings.texts
    assert len(texts) > 100
    for text in texts:
        assert max(Counter(IDENTITY.findall(text)).values()) == 1
        lags = [
            name for metric, name, _ in IDENTITY.findall(text) if metric.endswith("lag_seconds")
        ]
        assert sorted(lags) == sorted(CONSUMERS)


def test_deliveries_never_fall_and_end_as_the_servers_count_them(run: Run) -> None:
    for name in CONSUMERS:
        totals = [reported.number("delivered_total") for reported in run.readings.reported(name)]
        assert totals == sorted(totals)
        assert totals[-1] == run.delivered[name] >= len(run.outstanding[name].arrived)


def test_a_new_leader_is_no_reset(run: Run) -> None:
    for name in CONSUMERS:
        assert {reported.value("resets_total") for reported in run.readings.reported(name)} == {0.0}


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_the_lag_is_true_all_along_with_a_leader_and_without(run: Run, consumer: str) -> None:
    errors = [0.0]
    for reported in run.readings.reported(consumer):
        least, most = run.outstanding[consumer].lag(reported.reading.begin, reported.reading.end)
        off = max(least - reported.lag_seconds, reported.lag_seconds - most)
        errors.append(off - reported.reading.took)
    print(f"{consumer}: off by {max(errors):.3f} s at most")  # noqa: T201
    assert max(errors) <= POLL + TOLERANCE


def test_a_consumer_without_a_leader_lags_until_it_has_one(run: Run) -> None:
    for name in run.orphaned:
        lags = [
            reported.lag_seconds
            for reported in run.readings.reported(name, run.killed, run.led_again)
        ]
        assert max(lags) > 1
        assert lags[-1] < 1


def test_consumers_are_at_most_leaderless_for_a_moment(run: Run) -> None:
    for name in CONSUMERS:
        reported = run.readings.reported(name)
        assert {each.status for each in reported} <= {Status.OK, Status.LEADERLESS}
        for each in reported:
            assert (each.status is Status.LEADERLESS) == ("no_leader" in each.reasons)
        for quiet in (run.readings.reported(name, until=run.killed - POLL), reported[-4:]):
            assert {each.status for each in quiet} == {Status.OK}
    print(f"led again after {run.led_again - run.killed:.1f} s")  # noqa: T201


def test_only_the_killed_server_is_reported_down(run: Run) -> None:
    ups = [_ups(reading.scrape) for reading in run.readings.polls]
    begins = [reading.begin for reading in run.readings.polls]
    assert {len(up) for up in ups} == {3}
    down = {server for up in ups for server, value in up.items() if not value}
    assert down - {run.victim} == set()
    for begin, up in zip(begins, ups, strict=True):
        if run.killed < begin < run.led_again:
            assert up[run.victim] == 0
        if begin > run.back or begin < run.killed - POLL:
            assert up[run.victim] == 1


def _ups(scrape: Scrape) -> dict[str, float]:
    return {
        dict(labels)["server"]: value
        for (name, labels), value in scrape.items()
        if name == "nats_server_up"
    }
