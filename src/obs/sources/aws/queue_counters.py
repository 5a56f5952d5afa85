"""The counters of one AWS source's work queues."""

from obs.catalogue.metric import Metric
from obs.families.family import Family, RowCache
from obs.families.sqs import counter_families
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.sqs import QueueKey, QueueRole
from obs.sources.aws.counters import CounterKind, Counters


class QueueCounters(Counters[QueueKey]):
    """Messages sent, received and deleted by queue; a new queue begins at 0."""

    kind = CounterKind[QueueKey](
        totals="sqs_total",
        last_poll="sqs_poll",
        words=lambda key: key,
        key=lambda queue, metric: (queue, metric),
    )

    def update(self, snapshot: AwsSnapshot, kept: RowCache) -> list[Family]:
        """Count what is new in the snapshot's points; returns the families of its work queues."""
        sqs = snapshot.sqs
        if not sqs.points:
            return []
        self.count(snapshot, sqs.points, sqs.points, sqs.missed, listed=None)
        counted = {queue for queue, _ in sqs.points}
        work = (queue.name for queue in snapshot.queues if queue.role is QueueRole.WORK)
        shown = [name for name in work if name in counted]
        return counter_families(self.source, shown, self._total, self.since(), kept)

    def _total(self, queue: str, metric: Metric) -> float:
        return self.value((queue, metric.twin.metric))
