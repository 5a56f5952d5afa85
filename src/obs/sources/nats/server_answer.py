"""One server, asked for its facts, its health and what its JetStream holds."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from obs.errors import SourceError
from obs.redaction.address import shown_address
from obs.snapshot.accounts import Account, AccountShare
from obs.snapshot.servers import AccountConnections, Link, RaftGroups
from obs.sources.nats.clocks import Ahead, ahead
from obs.sources.nats.completeness import Shortfall, is_healthy, reason, shortfall
from obs.sources.nats.jsz import AccountReport, Healthz, Jsz, decode_healthz, unix_seconds
from obs.sources.nats.jsz_answer import Wanted, decode_jsz
from obs.sources.nats.server_facts import held
from obs.sources.nats.varz import Varz, decode_varz

_ALL: Final = 1 << 30
"""Accounts in one response. In pages servers before 2.10.28 and 2.11.2 leave some out at random,
and every server leaves out what moves up a page because an earlier account was deleted."""
_JSZ: Final = f"/jsz?accounts=1&streams=1&consumers=1&limit={_ALL}"
_HEALTHZ: Final = "/healthz?details=1"
_ANSWERS: Final = (200, 500, 503)  # /healthz says with these how the server is
_NO_VERDICT: Final = ("http_status", "auth", "decode")  # /healthz is not offered here


class Get(Protocol):
    """Reads one page; raises SourceError."""

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        """The body of the page at `url`, of a response whose status is one of `accepted`."""


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A part of an answer with a moment of its own: when it was true (Unix seconds, by the
    collector's clock), the bounds of the clock of who told it, and what that clock is called.
    """

    accounts: tuple[AccountReport, ...]
    at: float
    ahead: Ahead | None
    clock: str


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one server said in one poll; `error` where it did not answer, without the rest.

    `short`: why it does not tell all that it holds. `at` is when its numbers were true by the
    collector's clock, between `asked` and `answered`, unless its own clock says it better: then
    `now`, of which `ahead` is the collector's bounds. Unix seconds. `shared`: several servers
    answer at this address. `is_account`: not a server, but an account that stands for one, whose
    streams are in `parts`, and what it uses in `own`. `shares`: the server's part of each account.
    `held`: how much its JetStream holds, by the name of the metric.
    What it is linked to is None where it did not tell.
    """

    url: str
    varz: Varz | None = None
    accounts: tuple[AccountReport, ...] = ()
    healthy: bool | None = None
    unhealthy_because: str = ""
    short: Shortfall | None = None
    asked: float = 0.0
    answered: float = 0.0
    now: float | None = None
    ahead: Ahead | None = None
    error: SourceError | None = None
    shared: bool = False
    parts: tuple[AnswerPart, ...] = ()
    is_account: bool = False
    leaf_nodes: tuple[Link, ...] | None = ()
    gateways: tuple[Link, ...] | None = ()
    routes: tuple[Link, ...] | None = ()
    clients: tuple[AccountConnections, ...] | None = ()
    raft: tuple[RaftGroups, ...] | None = ()
    shares: tuple[AccountShare, ...] | None = ()
    own: tuple[Account, ...] = ()
    held: Mapping[str, float] = field(default_factory=dict)


def ask(
    http: Get,
    clock: Callable[[], float],
    url: str,
    *,
    with_config: bool,
    wanted: Wanted | None = None,
) -> ServerAnswer:
    """One server's answer, without what is collected beside streams and consumers; `wanted` as in
    `decode_jsz`. Blocks for up to three requests, twice where another server answers in between."""
    try:
        answer = _asked(http, clock, url, with_config, wanted) or _asked(
            http, clock, url, with_config, wanted
        )
    except SourceError as error:
        # The traceback would keep what was read for as long as the answer is kept.
        return ServerAnswer(url, error=error.with_traceback(None))
    if answer is None:
        several = SourceError("partial", f"{address(url)}: several servers answer in turn")
        return ServerAnswer(url, error=several, shared=True)
    return answer


def _asked(
    http: Get, clock: Callable[[], float], url: str, with_config: bool, wanted: Wanted | None
) -> ServerAnswer | None:
    """None where not the same server answered all requests. Raises SourceError."""
    begun = clock()
    varz = decode_varz(http.get(f"{url}/varz"), address(url))
    bounds = _bounds(varz.now, begun, clock())
    health = _health(http, url)
    query = f"{url}{_JSZ}{'&config=1' if with_config else ''}"
    asked = clock()
    jsz = decode_jsz(http.get(query), address(url), wanted)
    short = shortfall(health, jsz)
    if short is not None and short.why == "incomplete" and short.only is None:
        # A stream that is deleted between the count and the listing is no loss: look again.
        asked = clock()
        jsz = decode_jsz(http.get(query), address(url), wanted)
        short = shortfall(health, jsz)
    if jsz.server_id != varz.server_id:
        return None
    verdict = health if isinstance(health, Healthz) else None
    return ServerAnswer(
        url,
        varz,
        jsz.account_details or (),
        is_healthy(verdict) if verdict else None,
        reason(verdict) if verdict else "",
        short,
        asked,
        clock(),
        _moment(jsz),
        bounds,
        held=held(jsz),
    )


def _health(http: Get, url: str) -> Healthz | SourceError | None:
    """Its verdict, why it gives none for now, or None where it never does."""
    try:
        return decode_healthz(http.get(f"{url}{_HEALTHZ}", _ANSWERS), address(url))
    except SourceError as error:
        return None if error.reason in _NO_VERDICT else error


def _bounds(now: datetime | None, asked: float, answered: float) -> Ahead | None:
    moment = unix_seconds(now)
    return None if moment is None else ahead(moment, asked, answered)


def _moment(jsz: Jsz) -> float | None:
    return unix_seconds(jsz.now)


def true_at(answer: ServerAnswer, clock: Ahead | None) -> float:
    """When its numbers were true, by the collector's clock (Unix seconds)."""
    if answer.now is None or clock is None:
        return answer.answered
    return min(max(answer.now - clock.middle, answer.asked), answer.answered)


def address(url: str) -> str:
    """Host, port and path, without anything secret: what identifies a monitoring address."""
    return shown_address(url).partition("://")[2].rstrip("/")
