import json
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest
from msgspec import structs

from obs.errors import SourceError
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import NatsServer
from obs.sources.nats.config_reads import BURST, GAP
from obs.sources.nats.opened import cluster_by_http
from obs.sources.nats.polled_cluster import PolledCluster
from obs.sources.nats.server_answer import address
from obs.spec.nats import NatsSource

SETTINGS = {"durable_name": "x", "ack_policy": "explicit", "max_deliver": 3}


@dataclass
class Server:
    """What one monitoring port answers; an error is raised."""

    name: str = "n1"
    consumers: dict[str, str] = field(default_factory=lambda: {"c": "1"})  # name → created
    accounts: int = 1
    one_name: bool = False  # of all accounts, which then have ids
    off: bool = False  # JetStream
    lost: int = 0  # streams that it counts and does not list
    ids: list[str] = field(default_factory=list)  # of the next answers; then its name
    leader: str | None = None
    clock: tuple[str, str] | None = None  # now in /varz and in /jsz
    health: dict[str, object] = field(default_factory=lambda: {"status": "ok"})
    error: SourceError | None = None
    health_error: SourceError | None = None
    config_error: SourceError | None = None
    requests: list[str] = field(default_factory=list)

    def answer(self, path: str) -> bytes:
        self.requests.append(path)
        if self.error is not None:
            raise self.error
        if self.config_error is not None and "config=1" in path:
            raise self.config_error
        if path == "/varz":
            return json.dumps(self._varz()).encode()
        if path.startswith("/healthz"):
            if self.health_error is not None:
                raise self.health_error
            return json.dumps(self.health).encode()
        if path.startswith("/accstatz"):
            return b'{"account_statz": []}'
        query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        numbers = range(self.accounts)[: int(query["limit"])]
        details = [self._account(number, "config" in query) for number in numbers]
        jsz: dict[str, object] = {"server_id": self._id(), "streams": self.accounts + self.lost}
        jsz |= {"now": self.clock[1]} if self.clock else {}
        jsz |= {"disabled": True} if self.off else {"account_details": details}
        return json.dumps(jsz).encode()

    def _id(self) -> str:
        return self.ids.pop(0) if self.ids else self.name

    def _varz(self) -> dict[str, object]:
        clock = {"now": self.clock[0]} if self.clock else {}
        return clock | {
            "server_id": self._id(),
            "server_name": self.name,
            "version": "2.15.1",
            "connections": 3,
            "slow_consumers": 4,
            "jetstream": {
                "config": {"max_memory": 10, "max_storage": 20},
                "stats": {"memory": 5, "storage": 6, "api": {"errors": 7}},
            },
        }

    def _account(self, number: int, config: bool) -> dict[str, object]:
        consumers: list[dict[str, object]] = [
            {"name": name, "created": created, **({"config": SETTINGS} if config else {})}
            for name, created in self.consumers.items()
        ]
        stream: dict[str, object] = {"name": "S", "created": "0", "consumer_detail": consumers}
        stream |= {"config": {"max_age": 60_000_000_000}} if config else {}
        if self.leader is not None:
            stream["cluster"] = {"leader": self.leader}
            consumers[:] = [each | {"cluster": {"leader": self.leader}} for each in consumers]
        name = {"name": "A", "id": f"ID{number}"} if self.one_name else {"name": f"A{number}"}
        return {**name, "stream_detail": [stream]}

    def config_requests(self) -> int:
        return sum("config=1" in path for path in self.requests)


@dataclass
class Network:
    servers: dict[str, Server]

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        host, _, path = url.removeprefix("http://").partition("/")
        return self.servers[host].answer(f"/{path}")


@dataclass
class Cluster:
    servers: dict[str, Server]
    source: PolledCluster
    clock: list[float]

    def poll(self, after: float = 0.0) -> NatsSnapshot:
        self.clock[0] += after
        return self.source.poll()

    def names(self, after: float = 0.0) -> list[str]:
        return [consumer.name for consumer in self.poll(after).consumers]


