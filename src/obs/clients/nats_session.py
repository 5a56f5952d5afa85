"""A NATS connection for code that blocks: requests from any thread, kept open between them."""

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as Unfinished
from typing import Any, Final, NamedTuple, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from obs.clients.nats import asking, keep_connected, request, where
from obs.clients.nats_silence import until_silent
from obs.errors import SourceError
from obs.spec.nats_login import NatsLogin

T = TypeVar("T")

_GRACE: Final = 1.0  # seconds that a piece of work may take beyond its own time limits
_BETWEEN: Final = 0.05  # seconds between two attempts to end the thread
_AT_ONCE: Final = 2  # replies of the largest size that one piece of work may hold


class ServerInfo(NamedTuple):
    """Who is at the other end of the connection."""

    id: str
    name: str
    version: str
    domain: str  # of its JetStream; empty where it has none


class NatsSession:
    """One connection, made at the first use and again whenever it is lost, in a thread of its own.

    Safe to use from several threads.
    """

    def __init__(
        self, login: NatsLogin, name: str, *, timeout: float = 5.0, largest: int = 64 << 20
    ) -> None:
        """`name` is shown in the server's monitoring. `timeout` is in seconds, of each request.

        A reply has at most `largest` bytes, and all that one piece of work asks for twice as many.
        """
        self._largest = largest
        self._login = login
        self._name = name
        self.timeout = timeout
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._changed = threading.Condition()
        self._client: Client | None = None
        self._error: SourceError | None = None
        self._running: set[Future[Any]] = set()
        self._subjects: set[str] = set()
        self._keeping: asyncio.Task[None] | None = None

    def run(self, work: "Callable[[Connected], Coroutine[Any, Any, T]]", limit: float) -> T:
        """What `work` gives, which has `limit` seconds once there is a connection. Blocks.

        Raises SourceError: what it raises, why there is no connection, or timeout.
        """
        connected = Connected(
            self._connected(), self.timeout, self._subjects, _AT_ONCE * self._largest
        )
        running: Future[T] = asyncio.run_coroutine_threadsafe(
            _limited(work(connected), limit), self._loop
        )
        with self._changed:
            self._running.add(running)
            if self._client is None:
                running.cancel()
        try:
            return running.result(limit + _GRACE)
        except (TimeoutError, Unfinished):
            running.cancel()
            raise SourceError("timeout", f"no complete answer within {limit:g} s") from None
        except (NatsError, CancelledError):
            raise self._why_lost() from None
        except SourceError as error:
            if error.reason != "connection":
                raise
            raise self._why_lost() from None
        finally:
            self._running.discard(running)

    def close(self) -> None:
        """Close the connection and end its thread."""
        with self._starting:
            thread, self._thread = self._thread, None
        deadline = time.monotonic() + self.timeout
        while thread is not None and thread.is_alive() and time.monotonic() < deadline:
            # The library may swallow a cancellation: repeat it.
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._cancel)
            thread.join(_BETWEEN)
        if not self._loop.is_running():
            self._loop.close()

    def _connected(self) -> Client:
        """The connection; waits for it as long as one attempt takes. Raises SourceError."""
        self._start()
        deadline = time.monotonic() + self.timeout
        with self._changed:
            while self._client is None and self._error is None:
                if not self._changed.wait(deadline - time.monotonic()):
                    raise SourceError("timeout", f"{where(self._login)}: no connection yet")
            if self._client is None:
                assert self._error is not None
                raise self._error.with_traceback(None)
            return self._client

    def _why_lost(self) -> SourceError:
        """What ended the connection, which is known a moment later."""
        with self._changed:
            self._changed.wait_for(lambda: self._error is not None, _GRACE)
            return self._error or SourceError(
                "connection", f"{where(self._login)}: connection lost"
            )

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                name = f"obs-nats-session-{self._name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._keeping = self._loop.create_task(
            keep_connected(
                *(self._login, self._name, self._use, self._report),
                timeout=self.timeout,
                largest=self._largest,
            )
        )
        with contextlib.suppress(asyncio.CancelledError):
            self._loop.run_until_complete(self._keeping)

    async def _use(self, client: Client, ready: Callable[[], None]) -> None:
        self._subjects.clear()
        self._set(client, None)
        try:
            ready()
            await until_silent(client, self.timeout)
        finally:
            self._set(None, None)
            for each in tuple(self._running):
                each.cancel()

    def _report(self, error: SourceError | None) -> None:
        if error is not None:
            self._set(None, SourceError(error.reason, self._in_its_case(str(error))))

    def _in_its_case(self, message: str) -> str:
        """The message with the subject as it was sent: the library tells it in lower case."""
        for subject in self._subjects:
            if message.endswith(f" {subject.lower()}"):
                return message.removesuffix(subject.lower()) + subject
        return message

    def _set(self, client: Client | None, error: SourceError | None) -> None:
        with self._changed:
            self._client, self._error = client, error
            self._changed.notify_all()

    def _cancel(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()


class NobodyAnswers(SourceError):  # noqa: N818  says what happened
    """Nobody listens to the subject, or nobody that the user may reach."""


class Connected:
    """What can be asked over a connection, on the session's event loop."""

    def __init__(self, client: Client, timeout: float, subjects: set[str], most: int) -> None:
        """`subjects`: where those that it publishes to are noted. `most`: bytes of all replies."""
        self._most = self._left = most
        self._client = client
        self._timeout = timeout
        self._subjects = subjects

    @property
    def server(self) -> ServerInfo:
        """The server that it is connected to."""
        info = self._client._server_info
        return ServerInfo(
            *(str(info.get(key) or "") for key in ("server_id", "server_name", "version", "domain"))
        )

    @property
    def connection(self) -> object:
        """What tells one connection from the next; a subscription lasts as long."""
        return self._client

    async def listen(self, subject: str, take: Callable[[Msg], Awaitable[None]]) -> None:
        """Give every message on a subject to `take`, for as long as the connection lasts.

        The server has the subscription when this returns. Raises SourceError.
        """
        try:
            await self._client.subscribe(subject, cb=take)
            await self._client.flush(math.ceil(self._timeout))
        except (NatsError, OSError, TimeoutError):
            raise SourceError("connection", f"{subject}: cannot subscribe") from None

    async def request(
        self, subject: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> bytes:
        """The data of the reply. Raises SourceError."""
        self._subjects.add(subject)
        reply = await request(self._client, subject, body, self._timeout, headers)
        self._count(reply)
        return reply

    async def gather(
        self, subject: str, body: bytes, enough: Callable[[bytes, int], bool], limit: float
    ) -> tuple[bytes, ...]:
        """Replies of several servers to one message, in the order in which they come.

        Ends once `enough(reply, number)` says so of one, where `number` counts from 1, or after
        `limit` seconds. Raises SourceError, NobodyAnswers among them.
        """

        def last(message: Msg, number: int) -> bool:
            return enough(message.data, number)

        return tuple(each.data for each in await self.messages(subject, body, last, limit))

    async def messages(
        self, subject: str, body: bytes, enough: Callable[[Msg, int], bool], limit: float
    ) -> tuple[Msg, ...]:
        """The same with headers, and with the subjects by which they are acknowledged."""
        self._subjects.add(subject)
        inbox = self._client.new_inbox()
        replies: list[Msg] = []
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def take(message: Msg) -> None:
            if done.done():
                return
            if message.headers and message.headers.get("Status") == "503":
                said = f"{subject}: nobody answers; is this the system account?"
                done.set_exception(NobodyAnswers("auth", said))
                return
            try:
                self._count(message.data)
            except SourceError as error:
                done.set_exception(error)
                return
            replies.append(message)
            if enough(message, len(replies)):
                done.set_result(None)

        subscription = await self._client.subscribe(inbox, cb=take, pending_bytes_limit=self._most)
        try:
            with asking(subject) as span:
                await self._client.publish(subject, body, reply=inbox)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(limit):
                        await done
                span.note("obs.replies", len(replies))
        finally:
            with contextlib.suppress(NatsError):
                await subscription.unsubscribe()
        return tuple(replies)

    def _count(self, reply: bytes) -> None:
        self._left -= len(reply)
        if self._left < 0:
            raise SourceError("too_large", f"the replies have more than {self._most} bytes")


async def _limited(work: Awaitable[T], limit: float) -> T:
    async with asyncio.timeout(limit):
        return await work
