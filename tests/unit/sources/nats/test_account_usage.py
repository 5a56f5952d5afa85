"""Accounts of a cluster: what servers tell, together, capped, and counted across restarts."""

import json
from pathlib import Path
from typing import Any

import pytest

from obs.catalogue import nats_accounts as metrics
from obs.families.family import Family, RowCache, Value
from obs.families.nats_accounts import limits_used
from obs.snapshot.accounts import Account, AccountShare, Usage
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import NatsServer
from obs.sources.nats.account_pages import account_info, limits, shares, stored
from obs.sources.nats.account_series import AccountSeries
from obs.sources.nats.account_usage import AccountLimits, KeptAccounts, accounts_of
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.jsz import AccountReport
from obs.sources.nats.jsz_answer import decode_jsz
from obs.sources.nats.server_answer import ServerAnswer
from obs.state import State

JWT = "A" + "B" * 55
STATZ = {
    "acc": "A",
    "name": "A",
    "conns": 2,
    "leafnodes": 1,
    "num_subscriptions": 7,
    "sent": {"msgs": 3, "bytes": 30},
    "received": {"msgs": 4, "bytes": 40},
    "slow_consumers": 5,
}


def statz(*accounts: Any) -> bytes:
    return json.dumps({"account_statz": accounts}).encode()


def answer(url: str, *reports: AccountReport, told: bytes = b"{}") -> ServerAnswer:
    return ServerAnswer(url, accounts=reports, shares=shares(told, url))


def test_a_server_tells_its_share_of_an_account() -> None:
    assert shares(statz(STATZ), "n1") == (AccountShare("A", "A", 2, 1, 7, 4, 3, 40, 30, 5),)


def test_what_an_old_server_does_not_tell_is_absent() -> None:
    assert shares(statz({"acc": "A", "conns": 1}), "n1") == (AccountShare("A", "A", 1),)


def test_an_odd_value_leaves_out_what_it_belongs_to() -> None:
    odd = STATZ | {"acc": "B", "conns": -1, "sent": {"msgs": "many", "bytes": 30}}
    found = shares(statz(odd, {"acc": 7}, 3, STATZ), "n1")
    assert [(each.id, each.connections, each.sent, each.sent_bytes) for each in found] == [
        ("B", None, None, 30),
        ("A", 2, 3, 30),
    ]


def test_odd_usage_is_no_reason_not_to_read_streams() -> None:
    report = {"name": "A", "memory": -1, "storage": "much", "api": [1], "stream_detail": []}
    jsz = decode_jsz(json.dumps({"server_id": "S", "account_details": [report]}).encode(), "n1")
    (account,) = jsz.account_details or ()
    assert account.stream_detail == ()
    assert stored(account) == Account("A", "A")


def test_a_limit_that_is_below_zero_as_unsigned_is_none() -> None:
    report = AccountReport("A", storage=5, reserved_storage=2**64 - 1, reserved_memory=10)
    usage = stored(report).usage
    assert (usage.store, usage.store_limit, usage.memory_limit) == (5, None, 10)


def test_the_server_that_knows_most_tells_the_usage_and_connections_are_added() -> None:
    started = AccountReport("A", storage=10, api={"total": 0, "errors": 0})
    others = AccountReport("A", storage=30, api={"total": 9, "errors": 1})
    answers = [
        answer("n1", started, told=statz(STATZ)),
        answer("n2", others, told=statz(STATZ | {"num_subscriptions": 9})),
    ]
    (found,) = accounts_of(answers, {}, complete=True)
    assert found.usage == Usage(store=30, streams=0, consumers=0, most_consumers=0)
    assert (found.connections, found.leaf_nodes, found.subscriptions) == (4, 2, 9)
    assert (found.api_requests, found.api_errors) == (9, 1)


def test_without_an_answer_of_every_server_the_number_of_streams_is_unknown() -> None:
    (found,) = accounts_of([answer("n1", AccountReport("A"))], {}, complete=False)
    assert found.usage == Usage()


def test_a_tier_counts_each_message_once() -> None:
    def tier(stored: int) -> dict[str, Any]:
        limits = {"max_storage": 2000, "max_memory": 0, "max_streams": -1, "max_consumers": 7}
        return {"storage": stored, "streams": 1, "consumers": 2, "limits": limits}

    info = {"storage": 3100, "tiers": {"R1": tier(100), "R3": tier(3000)}}
    found = account_info(json.dumps(info).encode(), "A", "account A")
    assert found is not None
    assert {name: each.store for name, each in found.tiers.items()} == {"R1": 100, "R3": 1000}
    assert found.usage.store_limit is None
    assert dict(limits_used(found)) == {"R1 store": 0.05, "R3 store": 0.5}


