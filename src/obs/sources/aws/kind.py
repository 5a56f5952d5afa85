"""AWS as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from obs.sources.examples import first_plain
from obs.sources.kind import Clock, OpenedSource, Publishing, SourceCost, SourceKind
from obs.spec.aws import AwsSource

if TYPE_CHECKING:
    from obs.clients.aws import AwsClient
    from obs.families.family import Family
    from obs.sources.aws.rule_counters import RuleCounters
    from obs.spec.slos import Sli
    from obs.state import State
    from obs.web.status import StatusRow

_GRACE: Final = 2.0  # seconds

# ruff: noqa: PLC0415  a kind that is not used loads no more than this module


class Aws(SourceKind[AwsSource, "RuleCounters", "AwsClient"]):
    """EventBridge's rules and SQS queues of accounts and regions."""

    key = "aws"
    alerts = "eventbridge"
    conditional_alerts = ("ObsAwsBudgetExceeded",)
    libraries = ("boto3", "botocore", "urllib3")
    extra = "aws"
    paid = True

    def tracker(
        self, name: str, spec: AwsSource, state: "State", on_damage: Callable[[], None], now: float
    ) -> "RuleCounters":
        """The counters of its rules."""
        from obs.sources.aws.rule_counters import RuleCounters

        return RuleCounters(name, state, on_damage, spec.selection)

    def open(
        self,
        name: str,
        spec: AwsSource,
        tracker: "RuleCounters",
        client: "AwsClient | None",
        clock: Clock,
    ) -> OpenedSource:
        """Its rules and queues, with the history that CloudWatch has of them."""
        from obs.sources.aws.eventbridge import EventBridge

        assert client is not None
        source = EventBridge(name, spec, client, clock.wall, tracker.uncounted)
        limit = source.poll_seconds + _GRACE  # so that the poll itself says what was late
        return OpenedSource(source.poll, limit=limit, history=source)

    def status(self, trackers: Sequence["RuleCounters"]) -> Mapping[str, tuple["StatusRow", ...]]:
        """Rules and queues."""
        if not trackers:
            return {"rules": (), "queues": ()}
        from obs.sources.aws.status import queue_rows, rule_rows

        return {
            "rules": tuple(row for each in trackers for row in rule_rows(each)),
            "queues": tuple(row for each in trackers for row in queue_rows(each)),
        }

    def client(self, spec: AwsSource, monotonic: Callable[[], float]) -> "AwsClient":
        """A client of the account and region."""
        from obs.clients.aws import AwsClient

        return AwsClient(spec, monotonic)

    def usage(self, clients: Sequence["AwsClient"]) -> list["Family"]:
        """Requests by operation and dollars a month; nothing where AWS is not used."""
        if not clients:
            return []
        from obs.sources.aws.costs import usage_families

        return usage_families(clients)

    def figures(self, clients: Sequence["AwsClient"]) -> Mapping[str, float | None]:
        """Dollars a month; null where AWS is not used."""
        dollars = sum(client.dollars_per_month for client in clients) if clients else None
        return {"aws_cost_dollars_per_month": dollars}

    def costs(
        self, sources: Mapping[str, AwsSource], publishing: Mapping[str, Publishing]
    ) -> list[SourceCost]:
        """Estimated from the existing rules and queues, which are listed free of charge."""
        from obs.sources.aws.costs import source_cost

        return [
            source_cost(name, spec, publishing.get(name, Publishing()))
            for name, spec in sources.items()
        ]

    def examples(self, sources: Mapping[str, AwsSource], slis: Sequence["Sli"]) -> dict[str, str]:
        """A region, a bus, a rule and a queue."""
        source = next(iter(sources.values()), None)
        buses = source.buses if source else ()
        return {
            "region": source.region if source else "REGION",
            "bus": first_plain([bus.name for bus in buses], "BUS"),
            "rule": first_plain([rule for bus in buses for rule in bus.rules], "RULE"),
            "queue": first_plain(source.queues if source else (), "QUEUE"),
        }


KIND = Aws()
