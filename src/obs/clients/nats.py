"""A NATS connection that reconnects until it is cancelled."""

import asyncio
import binascii
import contextlib
import logging
import random
import re
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import nkeys
from nats.aio.client import Client, RawCredentials
from nats.errors import (
    ConnectionClosedError,
    MaxPayloadError,
    NoRespondersError,
    NoServersError,
)
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from nkeys import NkeysError

from obs import spans
from obs.clients.http import without_user
from obs.clients.nats_guard import GuardedClient
from obs.errors import BadInput, Reason, SourceError
from obs.failure import unforeseen
from obs.redaction.known import KNOWN
from obs.redaction.text import one_line
from obs.spec.nats_login import NatsLogin
from obs.spec.tls import Tls

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_AUTH_WORDS: Final = ("authorization", "authentication", "credentials", "permissions")

_DENIED: Final = re.compile(r"permissions violation for (\w+) to \"([^\"]{1,256})\"", re.IGNORECASE)
_CREDENTIALS: Final = re.compile(
    r"-BEGIN NATS USER JWT-+\n[\w.=-]+\n.*-BEGIN USER NKEY SEED-+\nSU[A-Z2-7]+\n", re.DOTALL
)
_FAILURES: Final = (
    *(BadInput, SourceError, NatsError, NkeysError),
    *(OSError, TimeoutError, ValueError),
)

_MEANINGS: Final[tuple[tuple[tuple[type[Exception], ...], Reason, str], ...]] = (
    ((ssl.SSLError,), "connection", "TLS handshake failed: certificate or protocol not accepted"),
    ((NkeysError, binascii.Error), "auth", "invalid credentials"),
    ((ValueError,), "decode", "invalid response from the server"),
    ((MaxPayloadError,), "too_large", "the message is larger than the server's max_payload"),
    ((TimeoutError,), "timeout", "timed out"),
    (
        (NoRespondersError,),
        "connection",
        "no responders: JetStream is not enabled for this account",
    ),
)


class NoResponders(SourceError):  # noqa: N818  says what happened
    """Nobody listens to the subject of a request; of one with a message, no stream takes it."""


Use = Callable[[Client, Callable[[], None]], Awaitable[None]]
Report = Callable[[SourceError | None], None]


async def keep_connected(
    spec: NatsLogin,
    name: str,
    use: Use,
    report: Report,
    *,
    timeout: float = 5.0,
    largest: int = 0,
) -> None:
    """Run `use(client, ready)` with a connection, repeatedly, until cancelled.

    When the connection is lost or `use` returns or raises, connect again after a pause that doubles
    up to 15 s; secrets are read anew each time, so that they can be rotated. `use` calls `ready`
    once it works, which calls `report(None)`; after a failure `report` gets the error. `name` is
    shown in the server's monitoring. `timeout` is in seconds. A message has at most what the
    server's max_payload allows, or `largest` bytes where that is more.
    """
    # Failures are reported here; the library would log them too, with a traceback.
    logging.getLogger("nats.aio.client").setLevel(logging.CRITICAL)
    pause = _FIRST_PAUSE

    async def work() -> None:
        client, lost = await _connect(spec, name, timeout, largest)

        def ready() -> None:
            nonlocal pause
            if not lost.done():
                pause = _FIRST_PAUSE
                report(None)

        try:
            await _until(lost, use(client, ready))
        finally:
            await _close(client)

    while True:
        try:
            await work()
        except _FAILURES as error:
            report(_translated(error, spec))
        except Exception as error:  # noqa: BLE001  it would end the collector
            report(unforeseen(error))
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  jitter, no secret
        pause = min(pause * 2, _LONGEST_PAUSE)


