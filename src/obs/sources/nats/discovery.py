"""The servers of a cluster, found from the ones listed.

They are looked for where names have several addresses, in the cluster's configured routes and in
its present ones, always on the monitoring port and scheme of the first address listed. With
https the certificates must therefore be valid for those names or addresses.
"""

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final, Protocol
from urllib.parse import urlsplit

from obs.errors import SourceError
from obs.sources.nats.jsz import Routez, Varz, decode_routez, decode_varz
from obs.spec.nats import NatsSource

_RETRY: Final = 30.0  # seconds between searches while a server does not answer
_FORGET: Final = 3600.0  # seconds after which a server that was found and is gone is forgotten


class Get(Protocol):
    """Reads one page; raises SourceError."""

    def get(self, url: str) -> bytes:
        """The body of the page at `url`."""


def addresses(host: str) -> tuple[str, ...]:
    """The IP addresses of a name, sorted; none where it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(sorted({str(entry[4][0]) for entry in found}))


class Discovery:
    """Which monitoring addresses to poll; discovered ones stay the same while they answer."""

    def __init__(
        self,
        spec: NatsSource,
        http: Get,
        pool: Executor,
        resolve: Callable[[str], Sequence[str]] = addresses,
    ) -> None:
        """`pool` runs requests at the same time."""
        self._listed = tuple(url.rstrip("/") for url in spec.monitor)
        self._wanted = spec.discover
        self._every = spec.config_every
        self._http = http
        self._pool = pool
        self._resolve = resolve
        self._searched_at: float | None = None
        self._servers: tuple[str, ...] = () if spec.discover else self._listed
        self._names: dict[str, str] = {}  # of the servers, when they last answered
        self._down_since: dict[str, float] = {}

    def urls(self, now: float) -> tuple[str, ...]:
        """The servers' addresses at `now` (Unix seconds): those listed first."""
        if self._wanted and self._due(now):
            self._search(now)
        return self._servers

    def saw(self, names: Mapping[str, str | None], now: float) -> None:
        """What a poll got: by address the server's name, None where it did not answer."""
        for url, name in names.items():
            if name is None:
                self._down_since.setdefault(url, now)
            else:
                self._down_since.pop(url, None)
                self._names[url] = name

    def _due(self, now: float) -> bool:
        if self._searched_at is None:
            return True
        every = min(self._every, _RETRY) if self._down_since else self._every
        return not 0 <= now - self._searched_at < every

    def _search(self, now: float) -> None:
        answers: dict[str, Varz | None] = {}
        self._probe([*self._listed, *self._servers], answers)
        listed = self._expanded((_host(url) for url in self._listed), answers, self._listed)
        known = [url for url in self._servers if url not in listed]
        named = self._expanded(self._neighbours(answers), answers)
        self._probe(named, answers)
        self._searched_at = now
        self._servers = self._chosen(listed, [*known, *named], answers, now)
        self._down_since = {
            url: since for url, since in self._down_since.items() if url in self._servers
        }
        self._names = {url: name for url, name in self._names.items() if url in self._servers}

    def _chosen(
        self,
        listed: Sequence[str],
        others: Sequence[str],
        answers: Mapping[str, Varz | None],
        now: float,
    ) -> tuple[str, ...]:
        """One address a server: the listed ones, then those found first or by the better name."""
        chosen = list(dict.fromkeys(listed))
        ids = {varz.server_id for url in chosen if (varz := answers[url])}
        names = {varz.server_name for varz in answers.values() if varz}
        for url in dict.fromkeys(others):
            varz = answers[url]
            if url in chosen:
                continue
            if varz is None:
                gone = self._names.get(url) in names or now - self._since(url, now) > _FORGET
                if url in self._names and not gone:
                    chosen.append(url)
            elif varz.server_id not in ids:
                ids.add(varz.server_id)
                chosen.append(url)
        return tuple(chosen)

    def _since(self, url: str, now: float) -> float:
        return self._down_since.get(url, now)

    def _expanded(
        self,
        hosts: Iterable[str],
        answers: dict[str, Varz | None],
        urls: Sequence[str] = (),
    ) -> list[str]:
        """The URLs of hosts; a name behind whose addresses are several servers becomes those.

        `urls` are the hosts' own, where they are listed.
        """
        expanded: list[str] = []
        for i, host in enumerate(hosts):
            own = urls[i] if urls else self._url(host)
            several = [self._url(address) for address in self._resolve(host)]
            if len(several) > 1:
                self._probe(several, answers)
                ids = {varz.server_id: url for url in several if (varz := answers[url])}
                if len(ids) > 1:
                    expanded.extend(sorted(ids.values()))
                    continue
            expanded.append(own)
        return expanded

    def _neighbours(self, answers: Mapping[str, Varz | None]) -> list[str]:
        """Hosts that the servers name: as configured, which are names at best, then addresses."""
        answered = [url for url, varz in answers.items() if varz is not None]
        configured = [
            _host(f"//{url}")
            for varz in answers.values()
            if varz is not None
            for url in varz.cluster.urls or ()
        ]
        present = [
            route.ip
            for routez in self._pool.map(self._routez, answered)
            for route in routez.routes or ()
        ]
        return list(dict.fromkeys(host for host in (*configured, *present) if host))

    def _probe(self, urls: Iterable[str], answers: dict[str, Varz | None]) -> None:
        """Request those without an answer yet."""
        missing = [url for url in dict.fromkeys(urls) if url not in answers]
        answers.update(zip(missing, self._pool.map(self._varz, missing), strict=True))

    def _varz(self, url: str) -> Varz | None:
        try:
            return decode_varz(self._http.get(f"{url}/varz"), url)
        except SourceError:
            return None

    def _routez(self, url: str) -> Routez:
        try:
            return decode_routez(self._http.get(f"{url}/routez"), url)
        except SourceError:
            return Routez()

    def _url(self, host: str) -> str:
        first = urlsplit(self._listed[0])
        port = f":{first.port}" if first.port else ""
        return f"{first.scheme}://{f'[{host}]' if ':' in host else host}{port}{first.path}"


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
