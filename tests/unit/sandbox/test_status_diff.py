"""What changed in a collector's status is told in words, and nothing else is."""

import msgspec

from obs.sandbox.status_diff import Seen, changes, decode_seen

HEALTHY = {
    "consumers": [
        {"consumer": "orders", "status": "ok", "lag_messages": 0, "dead_letters": 1, "more": 1}
    ],
    "rules": [{"rule": "changed", "failing": False}],
    "sources": [{"name": "nats", "up": True}],
    "slos": [{"name": "delivery", "state": "ok"}],
}


def seen(**parts: list[dict[str, object]]) -> Seen:
    return decode_seen(msgspec.json.encode({**HEALTHY, **parts}))


def test_the_same_status_tells_nothing() -> None:
    assert changes(seen(), seen()) == []


def test_a_number_that_moves_tells_nothing() -> None:
    busier = [{"consumer": "orders", "status": "ok", "lag_messages": 7, "dead_letters": 1}]
    assert changes(seen(), seen(consumers=busier)) == []


def test_a_consumer_whose_status_changes_is_told_with_its_lag() -> None:
    stopped = [{"consumer": "orders", "status": "stopped", "lag_messages": 612, "dead_letters": 1}]
    assert changes(seen(), seen(consumers=stopped)) == ["orders is stopped, 612 messages behind"]


def test_dead_letters_are_told_as_they_come() -> None:
    more = [{"consumer": "orders", "status": "ok", "lag_messages": 0, "dead_letters": 3}]
    assert changes(seen(), seen(consumers=more)) == ["orders gave up 2 messages"]
    unknown = [{"consumer": "orders", "status": "ok", "lag_messages": 0, "dead_letters": None}]
    assert changes(seen(), seen(consumers=unknown)) == []


def test_rules_sources_and_objectives_are_told_when_they_turn() -> None:
    after = seen(
        rules=[{"rule": "changed", "failing": True}],
        sources=[{"name": "nats", "up": False, "error_reason": "connection"}],
        slos=[{"name": "delivery", "state": "burning"}],
    )
    assert changes(seen(), after) == [
        "changed fails",
        "source nats is down: connection",
        "objective delivery: burning",
    ]
    assert changes(after, seen()) == [
        "changed no longer fails",
        "source nats is up",
        "objective delivery: ok",
    ]


def test_what_appears_or_goes_is_not_told() -> None:
    nothing: dict[str, list[dict[str, object]]] = {key: [] for key in HEALTHY}
    assert changes(seen(**nothing), seen()) == []
    assert changes(seen(), seen(**nothing)) == []


def test_an_objective_that_gets_its_first_data_is_not_told() -> None:
    before = seen(slos=[{"name": "delivery", "state": "no_data"}])
    assert changes(before, seen()) == []
    assert changes(seen(), before) == ["objective delivery: no data"]
