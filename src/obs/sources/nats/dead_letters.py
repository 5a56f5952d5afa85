"""The dead letters of one source: how many each consumer has, and which accounts are heard."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from obs.families.family import Family, RowCache
from obs.families.nats import dropped_family
from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.snapshot.assets import Consumer
from obs.sources.nats.hearing import Arrival, Hearing, Position
from obs.sources.nats.tracked_consumer import Identity
from obs.spec.nats import NatsSource
from obs.state import State, decoded

log = logging.getLogger(__name__)

_KIND: Final = "nats_dead_letters"
UNKNOWN: Final = 10_000
"""Consumers whose dead letters are counted although no poll has seen them, or none lately."""
_FORGET: Final = 3600.0  # seconds after its last dead letter that such a consumer is forgotten
_TOLD_EVERY: Final = 3600.0


class SavedDeadLetters(msgspec.Struct, frozen=True):
    """Dead letters counted so far, and the last positions read in capturing streams.

    `recent`: how often they were delivered, and the last of them by minute. `positions` and
    `heard` are by the account of the connection. Versions before 0.2 know `position` only.
    """

    counts: list[tuple[Identity, int]]
    position: tuple[str, int] | None = None
    recent: list[tuple[Identity, int, dict[int, tuple[int, int]]]] = []
    positions: dict[str, tuple[str, int]] = {}
    heard: dict[str, list[HeardSpan]] = {}


class HeardDeadLetters:
    """Counts what the source's connections hear, each named by its own account."""

    def __init__(
        self, source: str, spec: NatsSource, state: State, label: Callable[[str], str]
    ) -> None:
        """`label`: what an account is called on series, given that or its id."""
        self._label = label
        self._source = source
        self._spec = spec
        self._state = state
        self._counts: dict[Identity, DeadLetterCounts] = {}
        self._unknown = 0
        self.dropped = 0
        """Dead letters that were not counted since the process began: too many at once, or of too
        many consumers that no poll has seen."""
        self._told_dropped = 0
        self._told_at: float | None = None
        self._connections = {each.account: Hearing() for each in spec.every_connection}
        self._hearing_of = {
            account: self._connections[each.account]
            for each in spec.every_connection
            for account in each.hears
        }
        self._told: frozenset[str] = frozenset()
        self.positions: dict[str, Position] = {}

    def record(
        self,
        account: str,
        arrivals: Iterable[Arrival | None],
        clock_ahead: Callable[[str, str], float],
        is_known: Callable[[Identity], bool] = lambda _: True,
    ) -> bool:
        """Count what a connection heard, and save it; whether more is known than before. None among
        the arrivals: it was lost.

        `clock_ahead`: by how many seconds the clock of the server of an account's stream is ahead.
        `is_known`: whether a poll has seen the consumer.
        """
        hearing = self._connections[account]
        heard, counted, save = hearing.now, False, False
        for arrival in arrivals:
            if arrival is None:
                hearing.lost()
                continue
            if arrival.heard_until is not None:
                hearing.heard(arrival.heard_until, begins=arrival.begins)
            for each in arrival.dead_letters:
                identity = (self._label(each.account), each.stream, each.consumer)
                counts = self._counts_of(identity, is_known)
                if counts is not None:
                    ahead = clock_ahead(*identity[:2]) if arrival.received is None else 0.0
                    at = each.at - ahead if arrival.received is None else arrival.received
                    counts.add(at, each.deliveries)
            counted = counted or bool(arrival.dead_letters)
            save = save or arrival.begins
            if arrival.position is not None:
                save = save or arrival.position != self.positions.get(account)
                self.positions[account] = arrival.position
        if counted or save:
            self.save()
        return counted or hearing.now != heard

    def drop(self, number: int) -> None:
        """So many dead letters were not passed on."""
        self.dropped += number

    def dropped_families(self, cache: RowCache, since: float) -> list[Family]:
        """How many were not counted since `since` (Unix seconds); none without a connection."""
        if not self._connections:
            return []
        return [dropped_family(self._source, self.dropped, cache, since)]

    def forget(self, now: float, is_known: Callable[[Identity], bool]) -> None:
        """Forget consumers that are gone, or were never seen by a poll; `now` is in Unix seconds.
        Tells what was dropped."""
        self._unknown = 0
        for identity, counts in list(self._counts.items()):
            if is_known((self._label(identity[0]), *identity[1:])):
                continue
            if not 0 <= now - counts.last <= _FORGET:
                del self._counts[identity]
            else:
                self._unknown += 1
        again = self._told_at is None or not 0 <= now - self._told_at < _TOLD_EVERY
        if self.dropped > self._told_dropped and again:
            log.warning(
                "source %s: %d dead letters were not counted: more came than can be, or of more "
                "than %d consumers that no poll has seen; look at which consumers give up messages",
                *(self._source, self.dropped - self._told_dropped, UNKNOWN),
            )
            self._told_dropped, self._told_at = self.dropped, now

    def of(self, identity: Identity) -> DeadLetterCounts:
        """The dead letters of a consumer that were heard."""
        counts = self._counts.get(identity)
        if counts is None:
            counts = self._counts[identity] = DeadLetterCounts()
        return counts

    def _counts_of(
        self, identity: Identity, is_known: Callable[[Identity], bool]
    ) -> DeadLetterCounts | None:
        """None where it is one of too many."""
        if identity not in self._counts and not is_known(identity):
            if self._unknown >= UNKNOWN:
                self.dropped += 1
                return None
            self._unknown += 1
        return self.of(identity)

    def spans(self, consumer: Consumer) -> tuple[HeardSpan, ...]:
        """The periods for which the dead letters of a consumer are known."""
        hearing = self._hearing(consumer)
        return hearing.spans if hearing else ()

    def hears(self, consumer: Consumer) -> bool:
        """Whether its dead letters are heard now."""
        hearing = self._hearing(consumer)
        return hearing is not None and hearing.now

    def totals(self, consumers: Sequence[Consumer]) -> list[int | None]:
        """Dead letters of each consumer, as in `total`."""
        if not self._connections:
            return [None] * len(consumers)
        return [self.total(consumer) for consumer in consumers]

    def total(self, consumer: Consumer) -> int | None:
        """Dead letters of a consumer since counting began; None while nothing hears of them."""
        if not self.hears(consumer):
            return None
        total = 0
        for account in {consumer.account, consumer.account_id}:  # by its id before the first poll
            counts = self._counts.get((account, consumer.stream, consumer.name))
            total += counts.total if counts else 0
        return total

    def unheard(self, consumers: Iterable[Consumer]) -> dict[str, int]:
        """How many of the consumers give up messages, by account that no connection hears.

        Empty for a source without any connection.
        """
        return unheard(self._spec, consumers) if self._connections else {}

    def tell_unheard(self, consumers: Iterable[Consumer]) -> None:
        """Log accounts that no connection hears, each once."""
        found = self.unheard(consumers)
        for account in sorted(found.keys() - self._told):
            log.warning(
                "source %s: no connection hears account %s, so dead letters of its consumers are "
                "unknown; add one to sources.nats.%s.connections, or correct a connection's "
                "account",
                *(self._source, account, self._source),
            )
        self._told = frozenset(found)

    def restore(self) -> None:
        """Go on from the state file. Raises ValueError where it cannot, and changes nothing."""
        entry = self._state.entries(_KIND).get(self._source)
        if entry is None:
            return
        saved = decoded(entry, SavedDeadLetters)
        recent = {identity: (tries, minutes) for identity, tries, minutes in saved.recent}
        counts = {
            identity: DeadLetterCounts(total, *recent.get(identity, (total, {})))
            for identity, total in saved.counts
        }
        captured = [each.account for each in self._spec.every_connection if each.advisory_stream]
        positions, heard = saved.positions, saved.heard
        if saved.position and captured and not positions:  # of a version before 0.2
            positions, heard = {captured[0]: saved.position}, {captured[0]: [HeardSpan(0.0, 0.0)]}
        self._counts = counts
        for account in captured:
            if account in positions:
                self.positions[account] = Position(*positions[account])
                self._connections[account].spans = tuple(heard.get(account, ()))

    def _hearing(self, consumer: Consumer) -> Hearing | None:
        """Of its account, which a connection names by its label or its id."""
        found = self._hearing_of.get(consumer.account)
        return found or self._hearing_of.get(consumer.account_id)

    def save(self) -> None:
        """Queue the whole for the state file."""
        counted = [(each, counts) for each, counts in self._counts.items() if counts.total]
        positions = {
            account: (each.created, each.sequence) for account, each in self.positions.items()
        }
        saved = SavedDeadLetters(
            [(identity, counts.total) for identity, counts in counted],
            next(iter(positions.values()), None),
            [(identity, counts.deliveries, counts.minutes) for identity, counts in counted],
            positions,
            {account: list(self._connections[account].spans[-1:]) for account in positions},
        )
        self._state.put(_KIND, self._source, msgspec.msgpack.encode(saved))


def unheard(spec: NatsSource, consumers: Iterable[Consumer]) -> dict[str, int]:
    """How many of the consumers give up messages, by account that no connection hears."""
    heard = set(spec.heard_accounts)
    return Counter(
        each.account
        for each in consumers
        if each.account not in heard and each.account_id not in heard
        if each.config.max_deliver > 0
    )
