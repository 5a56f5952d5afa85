"""Servers that hang, drip or are slow, beside healthy ones. Times are in seconds."""

import json
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

import pytest

from obs.errors import SourceError
from obs.sources.nats.asking import GRACE, PATIENCE, Asking
from obs.sources.nats.server_answer import ServerAnswer

TIMEOUT = 0.2
SOON = GRACE * TIMEOUT + 0.3  # with room for a loaded machine


@dataclass
class Servers:
    """What servers do with requests for a page."""

    hang: set[str] = field(default_factory=set)  # hosts, or a host and a page
    slow: dict[str, float] = field(default_factory=dict)
    error: dict[str, SourceError] = field(default_factory=dict)
    end: threading.Event = field(default_factory=threading.Event)
    requests: list[str] = field(default_factory=list)
    at_once: dict[str, int] = field(default_factory=dict)

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        host, _, path = url.removeprefix("http://").partition("/")
        page = path.partition("?")[0]
        self.requests.append(f"{host}/{page}")
        self.at_once[host] = self.at_once.get(host, 0) + 1
        assert self.at_once[host] == 1, "never two requests to a server at the same time"
        try:
            if host in self.hang or f"{host}/{page}" in self.hang:
                self.end.wait(30)
            time.sleep(self.slow.get(host, 0.0))
            if host in self.error:
                raise self.error[host]
            return self._page(host, page)
        finally:
            self.at_once[host] -= 1

    def _page(self, host: str, page: str) -> bytes:
        if page == "varz":
            return json.dumps({"server_id": host, "server_name": host}).encode()
        return json.dumps({"server_id": host, "status": "ok"}).encode()


@pytest.fixture
def servers() -> Iterator[Servers]:
    made = Servers()
    yield made
    made.end.set()


def asking(servers: Servers) -> Asking:
    return Asking(servers, time.time, TIMEOUT)


def poll(source: Asking, *hosts: str) -> tuple[dict[str, ServerAnswer], float]:
    """The answers by host, and how long they took."""
    begun = time.monotonic()
    answers = source.all([f"http://{host}" for host in hosts], with_config=False)
    return dict(zip(hosts, answers, strict=True)), time.monotonic() - begun


def well(answers: dict[str, ServerAnswer]) -> set[str]:
    return {host for host, answer in answers.items() if answer.error is None}


@pytest.mark.parametrize("page", ["varz", "healthz", "jsz"])
@pytest.mark.parametrize("sick", [{"b"}, {"b", "c"}])
def test_servers_that_hang_delay_one_poll_and_then_none(
    servers: Servers, sick: set[str], page: str
) -> None:
    servers.hang = {f"{host}/{page}" for host in sick}
    source = asking(servers)
    answers, took = poll(source, "a", "b", "c")
    assert well(answers) == {"a", "b", "c"} - sick
    assert took < PATIENCE * TIMEOUT + 1
    for _ in range(5):
        answers, took = poll(source, "a", "b", "c")
        assert well(answers) == {"a", "b", "c"} - sick
        assert took < 0.3, "a request to it is still under way: it is not waited for"
    assert all(servers.requests.count(f"{host}/{page}") == 1 for host in sick)


def test_a_server_that_answers_too_slowly_is_waited_for_once_and_told(servers: Servers) -> None:
    servers.slow["b"] = 0.16  # each request in time, all of them not
    source = asking(servers)
    assert well(poll(source, "a", "b")[0]) == {"a"}
    for _ in range(3):
        answers, took = poll(source, "a", "b")
        assert well(answers) == {"a"}
        assert took < SOON
        assert answers["b"].error is not None
        assert answers["b"].error.reason == "timeout"
        assert "b: no complete answer after" in str(answers["b"].error)


def test_rubbish_after_a_long_time_delays_no_second_poll(servers: Servers) -> None:
    servers.slow["b"], servers.error["b"] = 0.18, SourceError("decode", "rubbish")
    source = asking(servers)
    poll(source, "a", "b")
    assert poll(source, "a", "b")[1] < SOON


def test_a_server_that_is_well_again_is_used_again(servers: Servers) -> None:
    servers.hang = {"b"}
    source = asking(servers)
    poll(source, "a", "b")
    servers.hang.clear()
    servers.end.set()
    deadline = time.monotonic() + 5
    while well(poll(source, "a", "b")[0]) != {"a", "b"}:
        assert time.monotonic() < deadline


def test_a_server_whose_fellows_are_all_sick_is_waited_for(servers: Servers) -> None:
    servers.hang = {"a", "b"}
    source = asking(servers)
    poll(source, "a", "b")
    servers.hang = {"a"}
    servers.end.set()
    servers.end = threading.Event()
    time.sleep(0.1)
    servers.slow = {"b": 0.06}
    answers, took = poll(source, "a", "b")
    assert well(answers) == {"b"}, "longer than the grace: nobody else has answered"
    assert took < PATIENCE * TIMEOUT + 1


def test_what_was_left_behind_sends_no_further_request(servers: Servers) -> None:
    servers.hang = {"b/varz"}
    source = asking(servers)
    poll(source, "a", "b")
    servers.end.set()
    time.sleep(0.1)
    assert [each for each in servers.requests if each.startswith("b/")] == ["b/varz"]


def test_sick_servers_keep_one_thread_each_however_many_polls_there_are(servers: Servers) -> None:
    hosts = [f"h{n}" for n in range(40)]
    servers.hang = set(hosts[1:])
    source = asking(servers)
    before = threading.active_count()
    poll(source, *hosts)
    for _ in range(20):
        assert well(poll(source, *hosts)[0]) == {"h0"}
    assert threading.active_count() - before <= len(hosts)


def test_threads_that_are_left_behind_keep_no_process_from_ending(servers: Servers) -> None:
    servers.hang = {"b"}
    source = asking(servers)
    poll(source, "a", "b")
    begun = time.monotonic()
    source.close()
    assert time.monotonic() - begun < 0.3
    left = [each for each in threading.enumerate() if each.name == "obs-nats-ask"]
    assert left
    assert all(each.daemon for each in left)


def test_an_address_that_is_polled_no_more_is_forgotten(servers: Servers) -> None:
    servers.hang = {"b"}
    source = asking(servers)
    poll(source, "a", "b")
    servers.hang.clear()
    servers.end.set()
    time.sleep(0.1)
    for n in range(100):
        poll(source, "a", f"c{n}")
    assert not source._in_doubt
    assert not source._under_way
