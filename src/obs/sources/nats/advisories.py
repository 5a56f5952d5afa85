"""Dead letters of JetStream consumers, from the advisories of the servers.

One advisory is one dead letter, however often the message was delivered. Servers publish it in the
account of the stream, and nowhere else: the system account does not get it, and it does not name
the account. An account that imports the advisories of others needs a prefix for each, by which
they can be told apart.

`permissions` says which rights the NATS user needs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from obs.clients.nats import Report, keep_connected
from obs.snapshot import DeadLetter
from obs.sources.nats import subjects
from obs.sources.nats.advisory_stream import follow
from obs.sources.nats.hearing import Arrival, Position
from obs.spec.nats import NatsConnection

_KINDS: Final = {
    "io.nats.jetstream.advisory.v1.max_deliver": "max_deliveries",
    "io.nats.jetstream.advisory.v1.terminated": "terminated",
}
_ADVISORY: Final = "$JS.EVENT.ADVISORY."
_REMEMBERED: Final = 10_000
_ANSWER: Final = 5  # seconds within which a server that is there answers a ping


class _Advisory(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: str = ""
    timestamp: datetime | None = None
    stream: str = ""
    consumer: str = ""
    stream_seq: int = 0
    deliveries: int = 1


_DECODER: Final = msgspec.json.Decoder(_Advisory)


Verify = Callable[[], Awaitable[None]]
"""Raises SourceError where the account does not import what the spec says."""


class Advisories:
    """Reads the advisories that one connection hears: of its account, and of those it imports."""

    def __init__(
        self,
        name: str,
        spec: NatsConnection,
        clock: Callable[[], float],
        position: Position | None = None,
        *,
        every: float = 5.0,
        verify: Verify | None = None,
    ) -> None:
        """`clock` gives Unix seconds. `position`: the last one passed on, from the state.

        Every `every` seconds it is made sure that nothing was missed.
        """
        self.name = name
        self._spec = spec
        self._clock = clock
        self._position = position
        self._every = every
        self._verify = verify
        self._accounts = {"": spec.account} | {
            f"{prefix}.": account for account, prefix in spec.imports.items()
        }
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def run(self, take: Callable[[Arrival], None], report: Report) -> None:
        """Pass arrivals to `take` until cancelled; reconnects without end.

        `report` gets None when connected and a SourceError when not. With an advisory stream and
        no position yet, reading starts with new messages, and `take` gets that position at once.
        """

        async def use(client: Client, ready: Callable[[], None]) -> None:
            if self._verify is not None:
                await self._verify()
            if self._spec.advisory_stream is None:
                await self._subscribe(client, take, ready)
            else:
                await self._follow(client, self._spec.advisory_stream, take, ready)

        await keep_connected(self._spec, f"obs {self.name}", use, report)

    @property
    def _subjects(self) -> list[str]:
        return [prefix + subject for prefix in self._accounts for subject in subjects.DEAD_LETTERS]

    async def _subscribe(
        self, client: Client, take: Callable[[Arrival], None], ready: Callable[[], None]
    ) -> None:
        async def receive(message: Msg) -> None:
            dead_letters = self._dead_letters([message])
            if dead_letters:
                take(Arrival(dead_letters, received=self._clock()))

        subscriptions = [await client.subscribe(each, cb=receive) for each in self._subjects]
        # The server refuses a subscription before it answers a ping. The library's first ping may
        # overtake earlier writes, the second cannot.
        await client.flush()
        begins = True
        while True:
            until = self._clock()
            await client.flush(_ANSWER)
            # What the server sent before its answer is here by now, but may not be handled yet.
            while any(each.pending_msgs for each in subscriptions):
                await asyncio.sleep(0)
            take(Arrival(heard_until=self._clock() if begins else until, begins=begins))
            if begins:
                ready()
            begins = False
            await asyncio.sleep(self._every)

    async def _follow(
        self,
        client: Client,
        stream: str,
        take: Callable[[Arrival], None],
        ready: Callable[[], None],
    ) -> None:
        caught_up = False

        def begin(position: Position) -> None:
            take(Arrival(position=position, heard_until=self._clock(), begins=True))
            self._position = position

        def receive(messages: Sequence[Msg], position: Position, complete: float | None) -> None:
            nonlocal caught_up
            received = self._clock() if caught_up else None
            take(Arrival(self._dead_letters(messages), received, position, complete))
            self._position = position
            if complete is not None and not caught_up:
                caught_up = True
                ready()

        await follow(
            *(client, self._spec.api, stream, self._subjects, self._position),
            begin=begin,
            take=receive,
            idle=self._every,
            clock=self._clock,
        )

    def _dead_letters(self, messages: Sequence[Msg]) -> tuple[DeadLetter, ...]:
        """Those that are new; messages of other kinds are skipped."""
        found = (self._dead_letter(message) for message in messages)
        return tuple(dead_letter for dead_letter in found if dead_letter is not None)

    def _dead_letter(self, message: Msg) -> DeadLetter | None:
        account = self._accounts.get(message.subject.partition(_ADVISORY)[0])
        try:
            advisory = _DECODER.decode(message.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        kind = _KINDS.get(advisory.type)
        if account is None or kind is None or not self._is_new(advisory.id):
            return None
        return DeadLetter(
            account=account,
            stream=advisory.stream,
            consumer=advisory.consumer,
            stream_seq=advisory.stream_seq,
            at=advisory.timestamp.timestamp() if advisory.timestamp else self._clock(),
            kind=kind,
            deliveries=max(advisory.deliveries, 1),
        )

    def _is_new(self, identity: str) -> bool:
        """An advisory may come twice, by two routes or from a stream with two sources."""
        if not identity:
            return True
        if identity in self._seen:
            return False
        self._seen[identity] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True
