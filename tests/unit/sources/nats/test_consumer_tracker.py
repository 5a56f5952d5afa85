"""What a source's history makes of accounts, and of consumers that go and come back."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from obs.catalogue import nats_events
from obs.snapshot.assets import Consumer, ConsumerConfig, Stream, StreamConfig
from obs.snapshot.messages import DeadLetter
from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.heard_events import HeardEvents
from obs.sources.nats.hearing import Arrival
from obs.sources.nats.kept_streams import FORGET_AFTER
from obs.spec.nats import NatsConnection, NatsSource
from obs.spec.slis import NatsLagSli
from obs.state import State, open_state

NOW = 1_800_000_000.0
RED = "ARED5678"
Tracked = Callable[[], ConsumerTracker]


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path, pytest.fail)


@pytest.fixture
def tracker_of(state: State) -> Tracked:
    """Makes the tracker of one state file, again as after a restart."""

    def make() -> ConsumerTracker:
        state.flush()
        connection = NatsConnection(servers=("nats://h:1",), account=RED)
        spec = NatsSource(monitor=("http://h:1",), connection=connection)
        return ConsumerTracker("main", spec, state, pytest.fail, NOW)

    return make


def snapshot(
    at: float, *consumers: tuple[str, str, int], created: str = "1", last: int = 100
) -> NatsSnapshot:
    """`consumers`: label and id of the account, and deliveries."""
    labels = {label for label, _, _ in consumers} or {"orders"}
    limits = StreamConfig()
    streams = [Stream(each, "S", "0", limits, last, 1, 1, last, at, at, 1) for each in labels]
    return NatsSnapshot(
        at,
        (),
        tuple(streams),
        tuple(
            Consumer(
                account=label,
                stream="S",
                name="c",
                created=created,
                config=ConsumerConfig(),
                delivered_consumer_seq=seq,
                delivered_stream_seq=seq,
                ack_floor_stream_seq=seq,
                pending=last - seq,
                ack_pending=0,
                redelivered=0,
                waiting=1,
                account_id=account,
            )
            for label, account, seq in consumers
        ),
    )


def sli(account: str) -> NatsLagSli:
    return NatsLagSli(source="main", account=account, stream="S", consumer="c", max_messages=1)


@pytest.mark.parametrize(
    ("account", "lags"),
    [("orders", [90]), (RED, [80]), ("orders (ARED5678)", [80]), ("*", [90, 80]), ("ORDERS", [])],
)
def test_an_sli_names_an_account_by_its_label_or_its_id(
    tracker_of: Tracked, account: str, lags: list[int]
) -> None:
    tracker = tracker_of()
    tracker.update(snapshot(NOW, ("orders", "ABLU", 10), ("orders (ARED5678)", RED, 20)))
    assert [each.lag_messages for each in tracker.numbers(sli(account))] == lags


def test_dead_letters_of_an_account_given_by_its_id_are_those_of_its_consumers(
    tracker_of: Tracked,
) -> None:
    tracker = tracker_of()
    letters = [DeadLetter(RED, "S", "c", seq, NOW, "max_deliveries", 3) for seq in (5, 6)]
    begin = Arrival(tuple(letters[:1]), NOW, heard_until=NOW, begins=True)
    tracker.hear(RED, [begin])  # before the first poll
    tracker.accounts.saved = {RED: ("orders", "orders")}
    tracker.hear(RED, [Arrival(tuple(letters[1:]), NOW, heard_until=NOW)])
    tracker.update(snapshot(NOW, ("orders", RED, 10)))
    assert [tracker.heard.total(each.consumer) for each in tracker.present] == [2]


def test_counts_of_events_are_told_as_soon_as_a_connection_hears(tracker_of: Tracked) -> None:
    tracker = tracker_of()
    assert tracker.hear_events(RED, HeardEvents()) == []  # there is nothing yet to tell them with
    tracker.hear_events(RED, None)
    tracker.update(snapshot(NOW, ("orders", RED, 10)))
    told = tracker.hear_events(RED, HeardEvents())
    assert nats_events.CHANGES in [family.metric for family in told]
    assert tracker.hear_events(RED, HeardEvents()) == []  # the next poll tells


def test_labels_of_accounts_are_known_after_a_restart(tracker_of: Tracked) -> None:
    tracker = tracker_of()
    tracker.accounts.saved = {RED: ("orders", "orders (ARED5678)")}
    tracker.save(NOW)
    assert tracker_of().accounts.label(RED) == "orders (ARED5678)"


def test_a_kill_soon_after_the_first_poll_leaves_counters_their_start(
    state: State, tracker_of: Tracked
) -> None:
    """Dead letters are saved at once. With a later start what they count already would be new."""

    def starts(tracker: ConsumerTracker, at: float) -> set[float | None]:
        families = tracker.update(snapshot(at, ("orders", RED, 10)))
        return {
            each.since
            for each in families
            if each.metric.name == "nats_consumer_dead_letters_total"
        }

    assert starts(tracker_of(), NOW) == {NOW}
    state.flush()  # no save(): the process is killed
    connection = NatsConnection(servers=("nats://h:1",), account=RED)
    spec = NatsSource(monitor=("http://h:1",), connection=connection)
    later = ConsumerTracker("main", spec, state, pytest.fail, NOW + 30)
    assert starts(later, NOW + 32) == {NOW}


def delivered(tracker: ConsumerTracker) -> tuple[int, int]:
    (only,) = tracker.present
    return (only.verdict.delivered_total, only.verdict.resets)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(("created", "expected"), [("2", (110, 1)), ("1", (90, 0))])
def test_counters_go_on_for_a_consumer_that_was_forgotten(
    tracker_of: Tracked, created: str, expected: tuple[int, int], restart: bool
) -> None:
    tracker = tracker_of()
    tracker.update(snapshot(NOW, ("orders", "orders", 20)))
    tracker.update(snapshot(NOW + FORGET_AFTER + 1))
    if restart:
        tracker.save(NOW)
        tracker = tracker_of()
    tracker.update(snapshot(NOW + FORGET_AFTER + 2, ("orders", "orders", 90), created=created))
    assert delivered(tracker) == expected


def test_a_state_file_of_before_accounts_had_ids_is_read(state: State, tracker_of: Tracked) -> None:
    tracker = tracker_of()
    tracker.update(snapshot(NOW, ("orders", "orders", 20)))
    tracker.save(NOW)
    state.flush()
    saved = msgspec.msgpack.decode(state.entries("nats_history")["main"])
    del saved["ended"], saved["accounts"]
    for _, track in saved["tracks"]:
        del track[-1]
    state.put("nats_history", "main", msgspec.msgpack.encode(saved))
    later = tracker_of()
    later.update(snapshot(NOW + 15, ("orders", RED, 90), created="2"))
    assert delivered(later) == (110, 1)
