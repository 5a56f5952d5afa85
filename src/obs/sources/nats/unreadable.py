"""Says once what an odd value leaves out."""

import logging
from typing import Final

from obs.errors import SourceError
from obs.sources.nats.jetstream import ClusterView, Unreadable

_LOG: Final = logging.getLogger(__name__)
_LINES: Final = 10  # of one poll
_REMEMBERED: Final = 10_000


class UnreadableLog:
    """A line for each stream and consumer that one source leaves out, when it first does."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._told: set[tuple[str, str, str]] = set()

    def tell(self, view: ClusterView) -> None:
        """Log what is new in `view`. Raises SourceError(decode) where nothing could be read."""
        if view.unreadable and not view.streams:
            raise SourceError("decode", f"nothing is readable: {_words(view.unreadable[0])}")
        new = [each for each in view.unreadable if each[:3] not in self._told]
        if not new:
            return
        for each in new[:_LINES]:
            _LOG.warning("%s: left out: %s", self._source, _words(each))
        if len(new) > _LINES:
            _LOG.warning("%s: left out: %d more", self._source, len(new) - _LINES)
        if len(self._told) > _REMEMBERED:
            self._told.clear()
        self._told.update(each[:3] for each in new)


def _words(odd: Unreadable) -> str:
    stream = f"stream {odd.stream} of account {odd.account}"
    return (
        f"consumer {odd.consumer} of {stream}: {odd.why}"
        if odd.consumer
        else f"{stream}: {odd.why}"
    )
