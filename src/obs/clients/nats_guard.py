"""The library's NATS client, made safe against the server that it connects to.

The library encrypts only where the server asks for it, whatever its user asked for, and holds
whatever a server announces.
"""

import asyncio
import ssl
from collections.abc import Iterable
from typing import Any, Final, NoReturn
from urllib.parse import ParseResult

from nats.aio.client import Client
from nats.aio.transport import TcpTransport
from nats.errors import ProtocolError
from nats.protocol.parser import AWAITING_MSG_PAYLOAD, Parser

from obs.errors import SourceError

_MAX_LINE: Final = 1 << 20  # bytes; an INFO that names 1 000 servers has 30 KB
_MAX_PAYLOAD: Final = 64 << 20  # bytes; nats-server does not take a larger max_payload
_BESIDE: Final = 64 << 10  # bytes of a reply of JetStream beside the message in it, in base64


class GuardedClient(Client):
    """Sends nothing unencrypted where TLS is required, and holds no more than a message can have.

    It connects only to the server that it is given, never to others that the server names. Raises
    SourceError beside the errors of the library.
    """

    def __init__(self, where: str, *, tls_required: bool, largest: int = 0) -> None:
        """`largest`: bytes that a message may have although max_payload is less."""
        super().__init__()
        self.where = where
        self._largest = largest
        self.tls_required = tls_required
        self._transport: _Transport = _Transport(self)
        self._ps = _Parser(self)

    @property
    def longest(self) -> int:
        """Bytes of the longest message: a stored one comes in base64."""
        return max(min(self.max_payload, _MAX_PAYLOAD) * 4 // 3 + _BESIDE, self._largest)

    async def refuse(self, error: SourceError) -> NoReturn:
        """End the connection for this reason."""
        await self._error_cb(error)
        raise ProtocolError

    async def _process_info(self, info: Any, initial_connection: bool = False) -> None:
        """What the server says of itself, before the login is sent and whenever it changes."""
        if not isinstance(info, dict) or not isinstance(info.get("max_payload", 0), int):
            raise ProtocolError
        info.pop("connect_urls", None)
        if initial_connection and self.tls_required:
            if not (info.get("tls_required") or info.get("tls_available")):
                raise self.unencrypted()
            info["tls_required"] = True
        await super()._process_info(info, initial_connection)

    def unencrypted(self) -> SourceError:
        """The error for a server that would get the login in clear text."""
        return SourceError(
            "connection",
            f"{self.where}: the server does not offer TLS, so no login was sent; configure TLS on "
            "the server, or write nats:// and no tls where the network is trusted",
        )

    def abort(self) -> None:
        """Close the socket, whether or not the server reads what was sent."""
        self._transport.abort()


class _Transport(TcpTransport):
    """Refuses to send anything before TLS is there, where that is required."""

    def __init__(self, client: GuardedClient) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._client = client
        self._encrypted = False
        self._aborted = False

    def __bool__(self) -> bool:
        """True: where it says that it is not connected, the library replaces it with one of its
        own."""
        return True

    async def wait_closed(self) -> None:
        if not self._aborted:  # otherwise it may never hear that it is closed
            await super().wait_closed()  # type: ignore[no-untyped-call]

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        self._encrypted = False
        await super().connect(uri, buffer_size, connect_timeout)

    async def connect_tls(
        self,
        uri: str | ParseResult,
        ssl_context: ssl.SSLContext,
        buffer_size: int,
        connect_timeout: int,
    ) -> None:
        await super().connect_tls(uri, ssl_context, buffer_size, connect_timeout)
        self._encrypted = True

    def write(self, payload: bytes) -> None:
        self._check()
        super().write(payload)  # type: ignore[no-untyped-call]

    def writelines(self, payload: Iterable[bytes]) -> None:
        self._check()
        super().writelines(payload)  # type: ignore[no-untyped-call]

    def abort(self) -> None:
        """The transport of the socket, not the one of TLS over it, which hears of its end: closed
        twice, that one has let go of its protocol, and asyncio of Python 3.11.2 then raises."""
        self._aborted = True
        if self._bare_io_writer is not None:
            self._bare_io_writer.transport.abort()

    def _check(self) -> None:
        if self._client.tls_required and not self._encrypted:
            raise self._client.unencrypted()


class _Parser(Parser):
    """Ends the connection where a line or a message is longer than it can be, or is none."""

    nc: GuardedClient

    async def parse(self, data: bytes = b"") -> None:
        try:
            await super().parse(data)
        except (ProtocolError, OSError, asyncio.CancelledError):
            raise
        except Exception:  # noqa: BLE001  the library would log it and go on without reading
            raise ProtocolError from None
        if self.state == AWAITING_MSG_PAYLOAD:
            if self.needed > self.nc.longest:
                await self._refuse("message", self.nc.longest)
        elif len(self.buf) > _MAX_LINE:
            await self._refuse("line", _MAX_LINE)

    async def _refuse(self, what: str, most: int) -> None:
        self.reset()
        message = f"{self.nc.where}: the server sends a {what} of more than {most} bytes"
        await self.nc.refuse(SourceError("too_large", message))
