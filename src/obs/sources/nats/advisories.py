"""Dead letters of JetStream consumers, from the advisories of the servers.

One advisory is one dead letter, however often the message was delivered.

The NATS user may subscribe to _INBOX.> and either to the two subjects below or, with an advisory
stream S, publish to $JS.API.STREAM.INFO.S, $JS.API.CONSUMER.CREATE.S,
$JS.API.CONSUMER.INFO.S.* and $JS.API.CONSUMER.MSG.NEXT.S.*; it needs nothing else for them.
`arrival_times` lists the permissions for arrival times.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from obs.clients.nats import Report, keep_connected
from obs.snapshot import DeadLetter
from obs.sources.nats.advisory_stream import Position, follow
from obs.spec.nats import NatsConnection

_KINDS: Final = {
    "io.nats.jetstream.advisory.v1.max_deliver": "max_deliveries",
    "io.nats.jetstream.advisory.v1.terminated": "terminated",
}
_SUBJECTS: Final = (
    "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>",
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
)
_REMEMBERED: Final = 10_000


class _Advisory(msgspec.Struct, frozen=True, gc=False):
    type: str
    id: str = ""
    timestamp: datetime | None = None
    stream: str = ""
    consumer: str = ""
    stream_seq: int = 0


_DECODER: Final = msgspec.json.Decoder(_Advisory)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Dead letters that arrived, and the position up to which the capturing stream was read.

    `position` is None where advisories are subscribed to directly. Store both together and pass
    the position at the next start, so that each advisory counts exactly once.
    """

    dead_letters: tuple[DeadLetter, ...]
    position: Position | None = None


class Advisories:
    """Reads the advisories of one account."""

    def __init__(
        self,
        name: str,
        spec: NatsConnection,
        clock: Callable[[], float],
        position: Position | None = None,
    ) -> None:
        """`clock` gives Unix seconds. `position`: the last one passed on, from the state."""
        self.name = name
        self._spec = spec
        self._clock = clock
        self._position = position
        self._seen: OrderedDict[str, None] = OrderedDict()

    async def run(self, take: Callable[[Arrival], None], report: Report) -> None:
        """Pass arrivals to `take` until cancelled; reconnects without end.

        `report` gets None when connected and a SourceError when not. With an advisory stream and
        no position yet, reading starts with new messages, and `take` gets that position at once.
        """

        async def use(client: Client, ready: Callable[[], None]) -> None:
            if self._spec.advisory_stream is None:
                await self._subscribe(client, take, ready)
            else:
                await self._follow(client, self._spec.advisory_stream, take, ready)

        await keep_connected(self._spec, f"obs {self.name}", use, report)

    async def _subscribe(
        self, client: Client, take: Callable[[Arrival], None], ready: Callable[[], None]
    ) -> None:
        async def receive(message: Msg) -> None:
            dead_letters = self._dead_letters([message.data])
            if dead_letters:
                take(Arrival(dead_letters))

        for subject in _SUBJECTS:
            await client.subscribe(subject, cb=receive)
        # The server refuses a subscription before it answers a ping. The library's first ping may
        # overtake earlier writes, the second cannot.
        await client.flush()
        await client.flush()
        ready()
        await asyncio.Event().wait()  # until the connection is lost

    async def _follow(
        self,
        client: Client,
        stream: str,
        take: Callable[[Arrival], None],
        ready: Callable[[], None],
    ) -> None:
        def receive(messages: Sequence[bytes], position: Position) -> None:
            take(Arrival(self._dead_letters(messages), position))
            self._position = position

        await follow(client, stream, _SUBJECTS, self._position, take=receive, ready=ready)

    def _dead_letters(self, messages: Sequence[bytes]) -> tuple[DeadLetter, ...]:
        """Those that are new; messages of other kinds are skipped."""
        found = (self._dead_letter(message) for message in messages)
        return tuple(dead_letter for dead_letter in found if dead_letter is not None)

    def _dead_letter(self, message: bytes) -> DeadLetter | None:
        try:
            advisory = _DECODER.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        kind = _KINDS.get(advisory.type)
        if kind is None or not self._is_new(advisory.id):
            return None
        return DeadLetter(
            account=self._spec.account,
            stream=advisory.stream,
            consumer=advisory.consumer,
            stream_seq=advisory.stream_seq,
            at=advisory.timestamp.timestamp() if advisory.timestamp else self._clock(),
            kind=kind,
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
