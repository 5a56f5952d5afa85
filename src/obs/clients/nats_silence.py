"""A NATS connection over which nothing comes any more, although nothing has ended it."""

import asyncio
import math
from typing import NoReturn

from nats.aio.client import Client


async def until_silent(client: Client, timeout: float) -> NoReturn:
    """For a `use` that only waits: raise TimeoutError once the server is silent for two `timeout`s.

    Where packets are lost without a sign, the library finds out after minutes, and the system
    sends what was lost again after ever longer pauses, when the network has long been well.
    """
    while True:
        await asyncio.sleep(timeout)
        await client.flush(math.ceil(2 * timeout))
