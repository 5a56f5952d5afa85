"""Lag and status of the running collector against a driver that knows what is outstanding."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig

from obs.lag.status import Status
from obs.sandbox.nats_server import NatsServer
from tests.integration.collector_process import CollectorProcess, spec_of
from tests.integration.outstanding import Outstanding, Spans
from tests.integration.readings import Readings, Reported
from tests.integration.waiting import ended, eventually_async
from tests.integration.workers import Worker

FLOOR = {"metrics": {"include": ["nats_consumer_ack_floor_sequence"]}}
pytestmark = pytest.mark.integration

STREAM = "EVENTS"
RARE, COMMON, POISON = "events.rare", "events.common", "events.poison"
GIVEN_UP = f"$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.{STREAM}.*"
LIMITED = ConsumerConfig(ack_wait=2, max_deliver=3)
CONFIGS = {
    "stops": LIMITED,
    "slow": LIMITED,
    "silent": ConsumerConfig(ack_wait=2, max_deliver=-1, max_ack_pending=50),
    "gives-up": LIMITED,
    "poisoned": LIMITED,
    "filtered": replace(LIMITED, filter_subject=RARE),
}
POLL = 0.5
UNSTATED = 1.5 * POLL
"""How far the lag may be off where the collector states no uncertainty."""
TOLERANCE = 0.1
"""Seconds for what lies between the server's answer and the collector's look at its clock."""


class Driver:
    """Publishes, and works for every consumer; what it knows is the truth."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.js = client.jetstream()
        self.arrived: Spans = {}
        self.rare: set[int] = set()
        self.outstanding = {name: Outstanding(self.arrived) for name in CONFIGS}
        self.outstanding["filtered"].matches = self.rare.__contains__
        self.stops = Worker("stops", self.outstanding["stops"], batch=20)
        self.slow = Worker("slow", self.outstanding["slow"], batch=5, seconds=0.25)
        self.filtered = Worker("filtered", self.outstanding["filtered"], batch=5)
        self.workers = (
            self.stops,
            self.slow,
            self.filtered,
            Worker("silent", self.outstanding["silent"], batch=50, acknowledges=lambda _: False),
            Worker(
                "gives-up", self.outstanding["gives-up"], batch=20, acknowledges=lambda _: False
            ),
            Worker(
                "poisoned",
                self.outstanding["poisoned"],
                seconds=0.4,
                juggling=True,
                acknowledges=lambda message: message.subject != POISON,
            ),
        )

    async def create(self) -> None:
        """The stream and its consumers; a message out of deliveries is no longer outstanding."""
        await self.js.add_stream(name=STREAM, subjects=["events.*"])
        for name, config in CONFIGS.items():
            await self.js.add_consumer(STREAM, replace(config, durable_name=name))
        await self.client.subscribe(GIVEN_UP, cb=self._given_up)

    async def publish(self, subject: str) -> int:
        """Publish one message; gives its sequence."""
        before = time.time()
        seq = (await self.js.publish(subject, b"x", timeout=10)).seq
        self.arrived[seq] = (before, time.time())
        if subject == RARE:
            self.rare.add(seq)
        return seq

    async def traffic(self) -> None:
        """About 25 messages a second, uneven: now and then nothing, then ten at once."""
        chance = random.Random(1)
        while True:
            pause = chance.random() < 0.05
            await asyncio.sleep(0.3 if pause else chance.uniform(0.01, 0.09))
            for _ in range(10 if pause else 1):
                await self.publish(chance.choice((RARE, COMMON, COMMON)))

    @asynccontextmanager
    async def working(self, readings: Readings) -> AsyncIterator[None]:
        """Traffic, work and readings go on."""
        async with asyncio.TaskGroup() as group:
            works = [worker.run(self.js, STREAM) for worker in self.workers]
            tasks = [group.create_task(each) for each in (readings.run(), self.traffic(), *works)]
            try:
                yield
            finally:
                await ended(*tasks)

    async def _given_up(self, message: Msg) -> None:
        advisory = json.loads(message.data)
        outstanding, seq = self.outstanding[advisory["consumer"]], advisory["stream_seq"]
        outstanding.settling(seq, datetime.fromisoformat(advisory["timestamp"]).timestamp())
        outstanding.settle(seq, time.time() + POLL)  # the server publishes it late


