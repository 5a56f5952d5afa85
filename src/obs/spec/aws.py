"""AWS accounts and regions as sources."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from obs.spec.aws_accounts import (
    AwsAccount,
    AwsCredentials,
    AwsGroup,
    check_accounts,
    check_regions,
    credentials_of,
    either_region,
    named,
    needs_no_region,
)
from obs.spec.aws_queues import AwsQueues
from obs.spec.cloudwatch_metrics import ExportedMetric, clashes
from obs.spec.model import Glob, HttpUrl, Model, wrong
from obs.spec.plaintext import check_encrypted
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.regions import Region
from obs.spec.shard import Portion
from obs.spec.source import Seconds, SourceSpec, Timeout
from obs.spec.watched import ObjectKind, SpecName

AwsService = Literal[
    "put_events", "function", "topic", "pipe", "schedule_group", "api_destination", "archive"
]
"""What a source may watch beside rules and their queues."""


_FIELDS: Final[Mapping[ObjectKind, str]] = {
    "function": "functions",
    "topic": "topics",
    "pipe": "pipes",
    "schedule_group": "schedule_groups",
    "api_destination": "api_destinations",
    "archive": "archives",
}
"""The field of a source that names objects of each kind."""


class Bus(Model):
    """An event bus, and the rules on it to watch."""

    name: Glob
    """Name or glob; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Rule names or globs (default: all rules of the bus)."""


class AwsAccess(AwsCredentials):
    """A region of an AWS account, and its credentials."""

    region: Region
    """Region, for example us-east-1."""
    endpoint_url: HttpUrl | None = None
    """Endpoint instead of that of AWS, for tests and emulators."""
    allow_plaintext: bool = False
    """Whether credentials may be sent unencrypted, to an http:// endpoint of another machine."""

    @model_validator(mode="after")
    def _credentials_are_encrypted(self) -> "AwsAccess":
        if self.endpoint_url is not None:
            what = "signed requests"
            check_encrypted(self.endpoint_url, what, self.allow_plaintext, "endpoint_url")
        return self


