"""AWS accounts and regions as sources."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from obs.spec.model import Glob, HttpUrl, Matching, Model
from obs.spec.plaintext import check_encrypted
from obs.spec.quantity import Duration, NotBoolean, within
from obs.spec.regions import Region
from obs.spec.source import Seconds, SourceSpec, Timeout
from obs.spec.watched import SpecName


class Bus(Model):
    """An event bus, and the rules on it to watch."""

    name: Glob
    """Name or glob; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Rule names or globs (default: all rules of the bus)."""


class AwsAccess(Model):
    """A region of an AWS account, and its credentials."""

    region: Region
    """Region, for example us-east-1."""
    profile: str | None = None
    """Profile of the AWS configuration files (default: the AWS credential chain)."""
    role_arn: (
        Annotated[
            str,
            Matching(
                r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
                "a role's ARN, for example arn:aws:iam::123456789012:role/obs",
            ),
        ]
        | None
    ) = None
    """Role to assume."""
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


class AwsSource(SourceSpec, AwsAccess):
    """EventBridge rules and their dead-letter queues in one account and region."""

    # `AwsAccess` is the last base so that its fields come first: pydantic reads bases backwards.
    words = "AWS"

    poll: Annotated[Duration, within("1s", "1d")] = 60.0
    """Interval of the polls; CloudWatch charges for each metric that a poll reads."""
    timeout: Timeout = 30.0
    """Timeout of a request; with its retries and pages it takes at most four times as long, as does
    a poll that is not rarer."""
    delay: Annotated[Duration, within("0s", "1h")] = 120.0
    """Delay after which CloudWatch has completed a minute."""
    inventory_every: Seconds = 300.0
    """Interval at which rules and targets are listed."""
    buses: tuple[Bus, ...] = (Bus(name="*"),)
    """Buses to watch (default: all)."""
    queues: tuple[Glob, ...] = ()
    """Queues to watch in addition to the dead-letter queues of the rules' targets."""
    monthly_budget_dollars: Annotated[float, Field(gt=0, le=1e9), NotBoolean] | None = None
    """Maximum estimated cost; a source whose estimate exceeds it is not polled."""

    @property
    def where(self) -> str:
        """The region, and the buses."""
        return f"{self.region}, buses {', '.join(bus.name for bus in self.buses)}"

    @property
    def place(self) -> str:
        """The region."""
        return f"in {self.region}"

    @property
    def selection(self) -> str:
        """Which rules are watched: a rule that it takes but did not is not a new one."""
        return "; ".join(f"{bus.name}: {', '.join(bus.rules)}" for bus in self.buses)

    def named(self) -> Iterator[SpecName]:
        """Buses, rules and queues."""
        for number, bus in enumerate(self.buses):
            yield SpecName("bus", bus.name, path=f"buses[{number}].name")
            for index, rule in enumerate(bus.rules):
                yield SpecName("rule", rule, bus.name, path=f"buses[{number}].rules[{index}]")
        for index, queue in enumerate(self.queues):
            yield SpecName("queue", queue, path=f"queues[{index}]")

    @property
    def delayed_by(self) -> float:
        """Seconds after which CloudWatch has completed a minute."""
        return self.delay
