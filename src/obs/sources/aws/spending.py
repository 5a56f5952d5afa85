"""What one AWS source has spent this month, kept over restarts, and the pace that follows."""

import logging
import math
import threading
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from obs.clients.aws import AwsClient
from obs.sources.aws.budget import Pace, Rates, Stage, month_of, pace
from obs.sources.aws.shared_budget import budget_for
from obs.spec.aws import AwsSource
from obs.state import State, decoded

_KIND: Final = "aws_spending"
_DAY: Final = 86_400.0
_ENCODE: Final = msgspec.msgpack.Encoder().encode

log = logging.getLogger(__name__)


class Spent(msgspec.Struct, frozen=True):
    """Dollars spent in the month that begins at `month`, counted from `since` on.

    `needed_only_since`: the settled time of the last poll that asked for everything, where later
    ones did not. All in Unix seconds.
    """

    month: float
    since: float
    dollars: float
    needed_only_since: float | None = None


class Spending:
    """The spending of one source. Its client adds to it from any thread."""

    def __init__(
        self, source: str, spec: AwsSource, state: State, on_damage: Callable[[], None], now: float
    ) -> None:
        self._source = source
        self._spec = spec
        self._state = state
        self._lock = threading.Lock()
        self._spent = self._restored(on_damage) or Spent(month_of(now)[0], now, 0.0)
        self._put: Spent | None = None
        self.pace: Pace | None = None
        """That of the last poll; None before the first."""

    @property
    def source(self) -> str:
        """The source whose spending it is."""
        return self._source

    @property
    def needed_only_since(self) -> float | None:
        """From when on metrics that no alert needs were not asked for; None: they were."""
        with self._lock:
            return self._spent.needed_only_since

    @property
    def slower(self) -> float:
        """By which factor polls are rarer than the spec says."""
        return self.pace.interval / self._spec.poll if self.pace else 1.0

    @property
    def in_words(self) -> str:
        """What is different because of the budget; empty where nothing is."""
        return self.pace.in_words(self._spec.poll) if self.pace else ""

    def add(self, dollars: float) -> None:
        """Count dollars of a request or of a published metric."""
        with self._lock:
            self._spent = msgspec.structs.replace(
                self._spent, dollars=self._spent.dollars + dollars
            )

    @property
    def spent(self) -> float:
        """Dollars spent this month, as of the last poll."""
        with self._lock:
            return self._spent.dollars

    def judge(self, at: float, rates: Rates) -> Pace:
        """How to poll from `at` on; logs where that changes."""
        with self._lock:
            self._turn(at)
            spent, since = self._spent.dollars, self._spent.since
        before = self.pace.stage if self.pace else Stage.WITHIN
        budget, poll = budget_for(self._source, self._spec, rates.everything), self._spec.poll
        self.pace = pace(budget, spent, since=since, at=at, poll=poll, rates=rates, before=before)
        if self.pace.stage > before:
            log.warning("source %s is %s", self._source, self.in_words)
        elif self.pace.stage < before:
            log.info("source %s: the rest of the month is within its budget again", self._source)
        return self.pace

    def polled(self, settled: float, *, everything: bool) -> None:
        """Remember what a successful poll asked for; call it after its points were counted."""
        with self._lock:
            since = self._spent.needed_only_since
            if everything or since is None:
                since = None if everything else settled
            self._spent = msgspec.structs.replace(self._spent, needed_only_since=since)

    def keep(self, *, again: bool = False) -> None:
        """Queue it for the state file where it changed, or in any case. For the state's thread."""
        with self._lock:
            spent = self._spent
        if again or spent != self._put:
            self._put = spent
            self._state.put(_KIND, self._source, _ENCODE(spent))

    def _turn(self, at: float) -> None:
        start, _ = month_of(at)
        spent = self._spent
        # A clock that is set back a little must not forget; one that was a month ahead must.
        if start > spent.month or at < spent.month - _DAY:
            self._spent = Spent(start, start, 0.0, spent.needed_only_since)

    def _restored(self, on_damage: Callable[[], None]) -> Spent | None:
        value = self._state.entries(_KIND).get(self._source)
        try:
            found = decoded(value, Spent) if value else None
            if found is not None and not 0 <= found.dollars < math.inf:
                raise ValueError(f"{found.dollars} dollars")
        except ValueError as error:
            on_damage()
            log.warning("what %s spent is unreadable (%s); counting anew", self._source, error)
            return None
        return found


def spendings(clients: Sequence[AwsClient]) -> list[Spending]:
    """Those of the sources that are polled."""
    return [client.ledger for client in clients if isinstance(client.ledger, Spending)]
