"""What servers tell of clients' connections, Raft groups and certificates, and its families."""

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from obs.catalogue import nats_clients, nats_raft, nats_server
from obs.catalogue.metric import Metric
from obs.errors import SourceError
from obs.families.family import Family, RowCache, Value
from obs.families.nats_groups import certificates_family, raft_families
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import AccountConnections, ClientConnection, NatsServer
from obs.sources.nats import subjects
from obs.sources.nats.client_pages import client_connections
from obs.sources.nats.client_traffic import UNNAMED
from obs.sources.nats.cluster_groups import ClusterGroups
from obs.sources.nats.group_pages import GroupPages
from obs.sources.nats.jsz import AccountReport, StreamReport
from obs.sources.nats.permissions import rights
from obs.sources.nats.raft_pages import raft_groups
from obs.sources.nats.server_answer import ServerAnswer
from obs.sources.nats.server_facts import certificates
from obs.sources.nats.varz import decode_varz
from obs.spec.nats import NatsSource

CLUSTERED = decode_varz(
    b'{"server_id": "N1", "server_name": "n1", "routes": 4, "leafnodes": 1,'
    b' "gateway": {"name": "c"}, "jetstream": {"meta": {"leader": "n1"}}}',
    "n1",
)


def spec_of(**fields: Any) -> NatsSource:
    return NatsSource.model_validate({"monitor": ["http://n1:8222"], **fields})


def connections(*accounts: str, **fields: Any) -> NatsSource:
    chosen = {"accounts": accounts or ("OMS",), **fields}
    return spec_of(collect=["connections"], client_connections=chosen)


def asked(spec: NatsSource, *accounts: AccountReport) -> list[str]:
    answer = ServerAnswer("http://n1:8222", CLUSTERED, accounts)
    return [each.page for each in GroupPages(spec).wanted(answer)]


def test_only_what_is_collected_is_asked() -> None:
    assert asked(spec_of()) == [*("/leafz", "/gatewayz", "/routez", "/accstatz?unused=1")]
    assert asked(spec_of(collect=["servers"])) == []
    assert asked(spec_of(collect=["routes"])) == ["/routez"]
    replicated = AccountReport("OMS", (StreamReport("ORDERS"),), id="A1")
    assert asked(spec_of(collect=["raft"]), replicated) == ["/raftz", "/raftz?acc=A1"]
    assert asked(connections("OMS", "a b"), replicated) == [
        "/connz?acc=A1&limit=10000",
        "/connz?acc=a%20b&limit=10000",
    ]


@pytest.mark.parametrize(
    ("collect", "more"),
    [
        (["servers"], ()),
        (["routes"], (subjects.ROUTEZ,)),
        (["raft", "connections"], (subjects.CONNZ, subjects.RAFTZ)),
    ],
)
def test_the_system_account_needs_rights_to_what_is_collected(
    collect: list[str], more: tuple[str, ...]
) -> None:
    login = {"servers": ["nats://n1:4222"]}
    chosen = {"accounts": ["OMS"]}
    fields = {"system": login, "collect": collect, "client_connections": chosen}
    (user,) = rights("main", NatsSource.model_validate(fields))
    always = (subjects.SERVERS, subjects.VARZ, subjects.HEALTHZ, subjects.JSZ)
    assert user.publish == (*always, *more)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"monitor": ["http://n1:8222"], "collect": ["connections"]},
            "connections needs the accounts of the clients; write client_connections: "
            "{accounts: [NAME]}",
        ),
        (
            {"connection": {"servers": ["nats://n1:4222"]}, "collect": ["raft"]},
            "an account cannot tell raft; add monitor or system",
        ),
    ],
)
def test_a_group_that_nothing_can_tell_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        NatsSource.model_validate(fields)


def test_connections_are_read_and_odd_ones_are_left_out() -> None:
    body = {
        "total": 5,
        "connections": [
            {"cid": 1, "kind": "Client", "name": "a", "in_msgs": 2, "rtt": "1ms"},
            {"cid": 2, "pending_bytes": 7},
            {"cid": 3, "in_msgs": -1},
        ],
    }
    assert client_connections(json.dumps(body).encode(), "n1", "OMS") == AccountConnections(
        "OMS",
        (
            ClientConnection(1, "a", 2, 0, 0, 0, 0, 0, 0.001),
            ClientConnection(2, "", 0, 0, 0, 0, 0, 7),
        ),
        left_out=3,
    )


def families(
    groups: ClusterGroups, at: float, *accounts: AccountConnections, told: bool = True
) -> dict[Metric, Family]:
    facts = {nats_server.MAX_PENDING.name: 100.0}
    clients = accounts if told else None
    server = NatsServer("n1:8222", True, "n1", id="N1", facts=facts, clients=clients)
    snapshot = NatsSnapshot(at, (server,), (), ())
    return {each.metric: each for each in groups.families(snapshot, str, RowCache())}


def values(family: Family) -> dict[str, Value]:
    return {row[-1]: value for row, value in zip(family.rows.values, family.values, strict=True)}


def connected(cid: int, name: str, received: int, pending: int = 0) -> ClientConnection:
    return ClientConnection(cid, name, received, 0, 0, 0, 1, pending, active=float(cid))


