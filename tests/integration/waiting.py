"""Waiting for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 40.0
"""Seconds after which a condition is given up: something hangs, however busy the machine is."""


def eventually(check: Callable[[], T], timeout: float = PATIENCE) -> T:
    """The first true value of `check()`; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not (value := check()):
        assert time.monotonic() < deadline, f"not within {timeout:g} s; last: {value!r}"
        time.sleep(0.05)
    return value


async def eventually_async(check: Callable[[], T], timeout: float = PATIENCE) -> T:
    """The same while the event loop goes on."""
    deadline = time.monotonic() + timeout
    while not (value := check()):
        assert time.monotonic() < deadline, f"not within {timeout:g} s; last: {value!r}"
        await asyncio.sleep(0.02)
    return value


async def answered(ask: Callable[[], Awaitable[T]], *refusals: type[Exception]) -> T:
    """The answer to a request that is retried while it is refused, for example without a leader."""
    for _ in range(100):
        try:
            return await ask()
        except refusals:
            await asyncio.sleep(0.05)
    return await ask()


async def ended(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks until they are done.

    Once is not enough: before Python 3.12 asyncio.wait_for, which nats-py uses, may lose it.
    """
    while pending := [task for task in tasks if not task.done()]:
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=0.2)
