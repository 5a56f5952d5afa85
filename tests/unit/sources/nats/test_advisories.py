"""How advisories are read, with a fake connection."""

import json
from collections.abc import Awaitable, Callable

import pytest

from obs.clients.nats import Report
from obs.snapshot.messages import DeadLetter
from obs.sources.nats import advisories as module
from obs.sources.nats.advisories import Advisories
from obs.sources.nats.hearing import Arrival
from obs.spec.nats import NatsConnection

MAX_DELIVER = {
    "type": "io.nats.jetstream.advisory.v1.max_deliver",
    "id": "one",
    "timestamp": "2026-11-21T10:57:04.823111Z",
    "stream": "ORDERS",
    "consumer": "worker",
    "stream_seq": 7,
    "deliveries": 5,
}


SUBJECT = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES."


class Message:
    def __init__(self, data: bytes, prefix: str = "") -> None:
        self.subject = f"{prefix}{SUBJECT}ORDERS.worker"
        self.data = data


class Subscription:
    pending_msgs = 0
    delivered = 0


Handler = Callable[[Message], Awaitable[None]]


class Connection:
    """Hands over its messages as soon as both subjects are subscribed to."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages
        self.subjects: dict[str, Handler] = {}

    async def subscribe(self, subject: str, cb: Handler, **limits: int) -> Subscription:
        self.subjects[subject] = cb
        return Subscription()

    async def flush(self, timeout: int = 10) -> None:
        messages, self.messages = self.messages, []
        for message in messages:
            await self.subjects[message.subject.replace("ORDERS.worker", ">")](message)


class EnoughError(Exception):
    """Ends what would run for ever."""


async def arrivals(
    monkeypatch: pytest.MonkeyPatch, *messages: bytes | Message, **imports: str
) -> list[Arrival]:
    """What is taken, without the news of what is heard."""
    found: list[Arrival] = []
    sent = [each if isinstance(each, Message) else Message(each) for each in messages]

    def ready() -> None:
        raise EnoughError

    async def once(
        spec: NatsConnection,
        name: str,
        use: Callable[[Connection, Callable[[], None]], Awaitable[None]],
        report: Report,
    ) -> None:
        await use(Connection(sent), ready)

    monkeypatch.setattr(module, "keep_connected", once)
    spec = NatsConnection(servers=("nats://h:4222",), account="OMS", imports=imports)
    with pytest.raises(EnoughError):
        await Advisories("main", spec, lambda: 1000.0).run(found.append, lambda error: None)
    return [each for each in found if each.dead_letters]


def body(**fields: object) -> bytes:
    return json.dumps(MAX_DELIVER | fields).encode()


async def test_an_advisory_is_one_dead_letter_however_many_deliveries_it_reports(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (arrival,) = await arrivals(monkeypatch, body())
    (dead_letter,) = arrival.dead_letters
    assert dead_letter == DeadLetter(
        "OMS", "ORDERS", "worker", 7, dead_letter.at, "max_deliveries", deliveries=5
    )
    assert dead_letter.at == pytest.approx(1_795_258_624.823111, abs=1e-6)
    assert arrival.position is None


async def test_an_advisory_that_comes_twice_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await arrivals(monkeypatch, body(), body(), body(id="two"))
    assert len(found) == 2


async def test_an_imported_advisory_belongs_to_the_account_of_its_prefix(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = await arrivals(
        monkeypatch,
        Message(body(), "shop."),
        Message(body(id="two"), "a.b."),
        Message(body(id="three")),
        SHOP="shop",
        BILLING="a.b",
    )
    assert [each.dead_letters[0].account for each in found] == ["SHOP", "BILLING", "OMS"]


async def test_advisories_without_an_id_all_count(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(await arrivals(monkeypatch, body(id=""), body(id=""))) == 2


async def test_an_advisory_without_a_time_counts_as_of_now(monkeypatch: pytest.MonkeyPatch) -> None:
    advisory = {key: value for key, value in MAX_DELIVER.items() if key != "timestamp"}
    (arrival,) = await arrivals(monkeypatch, json.dumps(advisory).encode())
    assert arrival.dead_letters[0].at == 1000.0


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"rubbish",
        b"[1]",
        b'"\xff"',
        body(stream_seq="seven"),
        body(type="io.nats.jetstream.advisory.v1.nak"),
    ],
)
async def test_messages_that_are_no_dead_letter_are_skipped(
    monkeypatch: pytest.MonkeyPatch, message: bytes
) -> None:
    (arrival,) = await arrivals(monkeypatch, message, body())
    assert len(arrival.dead_letters) == 1
