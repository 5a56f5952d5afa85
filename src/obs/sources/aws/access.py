"""What the credentials of an AWS source may do of what polling it needs, by trying it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from obs.clients.aws import AwsClient
from obs.clients.metric_data import MetricSeries
from obs.errors import SourceError
from obs.snapshot.aws import Rule
from obs.sources.aws.sqs import PolledQueue
from obs.sources.aws.work_queues import dead_letter_targets

T = TypeVar("T")

_MOST_RULES: Final = 100
"""Rules whose targets are asked for: one that is denied is told by the first."""
_MOST_QUEUES: Final = 100


class Identity(NamedTuple):
    """The ARN of the credentials, and how many seconds the clock of AWS is ahead of ours, at least
    and at most; None where AWS did not tell."""

    arn: str
    ahead: tuple[float, float] | None


def identity(client: AwsClient, clock: Callable[[], float] = time.time) -> Identity:
    """Whose credentials these are, which needs no right and is free. `clock` gives Unix seconds.

    Raises SourceError where AWS does not answer, or not to these credentials.
    """
    asked = clock()
    answer = client.call("sts", "GetCallerIdentity")
    return Identity(str(answer["Arn"]), _ahead(answer["ResponseMetadata"], asked, clock()))


def read_a_metric(client: AwsClient, clock: Callable[[], float] = time.time) -> None:
    """Ask CloudWatch for one metric, which costs $0.00001. Raises SourceError."""
    now = int(clock()) // 60 * 60
    series = MetricSeries("AWS/Events", "Invocations", "Sum", (("RuleName", "obs-doctor"),))
    client.metric_data([series], now - 300, now - 240, 60, every=0)


class Denied(NamedTuple):
    """An action that is not allowed, as IAM calls it, and what AWS said."""

    action: str
    why: str


@dataclass
class Access:
    """What could be seen. `rules` are by their bus, `dead_letters` names of queues that get what
    others give up, `without_dead_letters` rules with a target that has no such queue."""

    buses: tuple[str, ...] = ()
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    without_dead_letters: list[Rule] = field(default_factory=list)
    queues: tuple[str, ...] = ()
    dead_letters: frozenset[str] = frozenset()
    denied: list[Denied] = field(default_factory=list)


def try_access(client: AwsClient, clock: Callable[[], float] = time.time) -> Access:
    """Sends what polling sends, once each; of it one request for one metric costs $0.00001.

    `clock` gives Unix seconds. Raises SourceError where AWS does not answer, or not to these
    credentials.
    """
    return _Walk(client, clock).all()


class _Walk:
    def __init__(self, client: AwsClient, clock: Callable[[], float]) -> None:
        self._client = client
        self._clock = clock
        self._found = Access()

    def all(self) -> Access:
        identity(self._client, self._clock)
        found = self._found
        buses = self._tried("events:ListEventBuses", self._client.event_buses) or {}
        found.buses = tuple(sorted(buses))
        self._rules()
        self._targets()
        self._queues()
        self._tried("cloudwatch:GetMetricData", lambda: read_a_metric(self._client, self._clock))
        return found

    def _rules(self) -> None:
        found = self._found
        for bus in found.buses:
            rules = self._tried("events:ListRules", partial(self._client.rules, bus))
            if rules is None:
                return
            found.rules[bus] = tuple(sorted(rules))

    def _targets(self) -> None:
        rules = [Rule(bus, name) for bus, names in self._found.rules.items() for name in names]
        for rule in rules[:_MOST_RULES]:
            targets = self._tried(
                "events:ListTargetsByRule",
                partial(self._client.targets, rule.bus, rule.name),
            )
            if targets is None:
                return
            arns = [each.get("DeadLetterConfig", {}).get("Arn") for each in targets]
            names = {arn.rpartition(":")[2] for arn in arns if arn}
            self._found.dead_letters |= names
            if targets and None in arns:
                self._found.without_dead_letters.append(rule)

    def _queues(self) -> None:
        urls = self._tried("sqs:ListQueues", self._client.queue_urls) or []
        queues = [PolledQueue(url.rpartition("/")[2], url) for url in urls]
        self._found.queues = tuple(sorted(each.name for each in queues))
        if queues:
            named = self._tried(
                "sqs:GetQueueAttributes",
                lambda: dead_letter_targets(self._client, queues[:_MOST_QUEUES]),
            )
            self._found.dead_letters |= named or frozenset()

    def _tried(self, action: str, call: Callable[[], T]) -> T | None:
        """What the call gives; None where it is not permitted."""
        try:
            return call()
        except SourceError as error:
            if error.reason != "auth":
                raise
            self._found.denied.append(Denied(action, str(error)))
            return None


def _ahead(
    metadata: Mapping[str, Any], asked: float, answered: float
) -> tuple[float, float] | None:
    """By the header Date, which has whole seconds: its true time is up to one second later."""
    try:
        told = parsedate_to_datetime(metadata["HTTPHeaders"]["date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
    return told - answered, told + 1 - asked