def cluster_of(*servers: Server) -> Iterator[Cluster]:
    by_host = {f"h{i}:8222": server for i, server in enumerate(servers, 1)}
    spec = NatsSource(monitor=tuple(f"http://{host}" for host in by_host), discover=False)
    clock = [1000.0]
    with closing(cluster_by_http("main", spec, Network(by_host), lambda: clock[0])) as source:
        yield Cluster(by_host, source, clock)


@pytest.fixture
def one() -> Iterator[Cluster]:
    yield from cluster_of(Server())


@pytest.fixture
def two() -> Iterator[Cluster]:
    yield from cluster_of(Server("n1"), Server("n2", {"d": "1"}))


def test_a_snapshot_holds_what_the_server_answered_and_when_it_arrived(one: Cluster) -> None:
    snapshot = one.poll(after=5)
    assert snapshot.at == 1005.0
    assert [(c.account, c.stream, c.name) for c in snapshot.consumers] == [("A0", "S", "c")]
    assert snapshot.consumers[0].config.max_deliver == 3
    assert snapshot.streams[0].config.max_age == 60.0


def test_facts_of_a_server_stand_under_its_monitoring_address(one: Cluster) -> None:
    (server,) = one.poll().servers
    assert structs.replace(server, facts={}) == NatsServer(
        address="h1:8222",
        up=True,
        name="n1",
        version="2.15.1",
        connections=3,
        slow_consumers=4,
        memory=5,
        memory_limit=10,
        store=6,
        store_limit=20,
        api_errors=7,
        id="n1",
        healthy=True,
    )


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("http://h1:8222", "h1:8222"),
        ("http://h1:8222/", "h1:8222"),
        ("http://lb/n1", "lb/n1"),
        ("https://lb:443/nats/n2/", "lb:443/nats/n2"),
        ("http://user:secret@[::1]:8222/n1?token=secret#here", "[::1]:8222/n1"),
    ],
)
def test_the_server_label_has_the_path_but_nothing_secret(url: str, server: str) -> None:
    assert address(url) == server


def test_configurations_are_requested_first_and_then_rarely(one: Cluster) -> None:
    server = one.servers["h1:8222"]
    for _ in range(29):
        one.poll(after=10)
    assert server.config_requests() == 1
    one.poll(after=10)
    one.poll(after=10)
    assert server.config_requests() == 2
    assert one.poll().consumers[0].config.max_deliver == 3


def test_an_unknown_consumer_has_its_configuration_in_the_poll_that_sees_it_first(
    one: Cluster,
) -> None:
    one.poll()
    one.servers["h1:8222"].consumers["new"] = "2"
    assert one.names(after=60) == ["c", "new"]


def test_a_consumer_created_again_has_its_configuration_read_again(one: Cluster) -> None:
    one.poll()
    one.servers["h1:8222"].consumers["c"] = "2"
    assert [consumer.created for consumer in one.poll(after=60).consumers] == ["2"]
    assert one.servers["h1:8222"].config_requests() == 2


def test_short_lived_consumers_do_not_make_every_poll_request_configurations(one: Cluster) -> None:
    server = one.servers["h1:8222"]
    one.poll()
    for number in range(120):
        server.consumers = {"c": "1", f"short-lived-{number}": "1"}
        assert "c" in one.names(after=1)
    assert server.config_requests() <= 1 + BURST + 120 / GAP


def test_a_known_consumer_created_again_does_not_wait_for_the_short_lived_ones(
    one: Cluster,
) -> None:
    server = one.servers["h1:8222"]
    one.poll()
    for number in range(10):
        server.consumers = {"c": "1", f"short-lived-{number}": "1"}
        one.poll(after=1)
    server.consumers = {"c": "2", "short-lived-10": "1"}
    assert "c" in one.names(after=1)


