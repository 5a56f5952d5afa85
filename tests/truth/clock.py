"""A server whose clock is wrong: what it sends is rewritten on its way, by HTTP and by NATS.

A server's clock is a shift of the true time that may step. A time that it noted keeps the shift of
the moment when it was noted. Shifts are whole seconds, so that no text changes its length.
"""

import asyncio
import contextlib
import re
from bisect import bisect_right
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

_TIME = re.compile(rb"20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d")
_BEGUN = re.compile(rb"20[\d:T-]{0,16}$")  # what may become one with the next bytes
_FORMAT = "%Y-%m-%dT%H:%M:%S"
_CHUNK = 65536


class WrongClock:
    """The shift of a server's clock over time."""

    def __init__(self, seconds: int) -> None:
        self._since = [0.0]
        self._shifts = [seconds]

    def step(self, at: float, seconds: int) -> None:
        """From `at` (Unix seconds) on the clock is `seconds` ahead of the true time."""
        self._shifts.append(seconds)  # first: another thread may look in between
        self._since.append(at)

    def edited(self, _: str, status: int, body: bytes) -> tuple[int, bytes]:
        """An answer of the monitoring port."""
        return status, self.rewritten(body)

    def rewritten(self, text: bytes) -> bytes:
        """The same text with every time as this clock would have noted it."""
        return _TIME.sub(lambda match: self._shifted(match[0]), text)

    def _shifted(self, text: bytes) -> bytes:
        try:
            true = datetime.strptime(text.decode(), _FORMAT).replace(tzinfo=UTC)
        except ValueError:
            return text
        shift = self._shifts[bisect_right(self._since, true.timestamp()) - 1]
        return (true + timedelta(seconds=shift)).strftime(_FORMAT).encode()


@asynccontextmanager
async def nats_through(clock: WrongClock, host: str, port: int) -> AsyncIterator[str]:
    """A NATS address in front of a server, with the times in what the server sends rewritten."""
    pairs: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        pairs.add(task)
        try:
            await _pair(clock, host, port, reader, writer)
        except asyncio.CancelledError:
            writer.close()  # the run is over
        finally:
            pairs.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(pairs):
            task.cancel()
        await asyncio.gather(*pairs, return_exceptions=True)


async def _pair(
    clock: WrongClock,
    host: str,
    port: int,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    with contextlib.suppress(OSError):
        upstream, towards = await asyncio.open_connection(host, port)
        tasks = [
            asyncio.create_task(_pass(reader, towards, None)),
            asyncio.create_task(_pass(upstream, writer, clock)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            towards.close()
    writer.close()


async def _pass(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, clock: WrongClock | None
) -> None:
    kept = b""
    while part := await source.read(_CHUNK):
        whole = kept + part
        begun = _BEGUN.search(whole) if clock else None
        kept = whole[begun.start() :] if begun else b""
        sent = whole[: len(whole) - len(kept)]
        sink.write(clock.rewritten(sent) if clock else sent)
        await sink.drain()
