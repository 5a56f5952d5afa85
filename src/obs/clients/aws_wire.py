"""Connections of botocore that keep the limits of a call, whatever the other end does.

botocore opens all of its connections through two classes of pools: those of its clients, and
those for the credentials of containers, instances and sign-on. Their connections are replaced
here, because botocore's timeouts are of a single read and its sizes have no limit.
"""

import io
import time
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.compat import HTTPResponse

from obs.clients.aws_limits import LARGEST_ANSWER, CallLimits, Refused, current, too_large

_LONGEST: Final = 60.0  # seconds for an answer on a socket without a timeout
_SLICE: Final = 1 << 16  # bytes


class _Limited(io.RawIOBase):
    """The bytes of one answer, all of which must arrive within its socket's timeout."""

    def __init__(self, raw: Any, sock: Any) -> None:
        super().__init__()
        self._raw = raw
        self._socket = sock
        self._ends = time.monotonic() + (sock.gettimeout() or _LONGEST)
        self._read = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has arrived. Raises TimeoutError or Refused beyond a limit."""
        limits = current()
        left = self._ends - time.monotonic()
        if limits is not None:
            left = min(left, limits.left)
        if left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        self._count(count or 0, limits)
        return count

    def close(self) -> None:
        """Give the socket back."""
        self._raw.close()
        super().close()

    def _count(self, count: int, limits: CallLimits | None) -> None:
        self._read += count
        if limits is not None:
            limits.take_bytes(count, self._read)
        elif self._read > LARGEST_ANSWER:
            raise too_large("no call is under way")


class _Answer(HTTPResponse):
    """An answer whose status, headers and body are read through `_Limited`."""

    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_Limited(self.fp.detach(), sock), _SLICE)


class _Connecting:
    """Part of a connection: it begins nothing for which no time is left."""

    response_class: Any = _Answer
    host: Any
    port: Any
    timeout: Any
    sock: Any

    def connect(self) -> None:
        """Connect, within what is left of the call."""
        limits = current()
        if limits is not None:
            self.timeout = min(self.timeout or _LONGEST, limits.left)
        super().connect()  # type: ignore[misc]

    def request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        """Send a request, unless it would pass a proxy in clear text."""
        if url.lower().startswith("http://"):
            host = urlsplit(url).hostname
            raise Refused(
                "connection",
                f"an HTTP proxy would read the request to http://{host}, which has no TLS; "
                f"use https, or name {host} in NO_PROXY",
            )
        limits = current()
        if limits is not None:
            limits.note_credentials(f"{self.host}:{self.port}")
            if self.sock is not None:
                self.sock.settimeout(min(self.timeout or _LONGEST, limits.left))
        return super().request(method, url, *arguments, **named)  # type: ignore[misc]


class _Http(_Connecting, AWSHTTPConnection):  # type: ignore[misc]
    """A connection without TLS."""


class _Https(_Connecting, AWSHTTPSConnection):  # type: ignore[misc]
    """A connection with TLS."""


def limit_connections() -> None:
    """Have botocore open connections of these classes in this process."""
    AWSHTTPConnectionPool.ConnectionCls = _Http
    AWSHTTPSConnectionPool.ConnectionCls = _Https
