"""A cluster's servers, asked over one connection to the system account.

Each server answers `$SYS.REQ.SERVER.PING.…` with what its monitoring port tells. How many servers
there are, each of them says in its statistics.
"""

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from obs.clients.nats_session import Connected, NatsSession, NobodyAnswers
from obs.errors import SourceError
from obs.sources.nats import subjects, tolerant
from obs.sources.nats.account_pages import Limits, limits
from obs.sources.nats.clocks import ahead
from obs.sources.nats.completeness import is_healthy, reason, shortfall
from obs.sources.nats.group_pages import GroupPages, every_request
from obs.sources.nats.jsz import Healthz, decode_healthz, unix_seconds
from obs.sources.nats.jsz_answer import Wanted, decode_jsz
from obs.sources.nats.server_answer import ServerAnswer
from obs.sources.nats.server_facts import held as in_jetstream
from obs.sources.nats.varz import decode_varz

_Answer = TypeVar("_Answer")

_ALL: Final = 1 << 30
_PATIENCE: Final = 1.0  # seconds to wait for a server that did not answer the last time either
_SILENT_POLLS: Final = 240  # after which a server that does not answer is forgotten


class _Server(msgspec.Struct, frozen=True, gc=False):
    """Who sent a reply. `domain` is that of its JetStream."""

    id: str
    name: str = ""
    domain: str = ""


class _Stats(msgspec.Struct, frozen=True, gc=False):
    """`active_servers`: how many the server knows, itself among them."""

    active_servers: int = 0


class _Pong(msgspec.Struct, frozen=True, gc=False):
    server: _Server
    statsz: _Stats = _Stats()


class _Reply(msgspec.Struct, frozen=True, gc=False):
    server: _Server
    data: msgspec.Raw = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class _Replies:
    """By server id what one kind of request brought, and when it was sent and answered."""

    asked: float
    answered: float
    data: dict[str, bytes]


_PONG: Final = msgspec.json.Decoder(_Pong)
_REPLY: Final = msgspec.json.Decoder(_Reply)


class NatsSystem:
    """The servers that one system account reaches, of one JetStream domain."""

    def __init__(
        self,
        session: NatsSession,
        clock: Callable[[], float],
        pages: GroupPages,
        wanted: Wanted | None = None,
    ) -> None:
        """`clock` gives Unix seconds; `pages` are asked beside streams and consumers; `wanted`: the
        streams that are read."""
        self._wanted = wanted
        self._pages = pages
        self._ids: dict[str, str] = {}  # of the servers that answered, by name
        self._session = session
        self._clock = clock
        self._silent: dict[str, int] = {}  # by name: polls since it last answered

    @property
    def names(self) -> Mapping[str, str]:
        """Servers by name: that is their address too."""
        return {name: name for name in self._silent}

    @property
    def unreached(self) -> tuple[str, ...]:
        """None: every server that is known has an answer, if only an error."""
        return ()

    def answers(
        self, *, with_config: bool, only: Collection[str] | None = None
    ) -> list[ServerAnswer]:
        """Each server's answer. Raises SourceError where none answers."""
        limit = self._session.timeout
        found = self._session.run(lambda on: self._ask(on, with_config, limit), 4 * limit + 1)
        if only is not None:
            return [each for each in found if each.url in only]
        here = {each.url for each in found}
        self._silent = {
            name: polls + 1
            for name, polls in self._silent.items()
            if name not in here and polls < _SILENT_POLLS
        } | dict.fromkeys(here, 0)
        silent = SourceError("timeout", f"no answer within {limit:g} s")
        return found + [
            ServerAnswer(name, error=silent) for name, polls in self._silent.items() if polls
        ]

    def limits(self, accounts: Mapping[str, str]) -> Mapping[str, Limits]:
        """What the JWTs of these accounts allow, a request each; the first failure ends it."""

        async def ask(on: Connected) -> None:
            for account, name in accounts.items():
                body = msgspec.json.encode({"account": account})
                reply = await on.request(subjects.account_detail(self._ids[name]), body)
                told = limits(bytes(_data(reply)), name)
                if told is not None:
                    found[account] = told

        found: dict[str, Limits] = {}
        with contextlib.suppress(SourceError):
            self._session.run(ask, self._session.timeout)
        return found

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    async def _ask(self, on: Connected, with_config: bool, limit: float) -> list[ServerAnswer]:
        servers = await self._servers(on, limit)
        if not servers:
            raise SourceError(
                "timeout", f"{subjects.SERVERS}: no server answers within {limit:g} s"
            )
        wanted: dict[str, Mapping[str, object]] = {
            subjects.VARZ: {},
            subjects.HEALTHZ: {"details": True},
            subjects.JSZ: {
                "accounts": True,
                "streams": True,
                "consumer": True,
                "config": with_config,
                "limit": _ALL,
            },
        }
        told = {
            subject: await self._each(on, subject, options, servers, limit)
            for subject, options in wanted.items()
        }
        self._ids = {name: key for key, name in servers.items()}
        answers = [_answer(key, servers, told, self._wanted) for key in servers]
        if any(_lacks_streams(each) for each in answers):
            # A stream that is deleted between the count and the listing is no loss: look again.
            again = await self._each(on, subjects.JSZ, wanted[subjects.JSZ], servers, limit)
            told[subjects.JSZ] = replace(again, data=told[subjects.JSZ].data | again.data)
            answers = [_answer(key, servers, told, self._wanted) for key in servers]
        more = {}
        for request in every_request(self._pages, answers):
            options = dict(request.options)
            with contextlib.suppress(
                NobodyAnswers
            ):  # servers before 2.11 do not know every subject
                replies = await self._each(on, request.subject, options, servers, limit)
                more[request] = replies.data
        return [
            self._pages.told(each, {what: data[key] for what, data in more.items() if key in data})
            for key, each in zip(servers, answers, strict=True)
        ]

    async def _servers(self, on: Connected, limit: float) -> dict[str, str]:
        """The servers' names by id, as many as answer; of the domain of the one connected to."""
        most = 0

        def enough(reply: bytes, number: int) -> bool:
            nonlocal most
            pong = _decoded(_PONG, reply)
            most = max(most, pong.statsz.active_servers if pong else 0)
            return most > 0 and number >= most

        patience = min(limit, _PATIENCE) if any(self._silent.values()) else limit
        replies = await on.gather(subjects.SERVERS, b"", enough, patience)
        pongs = [pong for reply in replies if (pong := _decoded(_PONG, reply))]
        domain = on.server.domain
        return {each.server.id: each.server.name for each in pongs if each.server.domain == domain}

    async def _each(
        self,
        on: Connected,
        subject: str,
        options: Mapping[str, object],
        servers: dict[str, str],
        limit: float,
    ) -> _Replies:
        """What every server says."""
        asked = self._clock()
        found: dict[str, bytes] = {}
        waiting = set(servers)

        def enough(reply: bytes, _: int) -> bool:
            one = _decoded(_REPLY, reply)
            if one is not None and one.server.id in servers:
                found[one.server.id] = bytes(one.data)
                waiting.discard(one.server.id)
            return not waiting

        await on.gather(subject, msgspec.json.encode(options), enough, limit)
        return _Replies(asked, self._clock(), found)


