"""Leaf nodes and gateways: what servers tell of them, and those that are lost."""

import json
from typing import Any

import pytest

from obs.catalogue import nats_links
from obs.families.family import RowCache, Value
from obs.snapshot import IncompleteServer, Link, NatsServer, NatsSnapshot
from obs.sources.nats.link_pages import gateways, leaf_nodes, seconds
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
        Link("A", "west", 2, 4, 6, 8, 10, 0.003),
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
    assert gateways(json.dumps(body).encode(), "n1") == (Link("", "west", 2, 4, 6, 8, 10, 0.009),)


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


def up(links: Links, snapshot: NatsSnapshot) -> dict[tuple[str, ...], Value]:
    """By source, account and name, whether each leaf node is connected."""
    families = links.families(snapshot, lambda account: f"label of {account}", RowCache())
    (found,) = [each for each in families if each.metric is nats_links.LEAF_UP]
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
