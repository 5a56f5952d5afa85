"""Pages that are kept for another exporter's names, while obs reads them."""

import json
from collections.abc import Collection
from typing import Any

import pytest

from obs.snapshot.peer_pages import PeerServer
from obs.sources.nats.peer_pages import PeerPages
from obs.sources.nats.polled_cluster import PolledCluster
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
    from obs.sources.nats.nats_http import NatsHttp

    cluster = PolledCluster(
        "main", spec, NatsHttp("main", spec, kept, lambda: 0.0), lambda: 0.0, peers=kept
    )
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


@pytest.mark.parametrize("varz", [VARZ | {"server_id": "NB"}, VARZ | {"connections": "\ud800"}])
def test_pages_of_another_server_or_that_cannot_be_read_are_none(varz: object) -> None:
    pages = Pages()
    kept = PeerPages(pages)
    kept.get(f"{URL}/jsz?accounts=1")
    assert kept._kept[URL].jsz is not None
    assert PeerPages(Pages(jsz=[1])).get(f"{URL}/jsz?x=1") == b"[1]"
    odd = json.loads(json.dumps(CONFIGURED))
    odd["messages"] = "many"
    kept = PeerPages(Pages(jsz=odd))
    kept.get(f"{URL}/jsz?accounts=1")
    found = kept._kept[URL].jsz
    assert found is not None
    assert found.messages == 0, "an odd value is left out, and nothing else"
    assert found.account_details
