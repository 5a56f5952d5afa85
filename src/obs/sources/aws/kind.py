"""AWS as a kind of source."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from obs.sources.examples import first_plain
from obs.sources.kind import Clock, OpenedSource, Publishing, SourceCost, SourceKind
from obs.spec.aws import AwsSource

if TYPE_CHECKING:
    from obs.catalogue.exported import Exported
    from obs.catalogue.metric import Metric
    from obs.clients.aws import AwsClient
    from obs.families.family import Family
    from obs.sources.aws.tracker import AwsTracker
    from obs.spec.slis import Sli
    from obs.state import State
    from obs.web.page.content import Filter, KindOnPage
    from obs.web.status import Status, StatusRow

_GRACE: Final = 2.0  # seconds

# ruff: noqa: PLC0415  a kind that is not used loads no more than this module


class Aws(SourceKind[AwsSource, "AwsTracker", "AwsClient"]):
    """EventBridge's rules, queues, functions and topics of accounts and regions."""

    key = "aws"
    alerts = "eventbridge"
    conditional_alerts = ("ObsAwsBudgetExceeded", "ObsAwsBudgetSpent")
    libraries = ("botocore", "urllib3")
    extra = "aws"
    paid = True
    outlasting = ("aws_spending",)  # a source that is put back has not got the month's money anew

    def tracker(
        self, name: str, spec: AwsSource, state: "State", on_damage: Callable[[], None], now: float
    ) -> "AwsTracker":
        """Its counters, and what it has spent."""
        from obs.sources.aws.spending import Spending
        from obs.sources.aws.tracker import AwsTracker

        spending = Spending(name, spec, state, on_damage, now)
        return AwsTracker(
            *(name, state, on_damage, spec.selection, spec.metrics),
            watched=spec.watched_selection,
            tag_labels=spec.tag_labels,
            spending=spending,
        )

    def open(
        self,
        name: str,
        spec: AwsSource,
        tracker: "AwsTracker",
        client: "AwsClient | None",
        clock: Clock,
    ) -> OpenedSource:
        """Its rules and queues, with the history that CloudWatch has of them."""
        from obs.sources.aws.eventbridge import EventBridge

        assert client is not None
        client.ledger = tracker.spending
        source = EventBridge(name, spec, client, clock.wall, tracker.memory)
        limit = source.poll_seconds + _GRACE  # so that the poll itself says what was late
        return OpenedSource(source.poll, limit=limit, history=source)

    def status(self, trackers: Sequence["AwsTracker"]) -> Mapping[str, tuple["StatusRow", ...]]:
        """Rules and queues."""
        if not trackers:
            return {"rules": (), "queues": ()}
        from obs.sources.aws.status import queue_rows, rule_rows

        return {
            "rules": tuple(row for each in trackers for row in rule_rows(each)),
            "queues": tuple(row for each in trackers for row in queue_rows(each)),
        }

    def rows(self) -> Mapping[str, type["StatusRow"]]:
        """What its lists consist of."""
        from obs.sources.aws.status import QueueStatus, RuleStatus

        return {"rules": RuleStatus, "queues": QueueStatus}

    def on_page(self, status: "Status", typed: "Filter") -> "KindOnPage":
        """Rules and queues."""
        from obs.sources.aws.page import on_page

        return on_page(status)

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
        """Dollars a month, and in this one so far; null where AWS is not used."""
        from obs.sources.aws.spending import spendings

        dollars = sum(client.dollars_per_month for client in clients) if clients else None
        spent = sum(each.spent for each in spendings(clients)) if clients else None
        return {"aws_cost_dollars_per_month": dollars, "aws_spent_dollars_this_month": spent}

    def costs(
        self,
        sources: Mapping[str, AwsSource],
        publishing: Mapping[str, Publishing],
        slis: "Sequence[Sli]" = (),
    ) -> list[SourceCost]:
        """Estimated from the existing rules and queues, which are listed free of charge."""
        from obs.sources.aws.costs import source_cost

        return [
            source_cost(name, spec, publishing.get(name, Publishing()), slis)
            for name, spec in sources.items()
        ]

    def sizes(
        self, name: str, spec: AwsSource, exported: "Exported"
    ) -> Mapping[int, tuple[Mapping[str, int], int]]:
        """By the rules and queues that there are, which are listed free of charge."""
        from obs.sources.aws.shard_sizes import sizes

        return sizes(spec, exported)

    def not_collected(self, sources: Mapping[str, AwsSource], metric: "Metric") -> str:
        """What a source has in the spec where it watches the objects that have the metric."""
        from obs.sources.aws.services.kinds import kind_of

        if metric.name == "sqs_queue_role_info":
            watched = any(source.work_globs for source in sources.values())
            return "" if watched else "work_queues"
        kind = kind_of(metric)
        if kind is None or any(kind.key in source.watches for source in sources.values()):
            return ""
        return kind.asked_by

    def examples(self, sources: Mapping[str, AwsSource], slis: Sequence["Sli"]) -> dict[str, str]:
        """A region, if there is only one, and an object of each kind."""
        source = next(iter(sources.values()), None)
        regions = {each.region for each in sources.values()}
        buses = source.buses if source else ()
        return {
            "region": regions.pop() if len(regions) == 1 else "REGION",
            "bus": first_plain([bus.name for bus in buses], "BUS"),
            "rule": first_plain([rule for bus in buses for rule in bus.rules], "RULE"),
            "queue": first_plain(source.queues if source else (), "QUEUE"),
            "function": first_plain(source.functions if source else (), "FUNCTION"),
            "topic": first_plain(source.topics if source else (), "TOPIC"),
            "pipe": first_plain(source.pipes if source else (), "PIPE"),
            "schedule_group": first_plain(source.schedule_groups if source else (), "GROUP"),
            "api_destination": first_plain(
                source.api_destinations if source else (), "DESTINATION"
            ),
            "archive": first_plain(source.archives if source else (), "ARCHIVE"),
            "work": first_plain(source.work_queues if source else (), "QUEUE"),
        }


KIND = Aws()
