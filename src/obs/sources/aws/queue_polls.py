"""What a poll reads of queues: depth, age and traffic, and causes of dead letters."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from obs.catalogue.aws import QUEUE_OLDEST_AGE
from obs.catalogue.metric import Metric
from obs.catalogue.sqs import QUEUE_COUNTERS
from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries, Points
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.sqs import QueueKey, QueueRole, Sqs
from obs.sources.aws.dead_letter_causes import DeadLetterCauses
from obs.sources.aws.memory import Memory
from obs.sources.aws.parts import Part, Poll
from obs.sources.aws.past import Past
from obs.sources.aws.sqs import PolledQueue, read_queues
from obs.spec.aws import AwsSource

_AGE: Final = QUEUE_OLDEST_AGE.twin.metric


class QueuePolls(Part[QueueKey]):
    """The queues of one source."""

    def __init__(
        self, name: str, spec: AwsSource, client: AwsClient, memory: Memory, past: Past
    ) -> None:
        self._client = client
        self._memory = memory
        self._past = past
        self._causes = DeadLetterCauses(name, spec, client)

    def series(self, poll: Poll) -> dict[QueueKey, MetricSeries]:
        queues = poll.inventory.queues
        return _series(queues, (QUEUE_OLDEST_AGE,)) | _counters(queues)

    def read(self, poll: Poll, points: dict[QueueKey, Points], found: AwsSnapshot) -> AwsSnapshot:
        polled = poll.inventory.queues
        ages = {queue.name: points[queue.name, _AGE] for queue in polled}
        queues, left_out = read_queues(self._client, polled, ages, poll.settled)
        counted = _counters(polled)
        uncounted = self._memory.queues(counted, poll.since)
        sqs = Sqs(
            points={key: points[key] for key in counted},
            missed=self._past.missed(uncounted, poll.since, lambda: counted),
            causes=self._causes.read({each.name: each.url for each in polled}, queues, poll.at),
        )
        return replace(
            found,
            queues=tuple(self._causes.with_age(queue, poll.at) for queue in queues),
            left_out=dict(Counter(found.left_out) + left_out),
            sqs=sqs,
        )


def _counters(queues: Iterable[PolledQueue]) -> dict[QueueKey, MetricSeries]:
    work = (queue for queue in queues if queue.role is QueueRole.WORK)
    return _series(work, QUEUE_COUNTERS)


def _series(
    queues: Iterable[PolledQueue], metrics: Iterable[Metric]
) -> dict[QueueKey, MetricSeries]:
    twins = [metric.twin for metric in metrics]
    return {
        (queue.name, twin.metric): MetricSeries(
            twin.namespace, twin.metric, twin.statistic, (("QueueName", queue.name),)
        )
        for queue in queues
        for twin in twins
    }
