"""A NATS source's cluster, opened by the way in that its spec chooses."""

# ruff: noqa: PLC0415  the NATS library is loaded only for the ways that need it

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from obs.errors import SourceError
from obs.families.family import Family
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.connection import names
from obs.sources.nats.credentials import expiries
from obs.sources.nats.group_pages import GroupPages
from obs.sources.nats.monitoring import largest_answer, monitoring_client
from obs.sources.nats.nats_http import NatsHttp
from obs.sources.nats.peer_pages import PeerPages
from obs.sources.nats.polled_cluster import PolledCluster
from obs.sources.nats.selection import wanted_of
from obs.sources.nats.server_answer import Get
from obs.sources.nats.way_in import WayIn
from obs.spec.nats import NatsConnection, NatsSource
from obs.spec.nats_login import NatsLogin
from obs.state import State

if TYPE_CHECKING:
    from obs.sources.nats.subject_counts import SubjectCounts


def open_cluster(
    name: str,
    spec: NatsSource,
    clock: Callable[[], float],
    accounts: AccountLabels | None = None,
    *,
    by_subject: bool = False,
    peers: bool = False,
) -> PolledCluster:
    """The cluster, ready to be polled; sends nothing yet. `clock` gives Unix seconds. `by_subject`:
    messages are counted by the subjects that the spec names. `peers`: pages of its monitoring ports
    are kept as another exporter reads them."""
    pages = PeerPages(monitoring_client(spec)) if peers and spec.monitor else None
    way = NatsHttp(name, spec, pages, clock) if pages else _way(name, spec, clock)
    return PolledCluster(
        name,
        spec,
        way,
        clock,
        accounts,
        expiries=partial(expiries, _logins(spec)),
        subjects=_subject_counts(name, spec) if by_subject else None,
        peers=pages,
    )


def cluster_by_http(
    name: str,
    spec: NatsSource,
    http: Get,
    clock: Callable[[], float],
    accounts: AccountLabels | None = None,
) -> PolledCluster:
    """The same by its monitoring ports."""
    return PolledCluster(name, spec, NatsHttp(name, spec, http, clock), clock, accounts)


def families_now(name: str, spec: NatsSource) -> list[Family]:
    """What one poll of a cluster shows, without any history; none where it does not answer."""
    from obs.sources.nats.consumer_tracker import ConsumerTracker

    with closing(open_cluster(name, spec, time.time)) as cluster:
        try:
            snapshot = cluster.poll()
        except SourceError:
            return []
    nothing_saved = State(Path(), None, lambda reason: None)
    return ConsumerTracker(name, spec, nothing_saved, lambda: None, time.time()).update(snapshot)


def _way(name: str, spec: NatsSource, clock: Callable[[], float]) -> WayIn:
    if spec.monitor:
        return NatsHttp(name, spec, monitoring_client(spec), clock)
    from obs.clients.nats_session import NatsSession
    from obs.sources.nats.nats_account import NatsAccount, NatsAccounts
    from obs.sources.nats.nats_system import NatsSystem

    def session(login: NatsLogin, what: str) -> NatsSession:
        largest = largest_answer(spec)
        return NatsSession(login, f"obs {name} {what}", timeout=spec.timeout, largest=largest)

    if spec.system:
        return NatsSystem(session(spec.system, "servers"), clock, GroupPages(spec), wanted_of(spec))
    return NatsAccounts(
        NatsAccount(
            session(each, each.account),
            each,
            clock,
            groups=spec.collect,
            wanted=wanted_of(spec),
        )
        for each in spec.every_connection
    )


def _subject_counts(name: str, spec: NatsSource) -> "SubjectCounts | None":
    """What counts messages by subject, over connections of its own: one that lacks a right is lost,
    and with it all that is asked over it."""
    counting = [each for each in spec.every_connection if each.count_subjects]
    if not counting:
        return None
    from obs.clients.nats_session import NatsSession
    from obs.sources.nats.subject_counts import AccountSubjects, SubjectCounts

    def session(login: NatsConnection) -> NatsSession:
        return NatsSession(login, f"obs {name} subjects {login.account}", timeout=spec.timeout)

    accounts = [AccountSubjects(partial(session, each), each) for each in counting]
    return SubjectCounts(name, accounts, spec.config_every)


def _logins(spec: NatsSource) -> Mapping[str, NatsLogin]:
    """Whatever it signs in with, by the names of its connections."""
    return {**({"system": spec.system} if spec.system else {}), **names(spec)}
