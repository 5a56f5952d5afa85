"""A NATS connection that is made again for as long as it is wanted."""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Final

import nats
from nats.aio.client import Client
from nats.errors import ConnectionClosedError, NoServersError
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from obs.clients.http import without_user
from obs.errors import BadInput, Reason, SourceError
from obs.spec.sources import NatsConnection, Tls

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_AUTH_WORDS: Final = ("authorization", "authentication", "credentials", "permissions")

_FAILURES: Final = (BadInput, SourceError, NatsError, OSError, TimeoutError, ValueError)

Use = Callable[[Client, Callable[[], None]], Awaitable[None]]
Report = Callable[[SourceError | None], None]


async def keep_connected(
    spec: NatsConnection, name: str, use: Use, report: Report, *, timeout: float = 5.0
) -> None:
    """Run `use(client, ready)` with a connection, again and again, until cancelled.

    Whenever the connection is lost or `use` ends or raises, it is made anew after a pause that
    doubles up to 15 s; secrets are read again each time, so that they may be rotated. `use` calls
    `ready` once it is at work. `report` is told None then, and otherwise what is wrong. `name` is
    shown in the server's own monitoring.
    """
    pause = _FIRST_PAUSE

    def ready() -> None:
        nonlocal pause
        pause = _FIRST_PAUSE
        report(None)

    while True:
        try:
            client, lost = await _connect(spec, name, timeout)
            try:
                await _use_until(lost, use(client, ready))
            finally:
                await _close(client)
        except _FAILURES as error:
            report(_translated(error, spec))
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  jitter, no secret
        pause = min(pause * 2, _LONGEST_PAUSE)


async def _connect(
    spec: NatsConnection, name: str, timeout: float
) -> tuple[Client, asyncio.Future[None]]:
    """A connection, and what raises once it is lost or something was refused on it."""
    failure: Exception = NoServersError()
    for server in random.sample(spec.servers, len(spec.servers)):
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            connecting = nats.connect(
                server,
                name=name,
                allow_reconnect=False,
                connect_timeout=timeout,
                closed_cb=_on_closed(lost),
                error_cb=_on_error(lost),
                **_login(spec),
                **_tls(spec),
            )
            return await asyncio.wait_for(connecting, timeout * 2), lost
        except _FAILURES as error:
            lost.cancel()
            failure = error
    raise _translated(failure, spec) from None


def _on_closed(lost: asyncio.Future[None]) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        if not lost.done():
            lost.set_exception(ConnectionClosedError())

    return closed


def _on_error(lost: asyncio.Future[None]) -> Callable[[Exception], Awaitable[None]]:
    async def failed(error: Exception) -> None:
        """A subscription that is refused, or loses messages, is as bad as no connection."""
        if not lost.done():
            lost.set_exception(error)

    return failed


async def _use_until(lost: asyncio.Future[None], use: Awaitable[None]) -> None:
    """Wait for `use` or the loss of the connection, whichever is first; raise what is wrong."""
    using = asyncio.ensure_future(use)
    try:
        await asyncio.wait((using, lost), return_when=asyncio.FIRST_COMPLETED)
        (lost if lost.done() else using).result()
    finally:
        using.cancel()
        if not lost.cancel():
            lost.exception()  # looked at, so that asyncio does not print it
        await asyncio.wait((using,))


async def _close(client: Client) -> None:
    with contextlib.suppress(NatsError, OSError, TimeoutError):
        await asyncio.wait_for(client.close(), 2)


def _login(spec: NatsConnection) -> dict[str, Any]:
    """The library's options of the login; the one place where its secrets are read."""
    token = spec.token or spec.token_file
    password = spec.password or spec.password_file
    options = {
        "user": spec.user,
        "password": password.reveal() if password else None,
        "token": token.reveal() if token else None,
        "user_credentials": spec.credentials_file,
    }
    return {name: value for name, value in options.items() if value is not None}


def _tls(spec: NatsConnection) -> dict[str, Any]:
    if spec.tls is None and not any(server.startswith("tls://") for server in spec.servers):
        return {}
    return {"tls": tls_context(spec.tls or Tls())}


def tls_context(tls: Tls) -> ssl.SSLContext:
    """Certificates are verified always. Raises OSError where a file cannot be read or used."""
    context = ssl.create_default_context(cafile=tls.ca_file)
    if tls.cert_file:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def _where(spec: NatsConnection) -> str:
    return ", ".join(without_user(server) for server in spec.servers)


def _translated(error: Exception, spec: NatsConnection) -> SourceError:
    """Never with the library's text, which may repeat an address with its user info."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, BadInput):  # a secret that cannot be read; says which, not what
        return SourceError("auth", str(error))
    reason, words = _meaning(error)
    return SourceError(reason, f"{_where(spec)}: {words}")


def _meaning(error: Exception) -> tuple[Reason, str]:
    text = str(error).lower()
    if (
        isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError)
        and error.filename
    ):
        return "auth", f"{error.filename}: {error.strerror}"
    if isinstance(error, ssl.SSLError):
        return "connection", "TLS failed: certificate or protocol not accepted"
    if any(word in text for word in _AUTH_WORDS):
        return "auth", "login refused, or a permission is missing"
    if isinstance(error, TimeoutError):
        return "timeout", "no answer in time"
    if isinstance(error, APIError):
        return "http_status", f"JetStream answered {error.code}: {error.description}"
    return "connection", "cannot connect, or the connection broke"
