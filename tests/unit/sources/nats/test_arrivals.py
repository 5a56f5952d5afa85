from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from obs.families.family import Family
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.messages import Question, StoredMessage
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.arrivals import MAX_FILTERS, REQUESTS
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.hearing import Arrival
from obs.spec.nats import NatsConnection, NatsSource
from obs.state import open_state

NOW = 1_800_000_000.0
FIRST, LAST = NOW - 3_600, NOW - 60  # of the stream's messages
FILTERS = ("orders.new",)
ANSWER = StoredMessage(130, NOW - 1_000)


def consumer(
    name: str,
    delivered: int = 100,
    *,
    account: str = "OMS",
    filters: tuple[str, ...] = FILTERS,
) -> Consumer:
    return Consumer(
        account=account,
        stream="S",
        name=name,
        created="then",
        config=ConsumerConfig(filters=filters),
        delivered_consumer_seq=delivered,
        delivered_stream_seq=delivered,
        ack_floor_stream_seq=delivered,
        pending=10,
        ack_pending=0,
        redelivered=0,
        waiting=0,
    )


def snapshot(
    at: float,
    consumers: Iterable[Consumer],
    *,
    first_seq: int = 1,
    gaps: int = 0,
    created: str = "first",
) -> NatsSnapshot:
    streams = tuple(
        Stream(
            account=account,
            name="S",
            created=created,
            config=StreamConfig(),
            messages=1_000 - first_seq + 1 - gaps,
            bytes=0,
            first_seq=first_seq,
            last_seq=1_000,
            first_time=FIRST,
            last_time=LAST,
            consumers=1,
        )
        for account in ("OMS", "other")
    )
    return NatsSnapshot(at, (), streams, tuple(consumers))


@pytest.fixture
def tracker(tmp_path: Path) -> ConsumerTracker:
    connection = NatsConnection(servers=("nats://127.0.0.1:4222",), account="OMS")
    spec = NatsSource(monitor=("http://127.0.0.1:8222",), connection=connection)
    return ConsumerTracker("nats", spec, open_state(tmp_path, pytest.fail), pytest.fail, NOW)


def lags(families: list[Family], name: str = "nats_consumer_lag_seconds") -> list[object]:
    return [value for family in families if family.metric.name == name for value in family.values]


def question(seq: int, filters: tuple[str, ...] = FILTERS) -> Question:
    return Question("S", seq, filters)


def test_an_answer_makes_the_lag_exact_and_takes_its_uncertainty_away(
    tracker: ConsumerTracker,
) -> None:
    before = tracker.update(snapshot(NOW, [consumer("a")]))
    assert lags(before) != [1_000]
    assert lags(before, "nats_consumer_lag_uncertainty_seconds") != [None]
    assert tracker.questions("OMS") == (question(101),)
    after = tracker.record_arrivals("OMS", {question(101): ANSWER})
    assert lags(after) == [1_000]
    assert lags(after, "nats_consumer_lag_uncertainty_seconds") == [None]
    assert list(tracker.questions("OMS")) == []


def test_no_answer_changes_nothing(tracker: ConsumerTracker) -> None:
    before = lags(tracker.update(snapshot(NOW, [consumer("a")])))
    assert tracker.record_arrivals("OMS", {}) == []
    assert lags(tracker.update(snapshot(NOW, [consumer("a")]))) == before


def test_a_stopped_consumer_is_queried_once_and_stays_exact(tracker: ConsumerTracker) -> None:
    tracker.update(snapshot(NOW, [consumer("a")]))
    tracker.record_arrivals("OMS", {question(101): ANSWER})
    for poll in range(1, 4):
        families = tracker.update(snapshot(NOW + 15 * poll, [consumer("a")]))
        assert lags(families) == [1_000 + 15 * poll]
        assert list(tracker.questions("OMS")) == []


def test_consumers_at_the_same_sequence_share_a_query(tracker: ConsumerTracker) -> None:
    tracker.update(snapshot(NOW, [consumer("a"), consumer("b")]))
    assert tracker.questions("OMS") == (question(101),)
    assert lags(tracker.record_arrivals("OMS", {question(101): ANSWER})) == [1_000, 1_000]


@pytest.mark.parametrize(
    "changed",
    [
        snapshot(NOW + 15, [consumer("a")], first_seq=131),
        snapshot(NOW + 15, [consumer("a")], gaps=1),
        snapshot(NOW + 15, [consumer("a")], created="second"),
    ],
    ids=["first_seq", "gaps", "created"],
)
def test_an_answer_that_may_be_outdated_is_queried_again(
    tracker: ConsumerTracker, changed: NatsSnapshot
) -> None:
    tracker.update(snapshot(NOW, [consumer("a")]))
    tracker.record_arrivals("OMS", {question(101): ANSWER})
    tracker.update(changed)
    assert tracker.questions("OMS") == (question(101),)