@dataclass(frozen=True)
class Run:
    """What was true, what was reported, and when each part of the run began (Unix seconds)."""

    outstanding: dict[str, Outstanding]
    readings: Readings
    poison: int  # its sequence
    troubled: float  # every fault had been reported
    recovering: float
    recovered: float

    def off(self, reported: Reported) -> float:
        """Seconds between the reported lag and everything that was true during the poll.

        Less what the poll took: a machine that stands still in it says nothing about the lag.
        """
        least, most = self.outstanding[reported.consumer].lag(
            reported.reading.begin, reported.reading.end
        )
        off = max(least - reported.lag_seconds, reported.lag_seconds - most)
        return max(off - reported.reading.took, 0.0)

    def interval(self, reported: Reported) -> float:
        """Seconds between the polls around the arrival of the oldest outstanding message.

        A busy machine polls less often than the spec says, and an arrival is known to no better.
        """
        begin, end = reported.reading.begin, reported.reading.end
        least, most = self.outstanding[reported.consumer].lag(begin, end)
        ends = [poll.end for poll in self.readings.polls]
        gaps = [
            later - earlier
            for earlier, later in pairwise(ends)
            if earlier <= end - least and later >= begin - most
        ]
        return max([POLL, *gaps])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One collector, ended in order and then killed while consumers are in trouble."""
    folder = tmp_path_factory.mktemp("truth")
    with NatsServer(folder / "nats") as server:
        source = {"monitor": [server.monitor], "poll": "500ms", "status_window": "6s"}
        collector = CollectorProcess(folder / "obs", spec_of(folder / "obs", nats=source) | FLOOR)
        try:
            yield asyncio.run(_run(server, collector))
        finally:
            collector.kill()
            print(collector.log)  # noqa: T201  shown with a test that fails


async def _run(server: NatsServer, collector: CollectorProcess) -> Run:
    client = await nats.connect(server.url)
    driver = Driver(client)
    await driver.create()
    readings = Readings(collector, STREAM)
    await asyncio.to_thread(collector.start)
    async with driver.working(readings):
        poison, troubled = await _get_into_trouble(driver, readings)
        await asyncio.to_thread(collector.stop)
        await _start_again(readings)
        collector.kill()
        await _start_again(readings)
        recovering = time.time()
        driver.stops.working.set()
        driver.filtered.working.set()
        driver.slow.seconds = 0.0
        await _reported(readings, stops=Status.OK, slow=Status.OK, filtered=Status.OK)
        await eventually_async(
            lambda: max(readings.last(n).lag_seconds for n in ("stops", "slow", "filtered")) < 1
        )
        recovered = time.time()
        await _polls(readings, 15)
    await client.close()
    return Run(driver.outstanding, readings, poison, troubled, recovering, recovered)


async def _get_into_trouble(driver: Driver, readings: Readings) -> tuple[int, float]:
    """Gives the poison message's sequence, and when every fault had been reported."""
    await _polls(readings, 4)
    poison = await driver.publish(POISON)
    driver.stops.working.clear()
    await _polls(readings, 3)
    driver.filtered.working.clear()
    stalled = {"silent": Status.STALLED, "gives-up": Status.STALLED}
    stopped = {"stops": Status.STOPPED, "filtered": Status.STOPPED}
    await _reported(readings, slow=Status.SLOW, **stalled, **stopped)
    await eventually_async(lambda: poison in driver.outstanding["poisoned"].settled)
    await _polls(readings, 4)
    return poison, time.time()


async def _start_again(readings: Readings) -> None:
    await asyncio.to_thread(readings.collector.start)
    await _polls(readings, 4)


