"""Applications behind consumers, which change their behaviour at random and note what they do."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.truth.js import AWAY
from tests.truth.kinds import ConsumerKind, Mode
from tests.truth.owed import ConsumerTruth, Incarnation

PULL_SECONDS = 0.4
ACK_TIMEOUT = 1.5
BATCH = 8
SLOW = (0.15, 0.6)
STINT = (1.5, 6.0)
"""Seconds for which a behaviour lasts."""
LONG_JOB = (4.0, 9.0)


@dataclass
class Worker:
    """One application; it serves the consumer through all its incarnations."""

    client: Client
    kind: ConsumerKind
    truth: ConsumerTruth
    chance: Random
    jobs: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            while True:
                mode = self.chance.choice(self.kind.modes)
                until = time.time() + self.chance.uniform(*STINT)
                try:
                    await self._stint(mode, until)
                except AWAY:
                    await asyncio.sleep(0.05)
        finally:
            for job in self.jobs:
                job.cancel()

    async def _stint(self, mode: Mode, until: float) -> None:
        if mode == "idle":
            await asyncio.sleep(max(until - time.time(), 0.0))
            return
        incarnation = self.truth.now
        async with self._inbox() as inbox:
            while time.time() < until and incarnation is self.truth.now:
                found = [m async for m in self._taken(inbox, mode, incarnation)]
                if not found:
                    await asyncio.sleep(0.3 if mode == "no wait" else 0.02)
                for message in found:
                    await self._handle(message, mode, incarnation)
                if mode == "hold" and found:
                    await asyncio.sleep(max(until - time.time(), 0.0))

    @asynccontextmanager
    async def _inbox(self) -> AsyncIterator[Any]:
        subject = str(self.kind.config.get("deliver_subject") or self.client.new_inbox())
        inbox = await self.client.subscribe(subject)
        try:
            yield inbox
        finally:
            with contextlib.suppress(*AWAY):
                await inbox.unsubscribe()

    async def _taken(self, inbox: Any, mode: Mode, incarnation: Incarnation) -> AsyncIterator[Msg]:
        """The next messages; none after a while."""
        batch = 1 if mode == "slow" else BATCH
        asked = time.time()
        if not self.kind.push:
            wanted: dict[str, Any] = {"batch": batch}
            if mode == "no wait":
                wanted["no_wait"] = True
            else:
                wanted["expires"] = int(PULL_SECONDS * 1e9)
            subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.truth.stream.name}.{self.truth.name}"
            await self.client.publish(subject, json.dumps(wanted).encode(), reply=inbox.subject)
        for _ in range(batch):
            try:
                message = await inbox.next_msg(timeout=PULL_SECONDS + 0.2)
            except TimeoutError:
                return
            if not message.reply.startswith("$JS.ACK"):
                return  # a status: no messages, or the pull has expired
            if incarnation is not self.truth.now:
                return  # of the next one, which goes on without an ack
            self._note(message, asked, incarnation)
            yield message

    def _note(self, message: Msg, asked: float, incarnation: Incarnation) -> None:
        seq, now = _seq(message), time.time()
        incarnation.deliver(seq, now)
        incarnation.note(seq, f"try {message.metadata.num_delivered}")
        if self.kind.config.get("ack_policy") == "none":
            incarnation.settling(seq, 0.0 if self.kind.push else asked)
            incarnation.settle(seq, now)
        elif self._last_try(message):
            incarnation.expires[seq] = now + self.kind.ack_wait

    def _last_try(self, message: Msg) -> bool:
        limit = int(self.kind.config.get("max_deliver", -1))
        return 0 < limit <= message.metadata.num_delivered

    async def _handle(self, message: Msg, mode: Mode, incarnation: Incarnation) -> None:
        if mode in ("hold", "lose") or self.kind.config.get("ack_policy") == "none":
            return
        if mode == "slow":
            await asyncio.sleep(self.chance.uniform(*SLOW))
        if mode == "long" and not self.jobs:
            job = asyncio.create_task(self._long_job(message, incarnation))
            self.jobs.add(job)
            job.add_done_callback(self.jobs.discard)
        elif mode in ("nak", "nak later") and self.chance.random() < 0.5:
            await self._nak(message, mode, incarnation)
        else:
            await self._settle(message, b"+TERM" if mode == "term" else b"+ACK", incarnation)

    async def _nak(self, message: Msg, mode: Mode, incarnation: Incarnation) -> None:
        if self._last_try(message):
            incarnation.expires[_seq(message)] = time.time()
        incarnation.note(_seq(message), mode)
        delay = b' {"delay": %d}' % (self.chance.uniform(2, 5) * 1e9) if mode != "nak" else b""
        await self.client.request(message.reply, b"-NAK" + delay, timeout=ACK_TIMEOUT)

    async def _long_job(self, message: Msg, incarnation: Incarnation) -> None:
        """Work that says that it goes on."""
        until = time.time() + self.chance.uniform(*LONG_JOB)
        seq = _seq(message)
        incarnation.note(seq, f"a job of {until - time.time():.1f} s")
        while time.time() < until:
            with contextlib.suppress(*AWAY):
                await self.client.request(message.reply, b"+WPI", timeout=ACK_TIMEOUT)
                if seq in incarnation.expires:
                    incarnation.expires[seq] = time.time() + self.kind.ack_wait
            await asyncio.sleep(min(0.3, self.kind.ack_wait / 3))
        with contextlib.suppress(*AWAY):
            await self._settle(message, b"+ACK", incarnation)

    async def _settle(self, message: Msg, word: bytes, incarnation: Incarnation) -> None:
        seqs = [_seq(message)]
        if self.kind.config.get("ack_policy") == "all":
            seqs += [seq for seq in self.truth.stream.messages if seq < seqs[0]]
        begin = time.time()
        incarnation.note(seqs[0], word.decode())
        for seq in seqs:
            incarnation.settling(seq, begin)
        await self.client.request(message.reply, word, timeout=ACK_TIMEOUT)
        for seq in seqs:
            incarnation.settle(seq, time.time())


def _seq(message: Msg) -> int:
    return int(message.metadata.sequence.stream)
