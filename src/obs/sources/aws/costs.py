"""Cost of AWS sources: an estimate before the first paid request, and that of the clients."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import Estimate, estimate
from obs.errors import SourceError
from obs.families.family import Family
from obs.families.own import aws_families
from obs.sources.aws.eventbridge import EventBridge
from obs.sources.aws.latency import latency_period
from obs.sources.kind import Publishing, SourceCost
from obs.spec.aws import AwsSource
from obs.spec.globs import is_plain, plain_names


def usage_families(clients: Sequence[AwsClient]) -> list[Family]:
    """Requests of all clients by operation, and dollars a month at the present rate."""
    requests: Counter[str] = Counter()
    for client in clients:
        requests.update(client.requests)
    return aws_families(requests, sum(client.dollars_per_month for client in clients))


def source_cost(name: str, spec: AwsSource, publishing: Publishing) -> SourceCost:
    """The estimate of one source. Lists rules and targets, which is free."""
    client = AwsClient(spec, time.time)
    try:
        source = EventBridge(name, spec, client, time.time)
        found = source.estimate(published=publishing.metrics, publish_every=publishing.every)
        return SourceCost(name, spec.words, found, spec.monthly_budget_dollars)
    except SourceError as error:
        named = _of_the_spec(spec, publishing)
        return SourceCost(name, spec.words, named, spec.monthly_budget_dollars, error)
    finally:
        client.close()


def _of_the_spec(spec: AwsSource, publishing: Publishing) -> Estimate:
    """The cost of objects that the spec names in full; those that match globs are unknown."""
    rules = [rule for bus in spec.buses if is_plain(bus.name) for rule in plain_names(bus.rules)]
    queues = plain_names(spec.queues)
    counted = estimate(
        rules=len(rules),
        queues=len(queues),
        poll=spec.poll,
        latency_every=latency_period(spec.poll),
        published=publishing.metrics,
        publish_every=publishing.every,
    )
    limits = "counts only rules and queues named without globs, not the dead-letter queues of rules"
    return replace(counted, assumptions=(limits, *counted.assumptions))
