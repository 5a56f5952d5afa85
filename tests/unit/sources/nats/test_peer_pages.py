"""Pages that are kept for another exporter's names, while obs reads them."""

import json
from collections.abc import Collection
from typing import Any

from obs.snapshot.peer_pages import PeerServer
from obs.sources.nats.jetstream import ClusterView
from obs.sources.nats.nats_http import NatsHttp
from obs.sources.nats.peer_pages import PeerPages
from obs.sources.nats.polled_cluster import PolledCluster
from obs.sources.nats.server_answer import ServerAnswer
from obs.sources.nats.varz import decode_varz
from obs.spec.nats import NatsSource
from tests.unit.sources.nats.test_jsz import PAGE

URL = "http://n1:8222"
VARZ = {"server_id": "NA", "server_name": "n1", "connections": 2}
CONFIGURED: dict[str, Any] = json.loads(json.dumps(PAGE))
_STREAM = CONFIGURED["account_details"][0]["stream_detail"][0]
_STREAM |= {"config": {"max_bytes": -1, "max_msgs": 9}, "stream_raft_group": "R1"}
_STREAM["consumer_detail"][0] |= {"config": {"durable_name": "c", "description": "packs"}}


class Pages:
    """Answers each page; remembers the URLs."""

    def __init__(self, jsz: object = CONFIGURED, varz: object = VARZ) -> None:
        self.asked: list[str] = []
        self._jsz, self._varz = jsz, varz

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        self.asked.append(url)
        body = self._jsz if "/jsz" in url else self._varz if "/varz" in url else {"status": "ok"}
        return json.dumps(body).encode()


def polled(pages: Pages, **fields: object) -> tuple[PeerServer, ...]:
    kept = PeerPages(pages)
    spec = NatsSource.model_validate({"monitor": [URL], "discover": False, "collect": [], **fields})
    way = NatsHttp("main", spec, kept, lambda: 0.0)
    cluster = PolledCluster("main", spec, way, lambda: 0.0, peers=kept)
    cluster.poll()
    found = cluster.poll().peers
    cluster.close()
    return found


def test_every_poll_asks_for_settings_and_raft_groups_once() -> None:
    pages = Pages()
    (server,) = polled(pages)
    jsz = [url for url in pages.asked if "/jsz" in url]
    assert all(url.count("config=1") == url.count("raft=1") == 1 for url in jsz)
    assert server.varz["connections"] == 2
    (account,) = server.jsz.account_details or ()
    (stream,) = account.stream_detail or ()
    assert stream.stream_raft_group == "R1"
    assert stream.config is not None
    assert stream.config.max_msgs == 9
    assert [each.name for each in stream.consumer_detail or ()] == ["c"]


def test_what_the_source_leaves_out_is_left_out() -> None:
    (server,) = polled(Pages(), consumers={"exclude": ["c"]})
    (stream,) = (server.jsz.account_details or ())[0].stream_detail or ()
    assert stream.consumer_detail == ()
    (server,) = polled(Pages(), streams={"exclude": ["S"]})
    assert (server.jsz.account_details or ())[0].stream_detail == ()


def test_pages_of_two_servers_at_one_address_are_none() -> None:
    kept = PeerPages(Pages(varz=VARZ | {"server_id": "NB"}))
    for page in ("/jsz?accounts=1", "/varz"):
        kept.get(f"{URL}{page}")
    answer = ServerAnswer(URL, decode_varz(json.dumps(VARZ).encode(), "n1"))
    assert kept.of([answer], ClusterView((), (), {}, configured=True)) == ()


def test_an_odd_value_is_left_out_and_nothing_else() -> None:
    kept = PeerPages(Pages(jsz={**CONFIGURED, "messages": "many"}))
    for page in ("/jsz?accounts=1", "/varz"):
        kept.get(f"{URL}{page}")
    answer = ServerAnswer(URL, decode_varz(json.dumps(VARZ).encode(), "n1"))
    (server,) = kept.of([answer], ClusterView((), (), {}, configured=True))
    assert server.jsz.messages == 0
    assert server.jsz.account_details


def test_a_page_that_is_none_is_handed_on_as_it_is() -> None:
    kept = PeerPages(Pages(jsz=[1], varz="no"))
    assert kept.get(f"{URL}/jsz?x=1") == b"[1]"
    assert kept.get(f"{URL}/varz") == b'"no"'
