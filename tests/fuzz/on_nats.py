"""What NATS servers, accounts and services answer."""

import asyncio
import base64
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from nats.aio.msg import Msg

from obs.errors import SourceError
from obs.sinks.exposition import Exposition
from obs.sources.nats import nats_system
from obs.sources.nats.account_pages import account_info, limits, shares
from obs.sources.nats.advisories import Advisories
from obs.sources.nats.advisory_stream import _info
from obs.sources.nats.api_answer import consumer_page, stream_page
from obs.sources.nats.api_audit import audited
from obs.sources.nats.arrival_times import _first_of_subject
from obs.sources.nats.client_pages import client_connections
from obs.sources.nats.consumer_tracker import ConsumerTracker
from obs.sources.nats.credentials import expiry_of
from obs.sources.nats.heard_events import HeardEvents
from obs.sources.nats.imports import _details
from obs.sources.nats.jsz import decode_healthz, decode_routez
from obs.sources.nats.link_pages import gateways, leaf_nodes, routes
from obs.sources.nats.opened import cluster_by_http
from obs.sources.nats.raft_pages import raft_groups
from obs.sources.nats.service_replies import decoded
from obs.sources.nats.varz import decode_varz
from obs.spec.nats import NatsConnection, NatsSource
from obs.state import State

NOW: Final = 1_800_000_000.0
_SPEC: Final = NatsSource(monitor=("http://h1",), discover=False, ephemeral="each")
_CONNECTION: Final = NatsConnection(servers=("nats://n:4222",), account="A")
_ADVISORY: Final = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.S.C"


class _Server:
    """Answers one of the three pages of a poll with these bytes; the first byte says which."""

    def __init__(self, data: bytes) -> None:
        self._odd = ("/jsz", "/jsz", "/varz", "/healthz")[data[0] & 3 if data else 0]
        self._body = data[1:]

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        if self._odd in url:
            return self._body
        if "/healthz" in url:
            return b'{"status": "ok"}'
        if "/jsz" in url:
            return b'{"server_id": "n1"}'
        return b'{"server_id": "n1", "server_name": "n1", "version": "2.11.0"}'


def poll(data: bytes) -> object:
    """A whole poll by HTTP, what becomes of it, and what is exposed."""
    with closing(cluster_by_http("main", _SPEC, _Server(data), lambda: NOW)) as source:
        snapshot = source.poll()
    state = State(Path("memory"), None, lambda _: None)
    tracker = ConsumerTracker("main", _SPEC, state, lambda: None, NOW)
    exposition = Exposition()
    exposition.update("main", tracker.update(snapshot))
    tracker.save(NOW)
    assert state.flush()
    state.close()
    return exposition.body(openmetrics=True, gzip=False).decode()


_PAGES: Final[tuple[Callable[[bytes], object], ...]] = (
    lambda body: decode_varz(body, "n"),
    lambda body: decode_routez(body, "n"),
    lambda body: decode_healthz(body, "n"),
    lambda body: shares(body, "n"),
    lambda body: limits(body, "n"),
    lambda body: client_connections(body, "n", "A"),
    lambda body: leaf_nodes(body, "n"),
    lambda body: gateways(body, "n"),
    lambda body: routes(body, "n"),
    lambda body: raft_groups(body, "n"),
    lambda body: list(_details(_SPEC, SimpleNamespace(get=lambda url: body))),  # type: ignore[arg-type]
)


def pages(data: bytes) -> object:
    """The other pages of the monitoring port; the first byte says which."""
    return _PAGES[data[0] % len(_PAGES)](data[1:]) if data else None


class _Client:
    """A connection whose requests are answered so."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def request(self, *_: object, **__: object) -> Any:
        return SimpleNamespace(data=self._data, headers=None)


_API: Final[tuple[Callable[[bytes], object], ...]] = (
    lambda body: stream_page(body, "A"),
    lambda body: consumer_page(body, "A"),
    lambda body: account_info(body, "A", "A"),
    lambda body: asyncio.run(_info(_Client(body), "$JS.API", "S")),  # type: ignore[arg-type]
    lambda body: asyncio.run(
        _first_of_subject(_Client(body), "$JS.API", 1, "a.>")  # type: ignore[arg-type]
    ),
)


def api(data: bytes) -> object:
    """Answers of the JetStream API; the first byte says to which request."""
    return _API[data[0] % len(_API)](data[1:]) if data else None


def advisories(data: bytes) -> object:
    """Advisories of dead letters, audits of the API, and samples of acknowledgements."""
    reader = Advisories("main", _CONNECTION, lambda: NOW)
    message = Msg(_client=None, subject=_ADVISORY, data=data)  # type: ignore[arg-type]
    found = reader._dead_letters([message])
    heard = HeardEvents()
    heard.sample(("A", "S", "C"), data, 30.0)
    return found, audited(data)


def system(data: bytes) -> object:
    """Replies of servers over a system account, and what each page makes of their data."""
    nats_system._decoded(nats_system._PONG, data)
    raw = bytes(nats_system._data(data))
    for page in _PAGES[:-1]:
        try:
            page(raw)
        except SourceError:
            continue
    return raw


def services(data: bytes) -> object:
    """Replies of micro services."""
    return decoded(data)


def credentials(data: bytes) -> object:
    """Credentials files, of which the expiry is read; the bytes are the file, or its claims."""
    claims = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    return expiry_of(data.decode("utf-8", "surrogateescape")), expiry_of(f"a.{claims}.b")
