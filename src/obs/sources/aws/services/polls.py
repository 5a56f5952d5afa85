"""What a poll reads of resources: their counters and gauges, and what their own services tell."""

from dataclasses import replace

from obs.catalogue.metric import Kind
from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries, Points
from obs.snapshot.aws import AwsSnapshot
from obs.snapshot.aws_services import ResourceKey, ServiceData
from obs.sources.aws.memory import Memory
from obs.sources.aws.parts import Part, Poll
from obs.sources.aws.past import Past
from obs.sources.aws.services.reading import is_counter, levels, series_of, told
from obs.spec.aws import AwsSource


class ServicePolls(Part[ResourceKey]):
    """The functions, topics, … of one source."""

    def __init__(self, spec: AwsSource, client: AwsClient, memory: Memory, past: Past) -> None:
        self._spec = spec
        self._client = client
        self._memory = memory
        self._past = past

    def series(self, poll: Poll) -> dict[ResourceKey, MetricSeries]:
        return series_of(poll.inventory.resources)

    def read(
        self, poll: Poll, points: dict[ResourceKey, Points], found: AwsSnapshot
    ) -> AwsSnapshot:
        resources, until = poll.inventory.resources, poll.since
        counted = {key: each for key, each in points.items() if is_counter(key)}
        uncounted = self._memory.resources(counted, until)
        services = ServiceData(
            resources,
            counted,
            self._past.missed(uncounted, until, lambda: series_of(resources, Kind.COUNTER)),
            levels(points, poll.settled, self._spec.poll)
            | told(self._client, resources, poll.at, self._spec.timeout),
        )
        return replace(found, services=services)
