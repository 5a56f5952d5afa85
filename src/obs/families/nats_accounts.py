"""Accounts of NATS clusters as families."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from obs.catalogue import nats_accounts
from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache, Value
from obs.snapshot.accounts import Account, AccountShare, Usage


class AccountRow(NamedTuple):
    """An account with its label values, and its API requests and errors so far."""

    labels: tuple[str, ...]
    account: Account
    api_requests: int | None
    api_errors: int | None


class ShareRow(NamedTuple):
    """An account on one server, with its label values."""

    labels: tuple[str, ...]
    share: AccountShare


_OF_ACCOUNT: Final[Mapping[Metric, Callable[[Account], Value]]] = {
    nats_accounts.MEMORY: lambda account: account.usage.memory,
    nats_accounts.MEMORY_LIMIT: lambda account: account.usage.memory_limit,
    nats_accounts.STORE: lambda account: account.usage.store,
    nats_accounts.STORE_LIMIT: lambda account: account.usage.store_limit,
    nats_accounts.RESERVED_MEMORY: lambda account: account.usage.memory_reserved,
    nats_accounts.RESERVED_STORE: lambda account: account.usage.store_reserved,
    nats_accounts.STREAMS: lambda account: account.usage.streams,
    nats_accounts.STREAMS_LIMIT: lambda account: account.usage.streams_limit,
    nats_accounts.CONSUMERS: lambda account: account.usage.consumers,
    nats_accounts.STREAM_CONSUMERS_LIMIT: lambda account: account.usage.consumers_limit,
    nats_accounts.CONNECTIONS: lambda account: account.connections,
    nats_accounts.CONNECTIONS_LIMIT: lambda account: account.connections_limit,
    nats_accounts.LEAF_NODES: lambda account: account.leaf_nodes,
    nats_accounts.LEAF_NODES_LIMIT: lambda account: account.leaf_nodes_limit,
    nats_accounts.SUBSCRIPTIONS: lambda account: account.subscriptions,
}
_OF_TIER: Final[Mapping[Metric, Callable[[Usage], Value]]] = {
    nats_accounts.TIER_MEMORY: lambda usage: usage.memory,
    nats_accounts.TIER_MEMORY_LIMIT: lambda usage: usage.memory_limit,
    nats_accounts.TIER_STORE: lambda usage: usage.store,
    nats_accounts.TIER_STORE_LIMIT: lambda usage: usage.store_limit,
    nats_accounts.TIER_STREAMS: lambda usage: usage.streams,
    nats_accounts.TIER_STREAMS_LIMIT: lambda usage: usage.streams_limit,
    nats_accounts.TIER_CONSUMERS: lambda usage: usage.consumers,
    nats_accounts.TIER_STREAM_CONSUMERS_LIMIT: lambda usage: usage.consumers_limit,
}
_OF_SHARE: Final[Mapping[Metric, Callable[[AccountShare], Value]]] = {
    nats_accounts.RECEIVED: lambda share: share.received,
    nats_accounts.SENT: lambda share: share.sent,
    nats_accounts.RECEIVED_BYTES: lambda share: share.received_bytes,
    nats_accounts.SENT_BYTES: lambda share: share.sent_bytes,
    nats_accounts.SLOW_CONNECTIONS: lambda share: share.slow_connections,
}


def account_families(
    accounts: Sequence[AccountRow], cache: RowCache, since: float
) -> Iterator[Family]:
    """The families of accounts and of their tiers; API requests count from `since` on."""
    rows = cache.rows("accounts", [each.labels for each in accounts])
    for metric, of in _OF_ACCOUNT.items():
        yield Family(metric, rows, [of(each.account) for each in accounts])
    yield Family(nats_accounts.API_REQUESTS, rows, [each.api_requests for each in accounts], since)
    yield Family(nats_accounts.API_ERRORS, rows, [each.api_errors for each in accounts], since)
    tiers = [
        ((*each.labels, name), usage)
        for each in accounts
        for name, usage in sorted(each.account.tiers.items())
    ]
    of_tiers = cache.rows("account tiers", [labels for labels, _ in tiers])
    for metric, of_usage in _OF_TIER.items():
        yield Family(metric, of_tiers, [of_usage(usage) for _, usage in tiers])
    used = [
        ((*each.labels, name), ratio)
        for each in accounts
        for name, ratio in limits_used(each.account)
    ]
    limits = cache.rows("account limits", [labels for labels, _ in used])
    yield Family(nats_accounts.LIMIT_USED, limits, [ratio for _, ratio in used])


def share_families(shares: Sequence[ShareRow], cache: RowCache) -> Iterator[Family]:
    """The families of accounts on single servers."""
    rows = cache.rows("account shares", [each.labels for each in shares])
    for metric, of in _OF_SHARE.items():
        yield Family(metric, rows, [of(each.share) for each in shares])


def limits_used(account: Account) -> Iterator[tuple[str, float]]:
    """How much of each limit of an account is used, of limits whose use is told."""
    # A leaf node counts as a connection too.
    connected = _sum(account.connections, account.leaf_nodes)
    pairs = [
        ("connections", connected, account.connections_limit),
        ("leaf_nodes", account.leaf_nodes, account.leaf_nodes_limit),
        *_pairs("", account.usage),
    ]
    for name, usage in sorted(account.tiers.items()):
        pairs += _pairs(f"{name} ", usage)
    for name, part, limit in pairs:
        if part is not None and limit:
            yield name, round(part / limit, 6)


def _pairs(tier: str, usage: Usage) -> list[tuple[str, int | None, int | None]]:
    return [
        (f"{tier}memory", usage.memory, usage.memory_limit),
        (f"{tier}store", usage.store, usage.store_limit),
        (f"{tier}streams", usage.streams, usage.streams_limit),
        (f"{tier}consumers", usage.most_consumers, usage.consumers_limit),
    ]


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other
