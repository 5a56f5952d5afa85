"""Everything that happens to one stream: publications, removals, consumers, and looks at it."""

import asyncio
import contextlib
import json
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from math import inf
from random import Random

from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.truth.js import AWAY, RefusedError, ask, publish
from tests.truth.kinds import ConsumerKind, StreamKind
from tests.truth.owed import ConsumerTruth, Incarnation, ServerTold
from tests.truth.stored import Stored, StreamTruth
from tests.truth.workers import Worker

LOOK_EVERY = 0.12
CONSUMERS_EVERY = 0.4
FULL = (10077, 10122)
"""JetStream's codes of a stream that refuses new messages."""
FORGETS = 2.0
"""Seconds of acks that a server which is killed may forget."""
MIRROR_AFTER = 0.25
"""Share of the run after which a mirror is created; it fills with messages that are old by then."""


@dataclass
class Driver:
    """One stream with its consumers; `seconds` is how long the run lasts."""

    kind: StreamKind
    client: Client
    chance: Random
    seconds: float
    origin: StreamTruth | None = None  # of a mirror
    truth: StreamTruth = field(init=False)
    consumers: dict[str, ConsumerTruth] = field(init=False)
    _created: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.truth = StreamTruth(self.kind.name)
        self.consumers = {
            each.name: ConsumerTruth(each.name, self.truth, self._filter(each))
            for each in self.kind.consumers
        }

    async def create(self) -> None:
        """The stream and its consumers."""
        config = {"name": self.kind.name, **self.kind.config}
        if self.origin:
            config["mirror"] = {"name": self.origin.name}
        else:
            config["subjects"] = [f"{self.kind.name}.*"]
        await _until_done(self.client, f"STREAM.CREATE.{self.kind.name}", config)
        for each in self.kind.consumers:
            await self._create_consumer(each)

    def works(self) -> Iterator[Coroutine[None, None, None]]:
        """Everything that goes on until it is cancelled."""
        if self.origin:
            yield self._create_later()
        else:
            self._created.set()
            yield self._publish()
        if self.origin or self.kind.removes:
            yield self._look()
        yield self._ask_consumers()
        if {"purge", "delete", "step down"} & {*self.kind.meddling}:
            yield self._meddle()
        for each in self.kind.consumers:
            yield self._work(each)
            if each.recreated:
                yield self._recreate(each)
            if each.paused:
                yield self._pause(each)
            if each.config.get("ack_policy") == "none":
                yield self._look_at_deliveries(each)

    def killed(self, at: float) -> None:
        """The server was killed."""
        for consumer in self.consumers.values():
            if consumer.incarnations:
                consumer.now.crash(at, FORGETS)

    async def ask_floors(self) -> None:
        """End the doubts about what a killed server has forgotten, as far as it tells."""
        for consumer in self.consumers.values():
            if not consumer.incarnations or not consumer.now.doubtful:
                continue
            with contextlib.suppress(*AWAY):
                found = await ask(self.client, f"CONSUMER.INFO.{self.kind.name}.{consumer.name}")
                idle = not found["num_pending"] and not found["num_ack_pending"]
                consumer.now.floor(found["ack_floor"]["stream_seq"], idle, time.time())

    def given_up(self, message: Msg) -> None:
        """An advisory tells that a message ran out of deliveries."""
        advisory = json.loads(message.data)
        consumer = self.consumers.get(advisory["consumer"])
        if consumer and consumer.incarnations:
            seq = advisory["stream_seq"]
            noted = datetime.fromisoformat(advisory["timestamp"]).timestamp()
            consumer.now.settling(seq, noted)
            consumer.now.settle(seq, time.time() + 0.5)  # the server publishes it late

    async def _create_later(self) -> None:
        await asyncio.sleep(self.seconds * MIRROR_AFTER)
        await self.create()
        self._created.set()

    async def _work(self, kind: ConsumerKind) -> None:
        await self._created.wait()
        truth = self.consumers[kind.name]
        await Worker(self.client, _pushed(self.kind, kind), truth, self._new_chance()).run()

    async def _publish(self) -> None:
        """Uneven: now and then nothing for long, then some at once."""
        while True:
            burst = self.chance.random() < 0.06
            pause = self.chance.uniform(0, 2 * self.kind.every)
            await asyncio.sleep(8 * pause if burst else pause)
            for _ in range(self.chance.randrange(3, 12) if burst else 1):
                await self._publish_one()

    async def _publish_one(self) -> None:
        subject = self._subject(self.chance.randrange(self.kind.keys))
        headers = {"Nats-Msg-Id": f"{self.kind.name}-{next(self._numbers)}"}
        if "ttl" in self.kind.meddling and self.chance.random() < 0.6:
            headers["Nats-TTL"] = f"{self.chance.randrange(1, 6)}s"
        if "roll-up" in self.kind.meddling and self.chance.random() < 0.1:
            headers["Nats-Rollup"] = "sub"
        async with self.truth.changing:
            begin = time.time()
            while True:  # the same number makes it one message, however often it is sent
                try:
                    answer = await publish(self.client, subject, headers)
                except RefusedError as refused:
                    if refused.code in FULL:
                        return
                    await asyncio.sleep(0.05)
                except AWAY:
                    await asyncio.sleep(0.05)
                else:
                    self.truth.arrive(int(answer["seq"]), subject, begin, time.time())
                    return

    async def _look(self) -> None:
        await self._created.wait()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            with contextlib.suppress(*AWAY):
                await self._look_once()

    async def _look_once(self) -> None:
        begin = time.time()
        found = await ask(self.client, f"STREAM.INFO.{self.kind.name}", {"deleted_details": True})
        if self.origin:
            self._mirrored(int(found["state"]["last_seq"]), time.time())
        self.truth.look(found["state"], begin, time.time())

    async def _look_at_deliveries(self, kind: ConsumerKind) -> None:
        """Of a consumer without acks: what is delivered is settled, whether it arrives or not."""
        looked, delivered = time.time(), 0
        while True:
            await asyncio.sleep(LOOK_EVERY)
            begin = time.time()
            with contextlib.suppress(*AWAY):
                found = await ask(self.client, f"CONSUMER.INFO.{self.kind.name}.{kind.name}")
                until = int(found["delivered"]["stream_seq"])
                for seq in range(delivered + 1, until + 1):
                    self.consumers[kind.name].now.settling(seq, looked)
                    self.consumers[kind.name].now.settle(seq, time.time())
                looked, delivered = begin, until

    def _mirrored(self, last: int, end: float) -> None:
        assert self.origin
        for seq in range(self.truth.last + 1, last + 1):
            original = self.origin.messages.get(seq)
            if original is None:
                break  # its publication is not answered yet
            since = max(self.truth.looked, original.arrived[0])
            stored = Stored(seq, original.subject, original.arrived, (since, max(end, since)))
            self.truth.store(stored)

    async def _ask_consumers(self) -> None:
        """What the server itself says: who leads, and how many messages it counts."""
        await self._created.wait()
        while True:
            begin = time.time()
            with contextlib.suppress(*AWAY):
                found = await ask(self.client, f"CONSUMER.LIST.{self.kind.name}")
                for each in found.get("consumers") or ():
                    truth = self.consumers.get(each.get("name", ""))
                    if truth is None:
                        continue  # a server that stops has some without a name
                    truth.led(each.get("cluster", {}).get("leader"))
                    count = each["num_pending"] + each["num_ack_pending"]
                    floor = each["ack_floor"]["stream_seq"]
                    truth.told.append(ServerTold(begin, time.time(), count, floor))
            await asyncio.sleep(CONSUMERS_EVERY)

    async def _meddle(self) -> None:
        while True:
            pause = (6.0, 14.0) if "step down" in self.kind.meddling else (1.0, 6.0)
            await asyncio.sleep(self.chance.uniform(*pause))
            what = self.chance.choice(self.kind.meddling)
            with contextlib.suppress(*AWAY):
                if what == "step down":
                    await self._step_down()
                    continue
                async with self.truth.changing:
                    await (self._purge() if what == "purge" else self._delete())

    async def _purge(self) -> None:
        subject = {"filter": self._subject(self.chance.randrange(self.kind.keys))}
        how = self.chance.choice(({}, {"keep": 4}, subject, subject))
        await ask(self.client, f"STREAM.PURGE.{self.kind.name}", how)

    async def _delete(self) -> None:
        """Some of the messages, wherever they are."""
        present = self.truth.present()
        for seq in self.chance.sample(present, min(len(present), 8)):
            with contextlib.suppress(RefusedError):
                body = {"seq": seq, "no_erase": True}
                await ask(self.client, f"STREAM.MSG.DELETE.{self.kind.name}", body)

    async def _step_down(self) -> None:
        for consumer in self.consumers.values():
            consumer.moved.append(time.time())
        if self.chance.random() < 0.5:
            await ask(self.client, f"STREAM.LEADER.STEPDOWN.{self.kind.name}")
        else:
            name = self.chance.choice(self.kind.consumers).name
            await ask(self.client, f"CONSUMER.LEADER.STEPDOWN.{self.kind.name}.{name}")

    async def _create_consumer(self, kind: ConsumerKind) -> None:
        """A new incarnation; nothing else changes meanwhile, so what it begins with is known."""
        async with self.truth.changing:
            subject = f"CONSUMER.DURABLE.CREATE.{self.kind.name}.{kind.name}"
            config = _config(self.kind, kind)
            initial = self._initial(str(config["deliver_policy"]))
            made = Incarnation(self.truth.last, initial, (time.time(), inf), kind.ack_wait)
            self.consumers[kind.name].incarnations.append(made)
            body = {"stream_name": self.kind.name, "config": config}
            await _until_done(self.client, subject, body)
            made.created = (made.created[0], time.time())

    def _initial(self, policy: str) -> frozenset[int]:
        present = self.truth.present()
        if policy == "new":
            return frozenset()
        if policy == "last_per_subject":
            newest = {self.truth.messages[seq].subject: seq for seq in present}
            return frozenset(newest.values())
        return frozenset(present)

    async def _recreate(self, kind: ConsumerKind) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(5.0, 12.0))
            begin = time.time()
            try:
                await ask(self.client, f"CONSUMER.DELETE.{self.kind.name}.{kind.name}")
            except AWAY:
                continue
            self.consumers[kind.name].now.deleted = (begin, time.time())
            await asyncio.sleep(self.chance.choice((0.0, 0.0, 1.0, 2.0)))
            await self._create_consumer(kind)

    async def _pause(self, kind: ConsumerKind) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(4.0, 8.0))
            until = datetime.now(UTC) + timedelta(seconds=self.chance.uniform(2.0, 6.0))
            with contextlib.suppress(*AWAY):
                subject = f"CONSUMER.PAUSE.{self.kind.name}.{kind.name}"
                await ask(self.client, subject, {"pause_until": until.isoformat()})

    def _filter(self, kind: ConsumerKind) -> "_Matches":
        keys = kind.keys or range(self.kind.keys)
        stream = self.kind.mirrors or self.kind.name
        return _Matches(frozenset(f"{stream}.{_key(key)}" for key in keys))

    def _subject(self, key: int) -> str:
        return f"{self.kind.name}.{_key(key)}"

    def _new_chance(self) -> Random:
        return Random(self.chance.random())


