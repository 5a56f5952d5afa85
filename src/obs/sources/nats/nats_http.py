"""A NATS cluster, polled through the monitoring ports of its servers."""

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

from obs.errors import SourceError
from obs.snapshot import IncompleteServer, NatsServer, NatsSnapshot
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.clock_steps import steady_time
from obs.sources.nats.clocks import Ahead, ServerClocks
from obs.sources.nats.config_reads import ConfigReads
from obs.sources.nats.discovery import Discovery
from obs.sources.nats.incomplete import IncompleteServers, fault_of, labelled
from obs.sources.nats.jetstream import KnownSettings, SourceSelection
from obs.sources.nats.leaders import Merged, ServerReport, merge
from obs.sources.nats.monitoring import monitoring_client
from obs.sources.nats.names import unwatched
from obs.sources.nats.server_answer import Get, ServerAnswer, address, ask, true_at
from obs.sources.nats.server_log import ServerLog
from obs.sources.nats.shared_addresses import SharedAddresses
from obs.sources.nats.unreadable import UnreadableLog
from obs.spec.nats import NatsSource

_MAX_FETCHES: Final = 16


class NatsHttp:
    """Polls every server of one cluster.

    A cluster that answers in part is a success as long as one server answers: the snapshot says
    which servers did not tell all that they hold. Not safe for two polls at the same time.
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
        self._accounts = accounts or AccountLabels()
        self._scope = SourceSelection(spec, self._accounts)
        self._settings = KnownSettings()
        self._config_reads = ConfigReads(spec.config_every)
        self._unreadable = UnreadableLog(name)
        self._log = ServerLog(name)
        self._pool = ThreadPoolExecutor(_MAX_FETCHES, thread_name_prefix=f"obs-nats-{name}")
        self._discovery = Discovery(spec, http)
        self._addresses = SharedAddresses()
        self._clocks = ServerClocks()
        self._incomplete = IncompleteServers()

    def poll(self) -> NatsSnapshot:
        """One snapshot of the cluster. Blocks up to a few times the spec's timeout.

        Raises SourceError where no server answers, with the first server's reason.
        """
        urls = self._discovery.urls(self._clock())
        first = self._config_reads.first
        answers = self._request(urls, with_config=first)
        at, steady = self._clock(), steady_time()
        merged = self._merged(answers)
        incomplete = self._incomplete.of(
            answers, merged, self._discovery.names, self._discovery.unreached
        )
        self._log.record(answers, incomplete)
        if first:
            self._learn(merged, incomplete)
        complete = not incomplete
        view = self._scope.view(merged, self._settings, complete=complete)
        if self._config_reads.due(self._clock(), new=not view.configured, again=view.again):
            self._configure(urls)
            view = self._scope.view(merged, self._settings, complete=complete)
        self._unreadable.tell(view)
        return NatsSnapshot(
            at,
            tuple(server_of(answer) for answer in answers),
            view.streams,
            view.consumers,
            view.left_out,
            labelled(incomplete, self._accounts.label),
            fault_of(self.name, answers, incomplete),
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
            answers = self._request(urls, with_config=True)
            merged = self._merged(answers)
            self._learn(merged, self._incomplete.of(answers, merged, self._discovery.names, ()))

    def _learn(self, merged: Merged, incomplete: Sequence[IncompleteServer]) -> None:
        self._settings.learn(merged, complete=not incomplete)
        self._config_reads.done(self._clock())

    def _request(self, urls: Sequence[str], *, with_config: bool) -> list[ServerAnswer]:
        """Each server's answer once; raises SourceError where none answers."""

        def one(url: str) -> ServerAnswer:
            return ask(self._http, self._clock, url, with_config=with_config)

        answers = list(self._pool.map(one, urls))
        for answer in answers:
            if answer.shared or self._changed(answer):
                self._discovery.is_shared(answer.url)
        names = {each.url: each.varz.server_name if each.varz else None for each in answers}
        self._discovery.saw(names, self._clock())
        errors = [answer.error for answer in answers if answer.error is not None]
        if errors and len(errors) == len(answers):
            self._log.record(answers, ())
            raise errors[0]
        return _distinct(answers, self._discovery.shared)

    def _changed(self, answer: ServerAnswer) -> bool:
        return answer.varz is not None and self._addresses.another_answers(
            answer.url, answer.varz, answer.answered
        )

    def _merged(self, answers: Sequence[ServerAnswer]) -> Merged:
        reports = []
        for answer in answers:
            if answer.varz is not None:
                clock = self._ahead(answer)
                at = true_at(answer, clock)
                ahead = clock.middle if clock else 0.0
                reports.append(ServerReport(answer.varz.server_name, answer.accounts, at, ahead))
        self._clocks.keep({each.varz.server_id for each in answers if each.varz})
        return merge(reports)

    def _ahead(self, answer: ServerAnswer) -> Ahead | None:
        if answer.ahead is None or answer.varz is None:
            return None
        return self._clocks.observe(answer.varz.server_id, answer.ahead)


def present_consumers(name: str, spec: NatsSource) -> set[tuple[str, str]]:
    """Stream and name of each consumer of a cluster; none where it does not answer."""
    with closing(monitoring_client(spec)) as http:
        try:
            with closing(NatsHttp(name, spec, http, time.time)) as source:
                return {(each.stream, each.name) for each in source.poll().consumers}
        except SourceError:
            return set()


def _distinct(answers: Sequence[ServerAnswer], shared: frozenset[str]) -> list[ServerAnswer]:
    """One answer a server, at best from an address that no other server has; order is kept."""
    best: dict[str, ServerAnswer] = {}
    for answer in answers:
        if answer.varz is not None:
            present = best.setdefault(answer.varz.server_id, answer)
            if present.url in shared and answer.url not in shared:
                best[answer.varz.server_id] = answer
    return [
        answer for answer in answers if answer.varz is None or best[answer.varz.server_id] is answer
    ]


def server_of(answer: ServerAnswer) -> NatsServer:
    """The snapshot's value of a server; its address is the identity."""
    varz = answer.varz
    if varz is None:
        return NatsServer(address(answer.url), up=False)
    limits, stats = varz.jetstream.config, varz.jetstream.stats
    return NatsServer(
        address(answer.url),
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
        id=varz.server_id,
        healthy=answer.healthy,
        unhealthy_because=answer.unhealthy_because,
    )