def test_a_new_consumer_has_its_series_in_the_poll_that_sees_it_first_however_soon(
    one: Cluster,
) -> None:
    one.poll()
    one.servers["h1:8222"].consumers["new"] = "2"
    assert one.names(after=1) == ["c", "new"]
    one.servers["h1:8222"].consumers["new"] = "3"
    assert one.names(after=1) == ["c", "new"]


def test_a_consumer_of_unknown_configuration_is_left_out_and_counted(one: Cluster) -> None:
    one.poll()
    one.servers["h1:8222"].config_error = SourceError("timeout", "h1: slow")
    one.servers["h1:8222"].consumers["new"] = "2"
    snapshot = one.poll(after=1)
    assert [consumer.name for consumer in snapshot.consumers] == ["c"]
    assert snapshot.left_out["new"] == 1


def test_numbers_go_on_while_the_larger_answer_with_configurations_fails(one: Cluster) -> None:
    one.poll()
    server = one.servers["h1:8222"]
    server.config_error = SourceError("timeout", "h1: slow")
    snapshot = one.poll(after=300)
    assert [consumer.name for consumer in snapshot.consumers] == ["c"]
    assert [server.up for server in snapshot.servers] == [True]
    assert snapshot.at == 1300.0
    one.poll(after=10)
    assert server.config_requests() == 2, "not requested again at once"


def test_a_clock_that_steps_back_only_makes_configurations_be_read_once_more(one: Cluster) -> None:
    one.poll()
    one.poll(after=-500)
    one.poll(after=1)
    assert one.servers["h1:8222"].config_requests() == 2


def test_all_accounts_are_read_in_one_response() -> None:
    for cluster in cluster_of(Server(accounts=2048 + 5)):
        snapshot = cluster.poll()
        assert len({stream.account for stream in snapshot.streams}) == 2053
        assert sum(path.startswith("/jsz") for path in cluster.servers["h1:8222"].requests) == 1


def test_the_others_go_on_while_one_server_is_down(two: Cluster) -> None:
    assert two.names() == ["c", "d"]
    two.servers["h1:8222"].error = SourceError("connection", "h1: refused")
    snapshot = two.poll(after=10)
    assert [consumer.name for consumer in snapshot.consumers] == ["d"]
    assert [(s.address, s.up) for s in snapshot.servers] == [("h1:8222", False), ("h2:8222", True)]
    two.servers["h1:8222"].error = None
    assert two.names(after=10) == ["c", "d"]


def test_a_server_that_comes_back_brings_its_known_consumers_without_a_wait(two: Cluster) -> None:
    two.poll()
    two.servers["h1:8222"].error = SourceError("timeout", "h1: slow")
    for _ in range(40):
        two.poll(after=10)
    two.servers["h1:8222"].error = None
    assert two.names(after=1) == ["c", "d"]


def test_all_servers_down_is_an_error_with_the_first_ones_reason(two: Cluster) -> None:
    two.servers["h1:8222"].error = SourceError("timeout", "h1: slow")
    two.servers["h2:8222"].error = SourceError("connection", "h2: refused")
    with pytest.raises(SourceError, match="h1: slow") as error:
        two.poll()
    assert error.value.reason == "timeout"


def test_a_failed_poll_leaves_nothing_behind(one: Cluster) -> None:
    one.servers["h1:8222"].error = SourceError("timeout", "h1: slow")
    with pytest.raises(SourceError):
        one.poll()
    one.servers["h1:8222"].error = None
    assert one.names(after=1) == ["c"]
    assert one.poll().consumers[0].config.max_deliver == 3


