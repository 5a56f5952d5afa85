"""What the polls of an AWS source cost, held against its monthly budget."""

import math
from collections.abc import Sequence

from obs.catalogue import aws as catalogue
from obs.catalogue.metric import Metric
from obs.clients.aws_cost import Estimate, estimate
from obs.errors import SourceError
from obs.sources.aws.asked import AskedCounters
from obs.sources.aws.budget import FOR_NO_ALERT, Pace, Rates
from obs.sources.aws.latency import latency_period
from obs.sources.aws.metric_reader import with_named
from obs.sources.aws.parts import Covered
from obs.sources.aws.queue_cost import queue_numbers, with_queue_costs
from obs.sources.aws.services.reading import billed
from obs.sources.aws.shared_budget import budget_for, budget_words
from obs.sources.aws.spending import Spending
from obs.spec.aws import AwsSource


class PollCosts:
    """The cost of one source's polls; `spending` is None where it holds by the estimate only."""

    def __init__(
        self, name: str, spec: AwsSource, counters: AskedCounters, spending: Spending | None
    ) -> None:
        self._name = name
        self._spec = spec
        self._counters = counters
        self._spending = spending

    def estimate(
        self,
        covered: Covered,
        *,
        published: int = 0,
        publish_every: float = 60.0,
        counters: Sequence[Metric] = catalogue.RULE_METRICS,
        latencies: bool = True,
    ) -> Estimate:
        """The cost of a month, with these counters of rules, and with their latencies or not.

        `published` custom metrics are written every `publish_every` seconds.
        """
        inventory, spec = covered.inventory, self._spec
        of_objects = estimate(
            rules=len(inventory.rules),
            counters=len(self._counters.of(inventory.rules, counters)),
            queues=len(inventory.queues),
            others=billed(inventory.resources),
            poll=spec.poll,
            latency_every=latency_period(spec.poll) if latencies else math.inf,
            published=published,
            publish_every=publish_every,
        )
        of_objects = with_queue_costs(of_objects, spec, *queue_numbers(inventory.queues))
        return with_named(of_objects, covered.asked, covered.listings, spec.poll)

    def pace(self, covered: Covered, at: float) -> Pace | None:
        """How to poll at `at` (Unix seconds); None where no budget slows polls down.

        Raises SourceError where they would cost too much: before the first paid request, or after
        rules were added.
        """
        dollars = self.estimate(covered).dollars
        budget = budget_for(self._name, self._spec, dollars)
        if budget is not None and dollars > budget:
            raise SourceError(
                "budget",
                f"would cost about ${dollars:,.2f} a month, above "
                f"{budget_words(self._spec, budget)}; raise it, poll less often or watch less",
            )
        if self._spending is None:
            return None
        needed = [each for each in catalogue.RULE_METRICS if each not in FOR_NO_ALERT]
        cheaper = self.estimate(covered, counters=needed, latencies=False).dollars
        return self._spending.judge(at, Rates(dollars, cheaper))
