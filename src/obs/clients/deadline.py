"""HTTP connections on which one deadline holds for a whole request.

The library's own time limit is for each wait, so that a server which sends a byte a second is never
late. Here every wait, be it for a name, a connection, a TLS handshake, room to send or something to
read, lasts at most as long as the request has left.
"""

import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from math import inf
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from obs.clients.resolving import addresses

_BLOCK: Final = 1 << 14  # bytes sent at once: one TLS record


class _Request(threading.local):
    """The request of this thread; `ends` on the monotonic clock."""

    ends = inf


_request: Final = _Request()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What this thread requests meanwhile has ended after `seconds`, or fails with a timeout.

    Of limits inside each other, the one that ends first counts.
    """
    outer = _request.ends
    _request.ends = min(outer, time.monotonic() + seconds)
    try:
        yield
    finally:
        _request.ends = outer


def remaining() -> float:
    """Seconds that the request of this thread has left. Raises TimeoutError for none."""
    left = _request.ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, threading.TIMEOUT_MAX)


class _Reader(io.RawIOBase):
    """Reads a socket, each time for as long as the request has left."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._sock = sock
        self._file = sock.makefile("rb", buffering=0)  # closes the socket once it is closed too

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(remaining())
        return self._file.readinto(buffer)

    def close(self) -> None:
        try:
            self._file.close()
        finally:
            super().close()


class DeadlineResponse(HTTPResponse):
    """A response that is read for as long as the request of this thread has left."""

    def __init__(self, sock: socket.socket, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(sock))


class _Connection(HTTPConnection):
    response_class = DeadlineResponse

    def _new_conn(self) -> socket.socket:
        try:
            return _connected(self._dns_host, self.port, self.socket_options)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from None
        except TimeoutError:
            raise ConnectTimeoutError(self, "timed out") from None
        except OSError as error:
            raise NewConnectionError(self, str(error)) from None

    def send(self, data: Any) -> None:
        if not isinstance(data, bytes):
            return super().send(data)
        if self.sock is None:
            self.connect()
        for begin in range(0, len(data), _BLOCK):
            self.sock.settimeout(remaining())
            self.sock.sendall(data[begin : begin + _BLOCK])
        return None


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


POOLS: Final = {"http": _Pool, "https": _TlsPool}
"""For `pool_classes_by_scheme` of a PoolManager: connections that keep to the deadline."""


def _connected(host: str, port: int, options: Any) -> socket.socket:
    """A connection to the first address that takes one; its time limit is what is left then.

    One that does not respond has a part of the time only, so that the next is tried too.
    """
    found = addresses(host.strip("[]"), port, remaining())
    for number, (family, kind, protocol, _, address) in enumerate(found, 1):
        sock = socket.socket(family, kind, protocol)
        try:
            for option in options or ():
                sock.setsockopt(*option)
            sock.settimeout(remaining() / (len(found) - number + 1))
            sock.connect(address)
            sock.settimeout(remaining())
        except BaseException as error:
            sock.close()
            if number == len(found) or not isinstance(error, OSError):
                raise
        else:
            return sock
    raise OSError("no address")
