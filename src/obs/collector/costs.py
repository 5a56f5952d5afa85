"""What a spec's AWS requests will cost, before any that costs money is sent."""

import time
from dataclasses import dataclass

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import Estimate
from obs.clients.http import Http
from obs.errors import SourceError
from obs.sources.eventbridge import EventBridge
from obs.sources.nats_http import NatsHttp
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class SourceCost:
    """One AWS source: its estimate, or why there is none."""

    source: str
    estimate: Estimate | None
    error: SourceError | None = None


def estimate_costs(system: System) -> list[SourceCost]:
    """Costs by AWS source. Lists rules and targets, which is free, and polls NATS once."""
    published = _published_series(system)
    costs = []
    for name, spec in system.sources.aws.items():
        client = AwsClient(spec, time.time)
        source = EventBridge(name, spec, client, time.time)
        output = system.outputs.cloudwatch
        publishes = output is not None and output.source == name
        try:
            estimate = source.estimate(
                published=published if publishes else 0,
                publish_every=output.every if output else 60.0,
            )
            costs.append(SourceCost(name, estimate))
        except SourceError as error:
            costs.append(SourceCost(name, None, error))
        finally:
            client.close()
    return costs


def _published_series(system: System) -> int:
    """How many custom metrics the CloudWatch output makes; clusters that are down count as none."""
    output = system.outputs.cloudwatch
    if output is None:
        return 0
    series: set[tuple[str, str]] = set()
    for name, spec in system.sources.nats.items():
        try:
            snapshot = NatsHttp(name, spec, Http(spec.tls, timeout=spec.timeout), time.time).poll()
        except SourceError:
            continue
        series |= {(consumer.stream, consumer.name) for consumer in snapshot.consumers}
    return len(series) * len(output.metrics)
