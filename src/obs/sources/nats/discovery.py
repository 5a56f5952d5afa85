"""The servers of a cluster, found from the ones listed.

They are looked for where names have several addresses, in the cluster's configured routes and in
its present ones, always on the scheme of the first address listed, and on its port or the port on
which a server says that it monitors. With https the certificates must therefore be valid for those
names or addresses.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from typing import Final

from obs.sources.nats.cluster_search import MOST, Found, Polled, Search, addresses
from obs.sources.nats.server_answer import Get
from obs.spec.nats import NatsSource

_LOG: Final = logging.getLogger(__name__)
_RETRY: Final = 30.0  # seconds between searches while a server does not answer
_NAMED: Final = 3  # strangers that a log line names
_FORGET: Final = 3600.0  # seconds after which a server that was found and is gone is forgotten


class Discovery:
    """Which monitoring addresses to poll; discovered ones stay the same while they answer.

    The search runs beside the polls: a server that hangs stops none.
    """

    def __init__(
        self,
        spec: NatsSource,
        http: Get,
        resolve: Callable[[str], Sequence[str]] = addresses,
        *,
        source: str = "",
    ) -> None:
        """`source` is the source's name."""
        self._source = source
        self._listed = tuple(dict.fromkeys(url.rstrip("/") for url in spec.monitor or ()))
        self._wanted = spec.discover
        self._every = spec.config_every
        self._first_wait = spec.timeout
        self._search = Search(self._listed, http, spec.timeout / 2, resolve)
        self._searched_at: float | None = None
        self._at_once = False
        self._forming = False
        self._strangers: frozenset[str] = frozenset()
        self._running: threading.Thread | None = None
        self._found: Found | None = None  # by a search that has ended, until it is taken
        self._servers = self._listed
        self._down_since: dict[str, float] = {}
        self.names: dict[str, str] = {}
        """What the servers at the addresses were called when they last answered."""
        self.shared: frozenset[str] = frozenset()
        """Addresses at which several servers answer."""
        self.unreached: tuple[str, ...] = ()
        """Names of servers of the cluster at no address that answers."""

    def urls(self, now: float) -> tuple[str, ...]:
        """The servers' addresses at `now` (Unix seconds): those listed first.

        Begins a search where one is due. Waits for the first one only, at most one timeout.
        """
        if self._wanted:
            first = self._searched_at is None
            if self._due(now):
                self._begin(now)
            if first:
                self.wait(self._first_wait)
            self._take()
        return self._servers

    def wait(self, seconds: float) -> None:
        """Wait for a search that is under way."""
        if self._running is not None:
            self._running.join(seconds)

    def saw(self, names: Mapping[str, str | None], now: float) -> None:
        """What a poll got: by address the server's name, None where it did not answer."""
        for url, name in names.items():
            if name is None:
                self._down_since.setdefault(url, now)
            else:
                self._down_since.pop(url, None)
                self.names[url] = name

    def is_shared(self, url: str) -> None:
        """Several servers answer at this address: look for their own at once."""
        if len(self.shared) < MOST:
            self.shared |= {url}
        self._at_once = True

    def _due(self, now: float) -> bool:
        if self._running is not None and self._running.is_alive():
            return False
        if self._searched_at is None or self._at_once:
            return True
        wanting = self._down_since or self.unreached or self._forming
        every = min(self._every, _RETRY) if wanting else self._every
        return not 0 <= now - self._searched_at < every

    def _begin(self, now: float) -> None:
        self._searched_at, self._at_once = now, False
        gone = {url for url, since in self._down_since.items() if now - since > _FORGET}
        polled = Polled(self._servers, dict(self.names), self.shared, gone)

        def search() -> None:
            self._found = self._search.run(polled)

        work = copy_context().run
        self._running = threading.Thread(
            target=work, args=(search,), name="obs-discovery", daemon=True
        )
        self._running.start()

    def _take(self) -> None:
        """Use what a search found."""
        found, self._found = self._found, None
        if found is None:
            return
        self._servers, self.unreached, self._forming = found.urls, found.unreached, found.forming
        self._tell_strangers(frozenset(found.strangers))
        for url in {*self._down_since, *self.names} - set(found.urls):
            self._down_since.pop(url, None)
            self.names.pop(url, None)

    def _tell_strangers(self, strangers: frozenset[str]) -> None:
        """Log once which hosts are named and not polled."""
        if strangers and not strangers <= self._strangers:
            names = sorted(strangers)
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            _LOG.warning(
                "%s: servers name hosts that are not polled: %s%s; they are not members of the "
                "cluster, which has no route to them, or more than %d; add those that are to "
                "sources.nats.%s.monitor",
                *(self._source, ", ".join(names[:_NAMED]), more, MOST, self._source),
            )
        self._strangers = strangers
