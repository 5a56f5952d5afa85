"""The dead letters of one source: how many each consumer has, and which accounts are heard."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from obs.slis.dead_letters import DeadLetterCounts, HeardSpan
from obs.snapshot import Consumer, DeadLetter
from obs.sources.nats.hearing import Arrival, Hearing, Position
from obs.sources.nats.tracked_consumer import Identity
from obs.spec.nats import NatsSource
from obs.state import State, decoded

log = logging.getLogger(__name__)

_KIND: Final = "nats_dead_letters"


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
        self._connections = {each.account: Hearing() for each in spec.every_connection}
        self._hearing_of = {
            account: self._connections[each.account]
            for each in spec.every_connection
            for account in each.hears
        }
        self._told: frozenset[str] = frozenset()
        self.positions: dict[str, Position] = {}

    def record(
        self, account: str, arrival: Arrival, clock_ahead: Callable[[DeadLetter], float]
    ) -> bool:
        """Count what a connection heard, and save it; whether more is known than before.

        `clock_ahead`: by how many seconds the clock of the server that reported it is ahead.
        """
        hearing = self._connections[account]
        heard = hearing.now
        if arrival.heard_until is not None:
            hearing.heard(arrival.heard_until, begins=arrival.begins)
        for each in arrival.dead_letters:
            at = each.at - clock_ahead(each) if arrival.received is None else arrival.received
            identity = (self._label(each.account), each.stream, each.consumer)
            self.of(identity).add(at, each.deliveries)
        moved = arrival.position is not None and arrival.position != self.positions.get(account)
        if arrival.position is not None:
            self.positions[account] = arrival.position
        if arrival.dead_letters or arrival.begins or moved:
            self.save()
        return bool(arrival.dead_letters) or hearing.now != heard

    def lost(self, account: str) -> bool:
        """A connection does not hear any more; whether it did."""
        heard = self._connections[account].now
        self._connections[account].lost()
        return heard

    def of(self, identity: Identity) -> DeadLetterCounts:
        """The dead letters of a consumer that were heard."""
        counts = self._counts.get(identity)
        if counts is None:
            counts = self._counts[identity] = DeadLetterCounts()
        return counts

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
