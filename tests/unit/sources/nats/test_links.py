"""Leaf nodes and gateways: what servers tell of them, and those that are lost."""

import json
from typing import Any

import pytest

from obs.catalogue import nats_links, nats_routes
from obs.catalogue.metric import Metric
from obs.families.family import RowCache, Value
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import IncompleteServer, Link, NatsServer
from obs.sources.nats.link_pages import gateways, leaf_nodes, routes, seconds
from obs.sources.nats.links import Links
from obs.sources.nats.lost_links import REMEMBERED, LostLinks

CONNECTION = {"in_msgs": 1, "out_msgs": 2, "in_bytes": 3, "out_bytes": 4, "subscriptions": 5}


def leafz(*leafs: dict[str, Any]) -> bytes:
    return json.dumps({"leafs": [CONNECTION | each for each in leafs]}).encode()


def test_connections_of_one_leaf_node_in_one_account_are_one() -> None:
    body = leafz(
        {"name": "west", "account": "A", "rtt": "1ms"},
        {"name": "west", "account": "A", "rtt": "3ms"},
        {"name": "west", "account": "B", "rtt": "2ms"},
        {"name": "", "account": "A"},
    )
    assert leaf_nodes(body, "n1") == (
        Link("A", "west", 2, 4, 6, 8, 10, 0.003, connections=2),
        Link("B", "west", 1, 2, 3, 4, 5, 0.002),
    )


def test_a_gateway_is_there_while_its_outbound_connection_is() -> None:
    body = {
        "outbound_gateways": {
            "west": {"configured": True, "connection": CONNECTION | {"rtt": "2ms"}},
            "north": {"configured": True},
        },
        "inbound_gateways": {"west": [{"connection": CONNECTION | {"rtt": "9ms"}}]},
    }
    assert gateways(json.dumps(body).encode(), "n1") == (
        Link("", "west", 2, 4, 6, 8, 10, 0.009, connections=2),
    )


def test_the_connections_to_one_server_are_one_route() -> None:
    body = {
        "routes": [
            CONNECTION | {"remote_name": "n2", "rtt": "1ms", "pending_size": 10},
            CONNECTION | {"remote_name": "n2", "rtt": "4ms", "pending_size": 20},
            CONNECTION | {"remote_name": "n3", "rtt": "2ms", "account": "SYS"},
            CONNECTION | {"remote_name": ""},
        ]
    }
    assert routes(json.dumps(body).encode(), "n1") == (
        Link("", "n2", 2, 4, 6, 8, 10, 0.004, 30, 2),
        Link("", "n3", 1, 2, 3, 4, 5, 0.002, None, 1),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("825µs", 0.000825),
        ("1.5ms", 0.0015),
        ("2s", 2.0),
        ("1m2.5s", 62.5),
        ("1h0m1s", 3601.0),
        ("", None),
        ("soon", None),
        ("1ms!", None),
    ],
)
def test_a_round_trip_is_read_as_go_writes_it(text: str, value: float | None) -> None:
    assert seconds(text) == (None if value is None else pytest.approx(value))


def test_what_was_linked_is_lost_for_an_hour_and_then_forgotten() -> None:
    links = LostLinks()
    assert links.up([("a",)], 0.0, lambda _: True) == {("a",): True}
    assert links.up([], 10.0, lambda _: False) == {("a",): True}, "nobody tells"
    assert links.up([], 20.0, lambda _: True) == {("a",): False}
    assert links.up([("a",)], 30.0, lambda _: True) == {("a",): True}
    assert links.up([], 30.0 + REMEMBERED, lambda _: True) == {("a",): False}
    assert links.up([], 31.0 + REMEMBERED, lambda _: True) == {}


def up(
    links: Links, snapshot: NatsSnapshot, metric: Metric = nats_links.LEAF_UP
) -> dict[tuple[str, ...], Value]:
    """By its labels, whether each leaf node, or other link, is connected."""
    families = links.families(snapshot, lambda account: f"label of {account}", RowCache())
    (found,) = [each for each in families if each.metric is metric]
    return dict(zip(found.rows.values, found.values, strict=True))


def snapshot(at: float, *links: Link, told: bool = True) -> NatsSnapshot:
    server = NatsServer("n1:8222", up=True, name="n1", leaf_nodes=links)
    silent = () if told else (IncompleteServer("n2:8222", "n2", "unreachable"),)
    return NatsSnapshot(at, (server,), (), (), incomplete=silent)


def test_a_leaf_node_is_lost_only_where_every_server_tells() -> None:
    links, west = Links("main"), Link("A", "west", 1, 2, 3, 4, 5, None)
    identity = ("main", "label of A", "west")
    assert up(links, snapshot(0.0, west)) == {identity: 1}
    assert up(links, snapshot(15.0, told=False)) == {identity: 1}
    assert up(links, snapshot(30.0)) == {identity: 0}


def routed(at: float, **servers: tuple[str, ...] | None) -> NatsSnapshot:
    """Servers by name with the servers that each has a route to; None: it does not answer."""
    return NatsSnapshot(
        at,
        tuple(
            NatsServer(
                f"{name}:8222",
                up=to is not None,
                name=name if to is not None else "",
                routes=tuple(Link("", each, 1, 2, 3, 4, 5, None) for each in to or ()),
            )
            for name, to in servers.items()
        ),
        (),
        (),
    )


def test_a_route_is_lost_only_while_both_servers_answer() -> None:
    links = Links("main")

    def told(snapshot: NatsSnapshot) -> dict[str, Value]:
        found = up(links, snapshot, nats_routes.ROUTE_UP)
        return {f"{server}-{other}": value for (_, server, other), value in found.items()}

    assert told(routed(0, n1=("n2",), n2=("n1",))) == {"n1:8222-n2": 1, "n2:8222-n1": 1}
    assert told(routed(15, n1=(), n2=())) == {"n1:8222-n2": 0, "n2:8222-n1": 0}
    assert told(routed(30, n1=(), n2=None)) == {"n2:8222-n1": 1}, "NatsServerDown tells"
    assert told(routed(45, n1=())) == {"n2:8222-n1": 1}, "n2 was removed"
    assert told(routed(60, n1=("n2",), n2=("n1",))) == {"n1:8222-n2": 1, "n2:8222-n1": 1}


def test_a_route_to_a_server_that_is_not_polled_is_lost_by_what_the_other_side_tells() -> None:
    links = Links("main")
    up(links, routed(0, n1=("n2",)), nats_routes.ROUTE_UP)
    lost = up(links, routed(15, n1=()), nats_routes.ROUTE_UP)
    assert lost == {("main", "n1:8222", "n2"): 0}


def test_links_that_a_server_does_not_tell_are_as_they_were() -> None:
    links, west = Links("main"), Link("A", "west", 1, 2, 3, 4, 5, None)
    identity = ("main", "label of A", "west")
    assert up(links, snapshot(0.0, west)) == {identity: 1}
    silent = NatsSnapshot(15.0, (NatsServer("n1:8222", up=True, leaf_nodes=None),), (), ())
    assert up(links, silent) == {identity: 1}


def test_what_is_not_collected_has_no_families() -> None:
    links = Links("main", ("routes",))
    families = links.families(routed(0, n1=("n2",)), str, RowCache())
    assert {each.metric.labels for each in families} == {nats_routes.ROUTE}
