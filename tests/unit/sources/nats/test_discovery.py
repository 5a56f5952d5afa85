import json
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from obs.errors import SourceError
from obs.sources.nats.cluster_search import MOST
from obs.sources.nats.discovery import Discovery
from obs.spec.nats import NatsSource


@dataclass
class Cluster:
    """Servers by the hosts they can be reached at; each names the routes it knows."""

    hosts: dict[str, str] = field(default_factory=dict)  # host → server name
    configured: tuple[str, ...] = ()
    connected: tuple[str, ...] = ()
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # DNS
    boots: int = 0
    clusters: dict[str, str] = field(default_factory=dict)  # server name → cluster, if not C
    members: tuple[str, ...] = ()  # names of servers that routes lead to
    routed: bool = True  # whether the servers of the cluster have routes to each other
    hang: set[str] = field(default_factory=set)
    end: threading.Event = field(default_factory=threading.Event)
    monitors: int = 8222  # the port that servers say they monitor on
    requests: list[str] = field(default_factory=list)

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        self.requests.append(url)
        address, _, page = url.partition("://")[2].partition("/")
        host = address.removesuffix(":8222").strip("[]")
        if host in self.hang:
            self.end.wait(30)
        server = self.hosts.get(host)
        if server is None:
            raise SourceError("connection", f"{host}: refused")
        if page == "routez":
            routes = [{"ip": ip} for ip in self.connected]
            mine = {n for n in self.hosts.values() if n not in self.clusters} if self.routed else ()
            linked = dict.fromkeys([*self.members, *sorted({*mine} - {server})])
            routes += [{"remote_id": f"{n}-{self.boots}", "remote_name": n} for n in linked]
            return json.dumps({"routes": routes}).encode()
        varz = {"server_id": f"{server}-{self.boots}", "server_name": server}
        of = {"urls": self.configured, "name": self.clusters.get(server, "C")}
        return json.dumps(varz | {"cluster": of, "http_port": self.monitors}).encode()

    def resolve(self, host: str) -> Sequence[str]:
        return self.names.get(host, (host,))


def discovery(cluster: Cluster, *listed: str, **fields: object) -> Discovery:
    spec = NatsSource.model_validate({"monitor": listed, "discover": True, **fields})
    return Discovery(spec, cluster, cluster.resolve, source="main")


def settled(found: Discovery, now: float) -> list[str]:
    """The hosts after the search that is due at `now`, if one is."""
    found.urls(now)
    found.wait(10)
    return hosts(found.urls(now))


def hosts(urls: Sequence[str]) -> list[str]:
    return [url.removeprefix("http://").removesuffix(":8222") for url in urls]


def test_without_discovery_only_the_listed_servers_are_used() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("b:6222",))
    found = discovery(cluster, "http://a:8222/", discover=False)
    assert settled(found, 0) == ["a"]
    assert cluster.requests == []


def test_configured_routes_lead_to_the_others_on_the_same_monitoring_port() -> None:
    cluster = Cluster({"a": "n1", "b": "n2", "c": "n3"}, configured=("a:6222", "b:6222", "c:6222"))
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a", "b", "c"]


def test_present_routes_lead_to_servers_that_no_configuration_names() -> None:
    cluster = Cluster({"a": "n1", "10.0.0.2": "n2"}, connected=("10.0.0.2", "10.0.0.2"))
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a", "10.0.0.2"]


def test_a_server_known_by_name_and_by_address_is_one_server_under_its_name() -> None:
    cluster = Cluster(
        {"a": "n1", "10.0.0.1": "n1", "b": "n2", "10.0.0.2": "n2"},
        configured=("b:6222",),
        connected=("10.0.0.2", "10.0.0.1"),
    )
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a", "b"]


def test_a_name_with_the_addresses_of_several_servers_becomes_those() -> None:
    cluster = Cluster(
        {"nats": "n1", "10.0.0.1": "n1", "10.0.0.2": "n2"},
        names={"nats": ("10.0.0.1", "10.0.0.2")},
    )
    found = discovery(cluster, "http://nats:8222")
    assert settled(found, 0) == ["10.0.0.1", "10.0.0.2"]


def test_a_name_with_two_addresses_of_the_same_server_stays_a_name() -> None:
    cluster = Cluster(
        {"localhost": "n1", "127.0.0.1": "n1", "::1": "n1"},
        names={"localhost": ("127.0.0.1", "::1")},
    )
    assert hosts(discovery(cluster, "http://localhost:8222").urls(0)) == ["localhost"]


def test_ipv6_addresses_are_written_in_brackets() -> None:
    cluster = Cluster({"a": "n1", "fd00::2": "n2"}, connected=("fd00::2",))
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a", "[fd00::2]"]


def test_what_does_not_answer_is_no_server_unless_it_is_listed() -> None:
    cluster = Cluster({"a": "n1"}, configured=("gone:6222",))
    found = discovery(cluster, "http://a:8222", "http://down:8222")
    assert settled(found, 0) == ["a", "down"]


