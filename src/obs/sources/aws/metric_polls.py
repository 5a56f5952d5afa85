"""What a poll reads of the metrics that the spec names."""

from collections import Counter
from dataclasses import replace

from obs.clients.metric_data import Points
from obs.snapshot.aws import AwsSnapshot
from obs.sources.aws.memory import Memory
from obs.sources.aws.metric_reader import MetricReader, not_read
from obs.sources.aws.parts import Part, Poll
from obs.spec.aws import AwsSource


class MetricPolls(Part[str]):
    """The named metrics of one source, whose periods may differ from those of the others."""

    def __init__(self, spec: AwsSource, metrics: MetricReader, memory: Memory) -> None:
        self._spec = spec
        self._metrics = metrics
        self._memory = memory

    def read(self, poll: Poll, points: dict[str, Points], found: AwsSnapshot) -> AwsSnapshot:
        asked, listings = poll.covered.asked, poll.covered.listings
        return replace(
            found,
            readings=self._metrics.read(
                *(asked, listings, poll.at, self._spec.delay), self._memory.silence
            ),
            left_out=dict(Counter(found.left_out) + not_read(listings)),
        )
