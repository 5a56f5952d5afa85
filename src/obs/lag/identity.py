"""Whether a poll goes on from the last one, or the consumer was reset in between.

A consumer is identified by when it was created. Where its sequences fall although it was not
created again, a new leader may be a little behind: the poll is not used. A consumer still behind
after BEHIND_POLLS polls in a row was reset.

The count of deliveries goes on through both. If it began from zero for a consumer created again,
one that delivered more than the last before it was first seen would not look reset, and Prometheus'
`increase()` would take only the difference.
"""

from typing import Literal

from obs.lag.history import BEHIND_POLLS
from obs.lag.observed import ObservedConsumer
from obs.lag.progress import PollCounters

Ended = tuple[str, int, int, int]
"""What stays of a consumer that is gone: when it was created, deliveries that the server no longer
counted, those that it last counted, and resets."""

Continuity = Literal["continues", "reset", "stale"]
"""How a poll relates to the one before. After a reset nothing known before applies; a stale poll
comes from a leader that is behind it."""


class ConsumerIdentity:
    """One consumer's identity, and a count of deliveries that never falls."""

    __slots__ = ("_counted", "behind", "created", "earlier", "offset", "resets")

    def __init__(
        self,
        created: str = "",
        offset: int = 0,
        behind: int = 0,
        resets: int = 0,
        earlier: str = "",
    ) -> None:
        self.created = created  # as the server writes it; empty before the first poll
        self.offset = offset  # deliveries that the server no longer counts
        self.behind = behind  # polls in a row that were of before the last one used
        self.resets = resets
        self.earlier = earlier  # when the consumer of the name before this one was created
        self._counted = 0  # deliveries that the server counted before the first poll

    @classmethod
    def after(cls, ended: Ended) -> "ConsumerIdentity":
        """That of a consumer which was gone, or of a later one of its name."""
        created, offset, counted, resets = ended
        identity = cls(created, offset, resets=resets)
        identity._counted = counted
        return identity

    def ended(self, last: PollCounters | None) -> Ended:
        """What stays when the consumer is gone; `last` is the last poll used."""
        counted = self._counted if last is None else last.deliveries
        return (self.created, self.offset, counted, self.resets)

    def observe(self, consumer: ObservedConsumer, before: PollCounters | None) -> Continuity:
        """How this poll relates to `before`, the last poll used; None: this is the first."""
        recreated = consumer.created != self.created
        counted = self._counted if before is None else before.deliveries
        fallen = counted - consumer.delivered_consumer_seq
        if before is None:
            self.resets += recreated and self.created != ""
            self.offset += counted if recreated else max(fallen, 0)
            self.created = consumer.created
            return "continues"
        if not recreated and fallen <= 0 and consumer.delivered_stream_seq >= before.delivered:
            self.behind = 0
            return "continues"
        if not recreated or consumer.created == self.earlier:  # a server that lags behind
            self.behind += 1
            if self.behind < BEHIND_POLLS:
                return "stale"
        if recreated:
            self.earlier, self.created = self.created, consumer.created
        # A consumer created again delivers every message anew.
        self.offset += counted if recreated else max(fallen, 0)
        self.resets += 1
        self.behind = 0
        return "reset"

    def delivered_total(self, consumer: ObservedConsumer, last: PollCounters | None) -> int:
        """Deliveries so far, those of earlier consumers of the name among them."""
        counted = consumer.delivered_consumer_seq
        if last is not None and last.deliveries > counted:
            counted = last.deliveries
        return self.offset + counted
