"""One HTTP connection: aiohttp's protocol with limits on what a client may send and when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from obs.web.guests import Guest, Guests
from obs.web.limits import IDLE_SECONDS, REQUEST_BYTES
from obs.web.summed_log import SummedLog

_LINGER_SECONDS: Final = 1.0  # for a body that nobody reads
_TOO_MUCH: Final = f"sent more than {REQUEST_BYTES // 1024} KiB for a request"
_MALFORMED: Final = "sent what is not an HTTP request"
_FAILED: Final = "could not be answered: "


class Connection(web.RequestHandler):
    """What clients do wrong is counted in `log`; what they sent is never written anywhere."""

    def __init__(
        self,
        server: web.Server,
        guests: Guests,
        guest: Guest,
        log: SummedLog,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(
            server,
            loop=loop,
            access_log=None,  # type: ignore[arg-type]  # none is written
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=_LINGER_SECONDS,
        )
        self._guests = guests
        self._guest = guest
        self._summed = log
        self._line: asyncio.Transport | None = None  # aiohttp forgets its own too early

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._line = transport
        self._guest.line = self
        # A write waits until the client has read all but what the kernel holds for it.
        transport.set_write_buffer_limits(high=1)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._guests.remove(self._guest)
        self._line = None  # asyncio of Python 3.11.2 raises when one that is lost is closed again
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, as long as it is not more than a request may have."""
        if data and not self._guest.patience.received(len(data), self._loop.time()):
            self._summed.count(_TOO_MUCH, self._guest.address)
            self.end()
            return
        super().data_received(data)

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """While a request is answered, the last byte included."""
        self._guest.patience.answering(self._loop.time())
        try:
            yield
        finally:
            self._guest.patience.answered(self._loop.time())

    def sent(self) -> None:
        """The client has read a piece of the answer."""
        self._guest.patience.sent(self._loop.time())

    @property
    def address(self) -> str:
        """Whose connection it is, as fairness counts."""
        return self._guest.address

    def end(self) -> None:
        """Close at once, with what is not sent yet."""
        if self._line is not None:
            self._line.abort()

    def unsent(self) -> bool:
        return self._line is not None and self._line.get_write_buffer_size() > 0

    def closing(self) -> bool:
        return self._line is not None and self._line.is_closing()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A short answer; a line in the log that has nothing of the request."""
        if isinstance(exc, ConnectionError):
            raise exc  # the client has gone
        if status < 500:
            self._summed.count(_MALFORMED, self.address)
        else:
            self._summed.fault(_FAILED + type(exc).__name__, self.address, exc)
        if request.writer.output_size > 0:
            raise ConnectionError("part of an answer is sent already")
        words = "Bad Request" if status < 500 else "Internal Server Error"
        response = web.Response(status=status, text=f"{words}\n")
        response.force_close()
        return response

    def log_exception(self, *arguments: Any, **more: Any) -> None:
        """What aiohttp itself cannot handle."""
        error = more.get("exc_info")
        self._summed.fault(
            _FAILED + type(error).__name__,
            self.address,
            error if isinstance(error, BaseException) else None,
        )
