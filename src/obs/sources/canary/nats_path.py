"""The path through a JetStream stream, to a consumer of the canary's own or of the application."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from obs.clients.nats_session import Connected, NatsSession
from obs.errors import SourceError
from obs.snapshot.canary import Accepted, Arrival, Seen
from obs.sources.canary import nats_subjects as subjects
from obs.sources.canary.api_answers import Answer, ConsumerAnswer, StreamAnswer, answer
from obs.sources.canary.event import HEADER, CanaryEvent, read_event, slot_id
from obs.sources.canary.path import Waiting
from obs.spec.canary import CanarySource

if TYPE_CHECKING:
    from nats.aio.msg import Msg

_NS: Final = 1_000_000_000
_INACTIVE: Final = 300  # seconds without a collector after which the consumer goes away
_ACK_WAIT: Final = 30
_ASK_AGAIN: Final = (0.02, 0.25)  # seconds between two looks at a consumer: first, at most
_MOST_HEARD: Final = 1_000
_WITHIN_WINDOW: Final = 0.9


class NatsPathway:
    """A path on one connection, which is made at the first use and again when it is lost."""

    def __init__(
        self, name: str, spec: CanarySource, session: NatsSession, wall: Callable[[], float]
    ) -> None:
        """`wall` gives Unix seconds."""
        assert spec.nats is not None
        assert spec.connection is not None
        self._name = name
        self._every = spec.every
        self._path = spec.nats
        self._api = spec.connection.api
        self._session = session
        self._wall = wall
        self._consumer = subjects.consumer_of(name, spec.nats)
        self._limit = 2 * spec.timeout
        self._stream: StreamAnswer | None = None
        self._heard: list[Arrival] = []
        self._news = asyncio.Event()
        self._heard_on: object | None = None
        self._resumed = 0.0

    @property
    def resumed(self) -> float:
        """When it began to listen on this connection; 0 with the application's consumer, which
        is asked where it is."""
        return self._resumed

    def prepare(self) -> None:
        """Check the stream, and make the consumer where the canary has its own."""
        self._session.run(self._prepare, self._limit)

    def window(self) -> float:
        """A part of the stream's duplicate window."""
        window = self._stream.window if self._stream else 0.0
        return min(self._every, _WITHIN_WINDOW * window)

    def id_of(self, slot: float) -> str:
        """The same for every collector, so that the stream stores it once."""
        return slot_id(self._name, slot, self._every)

    def publish(self, event: CanaryEvent) -> Accepted:
        """Publish it; the stream says whether it has it already."""

        async def work(connected: Connected) -> Answer:
            # A stream with a time to live for each message needs no limit of its own.
            headers = event.headers()
            if self._stream is not None and self._stream.config.allow_msg_ttl:
                headers["Nats-TTL"] = "1h"
            subject = self._path.subject
            return answer(subject, await connected.request(subject, event.body(), headers), Answer)

        found = self._session.run(work, self._limit)
        if found.stream != self._path.stream:
            stored = found.stream or "no stream"
            raise SourceError(
                "decode", f"{self._path.subject}: stored by {stored}, not {self._path.stream}"
            )
        return Accepted(event.id, event.at, found.seq, found.duplicate)

    def look(self, waiting: Mapping[str, Waiting], seconds: float) -> Seen:
        """What has arrived at the consumer."""

        async def work(connected: Connected) -> Seen:
            if self._path.through:
                return await self._through(connected, waiting, seconds)
            if self._heard_on is not connected.connection:
                await self._prepare(connected)
            return await self._own(connected, waiting, seconds)

        if self._path.through and not waiting:
            return Seen()

        return self._session.run(work, self._limit + seconds)

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    async def _prepare(self, connected: Connected) -> None:
        path = self._path
        stream = await self._ask(connected, subjects.stream_info(self._api, path.stream))
        self._stream = answer(path.stream, stream, StreamAnswer)
        if why := self._stream.why_it_would_fill():
            raise SourceError("unavailable", f"stream {path.stream} {why}")
        if path.through:
            return
        if self._heard_on is not connected.connection:
            await connected.listen(subjects.delivery(self._name, path), self._take)
            self._heard_on, self._resumed = connected.connection, self._wall()
        subject = subjects.create(self._api, path.stream, self._consumer, path.subject)
        body = json.dumps({"stream_name": path.stream, "config": self._config(), "action": ""})
        answer(self._consumer, await self._ask(connected, subject, body.encode()), Answer)

    def _config(self) -> dict[str, Any]:
        assert self._stream is not None
        work = self._stream.config.retention == "workqueue"
        return {
            "name": self._consumer,
            "description": "canary of obs; goes away five minutes after its last collector",
            "deliver_subject": subjects.delivery(self._name, self._path),
            "deliver_policy": "all" if work else "new",  # a work queue takes no other
            "ack_policy": "explicit",
            "ack_wait": _ACK_WAIT * _NS,
            "filter_subject": self._path.subject,
            "inactive_threshold": _INACTIVE * _NS,
            "max_deliver": 5,
            "mem_storage": True,
            "num_replicas": 1,
            "replay_policy": "instant",
        }

    async def _take(self, message: "Msg") -> None:
        """An event was delivered; those of others on the subject are acknowledged as well."""
        at = self._wall()
        await message.ack()
        if (message.headers or {}).get(HEADER) != self._name:
            return
        found = read_event(self._name, message.data, at)
        if found is not None and len(self._heard) < _MOST_HEARD:
            self._heard.append(found)
            self._news.set()

    async def _own(
        self, connected: Connected, waiting: Mapping[str, Waiting], seconds: float
    ) -> Seen:
        missing = {id for id, each in waiting.items() if not each.lost}
        try:
            async with asyncio.timeout(seconds):
                while not missing <= {each.id for each in self._heard}:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        heard, self._heard = tuple(self._heard), []
        missing -= {each.id for each in heard}
        if not missing:
            return Seen(heard)
        consumer = await self._consumer_info(connected, self._consumer)
        taken = {id for id in missing if waiting[id].sequence <= consumer.ack_floor.stream_seq}
        stages = {id: consumer.stage_of(waiting[id].sequence) for id in missing.difference(taken)}
        return Seen(heard, stages, frozenset(taken))

    async def _through(
        self, connected: Connected, waiting: Mapping[str, Waiting], seconds: float
    ) -> Seen:
        assert self._path.through is not None
        clock, pause = asyncio.get_running_loop().time, _ASK_AGAIN[0]
        ends = clock() + seconds
        while True:
            consumer = await self._consumer_info(connected, self._path.through)
            if not consumer.config.receives(self._path.subject):
                raise SourceError(
                    "unavailable",
                    f"consumer {self._path.through} does not receive {self._path.subject}: its "
                    "filter has other subjects",
                )
            left = {
                id: consumer.stage_of(each.sequence)
                for id, each in waiting.items()
                if each.sequence > consumer.ack_floor.stream_seq
            }
            fresh = [id for id in left if not waiting[id].lost]
            if not fresh or clock() + pause > ends:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, _ASK_AGAIN[1])
        at = self._wall()
        arrivals = (Arrival(id, each.at, at) for id, each in waiting.items() if id not in left)
        return Seen(tuple(arrivals), left)

    async def _consumer_info(self, connected: Connected, name: str) -> ConsumerAnswer:
        subject = subjects.consumer_info(self._api, self._path.stream, name)
        return answer(name, await self._ask(connected, subject), ConsumerAnswer)

    async def _ask(self, connected: Connected, subject: str, body: bytes = b"") -> bytes:
        return await connected.request(subject, body)
