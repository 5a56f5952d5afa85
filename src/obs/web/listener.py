"""Accepts connections, as many as there are places, and ends those that keep us waiting."""

import asyncio
import errno
import logging
import socket
import ssl
from asyncio import sslproto
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

from aiohttp import web

from obs.web.connection import Connection
from obs.web.guests import Guest, Guests
from obs.web.limits import REQUEST_SECONDS, Places
from obs.web.summed_log import SummedLog

_BACKLOG: Final = 512
_AT_ONCE: Final = 32  # connections accepted before others are served again
_WATCH_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 1.0  # after accepting failed
_TLS_SHUTDOWN_SECONDS: Final = 2.0
_TLS_READ_BYTES: Final = 32 * 1024
_GONE: Final = (errno.EAGAIN, errno.EINTR, errno.ECONNABORTED, errno.EPROTO)

log = logging.getLogger(__name__)


class Listener:
    """Listens on `sockets` until closed. `tls` is asked for each connection; None: plain HTTP."""

    def __init__(
        self,
        sockets: Iterable[socket.socket],
        server: web.Server,
        places: Places,
        tls: Callable[[], ssl.SSLContext | None],
    ) -> None:
        self._sockets = tuple(sockets)
        self._server = server
        self._places = places
        self._tls = tls
        self._guests = Guests(places)
        self._summed = SummedLog(log)
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[None]] = set()
        if tls() is not None:
            # asyncio gives each TLS connection 256 KiB to read into: 130 MB for all places.
            sslproto.SSLProtocol.max_size = _TLS_READ_BYTES
        for each in self._sockets:
            each.listen(_BACKLOG)
            self._loop.add_reader(each, self._accept, each)
        self._watching = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Accept no more."""
        self._watching.cancel()
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        for task in self._arriving:
            task.cancel()

    def end_all(self) -> None:
        """End every connection at once."""
        for guest in self._guests.all():
            _end(guest)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            try:
                connected, peer = listening.accept()
            except OSError as error:
                if error.errno not in _GONE:
                    self._pause(listening, error)
                return
            self._welcome(connected, str(peer[0]))

    def _pause(self, listening: socket.socket, error: OSError) -> None:
        """Let others work for a while: without files the socket would be ready all the time."""
        self._summed.count(f"could not be accepted: {error.strerror}", "an unknown address")
        self._loop.remove_reader(listening)
        self._loop.call_later(_RETRY_SECONDS, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            self._loop.add_reader(listening, self._accept, listening)

    def _welcome(self, connected: socket.socket, peer: str) -> None:
        guest, gone = self._guests.admit(peer, self._loop.time())
        if gone is not None:
            self._summed.count("sent no request and made way for another client", gone.address)
            _end(gone)
        if guest is None:
            words = f"was refused: all of its {self._places.per_address} connections are in use"
            self._summed.count(words, peer)
            connected.close()
            return
        connected.setblocking(False)
        arrival = _Arrival(connected)
        guest.line = arrival
        task = arrival.task = asyncio.create_task(self._connect(connected, guest))
        self._arriving.add(task)
        task.add_done_callback(arrival.ended)
        task.add_done_callback(self._arriving.discard)

    async def _connect(self, connected: socket.socket, guest: Guest) -> None:
        tls = self._tls()
        try:
            await self._loop.connect_accepted_socket(
                lambda: Connection(self._server, self._guests, guest, self._summed, self._loop),
                connected,
                ssl=tls,
                ssl_handshake_timeout=REQUEST_SECONDS if tls else None,
                ssl_shutdown_timeout=_TLS_SHUTDOWN_SECONDS if tls else None,
            )
        except OSError:  # ssl.SSLError is one, and so is the time limit
            self._summed.count("did not complete a TLS handshake", guest.address)
            self._guests.remove(guest)
        except BaseException:
            self._guests.remove(guest)
            raise

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            now = self._loop.time()
            for guest in self._guests.all():
                if (why := guest.overdue(now)) is not None:
                    if why:
                        self._summed.count(why, guest.address)
                    _end(guest)
            self._summed.flush()


class _Arrival:
    """A connection until its handshake is complete."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self.task: asyncio.Task[None] | None = None

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():  # perhaps before there was a transport that closes it
            self._connected.close()

    def unsent(self) -> bool:
        return False

    def closing(self) -> bool:
        return False


def _end(guest: Guest) -> None:
    if guest.line is not None:
        guest.line.end()


async def bound(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of `host`, not listening yet. Raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = socket.socket(family, kind, protocol)
            sockets.append(each)
            each.setblocking(False)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
    except OSError:
        for each in sockets:
            with suppress(OSError):
                each.close()
        raise
    return sockets