@dataclass(frozen=True)
class _Matches:
    subjects: frozenset[str]

    def __call__(self, subject: str) -> bool:
        return subject in self.subjects


def _key(number: int) -> str:
    return f"k{number}"


def _config(stream: StreamKind, kind: ConsumerKind) -> dict[str, object]:
    subjects = [f"{stream.mirrors or stream.name}.{_key(key)}" for key in kind.keys]
    chosen: dict[str, object] = {}
    if kind.config.get("deliver_policy") == "last_per_subject":
        chosen["filter_subject"] = f"{stream.name}.*"  # it has to have a filter
    elif len(subjects) == 1:
        chosen["filter_subject"] = subjects[0]
    elif subjects:
        chosen["filter_subjects"] = subjects
    usual = {
        "durable_name": kind.name,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": int(kind.ack_wait * 1e9),
    }
    return {**usual, **chosen, **_pushed(stream, kind).config}


def _pushed(stream: StreamKind, kind: ConsumerKind) -> ConsumerKind:
    """The same with the subject to which it is pushed."""
    if not kind.push:
        return kind
    config = {**kind.config, "deliver_subject": f"pushed.{stream.name}.{kind.name}"}
    return ConsumerKind(
        kind.name, config, kind.modes, kind.keys, kind.push, kind.recreated, kind.paused
    )


async def _until_done(client: Client, subject: str, body: object) -> None:
    """Ask until it is done, also while there is no leader; it may be done twice."""
    for _ in range(200):
        try:
            await ask(client, subject, body, timeout=5)
        except AWAY:
            await asyncio.sleep(0.1)
        else:
            return
    await ask(client, subject, body)