def _answer(
    key: str,
    servers: Mapping[str, str],
    told: Mapping[str, _Replies],
    wanted: Wanted | None,
) -> ServerAnswer:
    """One server's answer by what was asked; an error where a part of it is missing."""
    name, varz, jsz = servers[key], told[subjects.VARZ], told[subjects.JSZ]
    try:
        facts = _read(decode_varz, varz, key, name)
        held = _read(partial(decode_jsz, wanted=wanted), jsz, key, name)
        verdict = _verdict(told[subjects.HEALTHZ], key, name)
    except SourceError as error:
        return ServerAnswer(name, error=error)
    health = verdict if isinstance(verdict, Healthz) else None
    moment = unix_seconds(facts.now)
    return ServerAnswer(
        name,
        facts,
        held.account_details or (),
        is_healthy(health) if health else None,
        reason(health) if health else "",
        shortfall(verdict, held),
        jsz.asked,
        jsz.answered,
        unix_seconds(held.now),
        None if moment is None else ahead(moment, varz.asked, varz.answered),
        held=in_jetstream(held),
    )


def _lacks_streams(answer: ServerAnswer) -> bool:
    short = answer.short
    return short is not None and short.why == "incomplete" and short.only is None


def _verdict(health: _Replies, key: str, name: str) -> Healthz | SourceError | None:
    """Its verdict, why it gives none for now, or None where it cannot be read."""
    try:
        return _read(decode_healthz, health, key, name)
    except SourceError as error:
        return None if error.reason == "decode" else error


def _read(
    decode: Callable[[bytes, str], _Answer], replies: _Replies, key: str, name: str
) -> _Answer:
    body = replies.data.get(key)
    if body is None:
        raise SourceError("timeout", f"{name}: no answer to one of the requests")
    return decode(body, name)


def _data(reply: bytes) -> msgspec.Raw:
    """What one server said; nothing where that cannot be read."""
    one: _Reply | None = _decoded(_REPLY, reply)
    return one.data if one else msgspec.Raw(b"{}")


def _decoded(decoder: msgspec.json.Decoder[Any], reply: bytes) -> Any:
    try:
        return decoder.decode(reply)
    except tolerant.ODD:
        return None
