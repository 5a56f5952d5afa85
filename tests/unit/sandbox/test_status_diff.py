"""Changes of a collector's status are reported as sentences, and nothing else is."""

import msgspec

from obs.sandbox.status_diff import StatusExcerpt, changes, decode_status

HEALTHY = {
    "consumers": [
        {"consumer": "orders", "status": "ok", "lag_messages": 0, "dead_letters": 1, "more": 1}
    ],
    "rules": [{"rule": "changed", "failing": False}],
    "sources": [{"name": "nats", "up": True}],
    "slos": [{"name": "delivery", "state": "ok"}],
}


def seen(**parts: list[dict[str, object]]) -> StatusExcerpt:
    return decode_status(msgspec.json.encode({**HEALTHY, **parts}))


def test_the_same_status_reports_nothing() -> None:
    assert changes(seen(), seen()) == []


def test_a_changed_number_reports_nothing() -> None:
    busier = [{"consumer": "orders", "status": "ok", "lag_messages": 7, "dead_letters": 1}]
    assert changes(seen(), seen(consumers=busier)) == []


def test_a_consumer_whose_status_changes_is_reported_with_its_lag() -> None:
    stopped = [{"consumer": "orders", "status": "stopped", "lag_messages": 612, "dead_letters": 1}]
    assert changes(seen(), seen(consumers=stopped)) == [
        "consumer orders is stopped, lag 612 messages"
    ]


def test_new_dead_letters_are_reported() -> None:
    more = [{"consumer": "orders", "status": "ok", "lag_messages": 0, "dead_letters": 3}]
    assert changes(seen(), seen(consumers=more)) == ["consumer orders has 2 new dead letters"]
    unknown = [{"consumer": "orders", "status": "ok", "lag_messages": 0, "dead_letters": None}]
    assert changes(seen(), seen(consumers=unknown)) == []


def test_rules_sources_and_objectives_are_reported_when_they_change() -> None:
    after = seen(
        rules=[{"rule": "changed", "failing": True}],
        sources=[{"name": "nats", "up": False, "error_reason": "connection"}],
        slos=[{"name": "delivery", "state": "burning"}],
    )
    assert changes(seen(), after) == [
        "rule changed: invocations fail",
        "source nats is down: connection",
        "SLO delivery: burning",
    ]
    assert changes(after, seen()) == [
        "rule changed: invocations no longer fail",
        "source nats is up",
        "SLO delivery: ok",
    ]


def test_what_appears_or_disappears_is_not_reported() -> None:
    nothing: dict[str, list[dict[str, object]]] = {key: [] for key in HEALTHY}
    assert changes(seen(**nothing), seen()) == []
    assert changes(seen(), seen(**nothing)) == []


def test_an_objective_that_gets_its_first_data_is_not_reported() -> None:
    before = seen(slos=[{"name": "delivery", "state": "no_data"}])
    assert changes(before, seen()) == []
    assert changes(seen(), before) == ["SLO delivery: no data"]


def test_objectives_of_one_slo_are_told_apart_by_their_object() -> None:
    def slo(of: str, state: str) -> dict[str, object]:
        return {"name": "timely", "service": "oms", "object": of, "state": state}

    burning = seen(slos=[slo("S/a", "burning"), slo("S/b", "ok")])
    assert changes(seen(slos=[slo("S/a", "ok"), slo("S/b", "ok")]), burning) == [
        "SLO timely of S/a: burning"
    ]
    assert changes(burning, burning) == []
