"""What an AWS source costs for its work queues and for the causes of dead letters."""

from collections.abc import Sequence
from dataclasses import replace

from obs.catalogue.sqs import QUEUE_COUNTERS
from obs.clients.aws_cost import METRIC_REQUESTED, MONTH, SQS_REQUEST, CostLine, Estimate
from obs.snapshot.sqs import QueueRole
from obs.sources.aws.dead_letter_causes import requests_of_reading
from obs.sources.aws.sqs import PolledQueue
from obs.spec.aws import AwsSource


def queue_numbers(queues: Sequence[PolledQueue]) -> tuple[int, int]:
    """How many are dead-letter queues, and how many are work queues."""
    work = sum(queue.role is QueueRole.WORK for queue in queues)
    return len(queues) - work, work


def with_queue_costs(estimate: Estimate, spec: AwsSource, dead_letters: int, work: int) -> Estimate:
    """The estimate with what these queues cost beyond their depth and age, at most."""
    metrics = work * len(QUEUE_COUNTERS) * MONTH / spec.poll
    listings = work * MONTH / spec.inventory_every
    asked = dead_letters if spec.dead_letter_causes else 0
    readings = asked * MONTH / max(spec.dead_letter_causes_every, spec.poll)
    requests = readings * requests_of_reading("", spec.dead_letter_causes_most)
    lines = (
        CostLine("GetMetricData metrics of work queues", metrics, metrics * METRIC_REQUESTED),
        CostLine("SQS requests for redrive policies", listings, listings * SQS_REQUEST),
        CostLine("SQS requests for causes", requests, requests * SQS_REQUEST),
    )
    if not work and not asked:
        return estimate
    assumptions = [f"work queues: {work}, with {len(QUEUE_COUNTERS)} metrics each"] * bool(work)
    if asked:
        every = f"every {spec.dead_letter_causes_every:g} s"
        assumptions.append(
            f"causes of dead letters: {asked} queues, read {every} as if never empty"
        )
    return replace(
        estimate,
        lines=(*estimate.lines, *(line for line in lines if line.units)),
        assumptions=(*estimate.assumptions, *assumptions),
    )
