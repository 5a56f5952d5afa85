"""Cost of AWS sources: an estimate before the first paid request, and that of the clients."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from obs.clients.aws import AwsClient
from obs.clients.aws_cost import Estimate, estimate
from obs.errors import SourceError
from obs.families.family import Family
from obs.families.own import Budget, aws_families, budget_families
from obs.slis.kind import measurement_of
from obs.sources.aws.eventbridge import EventBridge
from obs.sources.aws.latency import latency_period
from obs.sources.aws.memory import Memory
from obs.sources.aws.metric_counters import asked_metrics
from obs.sources.aws.metric_listing import of_the_spec
from obs.sources.aws.metric_reader import with_named
from obs.sources.aws.queue_cost import with_queue_costs
from obs.sources.aws.services.finding import named_resources
from obs.sources.aws.services.reading import billed
from obs.sources.aws.shared_budget import budget_for, budget_words
from obs.sources.aws.spending import Spending, spendings
from obs.sources.kind import Publishing, SourceCost
from obs.spec.aws import AwsSource
from obs.spec.globs import plain_name, plain_names
from obs.spec.slis import Sli


def usage_families(clients: Sequence[AwsClient]) -> list[Family]:
    """Requests of all clients by operation, dollars a month at the present rate, and budgets."""
    requests: Counter[str] = Counter()
    for client in clients:
        requests.update(client.requests)
    rate = sum(client.dollars_per_month for client in clients)
    return aws_families(requests, rate) + budget_families(map(_budget, spendings(clients)))


def _budget(spending: Spending) -> Budget:
    pace = spending.pace
    if pace is None:
        return Budget(spending.source, spending.spent)
    stage = None if pace.budget is None else int(pace.stage)
    return Budget(spending.source, spending.spent, pace.projected, pace.budget, stage)


def source_cost(
    name: str, spec: AwsSource, publishing: Publishing, slis: Sequence[Sli] = ()
) -> SourceCost:
    """The estimate of one source. Lists rules and targets, which is free, and named metrics."""
    measured = [measurement_of(sli) for sli in slis if sli.measured.source == name]
    asked = asked_metrics(spec.metrics, (one for each in measured for one in each.asked))
    client = AwsClient(spec, time.time)
    try:
        source = EventBridge(name, spec, client, time.time, Memory(asked=lambda: asked))
        found = source.estimate(published=publishing.metrics, publish_every=publishing.every)
        return _within(name, spec, found)
    except SourceError as error:
        named = with_named(_of_the_spec(spec, publishing), asked, of_the_spec(asked), spec.poll)
        return _within(name, spec, named, error)
    finally:
        client.close()


def _within(
    name: str, spec: AwsSource, found: Estimate, error: SourceError | None = None
) -> SourceCost:
    """With the budget that the source has."""
    budget = budget_for(name, spec, found.dollars)
    words = "" if budget is None else budget_words(spec, budget)
    return SourceCost(name, spec.words, found, budget, words, error)


def _of_the_spec(spec: AwsSource, publishing: Publishing) -> Estimate:
    """The cost of the shard's objects that the spec names in full; what globs match is unknown."""
    share = spec.share
    rules = [
        rule
        for each in spec.buses
        if (bus := plain_name(each.name)) is not None
        for rule in plain_names(each.rules)
        if share.has("rule", bus, rule)
    ]
    dead_letters, work = (
        [queue for queue in plain_names(names) if share.has("queue", queue)]
        for names in (spec.queues, spec.work_queues)
    )
    queues = (*dead_letters, *work)
    counted = estimate(
        rules=len(rules),
        queues=len(queues),
        others=billed(named_resources(spec)),
        poll=spec.poll,
        latency_every=latency_period(spec.poll),
        published=publishing.metrics,
        publish_every=publishing.every,
    )
    counted = with_queue_costs(counted, spec, len(dead_letters), len(work))
    limits = (
        "counts only what is named without globs, neither the dead-letter queues nor the targets "
        "of rules"
    )
    return replace(counted, assumptions=(limits, *counted.assumptions))
