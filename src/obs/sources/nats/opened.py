"""A NATS source's cluster, opened by the way in that its spec chooses."""

# ruff: noqa: PLC0415  the NATS library is loaded only for the ways that need it

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

from obs.errors import SourceError
from obs.sources.nats.accounts import AccountLabels
from obs.sources.nats.connection import names
from obs.sources.nats.credentials import expiries
from obs.sources.nats.monitoring import largest_answer, monitoring_client
from obs.sources.nats.nats_http import NatsHttp
from obs.sources.nats.polled_cluster import PolledCluster
from obs.sources.nats.server_answer import Get
from obs.sources.nats.way_in import WayIn
from obs.spec.nats import NatsSource
from obs.spec.nats_login import NatsLogin


def open_cluster(
    name: str,
    spec: NatsSource,
    clock: Callable[[], float],
    accounts: AccountLabels | None = None,
) -> PolledCluster:
    """The cluster, ready to be polled; sends nothing yet. `clock` gives Unix seconds."""
    way = _way(name, spec, clock)
    return PolledCluster(
        name, spec, way, clock, accounts, expiries=partial(expiries, _logins(spec))
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


def present_consumers(name: str, spec: NatsSource) -> set[tuple[str, str]]:
    """Stream and name of each consumer of a cluster; none where it does not answer."""
    with closing(open_cluster(name, spec, time.time)) as cluster:
        try:
            return {(each.stream, each.name) for each in cluster.poll().consumers}
        except SourceError:
            return set()


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
        return NatsSystem(session(spec.system, "servers"), clock)
    return NatsAccounts(
        NatsAccount(session(each, each.account), each, clock) for each in spec.every_connection
    )


def _logins(spec: NatsSource) -> Mapping[str, NatsLogin]:
    """Whatever it signs in with, by the names of its connections."""
    return {**({"system": spec.system} if spec.system else {}), **names(spec)}