class AwsSource(AwsQueues, SourceSpec, AwsAccess):
    """EventBridge rules and their dead-letter queues in one account and region, or in several.

    What the collector runs is in one: `each` makes one source for each account and region.
    """

    # `AwsAccess` is the last base so that its fields come first: pydantic reads bases backwards.
    model_config = ConfigDict(json_schema_extra=needs_no_region)

    words = "AWS"
    has_shards = True

    regions: Annotated[tuple[Region, ...], Field(min_length=1, max_length=64)] | None = None
    """Regions, instead of region; each becomes a source NAME-REGION with health of its own."""
    accounts: Annotated[tuple[AwsAccount, ...], Field(min_length=1, max_length=256)] | None = None
    """Accounts, each of which becomes a source NAME-ACCOUNT, or NAME-ACCOUNT-REGION with regions.
    """
    poll: Annotated[Duration, within("1s", "1d")] = 60.0
    """Interval of the polls; CloudWatch charges for each metric that a poll reads."""
    timeout: Timeout = 30.0
    """Timeout of a request; with its retries and pages it takes at most four times as long, as does
    a poll that is not rarer."""
    delay: Annotated[Duration, within("0s", "1h")] = 120.0
    """Delay after which CloudWatch has completed a minute."""
    inventory_every: Seconds = 300.0
    """Interval at which rules and targets are listed."""
    buses: tuple[Bus, ...] = (Bus.default(name="*"),)
    """Buses to watch (default: all)."""
    put_events: bool = False
    """Whether to watch what is published: the PutEvents requests to all buses of the account."""
    functions: tuple[Glob, ...] = ()
    """Lambda functions to watch."""
    topics: tuple[Glob, ...] = ()
    """SNS topics to watch."""
    pipes: tuple[Glob, ...] = ()
    """EventBridge pipes to watch."""
    schedule_groups: tuple[Glob, ...] = ()
    """Groups of schedules to watch; `default` has those without a group."""
    api_destinations: tuple[Glob, ...] = ()
    """API destinations to watch."""
    archives: tuple[Glob, ...] = ()
    """Archives to watch, with their replays."""
    targets: bool = False
    """Whether to watch the Lambda functions and SNS topics that are targets of the rules."""
    metrics: tuple[ExportedMetric, ...] = ()
    """Other CloudWatch metrics to export, of any namespace (default: none)."""
    monthly_budget_dollars: Annotated[float, Field(gt=0, le=1e9), NotBoolean] | None = None
    """Maximum cost of a calendar month in UTC. A source whose estimate exceeds it is not polled;
    near it polls are rarer, and over it only what alerts and SLOs need is asked for. With accounts
    or regions, of all of them together."""
    _group: AwsGroup | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_or_several(
        cls, data: Any, validate: ModelWrapValidatorHandler["AwsSource"]
    ) -> "AwsSource":
        source = validate(either_region(data))
        check_regions(source.regions or (), data)
        check_accounts(source, source.accounts or ())
        return source

    @property
    def group(self) -> AwsGroup | None:
        """The source that the spec writes for this and others; None where it is written alone."""
        return self._group

    @property
    def one_of(self) -> str:
        """The name of its group."""
        return self._group.name if self._group else ""

    def each(self, name: str) -> Mapping[str, SourceSpec]:
        """A source for each account and region; itself where it names only one of either."""
        if not self.regions and not self.accounts:
            return {name: self}
        pairs = {
            named(name, account, region): (account, region or self.region)
            for account in self.accounts or (None,)
            for region in self.regions or (None,)
        }
        group = AwsGroup(name, tuple(pairs), self.monthly_budget_dollars)
        return {each: self._in(group, *pair) for each, pair in pairs.items()}

    def _in(self, group: AwsGroup, account: AwsAccount | None, region: str) -> "AwsSource":
        own = {"region": region, "regions": None, "accounts": None}
        one = self.model_copy(update=own | credentials_of(self, account))
        one._group = group
        return one

    def of_share(self, share: Portion) -> "AwsSource":
        """Its rules and queues of the shard, for a part of the budget; the rest is shard 1's."""
        part, shards = super().of_share(share), share.shard.of if share.shard else 1
        if (budget := self.monthly_budget_dollars) is not None:
            part = part.model_copy(update={"monthly_budget_dollars": budget / shards})
        if self._group and (of_all := self._group.budget) is not None:
            part._group = replace(self._group, budget=of_all / shards)
        nothing: dict[str, Any] = dict.fromkeys((*_FIELDS.values(), "metrics"), ())
        nothing |= {"put_events": False, "targets": False}
        return part if share.is_first else part.model_copy(update=nothing)

    @model_validator(mode="after")
    def _each_name_is_one_metric(self) -> "AwsSource":
        for index, why in clashes(enumerate(self.metrics)):
            raise wrong(why, f"metrics[{index}]")
        return self

    @property
    def where(self) -> str:
        """The region, the buses, and how many metrics it names."""
        buses = [f"buses {', '.join(bus.name for bus in self.buses)}"] if self.buses else []
        number = len(self.metrics)
        metrics = [f"{number} metric{'s' * (number > 1)}"] if number else []
        return ", ".join([self._home, *buses, *metrics])

    @property
    def place(self) -> str:
        """The region."""
        return f"in {self._home}"

    @property
    def _home(self) -> str:
        """The region, with the account where it is one of several."""
        account = self.role_account if self._group else None
        return f"{self.region} of account {account}" if account else self.region

    @property
    def selection(self) -> str:
        """Which rules are watched: a rule that it takes but did not is not a new one."""
        shard = f"; shard {self.share.shard}" if self.share.shard else ""
        return "; ".join(f"{bus.name}: {', '.join(bus.rules)}" for bus in self.buses) + shard

    @property
    def watches(self) -> frozenset[AwsService]:
        """What is watched beside rules and their queues; none of it unless the spec says so."""
        asked: dict[AwsService, bool] = {
            "put_events": self.put_events,
            "function": bool(self.functions) or self.targets,
            "topic": bool(self.topics) or self.targets,
            "pipe": bool(self.pipes),
            "schedule_group": bool(self.schedule_groups),
            "api_destination": bool(self.api_destinations),
            "archive": bool(self.archives),
        }
        return frozenset(service for service, is_asked in asked.items() if is_asked)

    @property
    def watched_selection(self) -> str:
        """Which of that is chosen: what it takes but did not is not new."""
        named = (getattr(self, field) for field in _FIELDS.values())
        return repr((self.put_events, *named, self.targets, self.selection))

    def globs_of(self, service: AwsService) -> Sequence[str]:
        """The names and globs of a kind of objects; empty where the kind has no names."""
        return () if service == "put_events" else getattr(self, _FIELDS[service])

    def named(self) -> Iterator[SpecName]:
        """Buses, rules, queues and the others that have names."""
        for number, bus in enumerate(self.buses):
            yield SpecName("bus", bus.name, path=f"buses[{number}].name")
            for index, rule in enumerate(bus.rules):
                yield SpecName("rule", rule, bus.name, path=f"buses[{number}].rules[{index}]")
        yield from self.named_queues()
        for kind, field in _FIELDS.items():
            for index, name in enumerate(getattr(self, field)):
                yield SpecName(kind, name, path=f"{field}[{index}]")

    @property
    def delayed_by(self) -> float:
        """Seconds after which CloudWatch has completed a minute."""
        return self.delay
