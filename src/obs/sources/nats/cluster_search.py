"""One search for the servers of a cluster, bounded in time and number.

A server may name any hosts. Those are asked who they are, and no more unless they are members of
the cluster: servers to which those known before have routes.
"""

import ipaddress
import re
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import copy_context
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from obs.errors import SourceError
from obs.sources.nats.jsz import Route, Routez, decode_routez
from obs.sources.nats.server_answer import Get
from obs.sources.nats.varz import Varz, decode_varz

MOST: Final = 64  # hosts that one search tries, and servers that it adds to those listed
_MANY: Final = 4 * MOST  # named hosts that are odd even where every member is reached
_MOST_PORTS: Final = 4
_MOST_UNDER_WAY: Final = 2 * MOST  # requests, those that hang since an earlier search among them
_HOST: Final = re.compile(r"[0-9A-Za-z._:%-]{1,253}")
_SPECIAL: Final = ("is_loopback", "is_link_local", "is_multicast", "is_unspecified", "is_reserved")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Answers = dict[str, Varz | None]  # by address; None: no answer


class Polled(NamedTuple):
    """The addresses polled so far, and what their servers were called when they last answered.

    `shared` are addresses at which several servers answer, `gone` those without an answer for long.
    """

    urls: Sequence[str]
    names: Mapping[str, str]
    shared: Collection[str] = ()
    gone: Collection[str] = ()


class Found(NamedTuple):
    """The addresses to poll, and the names of servers at none of them.

    `strangers` are hosts that servers name and that are not polled: no members of the cluster, or
    too many. `forming`: some of these say that they are of this cluster, which has no route to
    them.
    """

    urls: tuple[str, ...]
    unreached: tuple[str, ...]
    strangers: tuple[str, ...] = ()
    forming: bool = False


def addresses(host: str) -> tuple[str, ...]:
    """The IP addresses of a name, sorted; none where it has none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(sorted({str(entry[4][0]) for entry in found}))


class Search:
    """Searches from the listed addresses; everything that is asked has `patience` seconds."""

    def __init__(
        self,
        listed: Sequence[str],
        http: Get,
        patience: float,
        resolve: Callable[[str], Sequence[str]],
    ) -> None:
        self._listed = listed
        self._http = http
        self._together = _Together(patience)
        self._resolve = resolve

    def run(self, polled: Polled) -> Found:
        """The servers of the cluster."""
        answers: _Answers = {}
        self._probe([*self._listed, *polled.urls], answers)
        clusters = {varz.cluster.name for varz in answers.values() if varz}
        ports = sorted({port for varz in answers.values() if varz and (port := self._port(varz))})
        listed = self._expanded([_host(url) for url in self._listed], answers, self._listed)
        known = [url for url in polled.urls if url not in listed]
        routes = self._routes(answers)
        members = {r.remote_id: r.remote_name for r in routes or () if r.remote_id}
        own = {varz.server_id for varz in answers.values() if varz}
        hosts = _neighbours(answers, routes or ())
        tried = self._proper(hosts[:MOST])
        named = self._expanded(tried, answers)
        elsewhere = [self._url(_host(url), port) for url in named for port in ports[:_MOST_PORTS]]
        self._probe([*named, *elsewhere[:MOST]], answers)
        same = [
            url
            for url in (*known, *named, *elsewhere)
            if (varz := answers.get(url)) is None or varz.cluster.name in clusters
        ]
        new = {
            url
            for url in same
            if (varz := answers.get(url))
            and routes is not None
            and varz.server_id not in members.keys() | own
        }
        others = [url for url in same if url not in new]
        urls = _chosen(listed, others, answers, polled, set(members))
        ids = {varz.server_id for url in urls if (varz := answers.get(url))}
        called = {polled.names.get(url) for url in urls if answers.get(url) is None}
        missing = (members[each] or each for each in sorted(members.keys() - ids))
        unreached = tuple(name for name in missing if name not in called)
        usable = {_host(url) for url in others} | {_host(url) for url in urls}
        odd = {_host(url) for url in (*named, *elsewhere) if answers.get(url)} - usable
        if not members or unreached or len(hosts) > _MANY:
            odd |= set(hosts).difference(tried)
        return Found(urls, unreached[:MOST], tuple(sorted(odd)), bool(new))

    def _proper(self, hosts: Sequence[str]) -> list[str]:
        """Without hosts at addresses that mean something else on each machine, such as loopback,
        unless a listed one is there too: a server must not lead to what only the collector
        reaches."""
        listed = [_host(url) for url in self._listed]
        found = self._together.run(self._resolve, list(dict.fromkeys([*listed, *hosts])))
        usual = {kind for host in listed for kind in _special(found.get(host, ()))}
        return [host for host in hosts if _special(found.get(host, ())) <= usual]

    def _expanded(
        self, hosts: Sequence[str], answers: _Answers, urls: Sequence[str] = ()
    ) -> list[str]:
        """The URLs of hosts; a name behind whose addresses are several servers becomes those.

        `urls` are the hosts' own, where they are listed.
        """
        found = self._together.run(self._resolve, hosts)
        ports = dict(zip(hosts, map(_port, urls), strict=True)) if urls else {}
        several = {
            host: [self._url(address, ports.get(host)) for address in found.get(host) or ()]
            for host in hosts
        }
        several = {host: each[:MOST] for host, each in several.items() if len(each) > 1}
        addressed = [url for each in several.values() for url in each]
        self._probe(addressed if urls else addressed[:MOST], answers)
        expanded: list[str] = []
        for i, host in enumerate(hosts):
            ids = {
                varz.server_id: url for url in several.get(host, ()) if (varz := answers.get(url))
            }
            if len(ids) > 1:
                expanded += sorted(ids.values())
            else:
                expanded.append(urls[i] if urls else self._url(host))
        return expanded

    def _routes(self, answers: _Answers) -> list[Route] | None:
        """The cluster's present routes, as all servers tell them; None where none does."""
        answered = [url for url, varz in answers.items() if varz is not None]
        found = self._together.run(self._routez, answered)
        if not found:
            return None
        return [route for url in answered if (of := found.get(url)) for route in of.routes or ()]

    def _probe(self, urls: Iterable[str], answers: _Answers) -> None:
        """Request those without an answer yet."""
        missing = [url for url in dict.fromkeys(urls) if url not in answers]
        found = self._together.run(self._varz, missing)
        answers.update({url: found.get(url) for url in missing})

    def _varz(self, url: str) -> Varz:
        return decode_varz(self._http.get(f"{url}/varz"), url)

    def _routez(self, url: str) -> Routez:
        return decode_routez(self._http.get(f"{url}/routez"), url)

    def _port(self, varz: Varz) -> int:
        """Where the server monitors by its own account, if that is not the listed port."""
        first = urlsplit(self._listed[0])
        port = varz.https_port if first.scheme == "https" else varz.http_port
        return port if port != _port(self._listed[0]) else 0

    def _url(self, host: str, port: int | None = None) -> str:
        first = urlsplit(self._listed[0])
        port = port or first.port
        at = f"[{host}]" if ":" in host else host
        return f"{first.scheme}://{at}{f':{port}' if port else ''}{first.path}"


