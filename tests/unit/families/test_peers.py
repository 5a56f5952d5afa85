"""prometheus-nats-exporter's names, of pages as nats-server tells them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from obs.families.family import RowCache
from obs.families.peers.nats_exporter import CONSUMER, families, server_id
from obs.families.peers.varz import MOST, metric_name, told
from obs.snapshot.peer_pages import (
    Copied,
    External,
    Leader,
    PeerAccount,
    PeerConsumer,
    PeerJsz,
    PeerServer,
    PeerStream,
)

VARZ = {
    "server_id": "NA",
    "server_name": "n1",
    "host": "0.0.0.0",
    "start": "2026-11-21T10:47:13.5Z",
    "connections": 3,
    "auth_required": True,
    "cpu": 0.5,
    "leaf": {"port": 7422},
    "cluster": {"name": "east", "cluster_port": 6222, "pool_size": 3},
    "http_req_stats": {"/": 1, "/varz": 7},
    "connect_urls": ["a"],
    "jetstream": {"meta": {"leader": "n1", "name": "east"}},
}
JSZ = PeerJsz(
    "NA",
    account_details=(
        PeerAccount(
            "OMS",
            "OMS",
            reserved_memory=2**64 - 1,
            stream_detail=(
                PeerStream(
                    "S",
                    cluster=Leader("n2"),
                    mirror=Copied("O", 4, -1, External("$JS.hub.API")),
                    consumer_detail=(PeerConsumer("worker"),),
                ),
            ),
        ),
    ),
)
SERVER = PeerServer("http://user:pass@a:8222/nats", VARZ, JSZ)


def shown(**how: str) -> dict[str, list[tuple[dict[str, str], object]]]:
    return {
        each.metric.name: [
            (dict(zip(each.metric.labels, row, strict=True)), value)
            for row, value in zip(each.rows.values, each.values, strict=True)
        ]
        for each in families([SERVER], RowCache(), **how)  # type: ignore[arg-type]
    }


def test_each_number_of_varz_is_a_metric_and_of_its_texts_a_few() -> None:
    assert {each.name: (each.value, each.text) for each in told(VARZ)} == {
        "server_id": (1, "NA"),
        "server_name": (1, "n1"),
        "start": (1795258033500, None),
        "connections": (3, None),
        "cpu": (0.5, None),
        "cluster_name": (1, "east"),
        "cluster_pool_size": (3, None),
        "http_req_stats": (1, None),
        "http_req_stats_varz": (7, None),
        "jetstream_meta_leader": (1, "n1"),
        "jetstream_meta_name": (1, "east"),
    }


def test_names_are_no_more_than_a_server_can_have() -> None:
    assert len(list(told({f"n{number}": number for number in range(2 * MOST)}))) == MOST


@given(st.lists(st.text(st.sampled_from("ab_/"), min_size=1), min_size=1))
def test_a_name_has_no_underscore_at_an_end_and_no_two_in_a_row(path: list[str]) -> None:
    name = metric_name(path)
    assert "__" not in name
    assert name == name.strip("_")


@pytest.mark.parametrize(
    ("identity", "label"), [("url", "http://a:8222"), ("id", "NA"), ("name", "n1")]
)
def test_a_server_is_known_by_what_the_flags_say(identity: str, label: str) -> None:
    assert server_id(SERVER, identity) == label  # type: ignore[arg-type]


def test_a_follower_shows_its_copy_and_who_leads() -> None:
    (labels, value) = shown()["jetstream_stream_mirror_lag"][0]
    assert value == 4
    assert labels["is_stream_leader"] == "false"
    assert labels["stream_leader"] == "n2"
    assert labels["mirror_api"] == "$JS.hub.API"
    assert labels["is_meta_leader"] == "true", "there is no meta group"


def test_a_consumer_without_a_cluster_leads_and_has_never_been_delivered_anything() -> None:
    found = shown()
    (labels, value) = found["jetstream_consumer_num_pending"][0]
    assert tuple(labels) == CONSUMER
    assert value == 0
    assert (labels["consumer_leader"], labels["is_consumer_leader"]) == ("", "true")
    assert found["jetstream_consumer_last_delivery_seconds"][0][1] is None
    assert found["jetstream_stream_limit_bytes"][0][1] is None, "the configuration is not known"


def test_numbers_are_as_floats_have_them() -> None:
    (_, value) = shown()["jetstream_account_max_memory"][0]
    assert value == 1.8446744073709552e19
    assert isinstance(value, float)


def test_a_prefix_takes_the_place_of_both() -> None:
    found = shown(prefix="nats")
    assert {"nats_varz_connections", "nats_stream_total_messages"} <= found.keys()
    assert not any(name.startswith(("gnatsd", "jetstream")) for name in found)
