"""The OMS system on loopback: NATS, AWS, their traffic, and switches for faults."""

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from obs.sandbox import aws_faults, bus
from obs.sandbox.aws_emulator import ACCESS_KEY, SECRET_KEY, AwsEmulator
from obs.sandbox.aws_events import create_oms
from obs.sandbox.aws_services import ServiceTraffic, create_services
from obs.sandbox.aws_traffic import RuleTraffic
from obs.sandbox.nats_server import NatsServer
from obs.sandbox.oms_streams import (
    ACCOUNT,
    AUDIT,
    PROCESSOR,
    SEARCH_INDEXER,
    create_streams,
)
from obs.sandbox.traces import NO_TRACES, Traces
from obs.sandbox.traffic import PUBLISHER, Publisher, Worker

_APPLICATION: Final = "oms"
_COLLECTOR: Final = "obs"
_CANCEL_AGAIN_SECONDS: Final = 0.5
_CLOSE_SECONDS: Final = 2.0


class Sandbox:
    """Async context manager: everything runs while entered, and nothing is left behind.

    Its files are in `folder`, which the caller creates and removes. Where `traces`
    are exported, events go through EventBridge too. Raises ObsError where a process does not start.
    """

    def __init__(
        self,
        folder: Path,
        chance: random.Random | None = None,
        traces: Traces = NO_TRACES,
    ) -> None:
        chance = chance or random.Random()
        self._chance = chance
        self._passwords = {user: secrets.token_hex(16) for user in (_APPLICATION, _COLLECTOR)}
        self.nats = NatsServer(folder / "nats", name="oms", accounts={ACCOUNT: self._passwords})
        self._emulator = AwsEmulator(folder=folder / "aws")
        self._stack = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []
        self._traces = traces
        self.publisher = Publisher(chance, traces)
        self.workers = {
            worker.consumer: worker
            for worker in (
                Worker(PROCESSOR, traces, per_second=120, slow_per_second=12, reads_bodies=True),
                Worker(AUDIT, traces, per_second=60, slow_per_second=3, in_batches=True),
                Worker(SEARCH_INDEXER, traces, per_second=60, slow_per_second=2),
            )
        }

    async def __aenter__(self) -> Self:
        try:
            self._stack.push_async_callback(asyncio.to_thread, self._traces.close)
            await self._start_nats()
            await self._start_aws()
            client = await self._connect()
            self._stack.push_async_callback(_close, client)
            jetstream = client.jetstream()
            await create_streams(jetstream)
            self._run(self.rules.run())
            if self._traces.exported:
                await self._start_bus()
            self._run(self.publisher.run(jetstream))
            for worker in self.workers.values():
                self._run(worker.run(jetstream))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of the demo's spec, including secrets."""
        return {
            "OBS_DEMO_NATS_MONITOR": self.nats.monitor,
            "OBS_DEMO_NATS_URL": self.nats.url,
            "OBS_DEMO_NATS_PASSWORD": self._passwords[_COLLECTOR],
            "OBS_DEMO_AWS_ENDPOINT": self.aws.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    async def traffic_failed(self) -> None:
        """Never returns; raises the error that ended a part of the traffic."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def stop_nats(self) -> None:
        """Stop nats-server; its messages are not lost."""
        await asyncio.to_thread(self.nats.stop)

    async def start_nats(self) -> None:
        """Start nats-server again on the same ports."""
        await asyncio.to_thread(self.nats.start)

    def throttle_aws(self) -> None:
        """Let AWS throttle every request."""
        self.aws.start_fault(aws_faults.Fault.THROTTLED)

    def restore_aws(self) -> None:
        """Let AWS respond normally."""
        self.aws.stop_faults()

    async def _start_nats(self) -> None:
        self._stack.push_async_callback(self.stop_nats)
        await self.start_nats()

    async def _start_aws(self) -> None:
        self._stack.push_async_callback(asyncio.to_thread, self._emulator.stop)
        await asyncio.to_thread(self._emulator.start)
        self.aws = self._stack.enter_context(aws_faults.AwsFaults(self._emulator.endpoint_url))
        self.services = ServiceTraffic(self._emulator.endpoint_url, self._chance)
        self.rules = RuleTraffic(self._emulator.endpoint_url, self._chance, self.services)
        await asyncio.to_thread(create_oms, self._emulator.endpoint_url)
        await asyncio.to_thread(create_services, self._emulator.endpoint_url)
        await asyncio.to_thread(self.rules.feed_history, time.time())
        await asyncio.to_thread(self.services.feed_past, time.time())

    async def _start_bus(self) -> None:
        endpoint = self._emulator.endpoint_url
        queue_url = await asyncio.to_thread(bus.create_queue, endpoint)
        self.publisher.bus = bus.BusPublisher(endpoint, self._traces.tracing(PUBLISHER))
        self._run(self.publisher.bus.run())
        worker = bus.QueueWorker(endpoint, queue_url, self._traces.tracing(bus.CONSUMER))
        self._run(worker.run())

    async def _connect(self) -> Client:
        return await nats.connect(
            self.nats.url,
            name="oms",
            user=_APPLICATION,
            password=self._passwords[_APPLICATION],
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.5,
            error_cb=_ignore,  # it would print them; users of the connection get them as exceptions
        )

    def _run(self, traffic: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(traffic)
        self._tasks.append(task)
        self._stack.push_async_callback(_cancel, task)


async def _ignore(_: Exception) -> None:
    pass


async def _close(client: Client) -> None:
    """Close the client, even where the server is gone."""
    with contextlib.suppress(NatsError, OSError, TimeoutError):
        await asyncio.wait_for(client.close(), _CLOSE_SECONDS)


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel until it ends: before Python 3.12 asyncio.wait_for, as in nats-py, may ignore one."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CANCEL_AGAIN_SECONDS)
