"""AWS accounts and regions as sources."""

from typing import Annotated

from pydantic import Field

from obs.spec.model import Glob, HttpUrl, Matching, Model
from obs.spec.quantity import Duration, NotBoolean
from obs.spec.source import Seconds, SourceSpec


class Bus(Model):
    """An event bus and the rules on it that matter."""

    name: Glob
    """A bus name or glob; `default` is the account's default bus."""
    rules: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    """Rule names or globs; all rules of the bus where left out."""


class AwsAccess(Model):
    """A region of an AWS account, and how to sign in."""

    region: Annotated[
        str, Matching(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "an AWS region, for example us-east-1")
    ]
    """The region, for example us-east-1."""
    profile: str | None = None
    """A profile of the AWS configuration files; AWS's usual order where left out."""
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
    """A role to assume."""
    endpoint_url: HttpUrl | None = None
    """Another endpoint than AWS's own, for tests and emulators."""


class AwsSource(SourceSpec, AwsAccess):
    """EventBridge rules and their dead-letter queues in one account and region."""

    # `AwsAccess` is the last base so that its fields come first: pydantic reads bases backwards.
    words = "AWS"

    poll: Annotated[Duration, Field(ge=1)] = 60.0
    """How often CloudWatch is asked; every metric of every poll costs money."""
    timeout: Seconds = 30.0
    """How long AWS may take to answer a request."""
    delay: Duration = 120.0
    """How late CloudWatch's minutes are complete."""
    inventory_every: Seconds = 300.0
    """How often rules and targets are listed."""
    buses: tuple[Bus, ...] = (Bus(name="*"),)
    """The buses to watch; all of them where left out."""
    queues: tuple[Glob, ...] = ()
    """Queues to watch besides the dead-letter queues of the rules' targets."""
    monthly_budget_dollars: Annotated[float, Field(gt=0), NotBoolean] | None = None
    """`obs collect` refuses to start where its estimate is above this."""

    @property
    def where(self) -> str:
        """The region, and the buses."""
        return f"{self.region}, buses {', '.join(bus.name for bus in self.buses)}"

    @property
    def delayed_by(self) -> float:
        """How late CloudWatch's minutes are complete."""
        return self.delay