def test_a_search_is_made_rarely_while_all_is_well() -> None:
    cluster = Cluster({"a": "n1"})
    found = discovery(cluster, "http://a:8222", config_every="5m")
    found.urls(0)
    cluster.hosts["b"] = "n2"
    cluster.configured = ("b:6222",)
    assert settled(found, 299) == ["a"]
    assert settled(found, 300) == ["a", "b"]


def running(cluster: Cluster) -> Discovery:
    """After a first poll in which all answered."""
    found = discovery(cluster, "http://a:8222")
    found.saw({url: cluster.hosts[hosts([url])[0]] for url in found.urls(0)}, 0)
    return found


def test_a_server_that_was_found_and_went_down_keeps_its_place_for_an_hour() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("b:6222",))
    found = running(cluster)
    del cluster.hosts["b"]
    found.saw({"http://a:8222": "n1", "http://b:8222": None}, 10)
    assert settled(found, 40) == ["a", "b"]
    assert settled(found, 3600) == ["a", "b"]
    assert settled(found, 3700) == ["a"]


def test_a_server_that_comes_back_keeps_its_address_although_it_has_a_new_id() -> None:
    cluster = Cluster({"a": "n1", "b": "n2", "10.0.0.2": "n2"}, configured=("b:6222",))
    found = running(cluster)
    cluster.boots += 1
    cluster.connected = ("10.0.0.2",)
    found.saw({"http://a:8222": "n1", "http://b:8222": "n2"}, 10)
    assert settled(found, 1000) == ["a", "b"]


def test_a_server_that_moved_replaces_its_old_address_soon() -> None:
    cluster = Cluster({"a": "n1", "10.0.0.2": "n2"}, connected=("10.0.0.2",))
    found = running(cluster)
    cluster.hosts = {"a": "n1", "10.0.0.9": "n2"}
    cluster.connected = ("10.0.0.9",)
    found.saw({"http://a:8222": "n1", "http://10.0.0.2:8222": None}, 10)
    assert settled(found, 29) == ["a", "10.0.0.2"]
    assert settled(found, 31) == ["a", "10.0.0.9"]


def test_discovered_servers_remain_while_the_listed_one_is_down() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("a:6222", "b:6222"))
    found = running(cluster)
    del cluster.hosts["a"]
    found.saw({"http://a:8222": None, "http://b:8222": "n2"}, 10)
    assert settled(found, 100) == ["a", "b"]


def test_discovery_is_the_default() -> None:
    assert NatsSource(monitor=("http://a:8222",)).discover


def test_servers_of_another_cluster_are_not_polled() -> None:
    cluster = Cluster(
        {"a": "n1", "b": "n2", "x": "x1"}, configured=("b:6222", "x:6222"), clusters={"x1": "D"}
    )
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a", "b"]


def test_the_port_on_which_a_server_says_it_monitors_leads_to_the_others() -> None:
    cluster = Cluster({"a:1111": "n1", "b": "n2"}, configured=("b:6222",))
    found = discovery(cluster, "http://a:1111")
    assert hosts(found.urls(0)) == ["a:1111", "b"]


def test_a_search_tries_a_limited_number_of_hosts() -> None:
    cluster = Cluster({"a": "n1"}, configured=tuple(f"h{n}:6222" for n in range(500)))
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a"]
    assert len({url for url in cluster.requests if url.endswith("/varz")}) <= MOST + 1


def test_a_neighbour_that_hangs_delays_the_first_poll_by_one_timeout_and_no_other() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("b:6222", "slow:6222"), hang={"slow"})
    found = discovery(cluster, "http://a:8222", timeout="1s")
    try:
        begun = time.monotonic()
        assert hosts(found.urls(0)) == ["a", "b"]
        assert time.monotonic() - begun < 1
        for now in (300, 600, 900):
            begun = time.monotonic()
            assert hosts(found.urls(now)) == ["a", "b"]
            assert time.monotonic() - begun < 0.3
    finally:
        cluster.end.set()


def test_names_that_do_not_resolve_in_time_delay_no_poll() -> None:
    class Slow(Cluster):
        def resolve(self, host: str) -> Sequence[str]:
            self.end.wait(30)
            return ()

    cluster = Slow({"a": "n1"})
    found = discovery(cluster, "http://a:8222", timeout="0.2s")
    try:
        begun = time.monotonic()
        assert hosts(found.urls(0)) == ["a"]
        assert time.monotonic() - begun < 1
    finally:
        cluster.end.set()


def test_members_of_the_cluster_at_no_address_that_answers_are_named() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("b:6222",), members=("n2", "n3"))
    found = discovery(cluster, "http://a:8222")
    found.urls(0)
    assert found.unreached == ("n3",)


def test_a_server_that_is_polled_and_down_is_not_also_one_at_no_address() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("b:6222",), members=("n2",))
    found = running(cluster)
    del cluster.hosts["b"]
    found.saw({"http://a:8222": "n1", "http://b:8222": None}, 10)
    assert settled(found, 100) == ["a", "b"]
    assert found.unreached == ()


def virtual(cluster: Cluster) -> Discovery:
    """The address v has led to n1 first, and now to another server."""
    found = discovery(cluster, "http://v:8222")
    found.urls(0)
    cluster.hosts["v"] = "n2"
    found.is_shared("http://v:8222")
    return found


