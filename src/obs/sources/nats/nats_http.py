"""A NATS cluster, polled through the monitoring ports of its servers."""

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from obs.clients.http import Http
from obs.errors import SourceError
from obs.snapshot import NatsServer, NatsSnapshot
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.clock_steps import steady_time
from obs.sources.nats.config_reads import ConfigReads
from obs.sources.nats.discovery import Discovery, Get
from obs.sources.nats.jetstream import KnownSettings, SourceSelection
from obs.sources.nats.jsz import AccountReport, Varz, decode_varz
from obs.sources.nats.jsz_answer import decode_jsz
from obs.sources.nats.leaders import Merged, ServerReport, merge
from obs.sources.nats.names import unwatched
from obs.sources.nats.unreadable import UnreadableLog
from obs.spec.nats import NatsSource

_LOG: Final = logging.getLogger(__name__)
_PAGE: Final = 1024  # accounts a page of /jsz
_JSZ: Final = "/jsz?accounts=1&streams=1&consumers=1"
_MAX_FETCHES: Final = 16


@dataclass(frozen=True, slots=True)
class Reply:
    """What one server said in one poll; `error` where it did not answer in full."""

    url: str
    varz: Varz | None = None
    accounts: tuple[AccountReport, ...] = ()
    error: SourceError | None = None


class NatsHttp:
    """Polls every server of one cluster.

    A cluster that answers in part is a success as long as one server answers: the others are
    reported down, and what only they hold is missing. Not safe for two polls at the same time.
    """

    def __init__(
        self,
        name: str,
        spec: NatsSource,
        http: Get,
        clock: Callable[[], float],
        accounts: AccountLabels | None = None,
    ) -> None:
        """`clock` gives Unix seconds; `accounts` says what accounts are called."""
        self.name = name
        self._spec = spec
        self._http = http
        self._clock = clock
        self._scope = SourceSelection(spec, accounts)
        self._settings = KnownSettings()
        self._config_reads = ConfigReads(spec.config_every)
        self._unreadable = UnreadableLog(name)
        self._failed: set[str] = set()
        self._pool = ThreadPoolExecutor(_MAX_FETCHES, thread_name_prefix=f"obs-nats-{name}")
        self._discovery = Discovery(spec, http, self._pool)

    def poll(self) -> NatsSnapshot:
        """One snapshot of the cluster. Blocks up to a few times the spec's timeout.

        Raises SourceError where no server answers, with the first server's reason.
        """
        urls = self._discovery.urls(self._clock())
        first = self._config_reads.first
        replies = self._request(urls, with_config=first)
        at, steady = self._clock(), steady_time()
        merged = _merged(replies)
        if first:
            self._learn(replies, merged)
        complete = all(reply.error is None for reply in replies)
        view = self._scope.view(merged, self._settings, complete=complete)
        if self._config_reads.due(self._clock(), new=not view.configured, again=view.again):
            self._configure(urls)
            view = self._scope.view(merged, self._settings, complete=complete)
        self._unreadable.tell(view)
        servers = tuple(server_of(reply) for reply in replies)
        return NatsSnapshot(
            at,
            servers,
            view.streams,
            view.consumers,
            view.left_out,
            unwatched=unwatched(merged, view),
            steady=steady,
        )

    def close(self) -> None:
        """End the fetching threads."""
        self._pool.shutdown(cancel_futures=True)

    def _configure(self, urls: Sequence[str]) -> None:
        """Read configurations; that response is larger, so the poll does not fail with it."""
        self._config_reads.done(self._clock())
        with contextlib.suppress(SourceError):
            replies = self._request(urls, with_config=True)
            self._learn(replies, _merged(replies))

    def _learn(self, replies: Sequence[Reply], merged: Merged) -> None:
        self._settings.learn(merged, complete=all(reply.error is None for reply in replies))
        self._config_reads.done(self._clock())

    def _request(self, urls: Sequence[str], *, with_config: bool) -> list[Reply]:
        """All servers at the same time; raises SourceError where none answers."""
        replies = list(self._pool.map(lambda url: self._reply(url, with_config), urls))
        self._log(replies)
        names = {reply.url: reply.varz.server_name if reply.varz else None for reply in replies}
        self._discovery.saw(names, self._clock())
        errors = [reply.error for reply in replies if reply.error is not None]
        if errors and len(errors) == len(replies):
            raise errors[0]
        return replies

    def _log(self, replies: Sequence[Reply]) -> None:
        """Say once why a server does not answer, and once that it does again."""
        failed = {reply.url for reply in replies if reply.error is not None}
        for reply in replies:
            if reply.error is not None and reply.url not in self._failed:
                _LOG.warning("%s: server does not answer: %s", self.name, reply.error)
            elif reply.error is None and reply.url in self._failed:
                _LOG.info("%s: %s answers again", self.name, address(reply.url))
        self._failed = failed

    def _reply(self, url: str, with_config: bool) -> Reply:
        try:
            varz = decode_varz(self._http.get(f"{url}/varz"), address(url))
            return Reply(url, varz, self._accounts(url, with_config))
        except SourceError as error:
            return Reply(url, error=error)

    def _accounts(self, url: str, with_config: bool) -> tuple[AccountReport, ...]:
        """All accounts of a server, page by page."""
        accounts: list[AccountReport] = []
        query = f"{_JSZ}{'&config=1' if with_config else ''}&limit={_PAGE}"
        while True:
            body = self._http.get(f"{url}{query}&offset={len(accounts)}")
            page = decode_jsz(body, address(url))
            accounts.extend(page.account_details or ())
            if len(page.account_details or ()) < _PAGE:
                return tuple(accounts)


def present_consumers(name: str, spec: NatsSource) -> set[tuple[str, str]]:
    """Stream and name of each consumer of a cluster; none where it does not answer."""
    with closing(Http(spec.tls, timeout=spec.timeout)) as http:
        try:
            with closing(NatsHttp(name, spec, http, time.time)) as source:
                return {(each.stream, each.name) for each in source.poll().consumers}
        except SourceError:
            return set()


def _merged(replies: Sequence[Reply]) -> Merged:
    return merge(
        ServerReport(reply.varz.server_name, reply.accounts)
        for reply in replies
        if reply.varz is not None
    )


def address(url: str) -> str:
    """Host, port and path, without anything secret: what identifies a monitoring address."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")


def server_of(reply: Reply) -> NatsServer:
    """The snapshot's value of a server; its address is the identity."""
    varz = reply.varz
    if varz is None:
        return NatsServer(address(reply.url), up=False)
    limits, stats = varz.jetstream.config, varz.jetstream.stats
    return NatsServer(
        address(reply.url),
        up=True,
        name=varz.server_name,
        version=varz.version,
        connections=varz.connections,
        slow_consumers=varz.slow_consumers,
        memory=stats.memory if stats else None,
        memory_limit=limits.max_memory if limits else None,
        store=stats.storage if stats else None,
        store_limit=limits.max_storage if limits else None,
        api_errors=stats.api.errors if stats else None,
    )
