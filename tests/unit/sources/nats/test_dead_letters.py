import logging
from pathlib import Path

import msgspec
import pytest

from obs.slis.dead_letters import HeardSpan
from obs.snapshot.assets import Consumer, ConsumerConfig
from obs.snapshot.messages import DeadLetter
from obs.sources.nats.dead_letters import HeardDeadLetters
from obs.sources.nats.hearing import Arrival, Hearing, Position
from obs.spec.nats import NatsConnection, NatsSource
from obs.state import State, open_state

NOW = 1_800_000_000.0
SERVERS = ("nats://n:4222",)
CAPTURING = NatsConnection(servers=SERVERS, account="A", advisory_stream="ADV")
PLAIN = NatsConnection(servers=SERVERS, account="A")
OTHER = NatsConnection(servers=SERVERS, account="B", imports={"C": "c"})


def source(*connections: NatsConnection) -> NatsSource:
    return NatsSource(monitor=("http://n:8222",), connections=connections)


def consumer(account: str, max_deliver: int = 3) -> Consumer:
    config = ConsumerConfig(max_deliver=max_deliver)
    return Consumer(account, "S", "c", "then", config, 1, 1, 1, 0, 0, 0, 1)


def dead_letter(account: str, at: float = NOW) -> DeadLetter:
    return DeadLetter(account, "S", "c", 7, at, "max_deliveries", 3)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


def opened(state: State, *connections: NatsConnection) -> HeardDeadLetters:
    state.flush()
    heard = HeardDeadLetters("main", source(*connections), state, str)
    heard.restore()
    return heard


def totals(heard: HeardDeadLetters) -> list[int | None]:
    return [heard.total(consumer(account)) for account in "ABCD"]


def no_offset(*_: str) -> float:
    return 0.0


def test_zero_is_told_only_of_accounts_that_are_heard_now(state: State) -> None:
    heard = opened(state, PLAIN, OTHER)
    assert totals(heard) == [None] * 4
    assert heard.record("B", [Arrival(heard_until=NOW, begins=True)], no_offset)
    assert totals(heard) == [None, 0, 0, None]
    assert not heard.record("B", [Arrival(heard_until=NOW + 5)], no_offset)
    assert heard.record("A", [Arrival(heard_until=NOW, begins=True)], no_offset)
    heard.record("B", [Arrival((dead_letter("C"),), received=NOW)], no_offset)
    assert totals(heard) == [0, 0, 1, None]
    assert heard.record("B", [None], no_offset)
    assert totals(heard) == [0, None, None, None]


def test_a_plain_connection_knows_nothing_of_a_gap(state: State) -> None:
    heard = opened(state, PLAIN)
    heard.record("A", [Arrival(heard_until=NOW, begins=True)], no_offset)
    heard.record("A", [Arrival(heard_until=NOW + 10)], no_offset)
    heard.record("A", [None], no_offset)
    heard.record("A", [Arrival(heard_until=NOW + 60, begins=True)], no_offset)
    assert heard.spans(consumer("A")) == (HeardSpan(NOW, NOW + 10), HeardSpan(NOW + 60, NOW + 60))
    assert opened(state, PLAIN).spans(consumer("A")) == (), "nor of the time before it was started"


def test_a_capturing_stream_knows_what_happened_meanwhile(state: State) -> None:
    heard = opened(state, CAPTURING)
    start = Arrival(position=Position("x", 5), heard_until=NOW, begins=True)
    heard.record("A", [start], no_offset)
    heard.record("A", [Arrival((dead_letter("A"),), NOW, Position("x", 6), NOW + 1)], no_offset)
    again = opened(state, CAPTURING)
    assert again.positions == {"A": Position("x", 6)}
    assert totals(again)[0] is None, "not before it has caught up"
    again.record("A", [Arrival(position=Position("x", 6), heard_until=NOW + 900)], no_offset)
    assert totals(again)[0] == 1
    assert again.spans(consumer("A")) == (HeardSpan(NOW, NOW + 900),)


def test_each_connection_keeps_its_own_position(state: State) -> None:
    second = NatsConnection(servers=SERVERS, account="B", advisory_stream="ADV")
    heard = opened(state, CAPTURING, second)
    for account, sequence in (("A", 5), ("B", 9)):
        position = Position("x", sequence)
        heard.record(account, [Arrival(position=position, heard_until=NOW, begins=True)], no_offset)
    assert opened(state, CAPTURING, second).positions == {
        "A": Position("x", 5),
        "B": Position("x", 9),
    }


def test_dead_letters_and_position_of_an_earlier_version_go_on(state: State) -> None:
    saved = {"counts": [(("A", "S", "c"), 4)], "position": ("x", 5)}
    state.put("nats_dead_letters", "main", msgspec.msgpack.encode(saved))
    heard = opened(state, CAPTURING)
    assert heard.positions == {"A": Position("x", 5)}
    heard.record("A", [Arrival(position=Position("x", 5), heard_until=NOW)], no_offset)
    assert totals(heard)[0] == 4
    assert heard.of(("A", "S", "c")).by(0) == (4, 4)


def test_old_dead_letters_count_at_their_time_by_the_collectors_clock(state: State) -> None:
    heard = opened(state, CAPTURING)
    arrival = Arrival((dead_letter("A", NOW + 90),), None, Position("x", 6))
    heard.record("A", [arrival], lambda *_: 90.0)
    (minute,) = heard.of(("A", "S", "c")).minutes
    assert minute <= NOW < minute + 60


def test_accounts_that_no_connection_hears_are_logged_once(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    heard = opened(state, PLAIN)
    for _ in range(2):
        heard.tell_unheard([consumer("A"), consumer("B"), consumer("C", max_deliver=-1)])
    assert [each.getMessage() for each in caplog.records] == [
        "source main: no connection hears account B, so dead letters of its consumers are "
        "unknown; add one to sources.nats.main.connections, or correct a connection's account"
    ]


def test_a_source_without_a_connection_misses_nothing_that_it_was_to_hear(state: State) -> None:
    assert opened(state).unheard([consumer("A")]) == {}


def test_a_clock_that_is_set_back_is_no_gap() -> None:
    hearing = Hearing()
    hearing.heard(NOW, begins=True)
    hearing.heard(NOW - 3600, begins=False)
    hearing.heard(NOW - 3595, begins=False)
    assert hearing.spans == (HeardSpan(NOW - 3600, NOW - 3595),)