def test_an_address_that_servers_share_gives_way_to_their_own_at_once() -> None:
    cluster = Cluster({"v": "n1", "a": "n1", "b": "n2"}, connected=("a", "b"), members=("n1", "n2"))
    found = virtual(cluster)
    assert sorted(settled(found, 1)) == ["a", "b"]


def test_a_shared_address_stays_while_some_server_has_no_other() -> None:
    cluster = Cluster({"v": "n1", "b": "n2"}, connected=("b",), members=("n1", "n2"))
    found = virtual(cluster)
    assert settled(found, 1) == ["v", "b"]
    assert found.unreached == ("n1",)


def test_a_shared_address_is_all_there_is_where_no_other_can_be_reached() -> None:
    cluster = Cluster({"v": "n1"}, connected=("10.0.0.1", "10.0.0.2"), members=("n1",))
    assert settled(virtual(cluster), 1) == ["v"]


def test_a_request_that_hangs_is_not_made_again_by_the_next_search() -> None:
    cluster = Cluster({"a": "n1"}, configured=("slow:6222",), hang={"slow"})
    found = discovery(cluster, "http://a:8222", timeout="0.1s")
    try:
        for now in (0, 300, 600):
            settled(found, now)
        assert cluster.requests.count("http://slow:8222/varz") == 1
    finally:
        cluster.end.set()


def test_what_a_server_names_and_is_no_host_is_passed_over() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("[::1:6222", "b:6222", ""))
    assert hosts(discovery(cluster, "http://a:8222").urls(0)) == ["a", "b"]


def rogue(count: int, **fields: object) -> Cluster:
    """A server that names many hosts, which all answer as servers of a cluster of its name."""
    strangers = {f"h{n}": f"s{n}" for n in range(count)}
    hosts = {"a": "n1", "b": "n2"} | strangers
    names = tuple(f"{host}:6222" for host in ("b", *strangers))
    clusters = dict.fromkeys(strangers.values(), "C")
    return Cluster(hosts, configured=names, clusters=clusters, **fields)  # type: ignore[arg-type]


def test_hosts_that_a_server_names_are_polled_only_if_the_cluster_has_routes_to_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = discovery(rogue(10), "http://a:8222")
    assert settled(found, 0) == ["a", "b"]
    assert settled(found, 300) == ["a", "b"]
    lines = [each.getMessage() for each in caplog.records]
    assert len(lines) == 1, "told once"
    assert "h0, h1, h2 and 7 more; they are not members of the cluster" in lines[0]
    assert "sources.nats.main.monitor" in lines[0]


@pytest.mark.parametrize("count", [200, 10_000])
def test_however_many_hosts_a_server_names_a_limited_number_is_asked(count: int) -> None:
    cluster = rogue(count)
    found = discovery(cluster, "http://a:8222")
    assert settled(found, 0) == ["a", "b"]
    assert len(cluster.requests) <= 2 * MOST + 4


def test_where_no_server_tells_its_routes_servers_of_the_clusters_name_are_polled() -> None:
    class Silent(Cluster):
        def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
            if url.endswith("/routez"):
                raise SourceError("http_status", "not here")
            return super().get(url, accepted)

    cluster = Silent({"a": "n1", "b": "n2"}, configured=("b:6222",))
    assert settled(discovery(cluster, "http://a:8222"), 0) == ["a", "b"]


def test_a_server_that_joins_is_polled_once_the_cluster_has_a_route_to_it() -> None:
    cluster = Cluster({"a": "n1", "b": "n2"}, configured=("b:6222",), routed=False)
    found = discovery(cluster, "http://a:8222")
    assert settled(found, 0) == ["a"]
    cluster.routed = True
    assert settled(found, 31) == ["a", "b"], "looked for again soon"


@pytest.mark.parametrize("internal", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_to_an_address_of_the_collectors_own_host_is_not_asked(
    internal: str,
) -> None:
    cluster = Cluster(
        {"a": "n1", "evil": "n2"},
        configured=("evil:6222",),
        names={"a": ("10.0.0.1",), "evil": (internal,)},
    )
    assert settled(discovery(cluster, "http://a:8222"), 0) == ["a"]
    assert not [url for url in cluster.requests if "evil" in url or internal in url]


def test_named_hosts_that_all_hang_keep_a_limited_number_of_threads() -> None:
    cluster = rogue(1000)
    cluster.hang = set(cluster.hosts) - {"a", "b"}
    found = discovery(cluster, "http://a:8222", timeout="0.1s")
    before = threading.active_count()
    try:
        for now in range(0, 3000, 300):
            assert settled(found, now) == ["a", "b"]
        assert threading.active_count() - before <= 2 * MOST
    finally:
        cluster.end.set()


def test_members_without_an_address_are_named_up_to_a_limit() -> None:
    cluster = Cluster({"a": "n1"}, members=tuple(f"n{n}" for n in range(2, 5000)))
    found = discovery(cluster, "http://a:8222")
    found.urls(0)
    assert len(found.unreached) == MOST