async def _polls(readings: Readings, count: int) -> None:
    """Wait until so many more polls were read."""
    enough = len(readings.polls) + count
    await eventually_async(lambda: len(readings.polls) >= enough, 20)


async def _reported(readings: Readings, **statuses: Status) -> None:
    """Wait until the consumers have these statuses."""

    def agrees() -> bool:
        return all(readings.last(name).status is status for name, status in statuses.items())

    await eventually_async(agrees, 30)


@pytest.mark.parametrize("consumer", ["stops", "slow", "silent", "gives-up", "poisoned"])
def test_the_lag_is_true_within_one_poll_interval(run: Run, consumer: str) -> None:
    reported = run.readings.reported(consumer)
    errors = [run.off(each) for each in reported]
    print(f"{consumer}: {len(reported)} polls, off by {max(errors):.3f} s at most")  # noqa: T201
    for each, error in zip(reported, errors, strict=True):
        assert error <= run.interval(each) + TOLERANCE
    assert max(each.lag_seconds for each in reported) > 4, "there was a lag to report"


@pytest.mark.parametrize("consumer", CONFIGS)
def test_the_lag_is_true_within_the_uncertainty_that_is_stated(run: Run, consumer: str) -> None:
    reported = run.readings.reported(consumer)
    print(f"{consumer}: off by {max(map(run.off, reported)):.3f} s at most")  # noqa: T201
    for each in reported:
        assert run.off(each) <= (each.value("lag_uncertainty_seconds") or UNSTATED) + TOLERANCE


@pytest.mark.parametrize("consumer", ["stops", "filtered"])
def test_a_consumer_without_a_puller_is_stopped_until_there_is_one(run: Run, consumer: str) -> None:
    before, stopped = _until_it_is(run, consumer, Status.STOPPED)
    assert {each.status for each in before} <= {Status.OK, Status.SLOW}
    for each in stopped:
        assert (each.status, each.reasons) == (Status.STOPPED, {"no_puller"})
    for each in run.readings.reported(consumer, run.recovered):
        assert (each.status, each.reasons) == (Status.OK, set())


def test_a_consumer_that_falls_behind_is_slow_until_it_catches_up(run: Run) -> None:
    before, slow = _until_it_is(run, "slow", Status.SLOW)
    assert {each.status for each in before} == {Status.OK}
    assert {each.status for each in slow} == {Status.SLOW}
    assert {each.status for each in run.readings.reported("slow", run.recovered)} == {Status.OK}


@pytest.mark.parametrize("consumer", ["silent", "gives-up"])
def test_a_consumer_that_never_acknowledges_stays_stalled(run: Run, consumer: str) -> None:
    before, stalled = _until_it_is(run, consumer, Status.STALLED)
    assert {each.status for each in before} == {Status.OK}
    later = run.readings.reported(consumer, run.recovering)
    assert {each.status for each in (*stalled, *later)} == {Status.STALLED}
    full = {"ack_pending_full"} if consumer == "silent" else set()
    reasons = {"message_retrying"} | full
    seen = (*stalled, *later)
    assert [each.reasons for each in seen if each.reasons != reasons] == []


def test_a_poison_message_given_up_leaves_no_lag_and_is_no_stall(run: Run) -> None:
    given_up = run.outstanding["poisoned"].settled[run.poison][1]
    reported = run.readings.reported("poisoned")
    assert {each.status for each in reported} == {Status.OK}
    assert max(each.lag_seconds for each in reported) > 5
    assert {"message_retrying"} in [each.reasons for each in reported]
    for each in run.readings.reported("poisoned", given_up):
        assert each.value("ack_floor_sequence") == run.poison - 1, "it stays there"
        assert each.lag_seconds < 1.5
        assert each.reasons == set()


def _until_it_is(run: Run, consumer: str, status: Status) -> tuple[list[Reported], list[Reported]]:
    """What was reported before the status first was, and from then until the recovery began."""
    reported = run.readings.reported(consumer, until=run.recovering)
    first = [each.status for each in reported].index(status)
    return reported[:first], reported[first:]
