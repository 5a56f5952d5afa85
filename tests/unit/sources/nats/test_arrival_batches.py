"""What a connection hears reaches the collector in batches, a bounded number of them."""

import asyncio
import time
from collections.abc import Callable

from obs.snapshot.messages import DeadLetter
from obs.sources.nats.arrival_batches import MOST, ArrivalBatches, Steps
from obs.sources.nats.hearing import Arrival, Position


def letters(number: int) -> tuple[DeadLetter, ...]:
    return tuple(DeadLetter("A", "S", f"c{n}", n, 0.0, "terminated") for n in range(number))


class Collector:
    """Takes batches, each for `busy` seconds."""

    def __init__(self, busy: float = 0.0) -> None:
        self.busy = busy
        self.batches: list[Steps] = []
        self.dropped = 0

    async def hand_over(self, steps: Steps, dropped: int) -> None:
        await asyncio.sleep(self.busy)
        self.batches.append(steps)
        self.dropped += dropped

    @property
    def steps(self) -> list[Arrival | None]:
        return [step for batch in self.batches for step in batch]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_comes_while_a_batch_is_under_way_is_one_batch_in_its_order() -> None:
    collector = Collector(busy=0.01)
    batches = ArrivalBatches(collector.hand_over)
    running = asyncio.create_task(batches.run())
    sent = [Arrival(letters(1), received=float(n)) for n in range(500)]
    for arrival in sent:
        batches.take(arrival)
        await asyncio.sleep(0)
    batches.lose()
    await until(lambda: len(collector.steps) == 501)
    assert collector.steps == [*sent, None]
    assert len(collector.batches) <= 3
    running.cancel()


async def test_the_collector_has_four_times_as_long_for_all_else() -> None:
    collector = Collector(busy=0.02)
    batches = ArrivalBatches(collector.hand_over)
    running = asyncio.create_task(batches.run())
    begun = time.monotonic()
    while time.monotonic() - begun < 0.3:
        batches.take(Arrival(letters(1), received=0.0))
        await asyncio.sleep(0.001)
    assert len(collector.batches) <= 4
    running.cancel()


async def test_beyond_the_limit_dead_letters_are_dropped_and_hearing_begins_anew() -> None:
    collector = Collector()
    batches = ArrivalBatches(collector.hand_over)
    for _ in range(MOST + 100):
        batches.take(Arrival(letters(1), received=0.0))
    batches.take(Arrival(heard_until=10.0))  # it may have ended before the last one was dropped
    batches.take(Arrival(heard_until=15.0))
    batches.take(Arrival(heard_until=20.0))
    steps, dropped = batches.rest()
    assert dropped == 100
    assert [step for step in steps if step and step.heard_until] == [
        Arrival(heard_until=15.0, begins=True),
        Arrival(heard_until=20.0),
    ]
    assert sum(len(step.dead_letters) for step in steps if step) == MOST


async def test_what_a_stream_keeps_is_not_dropped_but_read_later() -> None:
    collector = Collector()
    batches = ArrivalBatches(collector.hand_over)
    for n in range(MOST // 256 + 2):
        batches.take(Arrival(letters(256), None, Position("x", n)))
    waiting = asyncio.create_task(batches.room())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    running = asyncio.create_task(batches.run())
    await asyncio.wait_for(waiting, 5)
    await until(lambda: len(collector.steps) == MOST // 256 + 2)
    assert collector.dropped == 0
    running.cancel()


async def test_a_batch_that_fails_does_not_end_the_hearing() -> None:
    collector = Collector()

    async def fails_once(steps: Steps, dropped: int) -> None:
        batches._hand_over = collector.hand_over
        raise ValueError

    batches = ArrivalBatches(fails_once)
    running = asyncio.create_task(batches.run())
    batches.take(Arrival(letters(1), received=1.0))
    await until(lambda: batches._hand_over == collector.hand_over)
    batches.take(Arrival(letters(1), received=2.0))
    await until(lambda: len(collector.steps) == 1)
    running.cancel()


async def test_news_of_a_connection_follows_what_it_heard_before() -> None:
    collector = Collector()
    batches = ArrivalBatches(collector.hand_over)
    seen: list[int] = []
    batches.take(Arrival(begins=True, heard_until=1.0))
    batches.then(lambda: seen.append(len(collector.steps)))
    running = asyncio.create_task(batches.run())
    await until(lambda: bool(seen))
    assert seen == [1]
    running.cancel()
