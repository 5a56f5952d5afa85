"""One question to all micro services of an account.

How many instances there are nobody knows: replies are taken for a time.
"""

import asyncio
import contextlib
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from obs.sources.nats import subjects
from obs.sources.nats.service_replies import MOST_REPLIES, Replies

_MOST_BYTES: Final = 32 << 20  # of all replies to one question


async def ask(client: Client, wait: float) -> Replies:
    """What comes within `wait` seconds; ends at once where the account has no micro service."""
    replies = Replies()
    left = _MOST_BYTES
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def take(message: Msg) -> None:
        nonlocal left
        left -= len(message.data)
        if done.done():
            return
        if message.headers and message.headers.get("Status") == "503":
            done.set_result(None)
            return
        replies.take(message.data)
        if left < 0 or len(replies.found) + replies.unreadable >= MOST_REPLIES:
            replies.cut = True
            done.set_result(None)

    inbox = client.new_inbox()
    subscription = await client.subscribe(
        inbox, cb=take, pending_msgs_limit=2 * MOST_REPLIES, pending_bytes_limit=2 * _MOST_BYTES
    )
    try:
        # The server itself sends no more than that, however many there are.
        await subscription.unsubscribe(MOST_REPLIES)
        await client.publish(subjects.SERVICES, b"", reply=inbox)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await done
    finally:
        with contextlib.suppress(NatsError):
            await subscription.unsubscribe()
    return replies
