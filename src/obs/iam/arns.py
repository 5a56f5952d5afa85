"""ARNs of the resources that a spec names, as patterns of IAM policies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from obs.spec.aws import Bus

ANY_ACCOUNT: Final = "*"
_DEFAULT_BUS: Final = "default"
_PARTITIONS: Final = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))


@dataclass(frozen=True, slots=True)
class ArnPlace:
    """A region of an account; the account is `*` where its number is unknown."""

    region: str
    account: str = ANY_ACCOUNT

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a service's resource."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """The ARN of a global resource."""
        return f"arn:{partition(self.region)}:{service}::{self.account}:{resource}"


def partition(region: str) -> str:
    """The AWS partition of a region."""
    return next((name for start, name in _PARTITIONS if region.startswith(start)), "aws")


def buses(place: ArnPlace, selection: Iterable[Bus]) -> tuple[str, ...]:
    """The buses that a spec selects."""
    return tuple(place.arn("events", f"event-bus/{pattern(bus.name)}") for bus in selection)


def rules(place: ArnPlace, selection: Iterable[Bus]) -> tuple[str, ...]:
    """The rules that a spec selects; those of the default bus have no bus in their ARN."""
    found: list[str] = []
    for bus in selection:
        for rule in bus.rules:
            if fnmatchcase(_DEFAULT_BUS, bus.name):
                found.append(place.arn("events", f"rule/{pattern(rule)}"))
            if bus.name != _DEFAULT_BUS:
                found.append(place.arn("events", f"rule/{pattern(bus.name)}/{pattern(rule)}"))
    return _without_covered(found)


def queues(place: ArnPlace, names: Iterable[str]) -> tuple[str, ...]:
    """The queues that a spec names."""
    return tuple(place.arn("sqs", pattern(name)) for name in names)


def pattern(glob: str) -> str:
    """A shell glob as an IAM pattern; `[…]` becomes `?`, because IAM has no such pattern."""
    return re.sub(r"\[[^\]]+\]", "?", glob)


def _without_covered(arns: Iterable[str]) -> tuple[str, ...]:
    """The ARNs without those that a wider one covers: IAM's `*` matches `/` too."""
    found = list(dict.fromkeys(arns))
    return tuple(
        arn for arn in found if not any(other != arn and fnmatchcase(arn, other) for other in found)
    )
