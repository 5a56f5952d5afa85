"""One poll of a NATS cluster, by whatever way in: a snapshot of what its servers tell."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from obs.errors import SourceError
from obs.snapshot import IncompleteServer, NatsServer, NatsSnapshot
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.clock_steps import steady_time
from obs.sources.nats.clocks import Ahead, ServerClocks
from obs.sources.nats.config_reads import ConfigReads
from obs.sources.nats.incomplete import IncompleteServers, fault_of, labelled
from obs.sources.nats.jetstream import KnownSettings, SourceSelection
from obs.sources.nats.leaders import Merged, ServerReport, merge
from obs.sources.nats.names import unwatched
from obs.sources.nats.server_answer import ServerAnswer, address, true_at
from obs.sources.nats.server_facts import facts, slow_connections
from obs.sources.nats.server_log import ServerLog
from obs.sources.nats.unreadable import UnreadableLog
from obs.sources.nats.way_in import WayIn
from obs.spec.nats import NatsSource


class PolledCluster:
    """Polls every server of one cluster.

    A cluster that answers in part is a success as long as one server answers: the snapshot says
    which servers did not tell all that they hold. Not safe for two polls at the same time.
    """

    def __init__(
        self,
        name: str,
        spec: NatsSource,
        way: WayIn,
        clock: Callable[[], float],
        accounts: AccountLabels | None = None,
        *,
        expiries: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        """`clock` gives Unix seconds; `accounts` says what accounts are called; `expiries` when the
        credentials of connections expire, by the connection (Unix seconds)."""
        self.name = name
        self._expiries = expiries
        self._way = way
        self._clock = clock
        self._accounts = accounts or AccountLabels()
        self._scope = SourceSelection(spec, self._accounts)
        self._settings = KnownSettings()
        self._config_reads = ConfigReads(spec.config_every)
        self._unreadable = UnreadableLog(name)
        self._log = ServerLog(name)
        self._clocks = ServerClocks()
        self._incomplete = IncompleteServers()

    def poll(self) -> NatsSnapshot:
        """One snapshot of the cluster. Blocks up to a few times the spec's timeout.

        Raises SourceError where no server answers, with the first server's reason.
        """
        first = self._config_reads.first
        answers = self._request(with_config=first)
        at, steady = self._clock(), steady_time()
        merged = self._merged(answers)
        incomplete = self._incomplete.of(answers, merged, self._way.names, self._way.unreached)
        self._log.record(answers, incomplete)
        if first:
            self._learn(merged, incomplete)
        complete = not incomplete
        view = self._scope.view(merged, self._settings, complete=complete)
        if self._config_reads.due(self._clock(), new=not view.configured, again=view.again):
            answered = [each.url for each in answers if each.varz is not None]
            self._configure(answered, incomplete)
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
            credentials=self._expiries(),
        )

    def close(self) -> None:
        """Close its connections."""
        self._way.close()

    def _configure(self, urls: Collection[str], incomplete: Sequence[IncompleteServer]) -> None:
        """Read configurations of servers that have answered; that response is larger, so the poll
        does not fail with it. `incomplete`: by the answers so far."""
        self._config_reads.done(self._clock())
        with contextlib.suppress(SourceError):
            answers = self._request(with_config=True, only=urls)
            merged = self._merged(answers)
            now = self._incomplete.of(answers, merged, self._way.names, ())
            self._learn(merged, (*incomplete, *now))

    def _learn(self, merged: Merged, incomplete: Sequence[IncompleteServer]) -> None:
        self._settings.learn(merged, complete=not incomplete)
        self._config_reads.done(self._clock())

    def _request(
        self, *, with_config: bool, only: Collection[str] | None = None
    ) -> list[ServerAnswer]:
        """Each server's answer once; raises SourceError where none answers."""
        answers = self._way.answers(with_config=with_config, only=only)
        errors = [answer.error for answer in answers if answer.error is not None]
        if errors and len(errors) == len(answers):
            self._log.record(answers, ())
            raise errors[0]
        return answers

    def _merged(self, answers: Sequence[ServerAnswer]) -> Merged:
        reports = [report for answer in answers for report in self._reports(answer)]
        self._clocks.keep(
            {each.varz.server_id for each in answers if each.varz}
            | {part.clock for each in answers for part in each.parts}
        )
        return merge(reports)

    def _reports(self, answer: ServerAnswer) -> Iterator[ServerReport]:
        if answer.varz is None:
            return
        name = answer.varz.server_name
        for part in answer.parts:
            clock = self._ahead(part.clock, part.ahead)
            yield ServerReport(name, part.accounts, part.at, clock.middle if clock else 0.0)
        if not answer.parts:
            clock = self._ahead(answer.varz.server_id, answer.ahead)
            at = true_at(answer, clock)
            yield ServerReport(name, answer.accounts, at, clock.middle if clock else 0.0)

    def _ahead(self, clock: str, seen: Ahead | None) -> Ahead | None:
        return None if seen is None else self._clocks.observe(clock, seen)


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
        is_account=answer.is_account,
        facts=facts(varz),
        slow_connections=slow_connections(varz),
        leaf_nodes=answer.leaf_nodes,
        gateways=answer.gateways,
    )
