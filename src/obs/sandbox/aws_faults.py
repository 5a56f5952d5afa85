"""A proxy in front of an AWS endpoint that fails on demand, one operation or all.

Bodies are forwarded unchanged, except by PARTIAL and PAGED.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
from aiohttp import web

from obs.sandbox.aws_protocol import (
    access_key_of,
    error_answer,
    in_parts,
    operation_of,
    paged_answer,
    region_of,
    without_token,
)

ANY: Final = "*"
_HOP_BY_HOP: Final = frozenset(
    {"connection", "content-length", "date", "server", "transfer-encoding"}
)
_READY_TIMEOUT: Final = 10.0


class Fault(StrEnum):
    """How requests fail."""

    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"  # status 503
    DENIED = "denied"  # valid credentials without the permission
    CREDENTIALS = "credentials"  # unknown access key
    EXPIRED = "expired"
    SIGNATURE = "signature"  # quotes the signed request, as AWS does
    PARTIAL = "partial"  # GetMetricData returns PartialData
    PAGED = "paged"  # one element a page, where the emulator returns everything at once
    SLOW = "slow"
    HALF = "half"  # the connection is closed in the middle of the body
    RUBBISH = "rubbish"


_REWRITTEN: Final = frozenset({Fault.HALF, Fault.PAGED, Fault.PARTIAL})


@dataclass(slots=True)
class _Active:
    fault: Fault
    left: int | None  # requests yet to fail; None: until stopped
    seconds: float
    region: str  # whose requests fail; ANY: those to all
    access_key: str  # requests signed with it fail; ANY: all

    def concerns(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers fails."""
        return self.region in (ANY, region_of(headers)) and self.access_key in (
            ANY,
            access_key_of(headers),
        )


class AwsFaults:
    """Context manager: a proxy at `endpoint_url` of the endpoint `upstream`.

    It runs in its own thread. Faults can be started and stopped from any thread, and apply to
    requests that arrive afterwards.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._port = 0
        self._lock = threading.Lock()
        self._active: dict[str, _Active] = {}
        self._seen: Counter[str] = Counter()
        self._refusing = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="aws-faults")
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._session: aiohttp.ClientSession | None = None

    @property
    def endpoint_url(self) -> str:
        """The address of the proxy, once entered."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def seen(self) -> dict[str, int]:
        """Requests that arrived, by operation."""
        with self._lock:
            return dict(self._seen)

    def start_fault(
        self,
        fault: Fault,
        operation: str = ANY,
        *,
        times: int | None = None,
        seconds: float = 5.0,
        region: str = ANY,
        access_key: str = ANY,
    ) -> None:
        """Fail `operation` in a region or with an access key, the next `times` requests only where
        given; `seconds` is for SLOW.

        One fault for each operation; one for a named operation takes precedence over one for all.
        """
        with self._lock:
            self._active[operation] = _Active(fault, times, seconds, region, access_key)

    def stop_faults(self) -> None:
        """Forward all requests and accept connections again."""
        with self._lock:
            self._active.clear()
        self._run(self._listen())

    def refuse(self) -> None:
        """Refuse connections until stop_faults; open ones are aborted at their next request."""
        self._run(self._leave())

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._run(self._open())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._close())
        finally:
            self._end()

    async def _open(self) -> None:
        self._session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=60)
        )
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        self._refusing = False
        if self._site is None and self._runner is not None:
            self._site = web.TCPSite(self._runner, "127.0.0.1", self._port)
            await self._site.start()
            self._port = self._runner.addresses[0][1]

    async def _leave(self) -> None:
        self._refusing = True
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}  # requests that were broken off
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_READY_TIMEOUT)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_READY_TIMEOUT)
        self._loop.close()

    def _arrived(self, operation: str, headers: Mapping[str, str]) -> _Active | None:
        with self._lock:
            self._seen[operation] += 1
            key = operation if operation in self._active else ANY
            active = self._active.get(key)
            if active is None or not active.concerns(headers):
                return None
            if active.left is None:
                return active
            active.left -= 1
            if active.left == 0:
                del self._active[key]
            return active

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if self._refusing:
            return _break_off(request)
        operation = operation_of(request.path, request.headers, body)
        active = self._arrived(operation, request.headers)
        if active is None:
            return await self._forward(request, body)
        if active.fault in _REWRITTEN:
            return await self._rewritten(active.fault, request, body)
        if active.fault is Fault.SLOW:
            await asyncio.sleep(active.seconds)
            return await self._forward(request, body)
        if active.fault is Fault.RUBBISH:
            return web.Response(text="<html>It works!</html>", content_type="text/html")
        status, headers, content = error_answer(active.fault.value, request.headers)
        return web.Response(status=status, headers=headers, body=content)

    async def _rewritten(
        self, fault: Fault, request: web.Request, body: bytes
    ) -> web.StreamResponse:
        position = 0
        if fault is Fault.PAGED:
            body, position = without_token(body)
        answer = await self._forward(request, body)
        if fault is Fault.HALF:
            return await self._half(request, answer)
        whole = _bytes(answer)
        answer.body = in_parts(whole) if fault is Fault.PARTIAL else paged_answer(whole, position)
        return answer

    async def _forward(self, request: web.Request, body: bytes) -> web.Response:
        assert self._session is not None
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        async with self._session.request(
            request.method, self._upstream + request.path_qs, headers=headers, data=body
        ) as answer:
            forwarded = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, headers=forwarded, body=await answer.read())

    async def _half(self, request: web.Request, whole: web.Response) -> web.StreamResponse:
        body = _bytes(whole)
        response = web.StreamResponse(status=whole.status, headers=whole.headers)
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return response


def _break_off(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _bytes(response: web.Response) -> bytes:
    assert isinstance(response.body, bytes)
    return response.body