async def request(
    client: Client,
    subject: str,
    body: bytes,
    timeout: float,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The data of the reply. `timeout` is in seconds. Raises SourceError."""
    with asking(subject):
        try:
            more: Any = {"headers": headers} if headers else {}
            reply = await client.request(subject, body, timeout=timeout, **more)
            return reply.data
        except Exception as error:  # noqa: BLE001  the library raises any kind on odd answers
            reason, description = _meaning(error)
            kind = NoResponders if isinstance(error, NoRespondersError) else SourceError
            raise kind(reason, f"{subject}: {description}") from None


def asking(subject: str) -> spans.Opened:
    """The span of a request with one or more replies."""
    return spans.client(
        "nats.request",
        lambda: {"messaging.system": "nats", "messaging.destination.name": subject},
    )


async def denied_subjects(
    spec: NatsLogin,
    name: str,
    publish: Collection[str],
    subscribe: Collection[str],
    timeout: float = 5.0,
) -> dict[str, tuple[str, ...]]:
    """The subjects that the server refuses its user, by the deed: publish, subscribe.

    What is published is empty and asks for no reply: nobody acts on it. A `*` in a subject to
    publish to stands for any one. Raises SourceError where there is no connection.
    """
    asked = {_example(each): each for each in publish}
    written = {each.lower(): each for each in (*asked, *subscribe)}
    denied: dict[str, tuple[str, ...]] = {}

    def note(deed: str, subject: str) -> None:
        sent = written.get(subject.lower(), subject)
        denied[deed] = (*denied.get(deed, ()), asked.get(sent, sent))

    logging.getLogger("nats.aio.client").setLevel(logging.CRITICAL)
    try:
        client, lost = await _connect(spec, name, timeout, 0, note)
        try:
            async with asyncio.timeout(timeout):
                await _until(lost, _try_all(client, asked, subscribe))
        finally:
            await _close(client)
    except _FAILURES as error:
        raise _translated(error, spec) from None
    return denied


async def _try_all(client: Client, publish: Iterable[str], subscribe: Iterable[str]) -> None:
    for each in publish:
        await client.publish(each, b"")
    for each in subscribe:
        await client.subscribe(each)
    # The library sends its ping before what it has buffered, the second one after it; what is
    # refused is told before the answer to that.
    await client.flush()
    await client.flush()


def _example(subject: str) -> str:
    """A subject that one with wildcards allows, and that is nobody's."""
    return ".".join("obs-doctor" if part in ("*", ">") else part for part in subject.split("."))


async def _connect(
    spec: NatsLogin,
    name: str,
    timeout: float,
    largest: int,
    denied: Callable[[str, str], None] | None = None,
) -> tuple[GuardedClient, asyncio.Future[None]]:
    """A connection, and a future that fails once it is lost or the server reports an error.

    `denied` is told the deed and the subject of what the server refuses; such an error then does
    not count."""
    tls = _tls(spec)
    options = {**_login(spec), **tls, "name": name, "connect_timeout": timeout}
    failure: Exception = NoServersError()
    for server in random.sample(spec.servers, len(spec.servers)):
        where = without_user(server)
        client, lost = GuardedClient(where, tls_required=bool(tls), largest=largest), _future()
        connecting = client.connect(
            server,
            allow_reconnect=False,
            closed_cb=_on_closed(lost),
            error_cb=_on_error(lost, denied),
            **options,
        )
        try:
            # The library's limit is for each step, and it tries forever where nobody listens.
            async with asyncio.timeout(timeout):
                await _until(lost, connecting)
        except Exception as error:  # noqa: BLE001  the library raises any kind on odd answers
            client.abort()  # nothing is left to send
            await _close(client)
            failure = error if isinstance(error, _FAILURES) else ValueError()
        except BaseException:
            await _close(client)
            raise
        else:
            return client, lost
    raise failure


def _future() -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    # Retrieves the exception, so that asyncio does not log it as never retrieved.
    future.add_done_callback(lambda done: done.cancelled() or done.exception())
    return future


def _on_closed(lost: asyncio.Future[None]) -> Callable[[], Awaitable[None]]:
    async def closed() -> None:
        if not lost.done():
            lost.set_exception(ConnectionClosedError())

    return closed


def _on_error(
    lost: asyncio.Future[None], denied: Callable[[str, str], None] | None
) -> Callable[[Exception], Awaitable[None]]:
    async def failed(error: Exception) -> None:
        """A rejected subscription, or one that loses messages, counts as a lost connection."""
        refused = _refused(error) if denied else None
        if denied and refused:
            denied(*refused)
        elif not lost.done():
            lost.set_exception(error)

    return failed


async def _until(lost: asyncio.Future[None], work: Awaitable[None]) -> None:
    """Wait for `work` or the loss of the connection, whichever is first; raise its error."""
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait((working, lost), return_when=asyncio.FIRST_COMPLETED)
        (lost if lost.done() else working).result()
    finally:
        while not working.done():  # the library may swallow a cancellation: repeat it
            working.cancel()
            await asyncio.wait((working,), timeout=0.1)
        if not working.cancelled():
            working.exception()


async def _close(client: GuardedClient) -> None:
    try:
        with contextlib.suppress(Exception):
            async with asyncio.timeout(2):
                await client.close()
    finally:
        client.abort()


def _login(spec: NatsLogin) -> dict[str, Any]:
    """The library's login options; the one place where its secrets are read."""
    token = spec.token or spec.token_file
    password = spec.password or spec.password_file
    secret = password.reveal() if password else None
    if spec.user and secret:
        KNOWN.add_login(spec.user, secret)
    seed, jwt = spec.nkey or spec.nkey_file, spec.jwt or spec.jwt_file
    options = {
        "user": spec.user,
        "password": secret,
        "token": token.reveal() if token else None,
        "nkeys_seed_str": _seed(seed.reveal()) if seed and not jwt else None,
        "user_credentials": _jwt_and_seed(jwt.reveal(), _seed(seed.reveal()))
        if jwt and seed
        else _credentials(spec.credentials_file),
        "tls_handshake_first": spec.tls_first or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _credentials(file: str | None) -> RawCredentials | None:
    """The credentials, checked here because the library never returns where a part is missing."""
    if file is None:
        return None
    try:
        text = Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{file}: cannot read these credentials") from None
    KNOWN.add(text)
    if not _CREDENTIALS.search(text):
        raise BadInput(f"{file}: no user JWT and seed in these credentials")
    return RawCredentials(text if text.endswith("\n") else f"{text}\n")


def _seed(text: str) -> str:
    """The seed, checked here because the library fails in other ways where it is wrong."""
    try:
        nkeys.from_seed(bytearray(text.strip().encode()))
    except (NkeysError, ValueError):
        raise BadInput("nkey: not a user's nkey seed, which begins with SU") from None
    return text.strip()


def _jwt_and_seed(jwt: str, seed: str) -> RawCredentials:
    """The same as a .creds file has it."""
    return RawCredentials(
        f"-----BEGIN NATS USER JWT-----\n{jwt.strip()}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed.strip()}\n------END USER NKEY SEED------\n"
    )


def _tls(spec: NatsLogin) -> dict[str, Any]:
    if (
        spec.tls is None
        and not spec.tls_first
        and not any(server.startswith("tls://") for server in spec.servers)
    ):
        return {}
    return {"tls": _tls_context(spec.tls or Tls())}


def _tls_context(tls: Tls) -> ssl.SSLContext:
    """A context that verifies certificates. Raises BadInput for unusable files."""
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except OSError as error:
        files = ", ".join(file for file in (tls.ca_file, tls.cert_file, tls.key_file) if file)
        raise BadInput(f"{files}: cannot be used for TLS: {error.strerror}") from None
    return context


def where(spec: NatsLogin) -> str:
    """The addresses, as they may be shown."""
    return ", ".join(without_user(server) for server in spec.servers)


def _refused(error: Exception) -> tuple[str, str] | None:
    """The deed and the subject that the user lacks the permission for; None for other errors."""
    denied = _DENIED.search(str(error))
    if denied is None:
        return None
    return "publish" if denied[1].lower() == "publish" else "subscribe", denied[2]


def _translated(error: Exception, spec: NatsLogin) -> SourceError:
    """As SourceError, without the library's text, which may repeat an address with its user."""
    if isinstance(error, SourceError):
        return error
    if isinstance(error, BadInput):  # an unreadable secret; the message names its file only
        return SourceError("auth", str(error))
    reason, description = _meaning(error)
    return SourceError(reason, f"{where(spec)}: {description}")


def _meaning(error: Exception) -> tuple[Reason, str]:
    for kinds, reason, description in _MEANINGS:
        if isinstance(error, kinds):
            return reason, description
    if isinstance(error, APIError):
        return (
            "http_status",
            f"JetStream error {error.code}: {one_line(str(error.description), 300)}",
        )
    if not isinstance(error, NatsError | OSError):
        return "decode", f"invalid response from the server ({type(error).__name__})"
    if refused := _refused(error):
        deed, subject = refused
        return "auth", f"the user lacks the permission to {deed} to {subject}"
    if any(word in str(error).lower() for word in _AUTH_WORDS):
        return "auth", "authentication failed, or a permission is missing"
    return "connection", "cannot connect, or connection lost"
