"""Micro services of a source: what instances reply, what is shown of them, and what is kept."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.catalogue import nats_services as metrics
from obs.catalogue.metric import Metric
from obs.families.family import RowCache, Value
from obs.sources.nats import services as room
from obs.sources.nats.permissions import rights
from obs.sources.nats.service_counts import ENDED, Counts, Place
from obs.sources.nats.service_polls import service_names
from obs.sources.nats.service_replies import MOST_REPLIES, Replies, decoded
from obs.sources.nats.services import Services
from obs.spec.nats import NatsSource
from obs.state import State, open_state

NOW = 1_800_000_000.0
STALE = 300.0
ENDPOINT = {
    "name": "get",
    "subject": "orders.get",
    "queue_group": "q",
    "num_requests": 10,
    "num_errors": 2,
    "last_error": "500:no",
    "processing_time": 3_000_000_000,
    "average_processing_time": 300_000_000,
}
STATS: dict[str, Any] = {
    "type": "io.nats.micro.v1.stats_response",
    "name": "orders",
    "id": "A1",
    "version": "1.2.3",
    "metadata": {},
    "started": "2026-11-28T12:00:00.5Z",
    "endpoints": [ENDPOINT],
}


def reply(*endpoints: dict[str, Any], **changes: Any) -> bytes:
    found = [ENDPOINT | each for each in endpoints] or [ENDPOINT]
    return json.dumps(STATS | {"endpoints": found} | changes).encode()


def replies(*bodies: bytes, cut: bool = False) -> Replies:
    found = Replies(cut=cut)
    for body in bodies:
        found.take(body)
    return found


def label(account: str) -> str:
    return f"label of {account}"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path, pytest.fail)
    yield opened
    opened.close()


@pytest.fixture
def make(state: State) -> Callable[[], Services]:
    """The services of one state file, again as after a restart."""

    def again() -> Services:
        state.flush()
        services = Services("main", state, label, STALE)
        services.restore()
        return services

    return again


def shown(services: Services, metric: Metric, now: float = NOW) -> dict[tuple[str, ...], Value]:
    """By account, service and endpoint, what a metric says."""
    return {
        row[1:]: value
        for family in services.families(now, RowCache())
        if family.metric is metric
        for row, value in zip(family.rows.values, family.values, strict=True)
    }


ORDERS = ("label of A", "orders")
GET = (*ORDERS, "get")


def test_a_reply_is_an_instance_with_counts_of_each_endpoint() -> None:
    found = decoded(reply({}, {"name": "put", "subject": "orders.put", "num_requests": 1}))
    assert found is not None
    assert (found.service, found.instance.id, found.instance.version) == ("orders", "A1", "1.2.3")
    assert found.instance.started == pytest.approx(1_795_867_200.5)
    assert found.instance.endpoints == {
        Place("get", "orders.get", "q"): Counts(10, 2, 3_000_000_000),
        Place("put", "orders.put", "q"): Counts(1, 2, 3_000_000_000),
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"name": 1, "id": "a"}',
        b'{"name": "orders"}',
        b"\xff",
        b"[" * 100_000,
        reply(type="io.nats.micro.v1.info_response"),
        reply(name=""),
        reply(name="x" * 300),
        reply(id=7),
        reply(metadata={"a": "x" * 300_000}),
    ],
)
def test_what_is_no_reply_is_counted_as_unreadable(body: bytes) -> None:
    found = replies(body, reply())
    assert found.unreadable == 1
    assert list(found.found) == [("orders", "A1")]


@pytest.mark.parametrize(
    "odd",
    [
        {"num_requests": -1},
        {"num_requests": 2**60},
        {"num_requests": "10"},
        {"num_errors": None},
        {"processing_time": 1.5},
        {"name": ""},
        {"subject": "x" * 2000},
    ],
)
def test_an_odd_value_leaves_out_its_endpoint_and_nothing_else(odd: dict[str, Any]) -> None:
    found = decoded(reply({}, {"name": "put"} | odd))
    assert found is not None
    assert [place.name for place in found.instance.endpoints] == ["get"]
    assert found.unreadable == 1


def test_fields_that_are_not_told_are_no_zeros() -> None:
    whole = {key: value for key, value in ENDPOINT.items() if key != "num_errors"}
    found = decoded(json.dumps(STATS | {"endpoints": [whole, ENDPOINT]}).encode())
    assert found is not None
    assert found.unreadable == 1


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_value_of_a_reply_raises(value: object) -> None:
    for field in STATS:
        decoded(json.dumps(STATS | {field: value}).encode())
    for field in ENDPOINT:
        decoded(reply({field: value}))


def test_of_an_instance_that_replies_twice_the_first_counts(make: Callable[[], Services]) -> None:
    services = make()
    services.take("A", replies(reply(), reply({"num_requests": 999})), NOW)
    assert shown(services, metrics.REQUESTS) == {GET: 10}


def test_services_are_told_by_account_service_and_endpoint(make: Callable[[], Services]) -> None:
    services = make()
    one = reply(id="A1")
    other = reply({"num_requests": 5}, id="A2", version="1.3.0", started="2026-11-28T13:00:00Z")
    services.take("A", replies(one, other), NOW)
    services.take("B", replies(one), NOW)
    assert shown(services, metrics.REQUESTS) == {GET: 15, ("label of B", "orders", "get"): 10}
    assert shown(services, metrics.ERRORS)[GET] == 4
    assert shown(services, metrics.PROCESSING)[GET] == 6.0
    assert shown(services, metrics.INSTANCES)[ORDERS] == 2
    assert shown(services, metrics.STARTED)[ORDERS] == 1_795_870_800.0
    versions = {row for row in shown(services, metrics.INFO) if row[:2] == ORDERS}
    assert versions == {(*ORDERS, "1.2.3"), (*ORDERS, "1.3.0")}
    assert (*GET, "orders.get", "q") in shown(services, metrics.ENDPOINT_INFO)


def test_a_place_for_each_instance_is_no_series_for_each(make: Callable[[], Services]) -> None:
    services = make()
    bodies = [reply({"subject": f"orders.{n}"}, id=f"A{n}") for n in range(5)]
    services.take("A", replies(*bodies[:4]), NOW)
    assert len(shown(services, metrics.ENDPOINT_INFO)) == 4
    services.take("A", replies(*bodies), NOW + 15)
    assert shown(services, metrics.ENDPOINT_INFO) == {}


def test_a_service_without_an_instance_has_none_for_an_hour_and_then_is_forgotten(
    make: Callable[[], Services],
) -> None:
    services = make()
    services.take("A", replies(reply()), NOW)
    services.take("A", replies(), NOW + 15)
    assert shown(services, metrics.INSTANCES, NOW + 15) == {ORDERS: 0}
    assert shown(services, metrics.MISSING_INSTANCES, NOW + 15) == {ORDERS: 1}
    assert shown(services, metrics.REQUESTS, NOW + 15) == {GET: 10}
    assert shown(services, metrics.STARTED, NOW + 15) == {ORDERS: None}
    services.take("A", replies(), NOW + ENDED)
    assert shown(services, metrics.INSTANCES, NOW + ENDED) == {ORDERS: 0}
    services.take("A", replies(), NOW + ENDED + 1)
    assert shown(services, metrics.INSTANCES, NOW + ENDED + 1) == {}
    later = reply({"num_requests": 4}, id="A2", started="2027-01-15T09:00:00Z")
    services.take("A", replies(later), NOW + ENDED + 15)
    assert shown(services, metrics.REQUESTS, NOW + ENDED + 15) == {GET: 14}, "its sum went on"


def test_an_account_that_does_not_tell_says_nothing_about_its_services(
    make: Callable[[], Services],
) -> None:
    services = make()
    services.take("A", replies(reply()), NOW)
    assert shown(services, metrics.INSTANCES, NOW + STALE) == {ORDERS: 1}
    assert shown(services, metrics.INSTANCES, NOW + STALE + 1) == {}


def test_a_restart_loses_no_count_and_notices_what_is_gone(make: Callable[[], Services]) -> None:
    make().take("A", replies(reply(id="A1"), reply({"num_requests": 1}, name="prices")), NOW)
    services = make()
    assert services.families(NOW, RowCache()) == [], "nobody was asked yet"
    services.take("A", replies(reply({"num_requests": 12}, id="A1")), NOW + 60)
    assert shown(services, metrics.REQUESTS, NOW + 60)[GET] == 12
    assert shown(services, metrics.INSTANCES, NOW + 60) == {ORDERS: 1, ("label of A", "prices"): 0}
    again = make()
    again.take("A", replies(reply({"num_requests": 12}, id="A1")), NOW + 75)
    assert shown(again, metrics.REQUESTS, NOW + 75)[GET] == 12


def test_what_was_forgotten_is_known_after_a_restart(make: Callable[[], Services]) -> None:
    services = make()
    services.take("A", replies(reply(started="")), NOW)
    services.take("A", replies(), NOW + 2 * ENDED)
    services = make()
    services.take("A", replies(reply(started="")), NOW + 2 * ENDED)
    assert shown(services, metrics.REQUESTS, NOW + 2 * ENDED) == {GET: 10}


@pytest.mark.parametrize("requests", [-1, 2**63])
def test_a_damaged_state_is_refused_as_a_whole(
    state: State, make: Callable[[], Services], requests: int
) -> None:
    make().take("A", replies(reply()), NOW)
    state.flush()
    saved = msgspec.msgpack.decode(state.entries("nats_services")["main"])
    saved["services"][0][3][0][1][0] = requests
    state.put("nats_services", "main", msgspec.msgpack.encode(saved))
    with pytest.raises(ValueError, match="was never"):
        make()


def test_too_many_endpoints_services_and_instances_are_counted_and_take_no_ones_place(
    make: Callable[[], Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_ENDPOINTS", 2)
    monkeypatch.setattr(room, "MOST_INSTANCES", 3)
    services = make()
    services.take("A", replies(reply(name="z")), NOW)
    many = [reply({}, {"name": "put"}, name=name) for name in ("a", "b", "c")]
    services.take("A", replies(reply(name="z"), *many), NOW + 15)
    in_series = {service for _, service, _ in shown(services, metrics.REQUESTS, NOW + 15)}
    assert in_series == {"a", "z"}
    left_out = {key[0]: n for key, n in shown(services, metrics.LEFT_OUT, NOW + 15).items()}
    assert left_out == {"services": 2, "endpoints": 1, "instances": 0, "unreadable": 0}
    more = [reply(name="z", id=f"Z{n}") for n in range(4)]
    services.take("A", replies(*more), NOW + 30)
    left_out = {key[0]: n for key, n in shown(services, metrics.LEFT_OUT, NOW + 30).items()}
    assert left_out["instances"] == 3, "A1 of both services are remembered"


def test_where_there_is_no_room_left_services_that_are_gone_make_it(
    make: Callable[[], Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "MOST_ENDPOINTS", 1)
    services = make()
    services.take("A", replies(reply()), NOW)
    services.take("A", replies(reply(name="prices")), NOW + 15)
    assert list(shown(services, metrics.INSTANCES, NOW + 15)) == [ORDERS]
    services.take("A", replies(reply(name="prices")), NOW + ENDED + 1)
    assert list(shown(services, metrics.INSTANCES, NOW + ENDED + 1)) == [("label of A", "prices")]


def test_replies_that_were_cut_make_no_instance_missing(make: Callable[[], Services]) -> None:
    services = make()
    services.take("A", replies(reply()), NOW)
    services.take("A", replies(cut=True), NOW + 15)
    assert shown(services, metrics.INSTANCES, NOW + 15) == {ORDERS: 1}
    assert shown(services, metrics.LEFT_OUT, NOW + 15)["instances",] == 1


def test_thousands_of_instances_are_counted_in_no_time(make: Callable[[], Services]) -> None:
    services = make()
    bodies = [reply(id=f"A{n}") for n in range(MOST_REPLIES)]
    services.take("A", replies(*bodies), NOW)
    assert shown(services, metrics.REQUESTS) == {GET: 10 * MOST_REPLIES}


def source(**fields: Any) -> NatsSource:
    return NatsSource.model_validate({"monitor": ["http://h:1"]} | fields)


def connection(account: str) -> dict[str, Any]:
    return {"servers": ["nats://h:1"], "account": account}


def test_services_are_asked_only_where_the_spec_collects_them() -> None:
    one, two = connection("A"), connection("B")
    assert service_names(source(connection=one)) == {}
    asked = source(connection=one, collect=["services"])
    assert list(service_names(asked)) == ["services"]
    both = source(connection=one, connections=[two], collect=["services"])
    assert list(service_names(both)) == ["services/A", "services/B"]


def test_only_who_collects_services_needs_the_right_to_ask_them() -> None:
    one = connection("A")
    (without,) = rights("main", source(connection=one))
    (asking,) = rights("main", source(connection=one, collect=["services"]))
    assert [*without.publish, "$SRV.STATS"] == [*asking.publish]
    assert without.subscribe == asking.subscribe


def test_services_need_a_connection() -> None:
    with pytest.raises(ValueError, match="micro services are asked over a connection"):
        source(collect=["services"])
