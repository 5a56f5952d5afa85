"""What servers are asked for the groups of the spec's `collect`, by HTTP and by the system account.

Each is a request of its own, to those servers that have something to tell. One that is not answered
fails no poll: what it would have told is None.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from obs.errors import SourceError
from obs.sources.nats import subjects
from obs.sources.nats.account_pages import shares
from obs.sources.nats.client_pages import MOST, client_connections
from obs.sources.nats.link_pages import gateways, leaf_nodes, routes
from obs.sources.nats.raft_pages import raft_groups
from obs.sources.nats.server_answer import Get, ServerAnswer, address
from obs.sources.nats.varz import Varz
from obs.spec.nats import Group, NatsSource

_MOST_ACCOUNTS: Final = 64  # whose Raft groups a server is asked for


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request: a page with its query on the monitoring port, or a subject with its options.

    `part` is the field of the answer that `read` makes of the body, with the server's address, or
    with `each` one of several parts of it.
    """

    part: str
    page: str
    subject: str
    read: Callable[[bytes, str], object] = field(compare=False)
    options: tuple[tuple[str, object], ...] = ()
    each: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    group: Group
    has: Callable[[Varz], bool]
    request: PageRequest


_PAGES: Final = (
    _Page(
        "leafnodes",
        lambda varz: bool(varz.leafnodes),
        PageRequest("leaf_nodes", "/leafz", subjects.LEAFZ, leaf_nodes),
    ),
    _Page(
        "gateways",
        lambda varz: bool(varz.gateway.name),
        PageRequest("gateways", "/gatewayz", subjects.GATEWAYZ, gateways),
    ),
    _Page(
        "routes",
        lambda varz: bool(varz.routes),
        PageRequest("routes", "/routez", subjects.ROUTEZ, routes),
    ),
    _Page(
        "accounts",
        lambda varz: True,
        PageRequest(
            "shares",
            "/accstatz?unused=1",  # of accounts without a connection too
            subjects.ACCOUNT_STATZ,
            shares,
            (("include_unused", True),),
        ),
    ),
)


class GroupPages:
    """The requests of one source beyond those for streams and consumers."""

    def __init__(self, spec: NatsSource | None = None) -> None:
        """Without a spec, none."""
        groups = spec.collect if spec else ()
        self._pages = tuple(each for each in _PAGES if each.group in groups)
        chosen = spec.client_connections if spec and "connections" in groups else None
        self._accounts = chosen.accounts if chosen else ()
        self._raft = "raft" in groups

    def wanted(self, answer: ServerAnswer) -> tuple[PageRequest, ...]:
        """What to ask a server that has answered."""
        varz = answer.varz
        if varz is None or answer.is_account:
            return ()
        requests = [each.request for each in self._pages if each.has(varz)]
        ids = {each.name: each.id or each.name for each in answer.accounts}
        requests += [_clients(ids.get(account, account)) for account in self._accounts]
        if self._raft and varz.jetstream.meta is not None:
            requests += [_raft(account) for account in ("", *_replicating(answer))]
        return tuple(requests)

    def subjects(self) -> tuple[str, ...]:
        """Where the system account asks."""
        found = [each.request.subject for each in self._pages]
        found += [subjects.CONNZ] if self._accounts else []
        found += [subjects.RAFTZ] if self._raft else []
        return tuple(found)

    def by_http(self, http: Get, answer: ServerAnswer) -> ServerAnswer:
        """The answer with what the server's pages tell. Blocks for each."""
        bodies: dict[PageRequest, bytes] = {}
        for request in self.wanted(answer):
            try:
                bodies[request] = http.get(f"{answer.url}{request.page}")
            except SourceError:
                continue
        return self.told(answer, bodies)

    def told(self, answer: ServerAnswer, bodies: Mapping[PageRequest, bytes]) -> ServerAnswer:
        """The answer with what the bodies tell."""
        wanted = self.wanted(answer)
        if not wanted:
            return answer
        parts: dict[str, Any] = {}
        for request in wanted:
            told = _read(request, bodies.get(request), answer)
            if not request.each:
                parts[request.part] = told
            elif told is None or parts.get(request.part, ()) is None:
                parts[request.part] = None
            else:
                parts[request.part] = (*parts.get(request.part, ()), told)
        return replace(answer, **parts)


def every_request(pages: GroupPages, answers: Iterable[ServerAnswer]) -> tuple[PageRequest, ...]:
    """Each request once that any of the servers is asked."""
    return tuple(dict.fromkeys(each for answer in answers for each in pages.wanted(answer)))


def _clients(account: str) -> PageRequest:
    return PageRequest(
        "clients",
        f"/connz?acc={quote(account, safe='')}&limit={MOST}",
        subjects.CONNZ,
        partial(client_connections, account=account),
        (("acc", account), ("limit", MOST)),
        each=True,
    )


def _raft(account: str) -> PageRequest:
    """Of one account's assets; without one the meta group."""
    return PageRequest(
        "raft",
        f"/raftz?acc={quote(account, safe='')}" if account else "/raftz",
        subjects.RAFTZ,
        raft_groups,
        (("account", account),) if account else (),
        each=True,
    )


def _replicating(answer: ServerAnswer) -> list[str]:
    """Ids of accounts that have streams on the server."""
    found = [each.id or each.name for each in answer.accounts if each.stream_detail]
    return sorted(found)[:_MOST_ACCOUNTS]


def _read(request: PageRequest, body: bytes | None, answer: ServerAnswer) -> object:
    if body is None:
        return None
    try:
        return request.read(body, address(answer.url) or answer.url)
    except SourceError:
        return None