def test_an_answer_that_may_be_outdated_is_only_the_oldest_that_it_can_be(
    tracker: ConsumerTracker,
) -> None:
    tracker.update(snapshot(NOW, [consumer("a")], gaps=1))
    fresh = tracker.record_arrivals("OMS", {question(101): ANSWER})
    assert lags(fresh) == [1_000]
    assert lags(fresh, "nats_consumer_lag_uncertainty_seconds") == [None]
    for _ in range(2):  # the second time the query got no answer
        later = tracker.update(snapshot(NOW, [consumer("a")], gaps=1))
        assert lags(later) == [1_000]
        assert lags(later, "nats_consumer_lag_uncertainty_seconds") > [900]
        tracker.record_arrivals("OMS", {})


def test_consumers_of_another_account_or_with_many_filters_are_not_queried(
    tracker: ConsumerTracker,
) -> None:
    many = tuple(f"orders.{n}" for n in range(MAX_FILTERS + 1))
    tracker.update(snapshot(NOW, [consumer("a", account="other"), consumer("b", filters=many)]))
    assert list(tracker.questions("OMS")) == []


def test_a_lag_that_is_certain_enough_is_not_queried(tracker: ConsumerTracker) -> None:
    tracker.update(snapshot(NOW, [consumer("a", delivered=0)]))  # the first message's time is known
    assert len(tracker.questions("OMS")) == 1  # a filter may pass over it
    tracker.update(snapshot(NOW, [consumer("b", delivered=0, filters=())]))
    assert list(tracker.questions("OMS")) == []


def test_a_poll_queries_the_most_uncertain_lags_first_and_then_the_others_in_turn(
    tracker: ConsumerTracker,
) -> None:
    consumers = [consumer(str(n), delivered=n) for n in range(1, 2 * REQUESTS + 2)]
    turns = []
    for _ in range(3):
        tracker.update(snapshot(NOW, consumers))
        turns.append({each.seq for each in tracker.questions("OMS")})
        tracker.record_arrivals("OMS", {})
    assert len(turns[0]) == len(turns[1]) == REQUESTS
    assert len(turns[0] | turns[1]) == 2 * REQUESTS
    assert turns[0] | turns[1] | turns[2] == {each.delivered_stream_seq + 1 for each in consumers}
    least_certain = max(tracker.present, key=lambda tracked: tracked.verdict.uncertainty)
    assert least_certain.consumer.delivered_stream_seq + 1 in turns[0]


def test_an_age_is_taken_when_the_numbers_were_true_not_after_a_wait_for_other_servers(
    tracker: ConsumerTracker,
) -> None:
    at_end = msgspec.structs.replace(consumer("a", delivered=999, filters=()), pending=1)
    early = msgspec.structs.replace(at_end, at=NOW)
    seen = snapshot(NOW + 1.5, [early])
    streams = tuple(msgspec.structs.replace(stream, at=NOW) for stream in seen.streams)
    seen = NatsSnapshot(seen.at, (), streams, seen.consumers)
    assert lags(tracker.update(seen)) == [NOW - LAST]


def test_a_step_of_the_collectors_clock_changes_no_age(tracker: ConsumerTracker) -> None:
    for poll, step in enumerate([0, 0, 3_600, 3_600, -7_200]):
        at, steady = NOW + 15 * poll + step, 5.0 + 15 * poll
        seen = snapshot(at, [consumer("a", delivered=999, filters=())])
        ahead = tuple(msgspec.structs.replace(s, clock_ahead=-float(step)) for s in seen.streams)
        seen = NatsSnapshot(at, (), ahead, seen.consumers, steady=steady)
        assert lags(tracker.update(seen)) == [60 + 15 * poll]


def test_what_advisories_do_not_tell_is_in_flight_once_they_are_heard(
    tracker: ConsumerTracker,
) -> None:
    def poll(number: int, delivered: int, redelivered: int) -> list[object]:
        stuck = msgspec.structs.replace(
            consumer("a", delivered=delivered, filters=()),
            config=ConsumerConfig(max_deliver=3),
            ack_floor_stream_seq=900,
            delivered_consumer_seq=delivered + 2 * redelivered,
            ack_pending=3,
            redelivered=redelivered,
        )
        families = tracker.update(snapshot(NOW + 15 * number, [stuck]))
        return lags(families, "nats_consumer_lag_uncertainty_seconds")

    tracker.hear("OMS", [Arrival(heard_until=NOW, begins=True)])
    poll(0, 900, 5)
    poll(1, 920, 6)
    tracker.record_arrivals("OMS", {question(901, ()): StoredMessage(901, NOW - 400)})
    assert poll(2, 940, 6) == [None]
    tracker.hear("OMS", [None])
    (uncertain,) = poll(3, 960, 6)
    assert isinstance(uncertain, float)
