"""Consumers that a poll does not tell: deleted, missing, or there without being read."""

from collections.abc import Collection, Iterable, Iterator

from obs.snapshot.nats import NatsSnapshot
from obs.sources.nats.absence import Servers
from obs.sources.nats.kept_streams import KeptStreams
from obs.sources.nats.tracked_consumer import TrackedConsumer


class AbsentConsumers:
    """Keeps the values of consumers that are missing for `keep` seconds, then withdraws them."""

    def __init__(self, servers: Servers, streams: KeptStreams, keep: float) -> None:
        self._servers = servers
        self._streams = streams
        self._keep = keep
        self.kept: tuple[TrackedConsumer, ...] = ()
        """Missing, with values that are recent enough to be shown."""
        self.unknown: tuple[TrackedConsumer, ...] = ()
        """Those that exist, but of which nothing is told for too long."""
        self.gone: tuple[TrackedConsumer, ...] = ()
        """Those that nobody reports, missing for too long."""

    def sort_out(
        self, tracked: Collection[TrackedConsumer], told: int, snapshot: NatsSnapshot, now: float
    ) -> None:
        """Find the missing ones of all that are `tracked`, of which the poll tells so many."""
        self.kept = self.unknown = self.gone = ()
        if told == len(tracked):
            return
        poll = self._servers.poll
        self._look_up([each for each in tracked if each.poll != poll], snapshot)
        kept: list[TrackedConsumer] = []
        unknown: list[TrackedConsumer] = []
        gone: list[TrackedConsumer] = []
        for each in tracked:
            if each.missing is None:
                continue
            if each.judged and 0 <= now - each.seen_at <= self._keep:
                kept.append(each)
            else:
                (unknown if each.poll == poll else gone).append(each)
        self.kept, self.unknown, self.gone = tuple(kept), tuple(unknown), tuple(gone)

    def judged(self) -> Iterator[TrackedConsumer]:
        """Those without values now that had some."""
        return (each for each in (*self.unknown, *self.gone) if each.judged)

    def _look_up(self, absent: Iterable[TrackedConsumer], snapshot: NatsSnapshot) -> None:
        """Note why consumers have no report.

        One that has no series in this poll, for example because it was created again and its
        settings are not read yet, is neither deleted nor missing: a server tells that it exists.
        Its last values are those of the consumer before it.
        """
        undecided = [each for each in absent if each.was_reported and not each.deleted]
        if not undecided:
            return
        without_series = frozenset(snapshot.unwatched)
        for each in undecided:
            if each.row[1:] in without_series:
                each.missing, each.judged, each.poll = None, False, self._servers.poll
                continue
            _, account, name, _ = each.row
            holders: tuple[str, ...] = (each.consumer.server if each.judged else "",)
            stream = self._streams.last((account, name))
            if stream is not None and not (each.judged and each.consumer.config.replicas == 1):
                holders += stream.holders
            each.missing = self._servers.why_absent(holders, (account, name), each.poll)
            each.deleted = each.missing is None