def test_connections_of_one_name_are_one_series_whose_counters_never_fall() -> None:
    groups = ClusterGroups("main", connections(), 0.0)

    def received(at: float, *each: ClientConnection) -> dict[str, Value]:
        found = families(groups, at, AccountConnections("OMS", each))
        return values(found[nats_clients.RECEIVED])

    assert received(0, connected(1, "a", 1_000), connected(2, "", 5)) == {"a": 0, UNNAMED: 0}
    assert received(15, connected(1, "a", 1_010), connected(3, "a", 4)) == {"a": 14}
    assert received(30, connected(3, "a", 5)) == {"a": 15}, "the sum of connections fell"
    assert received(45) == {}
    assert received(60, connected(4, "a", 2)) == {"a": 17}, "it connected again"


def test_what_waits_is_a_share_of_what_may_wait_for_one_connection() -> None:
    groups = ClusterGroups("main", connections(), 0.0)
    each = (connected(1, "a", 0, pending=60), connected(2, "a", 0, pending=30))
    found = families(groups, 0, AccountConnections("OMS", each))
    assert values(found[nats_clients.PENDING]) == {"a": 90}
    assert values(found[nats_clients.PENDING_SHARE]) == {"a": 0.6}
    assert values(found[nats_clients.CONNECTIONS]) == {"a": 2}
    assert values(found[nats_clients.LAST_ACTIVITY]) == {"a": 2}
    assert values(found[nats_clients.SERVER_PENDING]) == {"n1:8222": 90}


def test_names_beyond_the_cap_are_counted_and_those_that_are_there_stay() -> None:
    groups = ClusterGroups("main", connections(max_names=1), 0.0)
    families(groups, 0, AccountConnections("OMS", (connected(1, "b", 0),)))
    each = (connected(1, "b", 0), connected(2, "a", 0), connected(3, "a", 0))
    found = families(groups, 15, AccountConnections("OMS", each, left_out=4))
    assert values(found[nats_clients.CONNECTIONS]) == {"b": 1}
    assert values(found[nats_clients.LEFT_OUT_CONNECTIONS]) == {"OMS": 6}


def test_where_a_server_does_not_tell_its_connections_there_are_no_sums() -> None:
    groups = ClusterGroups("main", connections(), 0.0)
    families(groups, 0, AccountConnections("OMS", (connected(1, "a", 0),)))
    assert values(families(groups, 15, told=False)[nats_clients.CONNECTIONS]) == {}
    later = families(groups, 30, AccountConnections("OMS", (connected(1, "a", 8),)))
    assert values(later[nats_clients.RECEIVED]) == {"a": 8}, "nothing was lost meanwhile"


RAFT: dict[str, Any] = {
    "OMS": {
        "S-1": {
            "state": "LEADER",
            "leader": "x",
            "committed": 10,
            "applied": 10,
            "peers": {"y": {"last_replicated_index": 4}, "z": {"known": True}},
        },
        "S-2": {"state": "FOLLOWER", "committed": 10, "applied": 7, "catching_up": True},
        "S-3": {"state": "FOLLOWER", "leader": "x", "committed": 5, "applied": 4},
        "S-4": {"state": "FOLLOWER", "committed": -5},
    }
}


def test_raft_groups_are_summed_up_by_server() -> None:
    oms, meta = raft_groups(json.dumps(RAFT).encode(), "n1"), raft_groups(b"{}", "n1")
    servers = [
        NatsServer("n1:8222", True, raft=(meta, oms)),
        NatsServer("n2:8222", True, raft=None),
    ]
    found = {each.metric: each for each in raft_families("main", servers, RowCache())}
    states = {"leader": 1, "follower": 2, "candidate": 0, "closed": 0}
    assert values(found.pop(nats_raft.GROUPS)) == states
    assert {metric: list(each.values) for metric, each in found.items()} == {
        nats_raft.LEADERLESS: [1],
        nats_raft.CATCHING_UP: [1],
        nats_raft.BACKLOG: [4],
        nats_raft.MOST_BEHIND: [3],
        nats_raft.PEER_LAG: [6],
        nats_raft.UNREADABLE: [1],
    }


def test_an_answer_that_is_none_tells_no_raft_groups() -> None:
    with pytest.raises(SourceError, match="not a response of nats-server"):
        raft_groups(b"[]", "n1")


def test_the_end_of_each_certificate_is_told() -> None:
    varz = decode_varz(
        b'{"server_id": "N1", "tls_cert_not_after": "2026-11-29T00:00:00Z",'
        b' "cluster": {"tls_cert_not_after": "2026-11-30T00:00:00Z"},'
        b' "leaf": {"tls_cert_not_after": "0001-01-01T00:00:00Z"}}',
        "n1",
    )
    ends = certificates(varz)
    assert ends == {"client": 1795910400.0, "cluster": 1795996800.0}
    server = NatsServer("n1:8222", True, certificates=ends)
    family = certificates_family("main", [server], 1795910300.0, RowCache())
    assert values(family) == {"client": 100.0, "cluster": 86500.0}


def test_without_servers_only_their_state_is_exported() -> None:
    found = families(ClusterGroups("main", spec_of(collect=[]), 0.0), 0)
    assert {each.name for each in found} == {
        "nats_server_up",
        "nats_server_healthy",
        "nats_server_info",
    }
