"""A source's accounts as families; their API requests counted across restarts of servers."""

from collections.abc import Callable, Iterator, Mapping

from obs.families.family import Family, RowCache
from obs.families.nats_accounts import AccountRow, ShareRow, account_families, share_families
from obs.snapshot.accounts import Account
from obs.snapshot.nats import NatsSnapshot


class Growing:
    """A total that goes on when what it is read from falls, as it does when a server restarts."""

    def __init__(self) -> None:
        self._last: int | None = None
        self.total: int | None = None

    def observe(self, told: int | None) -> int | None:
        """The total; it begins with 0 at the first number. None before that."""
        if told is not None:
            grown = 0 if self._last is None else max(told - self._last, 0)
            self.total = (self.total or 0) + grown
            self._last = told
        return self.total


class AccountSeries:
    """The accounts of one source over time."""

    def __init__(self, source: str, since: float) -> None:
        """`since`: when its counters begin (Unix seconds)."""
        self._source = source
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

    def _counted(self, account: Account) -> tuple[int | None, int | None]:
        requests, errors = self._requests[account.id]
        return requests.observe(account.api_requests), errors.observe(account.api_errors)

    def _shares(self, snapshot: NatsSnapshot, named: Mapping[str, str]) -> Iterator[ShareRow]:
        for server in snapshot.servers:
            for each in server.accounts:
                if each.id in named:
                    yield ShareRow((self._source, named[each.id], server.address), each)
