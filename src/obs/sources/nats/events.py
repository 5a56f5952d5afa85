"""Counts the events of the accounts that a connection hears: ack samples and advisories.

The connection is one of its own. However many events come, dead letters are not held up, and a
user who may not subscribe to events hears of dead letters all the same. Only counts are kept, so
that memory is bounded; where more events of a kind come than are worth the CPU, obs unsubscribes
from it for the rest of the interval, and says for how long it did not count.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from obs.clients.nats import keep_connected
from obs.errors import SourceError
from obs.sources.nats import subjects
from obs.sources.nats.api_audit import audited
from obs.sources.nats.elections import Elections
from obs.sources.nats.heard_events import Consumer, HeardEvents
from obs.spec.nats import Event, NatsConnection

log = logging.getLogger(__name__)

MOST_A_SECOND: Final = 10_000
"""Events of one kind that are counted a second, on average over an interval: so many take 7 % of a
core."""
_WAITING: Final = 20_000  # messages that were received and not looked at
_WAITING_BYTES: Final = 16 << 20
_ANSWER: Final = 5  # seconds within which a server that is there answers a ping
_ADVISORY: Final = "$JS.EVENT.ADVISORY."

HandOver = Callable[[HeardEvents | None], None]
"""Takes what was counted; None: the connection was lost, and nothing is heard now."""
Count = Callable[[HeardEvents, str, Msg], None]
"""Counts an event of the account."""


@dataclass(slots=True)
class _Kind:
    """Events of one kind and account; `number` came in this interval."""

    event: Event
    account: str
    subjects: list[str]
    subscriptions: list[Subscription] = field(default_factory=list)
    number: int = 0
    paused_at: float | None = None


class Events:
    """Counts what one connection hears, and hands the counts over every `every` seconds."""

    def __init__(
        self,
        name: str,
        spec: NatsConnection,
        hand_over: HandOver,
        every: float,
        *,
        ack_waits: Callable[[], Mapping[Consumer, float]] = dict,
        most: int = MOST_A_SECOND,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ack_waits`: in seconds, of the consumers whose acknowledgements are sampled. `most`:
        events of a kind that are counted a second, on average."""
        self._name = name
        self._spec = spec
        self._hand_over = hand_over
        self._ack_waits = ack_waits
        self._every = every
        self._most = most * max(every, 1.0)
        self._monotonic = monotonic
        self._heard = HeardEvents()
        elections = Elections(monotonic)
        self._count: dict[Event, Count] = {
            **_COUNT,
            "acks": self._count_ack,
            "elections": lambda heard, account, message: elections.count(
                heard, account, _tokens(message)
            ),
        }
        self._said = ""
        self._too_many = asyncio.Event()

    async def run(self) -> None:
        """Count until cancelled; reconnects without end."""
        await keep_connected(self._spec, f"obs {self._name} events", self._use, self._report)

    def _report(self, error: SourceError | None) -> None:
        """Log why nothing is counted, once for each reason. The state of the source goes by the
        connection of dead letters, which has the same login."""
        said = f"{error}" if error is not None else ""
        if said and said != self._said:
            log.warning(
                "source %s: events of account %s are not counted: %s",
                *(self._name, self._spec.account, error),
            )
        self._said = said

    async def _use(self, client: Client, ready: Callable[[], None]) -> None:
        kinds: dict[tuple[str, Event], _Kind] = {}
        for subject, event, account in subjects.events(self._spec):
            kind = kinds.setdefault((account, event), _Kind(event, account, []))
            kind.subjects.append(subject)
        try:
            for kind in kinds.values():
                await self._subscribe(client, kind)
            # A server refuses subscriptions before it answers the second ping, as in `advisories`.
            await client.flush()
            await client.flush(_ANSWER)
            ready()
            while True:
                self._pass_on(kinds.values())
                await self._interval(client, kinds.values())
        finally:
            self._pass_on(kinds.values())
            self._hand_over(None)

    async def _interval(self, client: Client, kinds: Collection[_Kind]) -> None:
        """One interval, at the end of which all that came in it was counted, and what was paused
        is subscribed to again."""
        end = self._monotonic() + self._every
        while (left := end - self._monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._too_many.wait()
            self._too_many.clear()
            for kind in kinds:
                if kind.number > self._most and kind.paused_at is None:
                    await self._pause(kind)
        await client.flush(_ANSWER)
        for kind in kinds:
            kind.number = 0
            if kind.paused_at is not None:
                self._heard.paused[kind.account, kind.event] += self._monotonic() - kind.paused_at
                kind.paused_at = None
                await self._subscribe(client, kind)

    def _pass_on(self, kinds: Iterable[_Kind]) -> None:
        heard, self._heard = self._heard, HeardEvents()
        for kind in kinds:  # known from now on, also where it was never paused
            heard.paused.setdefault((kind.account, kind.event), 0.0)
        self._hand_over(heard)

    async def _subscribe(self, client: Client, kind: _Kind) -> None:
        receive = self._receiver(kind)
        kind.subscriptions = [
            await client.subscribe(
                each,
                cb=receive,
                pending_msgs_limit=_WAITING,  # beyond, the connection counts as lost
                pending_bytes_limit=_WAITING_BYTES,
            )
            for each in kind.subjects
        ]

    async def _pause(self, kind: _Kind) -> None:
        kind.paused_at = self._monotonic()
        for each in kind.subscriptions:
            await each.unsubscribe()

    def _receiver(self, kind: _Kind) -> Callable[[Msg], Awaitable[None]]:
        account, count = kind.account, self._count[kind.event]

        async def receive(message: Msg) -> None:
            kind.number += 1
            if kind.number > self._most:
                self._too_many.set()
            count(self._heard, account, message)

        return receive

    def _count_ack(self, heard: HeardEvents, account: str, message: Msg) -> None:
        stream, name = message.subject.rsplit(".", 2)[1:]
        consumer = (account, stream, name)
        heard.sample(consumer, message.data, self._ack_waits().get(consumer))


def _tokens(message: Msg) -> list[str]:
    """Those after $JS.EVENT.ADVISORY: the asset, what it did, its stream and its name."""
    return message.subject.partition(_ADVISORY)[2].split(".")


def _count_of_account(heard: HeardEvents, account: str, message: Msg) -> None:
    asset, what = _tokens(message)[:2]
    heard.count((account, asset, what))


def _count_of_consumer(heard: HeardEvents, account: str, message: Msg) -> None:
    heard.count((account, *_tokens(message)))


def _count_request(heard: HeardEvents, account: str, message: Msg) -> None:
    heard.count((account, "API", *audited(message.data)))


_COUNT: Final[dict[Event, Count]] = {
    "changes": _count_of_account,
    "naks": _count_of_consumer,
    "api": _count_request,
}
