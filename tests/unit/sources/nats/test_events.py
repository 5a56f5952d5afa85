"""Events of accounts: which are counted, how many at most, and what survives a restart."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from obs.catalogue import nats_events
from obs.families.family import Family
from obs.families.histogram import Histogram
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.sources.nats import heard_events, subjects
from obs.sources.nats.api_audit import audited
from obs.sources.nats.event_counts import EventCounts
from obs.sources.nats.events import Events
from obs.sources.nats.heard_events import HeardEvents
from obs.sources.nats.permissions import rights
from obs.spec.nats import NatsConnection, NatsSource
from obs.state import open_state

ALL = ("acks", "elections", "changes", "naks", "api")
SERVERS = {"servers": ["nats://127.0.0.1:4222"]}
SOURCE = NatsSource.model_validate(
    {"monitor": ["http://127.0.0.1:8222"], "connection": {**SERVERS, "events": ALL}}
)
SAMPLE = msgspec.json.encode({"ack_time": 250_000_000, "deliveries": 2})


def consumer(name: str = "w", *, sampled: bool = False, stream: str = "O") -> Consumer:
    config = ConsumerConfig(sampled=sampled)
    return Consumer("$G", stream, name, "c", config, 0, 0, 0, 0, 0, 0, 0, account_id="$G")


def stream(replicas: int = 3) -> Stream:
    config = StreamConfig(replicas=replicas)
    return Stream("$G", "O", "c", config, 0, 0, 0, 0, None, None, 1)


def counts_of(folder: Path, label: Callable[[str], str] = lambda account: account) -> EventCounts:
    counts = EventCounts("main", SOURCE, open_state(folder, lambda _: None), label, 100.0)
    counts.restore()
    return counts


Values = dict[str, dict[tuple[str, ...], Any]]


def told(counts: EventCounts, *consumers: Consumer, at: float = 110.0) -> Values:
    families: list[Family] = list(counts.families(consumers, [stream()], at))
    return {
        each.metric.name: {
            row[1:]: value for row, value in zip(each.rows.values, each.values, strict=True)
        }
        for each in families
    }


def heard(*samples: bytes, **counts: int) -> HeardEvents:
    found = HeardEvents()
    for sample in samples:
        found.sample(("$G", "O", "w"), sample)
    for what, number in counts.items():
        found.counts["$G", "CONSUMER", what, "O", "w"] = number
    return found


@pytest.fixture
def counts(tmp_path: Path) -> EventCounts:
    return counts_of(tmp_path)


def test_what_is_heard_begins_at_zero(counts: EventCounts) -> None:
    assert not any(told(counts, consumer(sampled=True)).values())
    counts.record("$G", HeardEvents())
    found = told(counts, consumer(sampled=True), consumer("plain"))
    of = ("$G", "O", "w")
    assert found[nats_events.PROCESSING.name] == {of: 0}
    assert found[nats_events.NAKS.name] == {of: 0, ("$G", "O", "plain"): 0}
    assert found[nats_events.QUORUM_LOSSES.name] == {
        ("$G", "O", "stream"): 0,
        ("$G", "O", "consumer"): 0,
    }
    assert found[nats_events.CHANGES.name]["$G", "stream", "deleted"] == 0


def test_nothing_is_told_while_the_connection_is_lost_and_counting_goes_on_after_it(
    counts: EventCounts,
) -> None:
    counts.record("$G", heard(MSG_NAKED=3))
    counts.record("$G", None)
    assert not any(told(counts, consumer()).values())
    counts.record("$G", heard(MSG_NAKED=1))
    assert told(counts, consumer())[nats_events.NAKS.name] == {("$G", "O", "w"): 4}


def test_samples_are_a_histogram_and_their_deliveries_a_total(counts: EventCounts) -> None:
    counts.record("$G", heard(SAMPLE, SAMPLE, b"not JSON", b'{"ack_time": -1}'))
    families = {each.metric: each for each in counts.families([consumer()], [], 110.0)}
    (histogram,) = families[nats_events.PROCESSING].histograms
    assert isinstance(histogram, Histogram)
    assert (histogram.count, histogram.sum) == (2, 0.5)
    assert list(families[nats_events.SAMPLED_DELIVERIES].values) == [4]


def test_late_acks_are_those_after_most_of_ack_wait_and_of_repeated_deliveries(
    counts: EventCounts,
) -> None:
    counts.record("$G", heard(SAMPLE))
    waiting = consumer(sampled=True)
    assert told(counts, waiting)[nats_events.LATE.name] == {("$G", "O", "w"): 1}  # delivered twice
    assert counts.ack_waits == {("$G", "O", "w"): 30.0}
    found = HeardEvents()
    for milliseconds in (23_900, 24_100, 45_000):
        sample = msgspec.json.encode({"ack_time": milliseconds * 10**6, "deliveries": 1})
        found.sample(("$G", "O", "w"), sample, counts.ack_waits["$G", "O", "w"])
    counts.record("$G", found)
    assert told(counts, waiting)[nats_events.LATE.name] == {("$G", "O", "w"): 3}


def test_counts_go_on_after_a_restart(tmp_path: Path) -> None:
    state = open_state(tmp_path, lambda _: None)
    first = EventCounts("main", SOURCE, state, lambda account: account, 100.0)
    first.record("$G", heard(SAMPLE, MSG_NAKED=7))
    state.flush()
    state.close()
    again = counts_of(tmp_path)
    again.record("$G", heard(SAMPLE, MSG_NAKED=1))
    found = told(again, consumer())
    assert found[nats_events.NAKS.name] == {("$G", "O", "w"): 8}
    assert found[nats_events.PROCESSING.name] == {("$G", "O", "w"): 2}
    assert found[nats_events.LATE.name] == {("$G", "O", "w"): 2}


def test_more_consumers_than_have_a_histogram_are_counted_as_dropped(
    counts: EventCounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard_events, "MOST_SAMPLED", 1)
    found = heard(SAMPLE)
    found.sample(("$G", "O", "other"), SAMPLE)
    counts.record("$G", found)
    assert told(counts)[nats_events.SAMPLES_DROPPED.name] == {(): 1}


def test_what_no_poll_knows_is_forgotten_after_an_hour(counts: EventCounts) -> None:
    counts.record("$G", heard(SAMPLE, MSG_NAKED=7))
    for at in (1_000.0, 3_000.0, 4_700.0):
        told(counts, at=at)
    assert told(counts, consumer(), at=4_701.0)[nats_events.NAKS.name] == {("$G", "O", "w"): 0}


def test_an_account_keeps_its_counts_when_its_name_becomes_known(tmp_path: Path) -> None:
    names = {"$G": "$G"}
    counts = counts_of(tmp_path, lambda account: names[account])
    counts.record("$G", heard(SAMPLE, MSG_NAKED=7))
    names["$G"] = "ORDERS"
    named = msgspec.structs.replace(consumer(), account="ORDERS")
    assert told(counts, named)[nats_events.NAKS.name] == {("ORDERS", "O", "w"): 7}


class FakeMessage:
    def __init__(self, subject: str, data: bytes = b"") -> None:
        self.subject = subject
        self.data = data


class FakeSubscription:
    def __init__(self, client: "FakeClient", subject: str) -> None:
        self._client = client
        self.subject = subject

    async def unsubscribe(self) -> None:
        self._client.callbacks.pop(self.subject)


class FakeClient:
    def __init__(self) -> None:
        self.callbacks: dict[str, Any] = {}

    async def subscribe(self, subject: str, cb: Any, **_: int) -> FakeSubscription:
        self.callbacks[subject] = cb
        return FakeSubscription(self, subject)

    async def flush(self, timeout: float = 0) -> None:
        await asyncio.sleep(0)


def test_a_flood_is_counted_up_to_a_limit_and_the_rest_of_the_interval_is_told() -> None:
    async def work() -> list[HeardEvents | None]:
        handed: list[HeardEvents | None] = []
        connection = NatsConnection.model_validate({**SERVERS, "events": ["naks", "elections"]})
        events = Events("main", connection, handed.append, 0.05, most=100)
        client = FakeClient()
        using = asyncio.create_task(events._use(client, lambda: None))  # type: ignore[arg-type]
        while not handed:
            await asyncio.sleep(0)
        for _ in range(300):
            if subjects.NAKS in client.callbacks:
                subject = subjects.NAKS.replace("*.*", "O.w")
                await client.callbacks[subjects.NAKS](FakeMessage(subject))
                await asyncio.sleep(0)
        assert len(client.callbacks) == 4  # elections are counted on
        while len(handed) < 3:
            await asyncio.sleep(0.01)
        assert subjects.NAKS in client.callbacks
        using.cancel()
        await asyncio.gather(using, return_exceptions=True)
        return handed

    handed = asyncio.run(work())
    flooded = handed[1]
    assert flooded is not None
    assert 100 < flooded.counts["$G", "CONSUMER", "MSG_NAKED", "O", "w"] < 110
    assert 0 < flooded.paused["$G", "naks"] < 5
    assert flooded.paused["$G", "elections"] == 0
    assert handed[-1] is None


def test_requests_are_told_apart_by_what_they_ask_for() -> None:
    def audit(subject: str, response: str = "{}") -> tuple[str, str]:
        return audited(msgspec.json.encode({"subject": subject, "response": response}))

    assert audit("$JS.API.STREAM.CREATE.ORDERS") == ("STREAM.CREATE", "no")
    assert audit("$JS.hub.API.CONSUMER.DURABLE.CREATE.O.w") == ("CONSUMER.DURABLE.CREATE", "no")
    assert audit("$JS.API.STREAM.MSG.GET.O") == ("STREAM.MSG.GET", "no")
    failed = '{"type":"t","error":{"code":404}}'
    assert audit("$JS.API.STREAM.INFO.X", failed) == ("STREAM.INFO", "yes")
    assert audit("$JS.API.STREAM.INFO.X", '{"config":{"x":"\\"error\\""}}') == ("STREAM.INFO", "no")
    assert audit("$JS.API.WHATEVER.X.Y") == ("other", "no")
    assert audited(b"\xff") == ("other", "no")


def test_the_rights_cover_what_is_counted_of_each_account() -> None:
    connection = {**SERVERS, "imports": {"ORDERS": "OF"}, "events": ["elections", "naks"]}
    source = NatsSource.model_validate({"monitor": ["http://a:8222"], "connection": connection})
    (user,) = rights("main", source)
    assert {each for each, *_ in subjects.events(source.every_connection[0])} <= {*user.subscribe}
    assert "OF.$JS.EVENT.ADVISORY.CONSUMER.MSG_NAKED.*.*" in user.subscribe
    assert not any("METRIC" in each for each in user.subscribe)
    assert len(user.subscribe) == len(set(user.subscribe))
