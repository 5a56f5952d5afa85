"""Dead letters of JetStream consumers, from the advisories of the servers.

One advisory is one dead letter, however often the message was delivered. Servers publish it in the
account of the stream, and nowhere else: the system account does not get it, and it does not name
the account. An account that imports the advisories of others needs a prefix for each, by which
they can be told apart.

`permissions` says which rights the NATS user needs.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from nats.aio.client import Client
from nats.aio.msg import Msg

from obs.clients.nats import Report, keep_connected
from obs.snapshot.messages import DeadLetter
from obs.sources.nats import subjects, tolerant
from obs.sources.nats.advisory_stream import follow
from obs.sources.nats.hearing import Arrival, Position
from obs.sources.nats.jsz import Count, unix_seconds
from obs.sources.nats.jsz import Sequence as StreamSequence
from obs.spec.nats import NatsConnection

KINDS: Final = {
    "io.nats.jetstream.advisory.v1.max_deliver": "max_deliveries",
    "io.nats.jetstream.advisory.v1.terminated": "terminated",
}
"""What dead letters are called, by the types of their advisories."""
_ADVISORY: Final = "$JS.EVENT.ADVISORY."
_REMEMBERED: Final = 10_000
_LONGEST: Final = 1 << 16  # bytes of an advisory; nats-server's have fewer than 1 000
_WAITING: Final = 20_000  # messages that were received and not looked at
_WAITING_BYTES: Final = 16 << 20
_NAME: Final = re.compile(r"[^\s.*>\x00-\x1f\x7f]{1,255}")
_NO_TIME_AFTER: Final = 2.0**32  # Unix seconds, in the year 2106
_ANSWER: Final = 5  # seconds within which a server that is there answers a ping


class _Advisory(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: Annotated[str, Meta(max_length=64)] = ""
    timestamp: datetime | None = None
    stream: str = ""
    consumer: str = ""
    stream_seq: StreamSequence = 0
    deliveries: Count = 1


_DECODER: Final = msgspec.json.Decoder(_Advisory)


Room = Callable[[], Awaitable[None]]
"""Waits until more may be read."""
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

    async def run(
        self, take: Callable[[Arrival], None], report: Report, room: Room | None = None
    ) -> None:
        """Pass arrivals to `take` until cancelled; reconnects without end. A stream is read on
        only when there is `room`.

        `report` gets None when connected and a SourceError when not. With an advisory stream and
        no position yet, reading starts with new messages, and `take` gets that position at once.
        """

        async def use(client: Client, ready: Callable[[], None]) -> None:
            if self._verify is not None:
                await self._verify()
            if self._spec.advisory_stream is None:
                await self._subscribe(client, take, ready)
            else:
                await self._follow(client, self._spec.advisory_stream, take, ready, room)

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

        subscriptions = [
            await client.subscribe(
                each,
                cb=receive,
                pending_msgs_limit=_WAITING,  # beyond, the connection counts as lost
                pending_bytes_limit=_WAITING_BYTES,
            )
            for each in self._subjects
        ]
        # The server refuses a subscription before it answers a ping. The library's first ping may
        # overtake earlier writes, the second cannot.
        await client.flush()
        begins = True
        while True:
            until = self._clock()
            await client.flush(_ANSWER)
            # What the server sent before its answer is here by now, but may not be handled yet.
            sent = [each.delivered for each in subscriptions]
            while any(
                each.delivered - each.pending_msgs < number
                for each, number in zip(subscriptions, sent, strict=True)
            ):
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
        room: Room | None,
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
            room=room,
        )

    def _dead_letters(self, messages: Sequence[Msg]) -> tuple[DeadLetter, ...]:
        """Those that are new; messages of other kinds are skipped."""
        found = (self._dead_letter(message) for message in messages)
        return tuple(dead_letter for dead_letter in found if dead_letter is not None)

    def _dead_letter(self, message: Msg) -> DeadLetter | None:
        account = self._accounts.get(message.subject.partition(_ADVISORY)[0])
        if len(message.data) > _LONGEST:
            return None
        try:
            advisory = _DECODER.decode(message.data)
        except tolerant.ODD:
            return None
        kind = KINDS.get(advisory.type)
        named = _NAME.fullmatch(advisory.stream) and _NAME.fullmatch(advisory.consumer)
        if account is None or kind is None or not named or not self._is_new(advisory.id):
            return None
        now = self._clock()
        return DeadLetter(
            account=account,
            stream=advisory.stream,
            consumer=advisory.consumer,
            stream_seq=advisory.stream_seq,
            at=_moment(advisory.timestamp, now),
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


def _moment(timestamp: datetime | None, now: float) -> float:
    """Unix seconds; `now` where there is none, or an absurd one."""
    at = unix_seconds(timestamp)
    return at if at is not None and at < _NO_TIME_AFTER else now
