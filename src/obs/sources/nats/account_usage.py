"""The accounts of a cluster, from what each of its servers tells of them.

JetStream's usage of an account is told by each server for all servers: they tell each other within
seconds. A server that has just started knows only its own part, and each refuses by what it knows,
so the highest number counts. Connections are each server's own: they are added. Of subscriptions
each server knows nearly all, so again the highest number counts.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final

import msgspec

from obs.snapshot.accounts import Account, AccountShare, Usage
from obs.sources.nats.account_pages import Limits, has_jwt, stored
from obs.sources.nats.jsz import ElsewhereStream
from obs.sources.nats.leaders import Merged
from obs.sources.nats.server_answer import ServerAnswer

_A_POLL: Final = 50  # accounts whose limits are read in one poll


class KeptAccounts:
    """The accounts that have series: those that had them before, and others up to the cap."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[str, None] = {}

    def of(self, accounts: Sequence[Account]) -> tuple[Account, ...]:
        """Those of these accounts that have series; of new ones those with JetStream first."""
        told = {each.id: each for each in accounts}
        had = [each for each in self._kept if each in told]
        new = [each.id for each in sorted(accounts, key=_order) if each.id not in self._kept]
        self._kept = dict.fromkeys([*had, *new][: self._most])
        return tuple(told[each] for each in sorted(self._kept))


class AccountLimits:
    """The limits in accounts' JWTs, read again every so many seconds, a few accounts a poll."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._read: dict[str, float] = {}  # by id, when (Unix seconds)
        self._limits: dict[str, Limits] = {}

    def due(self, accounts: Iterable[str], now: float) -> list[str]:
        """Those whose limits are to be read now, at `now` Unix seconds; forgets all others."""
        wanted = [each for each in accounts if has_jwt(each)]
        self._read = {each: at for each, at in self._read.items() if each in wanted}
        self._limits = {each: told for each, told in self._limits.items() if each in wanted}
        late = [each for each in wanted if not 0 <= now - self._last(each) < self._every]
        return sorted(late, key=self._last)[:_A_POLL]

    def learn(self, asked: Iterable[str], told: Mapping[str, Limits], now: float) -> None:
        """What was told of the accounts that were asked for; of others the last is kept."""
        self._read.update(dict.fromkeys(asked, now))
        self._limits.update(told)

    def of(self, account: Account) -> Account:
        """The account with its limits, where they are known."""
        told = self._limits.get(account.id)
        if told is None:
            return account
        tiers = {name: _limited(Usage(), each) for name, each in told.tiers.items()}
        return msgspec.structs.replace(
            account,
            usage=_limited(account.usage, told.usage),
            tiers=tiers,
            connections_limit=told.connections,
            leaf_nodes_limit=told.leaf_nodes,
        )

    def _last(self, account: str) -> float:
        return self._read.get(account, 0.0)


def accounts_of(
    answers: Sequence[ServerAnswer], merged: Merged, *, complete: bool
) -> tuple[Account, ...]:
    """Every account that a server tells of. `complete`: `merged` has all streams there are."""
    shares: dict[str, list[AccountShare]] = {}
    for share in chain.from_iterable(each.shares or () for each in answers):
        shares.setdefault(share.id, []).append(share)
    usages: dict[str, list[Account]] = {}
    for told in _told(answers):
        usages.setdefault(told.id, []).append(told)
    counted = _counted(merged)
    return tuple(
        _together(each, usages.get(each, ()), shares.get(each, ()), counted.get(each), complete)
        for each in dict.fromkeys([*usages, *shares])
    )


def _told(answers: Sequence[ServerAnswer]) -> Iterator[Account]:
    for answer in answers:
        if answer.is_account:
            yield from answer.own
        else:
            yield from map(stored, answer.accounts)


def _counted(merged: Merged) -> Mapping[str, Counter[str]]:
    """By account, how many consumers each of its streams has, also those of other shards."""
    found: dict[str, Counter[str]] = {}
    for key, reports in merged.items():
        consumers = len(reports.led.keys() | reports.unled.keys())
        if isinstance(reports.stream, ElsewhereStream):
            consumers = reports.stream.consumers
        found.setdefault(key.account, Counter())[key.stream] = consumers
    return found


def _together(
    account: str,
    usages: Sequence[Account],
    shares: Sequence[AccountShare],
    streams: Mapping[str, int] | None,
    complete: bool,
) -> Account:
    names = (*(each.name for each in usages), *(each.name for each in shares))
    name = next(filter(None, names), account)
    first = next(iter(usages), Account(account, name))
    usage = _highest([each.usage for each in usages])
    if usages and complete:
        consumers = list((streams or {}).values())
        usage = msgspec.structs.replace(
            usage,
            streams=len(consumers) if usage.streams is None else usage.streams,
            consumers=sum(consumers) if usage.consumers is None else usage.consumers,
            most_consumers=max(consumers, default=0),
        )
    return msgspec.structs.replace(
        first,
        name=name,
        usage=usage,
        api_requests=_most(each.api_requests for each in usages),
        api_errors=_most(each.api_errors for each in usages),
        connections=_sum(each.connections for each in shares),
        leaf_nodes=_sum(each.leaf_nodes for each in shares),
        subscriptions=_most(each.subscriptions for each in shares),
    )


def _highest(usages: Sequence[Usage]) -> Usage:
    if len(usages) < 2:
        return usages[0] if usages else Usage()
    names: tuple[str, ...] = Usage.__struct_fields__
    return Usage(**{name: _most(getattr(each, name) for each in usages) for name in names})


def _limited(usage: Usage, limits: Usage) -> Usage:
    """The usage with those limits that are set."""
    found = {name: value for name, value in msgspec.structs.asdict(limits).items() if value}
    return msgspec.structs.replace(usage, **found)


def _order(account: Account) -> tuple[bool, str]:
    return account.usage.store is None, account.id


def _sum(numbers: Iterable[int | None]) -> int | None:
    told = [each for each in numbers if each is not None]
    return sum(told) if told else None


def _most(numbers: Iterable[int | None]) -> int | None:
    return max((each for each in numbers if each is not None), default=None)