def test_why_a_server_does_not_answer_is_logged_once_and_its_return_too(
    two: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    two.servers["h1:8222"].error = SourceError("timeout", "h1:8222: timed out")
    two.poll()
    two.poll()
    two.servers["h1:8222"].error = None
    two.poll()
    assert caplog.messages == [
        "main: server does not answer: h1:8222: timed out",
        "main: h1:8222 answers again",
    ]


def why(snapshot: NatsSnapshot) -> list[tuple[str, str, str]]:
    return [(each.address, each.name, each.why) for each in snapshot.incomplete]


def test_a_snapshot_of_servers_that_tell_all_is_complete(two: Cluster) -> None:
    snapshot = two.poll()
    assert (snapshot.incomplete, snapshot.fault) == ((), None)


def test_a_server_that_does_not_answer_is_incomplete_under_the_name_it_had(two: Cluster) -> None:
    two.poll()
    two.servers["h1:8222"].error = SourceError("connection", "h1: refused")
    snapshot = two.poll(after=10)
    assert why(snapshot) == [("h1:8222", "n1", "unreachable")]
    assert snapshot.fault is None, "half of the servers tell all"


def test_each_poll_asks_for_health_before_consumers(one: Cluster) -> None:
    one.poll()
    paths = [path.partition("?")[0] for path in one.servers["h1:8222"].requests]
    assert paths == ["/varz", "/healthz", "/jsz", "/accstatz"]


def test_a_server_that_recovers_is_a_fault_of_its_source(one: Cluster) -> None:
    error = {"type": "CONNECTION", "error": "not ready"}
    one.servers["h1:8222"].health = {"status": "error", "errors": [error]}
    snapshot = one.poll()
    assert why(snapshot) == [("h1:8222", "n1", "recovering")]
    assert snapshot.fault is not None
    assert snapshot.fault.reason == "unavailable"
    assert str(snapshot.fault) == (
        "1 of 1 servers tell nothing: server n1 (h1:8222) is not ready (not ready)"
    )
    assert (snapshot.servers[0].healthy, snapshot.servers[0].unhealthy_because) == (
        False,
        "not ready",
    )


def test_jetstream_that_is_off_everywhere_is_a_fault_of_the_source(two: Cluster) -> None:
    for server in two.servers.values():
        server.off = True
    snapshot = two.poll()
    assert [each[2] for each in why(snapshot)] == ["jetstream_off", "jetstream_off"]
    assert snapshot.fault is not None
    assert snapshot.fault.reason == "unavailable"
    assert all(server.up for server in snapshot.servers)


def test_a_server_of_a_cluster_that_never_had_jetstream_lacks_nothing(two: Cluster) -> None:
    two.servers["h2:8222"].off = True
    snapshot = two.poll()
    assert (snapshot.incomplete, snapshot.fault) == ((), None)


def test_a_server_whose_jetstream_goes_off_is_incomplete(two: Cluster) -> None:
    two.poll()
    two.servers["h2:8222"].off = True
    assert why(two.poll()) == [("h2:8222", "n2", "jetstream_off")]


def test_a_server_without_healthz_is_judged_without_it(one: Cluster) -> None:
    one.servers["h1:8222"].health_error = SourceError("http_status", "h1: HTTP status 404")
    snapshot = one.poll()
    assert (snapshot.incomplete, snapshot.servers[0].healthy) == ((), None)


def test_consumers_are_read_although_the_health_does_not_come(one: Cluster) -> None:
    one.servers["h1:8222"].health_error = SourceError("timeout", "h1: timed out")
    snapshot = one.poll()
    assert [consumer.name for consumer in snapshot.consumers] == ["c"]
    assert why(snapshot) == [("h1:8222", "n1", "unreachable")]


def test_streams_that_a_server_counts_and_does_not_list_make_it_incomplete(one: Cluster) -> None:
    one.servers["h1:8222"].lost = 2
    snapshot = one.poll()
    assert why(snapshot) == [("h1:8222", "n1", "incomplete")]
    assert snapshot.fault is None


def test_of_two_accounts_of_one_name_the_one_that_is_unhealthy_is_not_told_in_full(
    one: Cluster,
) -> None:
    server = one.servers["h1:8222"]
    server.accounts, server.one_name = 2, True
    error = {"type": "STREAM", "account": "ID1", "stream": "S", "error": "disk full"}
    server.health = {"status": "error", "errors": [error]}
    snapshot = one.poll()
    (incomplete,) = snapshot.incomplete
    (second,) = [each for each in snapshot.consumers if each.account_id == "ID1"]
    assert second.account == "A (ID1)"
    assert incomplete.only == frozenset({(second.account, "S")})


def test_a_server_that_changes_between_two_requests_is_asked_again(one: Cluster) -> None:
    one.servers["h1:8222"].ids = ["n1", "restarted"]
    snapshot = one.poll()
    assert snapshot.incomplete == ()
    assert [consumer.name for consumer in snapshot.consumers] == ["c"]


def test_numbers_of_two_servers_behind_one_address_are_not_mixed(one: Cluster) -> None:
    one.servers["h1:8222"].ids = ["n1", "n2", "n1", "n2"]
    with pytest.raises(SourceError, match="several servers answer in turn"):
        one.poll()


def test_two_addresses_of_one_server_are_one_server() -> None:
    for cluster in cluster_of(Server("n1"), Server("n1")):
        snapshot = cluster.poll()
        assert [server.address for server in snapshot.servers] == ["h1:8222"]
        assert [consumer.name for consumer in snapshot.consumers] == ["c"]


def test_a_leader_that_is_not_polled_is_named_with_the_advice_to_list_it(
    one: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    one.servers["h1:8222"].leader = "n2"
    snapshot = one.poll()
    one.poll()
    assert why(snapshot) == [("", "n2", "unreachable")]
    assert [(c.leader, c.leader_unreachable, c.server) for c in snapshot.consumers] == [
        (False, True, "n1")
    ]
    assert caplog.messages == [
        "main: server n2 is not polled: add the monitoring address of server n2 to "
        "sources.nats.main.monitor"
    ]


def test_a_leader_behind_a_listed_address_that_never_answered_needs_no_advice() -> None:
    for cluster in cluster_of(Server("n1", leader="n2"), Server("n2")):
        cluster.servers["h2:8222"].error = SourceError("connection", "h2: refused")
        assert why(cluster.poll()) == [("h2:8222", "", "unreachable")]


def test_numbers_carry_when_they_were_true_by_the_collectors_clock(one: Cluster) -> None:
    server = one.servers["h1:8222"]
    server.clock = ("1970-01-01T00:18:10Z", "1970-01-01T00:18:11Z")  # 1 090 and 1 091
    snapshot = one.poll()
    assert snapshot.streams[0].clock_ahead == 90.0
    assert snapshot.streams[0].at == snapshot.consumers[0].at == 1000.0, "not before it was asked"


def test_an_unhealthy_server_is_logged_once_and_its_recovery_too(
    one: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    error = {"type": "STREAM", "account": "A0", "stream": "S", "error": "disk full"}
    one.servers["h1:8222"].health = {"status": "error", "errors": [error]}
    snapshot = one.poll()
    one.poll()
    assert snapshot.fault is None
    one.servers["h1:8222"].health = {"status": "ok"}
    one.poll()
    assert caplog.messages == [
        "main: server n1 (h1:8222) is unhealthy: disk full",
        "main: h1:8222 is healthy again",
    ]


def test_servers_that_elect_a_meta_leader_still_have_what_they_list(two: Cluster) -> None:
    two.poll()
    error = {"type": "JETSTREAM", "error": "JetStream is not current with the meta leader"}
    for server in two.servers.values():
        server.health = {"status": "error", "errors": [error]}
    snapshot = two.poll()
    assert [each[2] for each in why(snapshot)] == ["incomplete", "incomplete"]
    assert snapshot.fault is None
    for server in two.servers.values():  # started again
        server.ids = [f"{server.name}-2"] * 2
    assert two.poll().fault is not None


def test_a_server_that_always_has_more_than_it_lists_is_asked_a_limited_number_of_times() -> None:
    for cluster in cluster_of(Server(lost=1000)):
        cluster.poll()
        requests = cluster.servers["h1:8222"].requests
        assert len(requests) <= 8
        requests.clear()
        for _ in range(3):
            cluster.poll(15)
        assert len([each for each in requests if each.startswith("/jsz")]) <= 2 * 3
