"""ARNs of the resources that a spec names, as patterns of IAM policies."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from obs.spec.aws import Bus
from obs.spec.globs import plain_name
from obs.spec.regions import partition

ANY_ACCOUNT: Final = "*"
_SPECIAL: Final = re.compile(r"[*?$]")
_LITERAL: Final = re.compile(r"\$\{([*?$])\}")
_DEFAULT_BUS: Final = "default"


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
    """A glob as an IAM pattern, in which `${*}` is a `*`.

    IAM has nothing like `[…]`, which becomes `?`.
    """
    name = plain_name(glob)
    if name is not None:
        return _SPECIAL.sub(r"${\g<0>}", name)
    return re.sub(r"\[[^\]]+\]", "?", glob).replace("${", "${$}{")


def _without_covered(arns: Iterable[str]) -> tuple[str, ...]:
    """The ARNs without those that a wider one covers: IAM's `*` matches `/` too."""
    found = list(dict.fromkeys(arns))
    globs = {arn: _LITERAL.sub(r"[\g<1>]", arn) for arn in found}
    return tuple(
        arn
        for arn in found
        if not any(other != arn and fnmatchcase(arn, globs[other]) for other in found)
    )
