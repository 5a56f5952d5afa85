import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from obs.errors import SourceError
from obs.snapshot import NatsServer, NatsSnapshot
from obs.sources.nats.config_reads import BURST, GAP
from obs.sources.nats.nats_http import NatsHttp, address
from obs.spec.nats import NatsSource

SETTINGS = {"durable_name": "x", "ack_policy": "explicit", "max_deliver": 3}


@dataclass
class Server:
    """What one monitoring port answers; an error is raised."""

    name: str = "n1"
    consumers: dict[str, str] = field(default_factory=lambda: {"c": "1"})  # name → created
    accounts: int = 1
    error: SourceError | None = None
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
        query = dict(part.split("=") for part in path.partition("?")[2].split("&"))
        offset, limit = int(query["offset"]), int(query["limit"])
        numbers = range(self.accounts)[offset : offset + limit]
        details = [self._account(number, "config" in query) for number in numbers]
        return json.dumps({"server_id": self.name, "account_details": details}).encode()

    def _varz(self) -> dict[str, object]:
        return {
            "server_id": self.name,
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
        consumers = [
            {"name": name, "created": created} | ({"config": SETTINGS} if config else {})
            for name, created in self.consumers.items()
        ]
        stream: dict[str, object] = {"name": "S", "created": "0", "consumer_detail": consumers}
        stream |= {"config": {"max_age": 60_000_000_000}} if config else {}
        return {"name": f"A{number}", "stream_detail": [stream]}

    def config_requests(self) -> int:
        return sum("config=1" in path for path in self.requests)


@dataclass
class Network:
    servers: dict[str, Server]

    def get(self, url: str) -> bytes:
        host, _, path = url.removeprefix("http://").partition("/")
        return self.servers[host].answer(f"/{path}")


@dataclass
class Cluster:
    servers: dict[str, Server]
    source: NatsHttp
    clock: list[float]

    def poll(self, after: float = 0.0) -> NatsSnapshot:
        self.clock[0] += after
        return self.source.poll()

    def names(self, after: float = 0.0) -> list[str]:
        return [consumer.name for consumer in self.poll(after).consumers]


def cluster_of(*servers: Server) -> Iterator[Cluster]:
    by_host = {f"h{i}:8222": server for i, server in enumerate(servers, 1)}
    spec = NatsSource(monitor=tuple(f"http://{host}" for host in by_host))
    clock = [1000.0]
    with closing(NatsHttp("main", spec, Network(by_host), lambda: clock[0])) as source:
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
    assert one.poll().servers == (
        NatsServer(
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
        ),
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


def test_accounts_are_read_page_by_page() -> None:
    for cluster in cluster_of(Server(accounts=2048 + 5)):
        snapshot = cluster.poll()
        assert len({stream.account for stream in snapshot.streams}) == 2053


def test_as_many_accounts_as_a_page_holds_are_read_once() -> None:
    for cluster in cluster_of(Server(accounts=1024)):
        assert len(cluster.poll().streams) == 1024


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