def _chosen(
    listed: Sequence[str],
    others: Sequence[str],
    answers: Mapping[str, Varz | None],
    polled: Polled,
    members: Collection[str],
) -> tuple[str, ...]:
    """One address a server: the listed ones, then those found first or by the better name.

    A server that does not answer keeps its address unless it answers at another one. A shared
    address is needed only while no other leads to some member (an id) of the cluster.
    """
    names, shared = polled.names, polled.shared
    chosen = [url for url in dict.fromkeys(listed) if url not in shared]
    ids = {varz.server_id for url in chosen if (varz := answers[url])}
    called = {varz.server_name for url, varz in answers.items() if varz and url not in shared}
    for url in dict.fromkeys(others):
        varz = answers.get(url)
        if url in chosen or url in shared:
            continue
        if len(chosen) >= MOST + len(listed):
            break
        if varz is None:
            if url in names and names[url] not in called and url not in polled.gone:
                chosen.append(url)
        elif varz.server_id not in ids:
            ids.add(varz.server_id)
            chosen.append(url)
    behind = {varz.server_id for url in shared if (varz := answers.get(url))}
    if not ids or not ids.issuperset({*members, *behind}):
        chosen = [*(url for url in dict.fromkeys(listed) if url in shared), *chosen]
    return tuple(chosen)


def _neighbours(answers: Mapping[str, Varz | None], routes: Iterable[Route]) -> list[str]:
    """Hosts that the servers name: as configured, which are names at best, then addresses."""
    configured = [
        _host(f"//{url}")
        for varz in answers.values()
        if varz is not None
        for url in varz.cluster.urls or ()
    ]
    present = [route.ip for route in routes]
    return list(dict.fromkeys(host for host in (*configured, *present) if _HOST.fullmatch(host)))


class _Together:
    """Runs requests at the same time, and leaves those that hang behind."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._hanging: set[object] = set()

    def run(self, work: Callable[[_Item], _Result], items: Sequence[_Item]) -> dict[_Item, _Result]:
        """The results that are there in time. What still runs from an earlier search is not begun
        again."""
        results: dict[_Item, _Result] = {}

        def run(item: _Item) -> None:
            try:
                results[item] = work(item)
            except (SourceError, ValueError):  # no answer, or no address
                return
            finally:
                self._hanging.discard((work, item))

        begun = [item for item in items if (work, item) not in self._hanging]
        begun = begun[: _MOST_UNDER_WAY - len(self._hanging)]
        self._hanging.update((work, item) for item in begun)
        threads = [
            threading.Thread(target=copy_context().run, args=(run, item), daemon=True)
            for item in begun
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + self._patience
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0.0))
        return dict(results)


def _special(found: Iterable[str]) -> set[str]:
    """Which special kinds of addresses these are, none of which leads to another machine's port."""
    kinds: set[str] = set()
    for text in found:
        try:
            at = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            continue
        at = getattr(at, "ipv4_mapped", None) or at
        kinds.update(kind for kind in _SPECIAL if getattr(at, kind))
    return kinds


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # a server may name anything
        return ""


def _port(url: str) -> int | None:
    return urlsplit(url).port
