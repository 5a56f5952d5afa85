"""What a spec's AWS requests will cost, before any that costs money is sent."""

import time
from dataclasses import dataclass, replace

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import Estimate, estimate
from obs.clients.http import Http
from obs.errors import SourceError
from obs.extras import require_extra
from obs.sources.eventbridge import EventBridge
from obs.sources.latency import latency_period
from obs.sources.nats_http import NatsHttp
from obs.spec.sources import AwsSource
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class SourceCost:
    """One AWS source's estimate; with `error`, of what the spec names, as AWS did not answer."""

    source: str
    estimate: Estimate
    budget: float | None  # dollars a month the spec allows
    error: SourceError | None = None


def estimate_costs(system: System) -> list[SourceCost]:
    """Costs by AWS source. Lists rules and targets, which is free, and polls NATS once."""
    published = _published_series(system)
    costs = []
    for name, spec in system.sources.aws.items():
        require_extra("aws", f"sources.aws.{name}")
        output = system.outputs.cloudwatch
        publishes = output is not None and output.source == name
        writes = published if publishes else 0
        every = output.every if output else 60.0
        client = AwsClient(spec, time.time)
        try:
            source = EventBridge(name, spec, client, time.time)
            found = source.estimate(published=writes, publish_every=every)
            costs.append(SourceCost(name, found, spec.monthly_budget_dollars))
        except SourceError as error:
            named = _of_the_spec(spec, writes, every)
            costs.append(SourceCost(name, named, spec.monthly_budget_dollars, error))
        finally:
            client.close()
    return costs


def _of_the_spec(spec: AwsSource, published: int, publish_every: float) -> Estimate:
    """The cost of what the spec names outright; what its globs would find is not known."""
    rules = [rule for bus in spec.buses for rule in bus.rules if not _is_glob(bus.name + rule)]
    queues = [queue for queue in spec.queues if not _is_glob(queue)]
    counted = estimate(
        rules=len(rules),
        queues=len(queues),
        poll=spec.poll,
        latency_every=latency_period(spec.poll),
        published=published,
        publish_every=publish_every,
    )
    limits = "counts only rules and queues named without globs, not the dead-letter queues of rules"
    return replace(counted, assumptions=(limits, *counted.assumptions))


def _is_glob(name: str) -> bool:
    return any(character in name for character in "*?[")


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
