"""What a server tells of itself in /varz, as values of metrics."""

import json
from typing import Any

import pytest

from obs.catalogue import nats_server as metrics
from obs.catalogue.metric import Metric
from obs.families.family import RowCache
from obs.families.nats import server_families
from obs.snapshot.servers import NatsServer
from obs.sources.nats.jsz import Jsz
from obs.sources.nats.server_facts import facts, held, lame_duck, slow_connections
from obs.sources.nats.varz import decode_varz

VARZ: dict[str, Any] = {
    "server_id": "N1",
    "server_name": "n1",
    "in_msgs": 1,
    "out_msgs": 2,
    "in_bytes": 3,
    "out_bytes": 4,
    "cpu": 150.5,
    "cores": 8,
    "gomaxprocs": 2,
    "mem": 5,
    "max_connections": 65536,
    "start": "2026-11-28T20:00:00Z",
    "slow_consumer_stats": {"clients": 1, "routes": 2, "gateways": 3, "leafs": 4},
    "jetstream": {
        "stats": {"reserved_memory": 6, "ha_assets": 7, "api": {"total": 8, "errors": 1}},
        "meta": {"leader": "n1", "cluster_size": 3, "pending": 9, "snapshot": {"pending_size": 10}},
    },
}


def read(**changes: Any) -> dict[str, float]:
    return facts(decode_varz(json.dumps(VARZ | changes).encode(), "n1"))


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        (metrics.RECEIVED_MESSAGES, 1),
        (metrics.SENT_BYTES, 4),
        (metrics.CPU, 1.505),
        (metrics.CPU_LIMIT, 2),
        (metrics.STARTED, 1795896000),
        (metrics.RESERVED_MEMORY, 6),
        (metrics.HA_ASSETS, 7),
        (metrics.API_REQUESTS, 8),
        (metrics.API_IN_FLIGHT, 0),
        (metrics.META_LEADER, 1),
        (metrics.META_LEADER_KNOWN, 1),
        (metrics.META_PENDING, 9),
        (metrics.META_SNAPSHOT_PENDING, 10),
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else str(value),
)
def test_a_fact_is_the_value_of_its_metric(metric: Metric, value: float) -> None:
    assert read()[metric.name] == value


def test_what_a_server_does_not_tell_has_no_value() -> None:
    told = read(jetstream={}, cpu=None, max_connections=0)
    assert metrics.API_REQUESTS.name not in told
    assert metrics.META_LEADER.name not in told
    assert metrics.CPU.name not in told
    assert metrics.CONNECTIONS_LIMIT.name not in told


def test_a_group_without_a_leader_is_told_as_such() -> None:
    told = read(jetstream={"stats": {}, "meta": {"leader": "", "cluster_size": 3}})
    assert told[metrics.META_LEADER_KNOWN.name] == told[metrics.META_LEADER.name] == 0


def test_every_fact_is_a_series_of_the_server_and_accounts_have_none() -> None:
    varz = decode_varz(json.dumps(VARZ).encode(), "n1")
    servers = (
        NatsServer("n1:8222", True, facts=facts(varz), slow_connections=slow_connections(varz)),
        NatsServer("account OMS", True, is_account=True),
    )
    families = {each.metric: each for each in server_families("main", servers, RowCache())}
    assert list(families[metrics.CPU].values) == [1.505]
    assert list(families[metrics.SLOW_CONNECTIONS].values) == [1, 2, 3, 4]
    assert set(metrics.FACTS) <= families.keys()


NOT_READY = "failed to be ready for connections after 1ms: "


@pytest.mark.parametrize(
    ("because", "clients", "lame"),
    [
        ("", 3, 0),
        (f"{NOT_READY}server", 3, 1),
        (f"{NOT_READY}websocket, server", 3, 1),
        (f"{NOT_READY}server", 0, 0),  # it starts
        (f"{NOT_READY}route", 3, 0),
        ("JetStream is not current with the meta leader", 3, 0),
    ],
)
def test_a_server_that_had_clients_and_accepts_none_is_a_lame_duck(
    because: str, clients: int, lame: int
) -> None:
    varz = decode_varz(json.dumps(VARZ | {"total_connections": clients}).encode(), "n1")
    assert lame_duck(varz, not because, because) == {metrics.LAME_DUCK.name: lame}


def test_whether_a_server_is_a_lame_duck_is_unknown_without_its_verdict() -> None:
    varz = decode_varz(json.dumps(VARZ).encode(), "n1")
    assert lame_duck(varz, None, "") == {}
    assert lame_duck(varz, False, f"{NOT_READY}server") == {}


def test_what_newer_servers_tell_has_the_units_of_its_metrics() -> None:
    snapshot = {"pending_size": 10, "pending_entries": 3, "last_duration": 5_000_000}
    meta = {"leader": "n1", "snapshot": snapshot | {"last_time": "2026-11-28T20:00:00Z"}}
    told = read(
        in_client_msgs=11,
        disk_io_wait_stats={"waiters": 1, "waits": 2, "wait_time": 3 * 10**9},
        jetstream={"meta": meta, "limits": {"max_ha_assets": 100}},
        stale_connection_stats={"clients": 1},
    )
    assert told[metrics.CLIENT_RECEIVED_MESSAGES.name] == 11
    assert told[metrics.DISK_WAITED.name] == pytest.approx(3)
    assert told[metrics.META_SNAPSHOT_AT.name] == 1795896000
    assert told[metrics.META_SNAPSHOT_TOOK.name] == pytest.approx(0.005)
    assert told[metrics.HA_ASSETS_LIMIT.name] == 100


def test_no_limit_and_no_snapshot_are_absent() -> None:
    never = {"last_time": "0001-01-01T00:00:00Z", "last_duration": 0}
    told = read(
        gomemlimit=2**63 - 1,
        max_subscriptions=-1,
        jetstream={"meta": {"leader": "n1", "snapshot": never}, "limits": {"max_ha_assets": -1}},
    )
    assert {
        *(metrics.GO_MEMORY_LIMIT.name, metrics.SUBSCRIPTIONS_LIMIT.name),
        *(metrics.HA_ASSETS_LIMIT.name, metrics.META_SNAPSHOT_AT.name),
        metrics.META_SNAPSHOT_TOOK.name,
    }.isdisjoint(told)


def test_a_server_whose_jetstream_is_off_holds_an_unknown_number_of_streams() -> None:
    assert held(Jsz("N1", disabled=True)) == {}
    assert held(Jsz("N1", streams=2, consumers=0))[metrics.CONSUMERS.name] == 0
