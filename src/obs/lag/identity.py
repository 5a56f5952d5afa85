"""Whether a poll goes on from the last one, or the consumer was reset in between.

A consumer is identified by when it was created. Where its sequences fall although it was not
created again, a new leader may be a little behind: the poll is not used. A consumer still behind
after BEHIND_POLLS polls in a row was reset.
"""

from typing import Literal

from obs.lag.history import BEHIND_POLLS
from obs.lag.observed import ObservedConsumer
from obs.lag.progress import PollCounters

Continuity = Literal["continues", "reset", "stale"]
"""How a poll relates to the one before. After a reset nothing known before applies; a stale poll
comes from a leader that is behind it."""


class ConsumerIdentity:
    """One consumer's identity, and a count of deliveries that survives resets."""

    __slots__ = ("behind", "created", "offset", "resets")

    def __init__(
        self, created: str = "", offset: int = 0, behind: int = 0, resets: int = 0
    ) -> None:
        self.created = created  # as the server writes it; empty before the first poll
        self.offset = offset  # deliveries counted before the last reset
        self.behind = behind  # polls in a row whose sequences were behind
        self.resets = resets

    def observe(self, consumer: ObservedConsumer, before: PollCounters | None) -> Continuity:
        """How this poll relates to `before`, the last poll used; None: this is the first."""
        if before is None:
            self.created = consumer.created
            return "continues"
        recreated = consumer.created != self.created
        fallen = before.deliveries - consumer.delivered_consumer_seq
        if not recreated:
            if fallen <= 0 and consumer.delivered_stream_seq >= before.delivered:
                self.behind = 0
                return "continues"
            self.behind += 1
            if self.behind < BEHIND_POLLS:
                return "stale"
        self.created = consumer.created
        self.offset = 0 if recreated else self.offset + max(fallen, 0)
        self.resets += 1
        self.behind = 0
        return "reset"

    def delivered_total(self, consumer: ObservedConsumer, last: PollCounters | None) -> int:
        """Deliveries so far. It never falls between two creations of the consumer."""
        before = 0 if last is None else last.deliveries
        return self.offset + max(before, consumer.delivered_consumer_seq)
