"""One poll of a NATS cluster, by whatever way in: a snapshot of what its servers tell."""

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from obs.errors import SourceError
from obs.snapshot.accounts import Account
from obs.snapshot.assets import SubjectMessages
from obs.snapshot.nats import NatsSnapshot
from obs.snapshot.servers import IncompleteServer, NatsServer
from obs.sources.nats.account_usage import AccountLimits, KeptAccounts, accounts_of
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.clock_steps import steady_time
from obs.sources.nats.clocks import Ahead, ServerClocks
from obs.sources.nats.config_reads import ConfigReads
from obs.sources.nats.incomplete import IncompleteServers, fault_of, labelled
from obs.sources.nats.jetstream import KnownSettings, SourceSelection
from obs.sources.nats.leaders import Merged, ServerReport, merge
from obs.sources.nats.names import elsewhere, unwatched
from obs.sources.nats.odd_thresholds import OddThresholdLog
from obs.sources.nats.peer_pages import PeerPages
from obs.sources.nats.server_answer import ServerAnswer, address, true_at
from obs.sources.nats.server_facts import (
    certificates,
    facts,
    lame_duck,
    slow_connections,
    stale_connections,
)
from obs.sources.nats.server_log import ServerLog
from obs.sources.nats.unreadable import UnreadableLog
from obs.sources.nats.way_in import WayIn
from obs.spec.nats import NatsSource

if TYPE_CHECKING:
    from obs.sources.nats.subject_counts import SubjectCounts


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
        subjects: "SubjectCounts | None" = None,
        peers: PeerPages | None = None,
    ) -> None:
        """`clock` gives Unix seconds; `accounts` says what accounts are called; `expiries` when the
        credentials of connections expire, by the connection (Unix seconds); `subjects` counts
        messages by subject; `peers` keeps pages as another exporter reads them."""
        self.name = name
        self._peers = peers
        self._expiries = expiries
        self._subjects = subjects
        self._way = way
        self._clock = clock
        self._accounts = accounts or AccountLabels()
        self._scope = SourceSelection(spec, self._accounts)
        self._settings = KnownSettings(spec.metadata_labels)
        self._config_reads = ConfigReads(spec.config_every)
        self._unreadable = UnreadableLog(name)
        self._odd_thresholds = OddThresholdLog(name, ignored=not spec.monitor_metadata)
        self._log = ServerLog(name)
        self._clocks = ServerClocks()
        self._incomplete = IncompleteServers()
        self._collects_accounts = "accounts" in spec.collect
        self._kept_accounts = KeptAccounts(spec.max_accounts)
        self._limits = AccountLimits(spec.config_every)

    def poll(self) -> NatsSnapshot:
        """One snapshot of the cluster. Blocks up to a few times the spec's timeout.

        Raises SourceError where no server answers, with the first server's reason.
        """
        if self._subjects is not None:
            self._subjects.begin(time.monotonic())
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
        accounts, others = self._account_usage(answers, merged, complete)
        kept = {each.id for each in accounts}
        self._odd_thresholds.tell(view.streams, view.consumers)
        return NatsSnapshot(
            at,
            tuple(server_of(answer, kept) for answer in answers),
            view.streams,
            view.consumers,
            view.left_out | others,
            labelled(incomplete, self._accounts.label),
            fault_of(self.name, answers, incomplete),
            unwatched=unwatched(merged, view),
            steady=steady,
            credentials=self._expiries(),
            by_subject=self._by_subject(),
            uncounted=self._subjects.last.problems if self._subjects else (),
            accounts=accounts,
            peers=self._peers.of(answers, view) if self._peers else (),
            elsewhere=elsewhere(merged, view.labels),
        )

    def close(self) -> None:
        """Close its connections."""
        self._way.close()
        if self._subjects is not None:
            self._subjects.close()

    def _by_subject(self) -> tuple[SubjectMessages, ...]:
        label = self._accounts.label
        told = self._subjects.last.messages if self._subjects else ()
        return tuple(each._replace(account=label(each.account)) for each in told)

    def _account_usage(
        self, answers: Sequence[ServerAnswer], merged: Merged, complete: bool
    ) -> tuple[tuple[Account, ...], dict[str, int]]:
        """The accounts that have series, and how many others there are."""
        if not self._collects_accounts:
            return (), {}
        told = accounts_of(answers, merged, complete=complete)
        kept = self._kept_accounts.of(told)
        knows = {share.id: each.url for each in answers for share in each.shares or ()}
        now = self._clock()
        due = [each for each in self._limits.due((a.id for a in kept), now) if each in knows]
        if due:
            found = self._way.limits({each: knows[each] for each in due})
            self._limits.learn(due, found, now)
        others = len(told) - len(kept)
        return tuple(map(self._limits.of, kept)), {"accounts": others}

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


def server_of(answer: ServerAnswer, accounts: Collection[str] = ()) -> NatsServer:
    """The snapshot's value of a server; its address is the identity. `accounts`: those of which its
    part is in it."""
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
        facts={
            **facts(varz),
            **lame_duck(varz, answer.healthy, answer.unhealthy_because),
            **answer.held,
        },
        slow_connections=slow_connections(varz),
        stale_connections=stale_connections(varz),
        leaf_nodes=answer.leaf_nodes,
        gateways=answer.gateways,
        accounts=tuple(each for each in answer.shares or () if each.id in accounts),
        routes=answer.routes,
        clients=answer.clients,
        raft=answer.raft,
        certificates=certificates(varz),
        clock_ahead=_clock_ahead(answer),
    )


def _clock_ahead(answer: ServerAnswer) -> tuple[float, float] | None:
    """By this answer alone; of an account, the clock of the first server that told of it."""
    every = [answer.ahead, *(part.ahead for part in answer.parts)]
    return next(((each.least, each.most) for each in every if each is not None), None)
