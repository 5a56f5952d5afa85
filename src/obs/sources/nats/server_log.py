"""Says once what is wrong with a server, and once that it is right again."""

import logging
from collections.abc import Sequence
from typing import Final

from obs.snapshot.servers import IncompleteServer
from obs.sources.nats.problems import in_words
from obs.sources.nats.server_answer import ServerAnswer, address

_LOG: Final = logging.getLogger(__name__)
_LINES: Final = 10  # of one poll


class ServerLog:
    """The servers of one source: problems are logged when their kind changes."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._problems: dict[str, str] = {}  # by address, or by name where there is none

    def record(
        self, answers: Sequence[ServerAnswer], incomplete: Sequence[IncompleteServer]
    ) -> None:
        """Log what changed with this poll."""
        found: dict[str, tuple[str, str]] = {}
        for answer in answers:
            if answer.error is not None:
                text = f"server does not answer: {answer.error}"
                found[address(answer.url)] = ("unreachable", text)
            elif answer.healthy is False:
                text = f"{_who(answer)} is unhealthy: {answer.unhealthy_because}"
                found[address(answer.url)] = ("unhealthy", text)
        for server in incomplete:
            if server.only is None and (server.address or server.name) not in found:
                key = server.address or server.name
                found[key] = (server.why, in_words(self._source, server))
        new = [text for key, (kind, text) in found.items() if self._problems.get(key) != kind]
        for text in new[:_LINES]:
            _LOG.warning("%s: %s", self._source, text)
        if len(new) > _LINES:
            _LOG.warning("%s: %d more servers have problems", self._source, len(new) - _LINES)
        for answer in answers:
            at = address(answer.url)
            if at not in found and (before := self._problems.get(at)):
                again = "answers again" if before == "unreachable" else "is healthy again"
                _LOG.info("%s: %s %s", self._source, at, again)
        self._problems = {key: kind for key, (kind, _) in found.items()}


def _who(answer: ServerAnswer) -> str:
    name = answer.varz.server_name if answer.varz else ""
    return f"server {name} ({address(answer.url)})"
