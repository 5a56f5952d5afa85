"""What the credentials of an AWS source may do of what polling it needs, by trying it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
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


class Denied(NamedTuple):
    """An action that is not allowed, as IAM calls it, and what AWS said."""

    action: str
    why: str


@dataclass
class Access:
    """What could be seen. `who` is the ARN of the credentials, `ahead` how far AWS's clock is ahead
    of ours, within a second (seconds); both None where AWS did not tell.

    `rules` are by their bus. `dead_letters` are names of queues that get what others give up.
    """

    who: str | None = None
    ahead: float | None = None
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
        self._identity()
        found = self._found
        buses = self._tried("events:ListEventBuses", self._client.event_buses) or {}
        found.buses = tuple(sorted(buses))
        self._rules()
        self._targets()
        self._queues()
        self._tried("cloudwatch:GetMetricData", self._metric)
        return found

    def _identity(self) -> None:
        asked = self._clock()
        answer = self._client.call("sts", "GetCallerIdentity")
        self._found.who = str(answer["Arn"])
        self._found.ahead = _ahead(answer["ResponseMetadata"], asked, self._clock())

    def _rules(self) -> None:
        found = self._found
        for bus in found.buses:
            rules = self._tried("events:ListRules", lambda bus=bus: self._client.rules(bus))
            if rules is None:
                return
            found.rules[bus] = tuple(sorted(rules))

    def _targets(self) -> None:
        rules = [Rule(bus, name) for bus, names in self._found.rules.items() for name in names]
        for rule in rules[:_MOST_RULES]:
            targets = self._tried(
                "events:ListTargetsByRule",
                lambda rule=rule: self._client.targets(rule.bus, rule.name),
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

    def _metric(self) -> object:
        now = int(self._clock()) // 60 * 60
        series = MetricSeries("AWS/Events", "Invocations", "Sum", (("RuleName", "obs-doctor"),))
        return self._client.metric_data([series], now - 300, now - 240, 60, every=0)

    def _tried(self, action: str, call: Callable[[], T]) -> T | None:
        """What the call gives; None where it is not permitted."""
        try:
            return call()
        except SourceError as error:
            if error.reason != "auth":
                raise
            self._found.denied.append(Denied(action, str(error)))
            return None


def _ahead(metadata: Mapping[str, Any], asked: float, answered: float) -> float | None:
    """By the header Date, which has whole seconds: its true time is up to one second later."""
    try:
        told = parsedate_to_datetime(metadata["HTTPHeaders"]["date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return None
    return told + 0.5 - (asked + answered) / 2
