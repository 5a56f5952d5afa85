"""A source's accounts as families; their API requests counted across restarts of servers."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Final

import msgspec

from obs.families.family import Family, RowCache
from obs.families.nats_accounts import AccountRow, ShareRow, account_families, share_families
from obs.snapshot.accounts import Account
from obs.snapshot.nats import NatsSnapshot
from obs.state import State, decoded

_KIND: Final = "nats_api_requests"
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Growing:
    """A total that goes on when what it is read from falls, as it does when a server restarts."""

    def __init__(self, total: int | None = None, last: int | None = None) -> None:
        """`last`: the number that made it so much."""
        self.last = last
        self.total = total

    def observe(self, told: int | None) -> int | None:
        """The total; it begins with 0 at the first number. None before that."""
        if told is not None:
            grown = 0 if self.last is None else max(told - self.last, 0)
            self.total = (self.total or 0) + grown
            self.last = told
        return self.total


class SavedRequests(msgspec.Struct, frozen=True, array_like=True):
    """Total and last number of requests, then of errors, of each account by its id."""

    since: float
    accounts: dict[str, tuple[_Count | None, _Count | None, _Count | None, _Count | None]]


class AccountSeries:
    """The accounts of one source over time."""

    def __init__(self, source: str, state: State, since: float) -> None:
        """`since`: when its counters begin (Unix seconds), unless the state has some."""
        self._source = source
        self._state = state
        self._since = since
        self._requests: dict[str, tuple[Growing, Growing]] = {}

    def families(
        self,
        snapshot: NatsSnapshot,
        labels: Callable[[Mapping[str, str]], Mapping[str, str]],
        cache: RowCache,
    ) -> list[Family]:
        """All account families of a poll; `labels` says what accounts are called, by their ids."""
        named = labels({each.id: each.name for each in snapshot.accounts})
        kept = self._requests
        self._requests = {each: kept.get(each) or (Growing(), Growing()) for each in named}
        rows = [
            AccountRow((self._source, named[each.id]), each, *self._counted(each))
            for each in snapshot.accounts
        ]
        shares = list(self._shares(snapshot, named))
        return [
            *account_families(rows, cache, self._since),
            *share_families(shares, cache),
        ]

    def save(self) -> None:
        """Queue the totals for the state file."""
        if self._requests:
            saved = {
                account: (requests.total, requests.last, errors.total, errors.last)
                for account, (requests, errors) in self._requests.items()
            }
            entry = msgspec.msgpack.encode(SavedRequests(self._since, saved))
            self._state.put(_KIND, self._source, entry)

    def restore(self) -> None:
        """Go on from the state file. Raises ValueError where it cannot, and changes nothing."""
        entry = self._state.entries(_KIND).get(self._source)
        if entry is not None:
            saved = decoded(entry, SavedRequests)
            self._since = saved.since
            self._requests = {
                account: (Growing(*each[:2]), Growing(*each[2:]))
                for account, each in saved.accounts.items()
            }

    def _counted(self, account: Account) -> tuple[int | None, int | None]:
        requests, errors = self._requests[account.id]
        return requests.observe(account.api_requests), errors.observe(account.api_errors)

    def _shares(self, snapshot: NatsSnapshot, named: Mapping[str, str]) -> Iterator[ShareRow]:
        for server in snapshot.servers:
            for each in server.accounts:
                if each.id in named:
                    yield ShareRow((self._source, named[each.id], server.address), each)