def test_an_account_without_jetstream_tells_nothing() -> None:
    assert account_info(b'{"error": {"err_code": 10039}}', "A", "account A") is None


def test_limits_of_a_jwt_are_read_again_now_and_then() -> None:
    claims = {"limits": {"conn": 10, "leaf": -1, "disk_storage": 50, "mem_storage": -1}}
    told = limits(json.dumps({"account_detail": {"decoded_jwt": {"nats": claims}}}).encode(), "n1")
    assert told is not None
    known = AccountLimits(300.0)
    assert known.due(["A", JWT], 1000.0) == [JWT]
    known.learn([JWT], {JWT: told}, 1000.0)
    assert known.due([JWT], 1299.0) == []
    assert known.due([JWT], 1300.0) == [JWT]
    found = known.of(Account(JWT, "A", Usage(store=40), connections=8, leaf_nodes=1))
    assert dict(limits_used(found)) == {"connections": 0.9, "store": 0.8}
    known.learn([JWT], {}, 1300.0)
    assert known.of(found) == found, "what is not told now stays"


def test_an_account_without_a_jwt_has_no_limits_there() -> None:
    assert limits(b'{"account_detail": {"account_name": "A"}}', "n1") is None


def test_at_the_cap_those_that_have_series_keep_them() -> None:
    kept = KeptAccounts(2)
    used = Usage(store=0)
    first = [Account("B", "B"), Account("C", "C", used), Account("D", "D", used)]
    assert [each.id for each in kept.of(first)] == ["C", "D"]
    new = Account("A", "A", used)
    assert [each.id for each in kept.of([new, *first])] == ["C", "D"]
    assert [each.id for each in kept.of([new, first[1]])] == ["A", "C"]


def values(families: list[Family], metric: Any) -> dict[tuple[str, ...], Value]:
    (found,) = [each for each in families if each.metric is metric]
    return dict(zip(found.rows.values, found.values, strict=True))


def nothing_saved() -> State:
    return State(Path(), None, lambda reason: None)


def snapshot(*accounts: Account, server: NatsServer | None = None) -> NatsSnapshot:
    return NatsSnapshot(0.0, (server,) if server else (), (), (), accounts=accounts)


def test_api_requests_do_not_fall_when_a_server_restarts() -> None:
    series, seen = AccountSeries("main", nothing_saved(), 0.0), []
    for told in (100, 110, 40, 45, None):
        account = Account("A", "A", api_requests=told)
        families = series.families(snapshot(account), dict, RowCache())
        seen.append(values(families, metrics.API_REQUESTS)[("main", "A")])
    assert seen == [0, 10, 10, 15, 15]


def test_api_requests_go_on_when_a_collector_takes_up_a_changed_spec_or_begins_to_lead() -> None:
    state, seen = nothing_saved(), []
    for told in (100, 110, 130):
        series = AccountSeries("main", state, 0.0)
        series.restore()
        account = Account("A", "A", api_requests=told, api_errors=7)
        families = series.families(snapshot(account), dict, RowCache())
        seen.append(values(families, metrics.API_REQUESTS)[("main", "A")])
        series.save()
        state.flush()
    assert seen == [0, 10, 30]
    assert values(families, metrics.API_ERRORS) == {("main", "A"): 0}


def test_traffic_of_an_account_is_by_server_and_begins_anew_with_it() -> None:
    share = AccountShare("A", "A", received=7)
    server = NatsServer("n1:8222", up=True, accounts=(share,))
    families = AccountSeries("main", nothing_saved(), 0.0).families(
        snapshot(Account("A", "A"), server=server), dict, RowCache()
    )
    assert values(families, metrics.RECEIVED) == {("main", "A", "n1:8222"): 7}


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ({"A": "A"}, {"A": "A"}),
        ({JWT: "ORDERS"}, {JWT: "ORDERS"}),
        ({JWT: "ORDERS", "AX": "ORDERS"}, {JWT: "ORDERS (ABBBBBBB)", "AX": "ORDERS (AX)"}),
        ({JWT: "PAY", "AP": "PAY"}, {JWT: "PAY (ABBBBBBB)", "AP": "PAY"}),
    ],
)
def test_an_account_without_streams_is_called_by_its_name(
    names: dict[str, str], labels: dict[str, str]
) -> None:
    assert AccountLabels({"AP": ("PAY", "PAY")}).of_all(names) == labels
