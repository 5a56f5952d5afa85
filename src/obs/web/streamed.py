"""Large answers: one body for all clients, of which each holds no more than a piece."""

import asyncio
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol
from weakref import WeakSet

from aiohttp import web

_PIECE: Final = 80 * 1024  # bytes; aiohttp does not wait for a client below 64 KiB
_VERSIONS: Final = 4  # of a document that clients may still be reading
_GZIP: Final = 16 + zlib.MAX_WBITS
_FAST: Final = 1


class Body(Protocol):
    """What is sent, made piece by piece; all clients that ask for the same share the bytes."""

    @property
    def size(self) -> int:
        """In bytes."""

    def __iter__(self) -> Iterator[bytes]:
        """The bytes, in pieces of any size."""


class Whole:
    """A body that is there already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[bytes]:
        yield self._data


class Streamed(web.StreamResponse):
    """An answer whose body is written at the pace of its client, without a copy for it."""

    def __init__(self, body: Body, headers: Mapping[str, str], *, gzip: bool) -> None:
        super().__init__(headers=headers)
        if gzip:
            self.headers["Content-Encoding"] = "gzip"
        self.content_length = body.size
        self._whole = body

    async def send(self, sent: Callable[[], None]) -> None:
        """Write the body; `sent` is called whenever the client has read a piece of it.

        Other clients are served between two pieces.
        """
        for piece in self._whole:
            view = memoryview(piece)
            for start in range(0, len(view), _PIECE):
                await self.write(view[start : start + _PIECE])
                sent()
                await asyncio.sleep(0)


class SharedDocument:
    """A document that is built, and compressed, once for all who ask at the same time.

    `build` runs in a thread of its own. While clients are still reading several older versions,
    the last one is given to all: each version that somebody reads takes memory.
    """

    def __init__(self, build: Callable[[], bytes]) -> None:
        self._build = build
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="status")
        self._building: dict[bool, asyncio.Future[_Version]] = {}
        self._last: dict[bool, _Version] = {}
        self._alive: WeakSet[_Version] = WeakSet()

    async def body(self, *, gzip: bool) -> Body:
        """The document as it is now. Raises what `build` does."""
        if len(self._alive) >= _VERSIONS and gzip in self._last:
            return self._last[gzip]
        building = self._building.get(gzip)
        if building is None:
            loop = asyncio.get_running_loop()
            last = self._last.get(gzip)
            building = loop.run_in_executor(self._thread, self._version, gzip, last)
            self._building[gzip] = building
            building.add_done_callback(lambda _: self._building.pop(gzip, None))
        version = self._last[gzip] = await asyncio.shield(building)
        self._alive.add(version)
        return version

    async def other(self, build: Callable[[], bytes]) -> Body:
        """Another document, for one client; made one after the other, in the same thread."""
        loop = asyncio.get_running_loop()
        return Whole(await loop.run_in_executor(self._thread, build))

    def _version(self, gzip: bool, last: "_Version | None") -> "_Version":
        document = self._build()
        if last is not None and last.document is document:
            return last
        return _Version(document, _compressed(document) if gzip else document)


class _Version(Whole):
    """One state of a document, as it is sent."""

    def __init__(self, document: bytes, data: bytes) -> None:
        super().__init__(data)
        self.document = document


def _compressed(document: bytes) -> bytes:
    compressor = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP)
    return compressor.compress(document) + compressor.flush()
