"""Servers of NATS clusters in the status document: one row each."""

from collections.abc import Iterator
from typing import Final, Literal

from obs.catalogue.nats_server import LAME_DUCK
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import IncompleteServer, NatsServer
from obs.sources.nats.problems import in_words
from obs.web.status import Level, Problem, StatusRow

ServerState = Literal[
    "ok", "unhealthy", "unreachable", "recovering", "jetstream_off", "incomplete", "not_polled"
]
_LEVELS: Final[dict[ServerState, Level]] = {
    "unreachable": "critical",
    "jetstream_off": "critical",
    "recovering": "critical",
    "unhealthy": "critical",
    "not_polled": "unknown",
    "incomplete": "warning",
    "ok": "ok",
}
_ORDER: Final = {state: position for position, state in enumerate(_LEVELS)}


class ServerStatus(StatusRow, frozen=True, kw_only=True, gc=False):
    """One NATS server; `state` is ok while it tells all that it holds and says that it is well."""

    nats: str
    server: str  # address of its monitoring port; empty: none is known
    name: str  # empty: it has never answered
    state: ServerState
    text: str = ""  # what is wrong
    version: str = ""
    connections: int | None = None  # null: it does not answer

    def problem(self) -> Problem | None:
        """What is wrong, unless all is well."""
        if self.state == "ok":
            return None
        return Problem(_LEVELS[self.state], "server", self.name or self.server, self.text)

    def order(self) -> tuple[int, str, str]:
        """By state."""
        return _ORDER[self.state], self.name, self.server


def server_rows(source: str, snapshot: NatsSnapshot) -> Iterator[ServerStatus]:
    """A row for each server of the last poll, and for each that is known by name only."""
    incomplete = {each.address: each for each in snapshot.incomplete if each.only is None}
    for server in snapshot.servers:
        lacking = incomplete.get(server.address)
        state, text = _state(source, server, lacking)
        yield ServerStatus(
            nats=source,
            server=server.address,
            name=server.name or (lacking.name if lacking else ""),
            state=state,
            text=_sentence(text),
            version=server.version,
            connections=server.connections,
        )
    for each in snapshot.incomplete:
        if not each.address:
            text = _sentence(in_words(source, each))
            yield ServerStatus(
                nats=source, server="", name=each.name, state="not_polled", text=text
            )


def _state(
    source: str, server: NatsServer, lacking: IncompleteServer | None
) -> tuple[ServerState, str]:
    if server.facts.get(LAME_DUCK.name):
        text = (
            f"server {server.name} ({server.address}) is in lame duck mode: it accepts no client, "
            "closes those it has, and then stops"
        )
        return "unhealthy", text
    if lacking is not None and not (lacking.why == "incomplete" and server.healthy is False):
        return lacking.why, in_words(source, lacking)
    if server.healthy is False:
        text = f"server {server.name} ({server.address}) is unhealthy ({server.unhealthy_because})"
        return "unhealthy", text
    return "ok", ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
