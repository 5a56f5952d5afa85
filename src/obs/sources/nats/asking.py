"""Every server of a cluster asked at the same time; no healthy one waits for a sick one.

A server that did not answer in time is in doubt until it does. A poll waits for the others, and for
those in doubt only a moment longer. What has not answered by then is left behind: it goes on in a
thread of its own, it ends before its next request, and the server is asked again only then.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextvars import copy_context
from typing import Final

from obs.errors import SourceError
from obs.sources.nats.group_pages import GroupPages
from obs.sources.nats.jsz_answer import Wanted
from obs.sources.nats.server_answer import Get, ServerAnswer, address, ask

PATIENCE: Final = 2.0
"""Timeouts of one request that all requests to a server may take together in one poll."""
GRACE: Final = 0.25
"""Timeouts that a poll waits for a server in doubt once the others have answered."""


class Asking:
    """Asks the servers of one source; never two requests of it to a server at the same time."""

    def __init__(
        self,
        http: Get,
        clock: Callable[[], float],
        timeout: float,
        monotonic: Callable[[], float] = time.monotonic,
        *,
        pages: GroupPages | None = None,
        wanted: Wanted | None = None,
    ) -> None:
        """`clock` gives Unix seconds; `timeout` is that of one request, in seconds; `pages` are
        asked beside streams and consumers; `wanted`: the streams that are read."""
        self._wanted = wanted
        self._pages = pages or GroupPages()
        self._http = http
        self._clock = clock
        self._monotonic = monotonic
        self._patience = PATIENCE * timeout
        self._grace = GRACE * timeout
        self._changed = threading.Condition()
        self._under_way: dict[str, float] = {}  # by address, when it began
        self._in_doubt: set[str] = set()
        self._closed = False

    def all(self, urls: Sequence[str], *, with_config: bool) -> list[ServerAnswer]:
        """An answer of each server, in order; one with an error of those that are left behind."""
        answers: dict[str, ServerAnswer] = {}
        begun = self._monotonic()
        with self._changed:
            self._in_doubt.intersection_update({*urls, *self._under_way})
            asked = [url for url in dict.fromkeys(urls) if url not in self._under_way]
            self._under_way.update(dict.fromkeys(asked, begun))
        for url in asked:
            self._begin(url, answers, begun, with_config)
        with self._changed:
            self._wait(asked, answers, begun)
            self._in_doubt.update(url for url in urls if url not in answers)
            present = dict(answers)
            answers.clear()  # what comes later is not this poll's
        return [present.get(url) or self._left_behind(url, begun) for url in urls]

    def close(self) -> None:
        """Begin no further request; does not wait for those under way."""
        self._closed = True

    def _begin(
        self, url: str, answers: dict[str, ServerAnswer], begun: float, with_config: bool
    ) -> None:
        until = begun + self._patience

        def run() -> None:
            http = _Until(self._http, self._monotonic, until, lambda: self._closed)
            answer: ServerAnswer | None = None
            try:
                asked = ask(http, self._clock, url, with_config=with_config, wanted=self._wanted)
                answer = self._pages.by_http(http, asked)
            finally:
                self._end(url, answer, answers, self._monotonic() - begun)

        work = copy_context().run  # so that its requests belong to the trace of this poll
        threading.Thread(target=work, args=(run,), name="obs-nats-ask", daemon=True).start()

    def _end(
        self,
        url: str,
        answer: ServerAnswer | None,
        answers: dict[str, ServerAnswer],
        took: float,
    ) -> None:
        with self._changed:
            del self._under_way[url]
            if answer is not None:
                answers[url] = answer
                if answer.error is None and took <= self._patience:
                    self._in_doubt.discard(url)
                elif took > self._grace:
                    self._in_doubt.add(url)
            self._changed.notify_all()

    def _wait(self, asked: Collection[str], answers: dict[str, ServerAnswer], begun: float) -> None:
        """Until all have answered, or all but those in doubt and a moment more."""
        trusted = [url for url in asked if url not in self._in_doubt]
        end, graced = begun + self._patience, False
        while len(answers) < len(asked):
            well = any(each.error is None for each in answers.values())
            if not graced and well and all(url in answers for url in trusted):
                end, graced = min(end, self._monotonic() + self._grace), True
            left = end - self._monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _left_behind(self, url: str, begun: float) -> ServerAnswer:
        since = self._under_way.get(url, begun)
        waited = max(self._monotonic() - since, 0.0)
        error = SourceError("timeout", f"{address(url)}: no complete answer after {waited:.1f} s")
        return ServerAnswer(url, error=error)


class _Until:
    """Begins no request after `until` (monotonic seconds)."""

    def __init__(
        self,
        http: Get,
        monotonic: Callable[[], float],
        until: float,
        closed: Callable[[], bool],
    ) -> None:
        self._http = http
        self._monotonic = monotonic
        self._until = until
        self._closed = closed

    def get(self, url: str, accepted: Collection[int] = (200,)) -> bytes:
        """As Get; raises SourceError(timeout) where it is too late."""
        if self._closed() or self._monotonic() > self._until:
            raise SourceError(
                "timeout", f"{address(url)}: slow: its answers took too long together"
            )
        return self._http.get(url, accepted)
