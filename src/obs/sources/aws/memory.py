"""What the polls of an AWS source have to know of earlier ones."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from obs.snapshot.aws import RuleKey
from obs.snapshot.aws_services import ResourceKey
from obs.snapshot.sqs import QueueKey
from obs.sources.aws.metric_reader import Asked, FindMissed
from obs.sources.aws.missed import FindUncounted, Uncounted
from obs.sources.aws.spending import Spending


def _nothing(keys: Collection[object], until: int) -> Uncounted | None:
    return None


@dataclass(frozen=True, slots=True)
class Memory:
    """What counters and budget of a source tell its polls.

    `rules`, `resources` and `queues` say what their counters lack from before a poll, `silence`
    what no poll has seen at all. `asked` are the named metrics to read, those of the spec if it is
    not given. `spending` is what was spent; None where the budget holds by the estimate only.
    """

    rules: FindUncounted[RuleKey] = _nothing
    resources: FindUncounted[ResourceKey] = _nothing
    queues: FindUncounted[QueueKey] = _nothing
    silence: FindMissed = lambda until: None
    asked: Callable[[], Asked] | None = None
    spending: Spending | None = None
