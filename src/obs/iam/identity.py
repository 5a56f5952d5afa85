"""The AWS sources of a spec that one identity reads: a policy is for one identity."""

from collections.abc import Callable

from obs.errors import BadInput
from obs.iam.arns import ANY_ACCOUNT, ArnPlace
from obs.spec.aws import AwsSource
from obs.spec.aws_accounts import AwsCredentials
from obs.spec.report import did_you_mean
from obs.spec.system import System

Sources = dict[str, AwsSource]


Way = Callable[[AwsSource], tuple[str | None, ...]]
"""What sources have in common that one identity reads."""


def of_reader(source: AwsSource) -> tuple[str | None, ...]:
    """The identity that reads a source: the role, or who signs in without one."""
    return source.sign_in


def of_sign_in(source: AwsSource) -> tuple[str | None, ...]:
    """The identity that assumes a source's role."""
    return (source.profile,)


def identities(system: System, name: str | None = None, way: Way = of_reader) -> dict[str, Sources]:
    """The AWS sources by the identity that reads them; `name` selects one, or one as the spec
    writes it for several.

    Raises BadInput where there is none.
    """
    found: dict[tuple[str | None, ...], Sources] = {}
    for each, source in _chosen(system, name, way).items():
        found.setdefault(way(source), {})[each] = source
    labels: dict[str, Sources] = {}
    for sources in found.values():
        label = _label(next(iter(sources.values())), way)
        labels[label if label not in labels else f"{label} of {next(iter(sources))}"] = sources
    return labels


def sources_of(system: System, name: str | None = None, way: Way = of_reader) -> Sources:
    """The AWS sources that one identity reads; `name` selects one where there are several.

    Raises BadInput where there is none, or the choice is ambiguous.
    """
    found = list(identities(system, name, way).values())
    if len(found) > 1:
        raise BadInput(
            "the AWS sources use different credentials and need separate policies; choose one with "
            f"--source: {', '.join(each for sources in found for each in sources)}"
        )
    return found[0]


def _chosen(system: System, name: str | None, way: Way) -> Sources:
    known = system.sources.aws
    if not known:
        raise BadInput("the spec has no AWS source, so it needs no IAM policy")
    if name is None:
        return dict(known)
    if name in known:
        return {each: one for each, one in known.items() if way(one) == way(known[name])}
    if members := {each: one for each, one in known.items() if one.one_of == name}:
        return members
    hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
    raise BadInput(f"--source {name}: no AWS source of that name{hint}")


def _label(source: AwsSource, way: Way) -> str:
    return label_of(source, source.role_arn if way is of_reader else None)


def label_of(access: AwsCredentials, role_arn: str | None) -> str:
    """What an identity is called: its role, if it has one, or who signs in."""
    return role_arn or (f"profile {access.profile}" if access.profile else "default credentials")


def places(sources: Sources, account: str | None) -> list[ArnPlace]:
    """Region and account of each source; without an account, that of the source's role."""
    return list(dict.fromkeys(place(each, account) for each in sources.values()))


def place(source: AwsSource, account: str | None) -> ArnPlace:
    """Region and account of a source; `account` is its number where no role tells it."""
    return ArnPlace(source.region, source.role_account or account or ANY_ACCOUNT)


def regions(sources: Sources) -> tuple[str, ...]:
    """The regions of these sources."""
    return tuple(sorted({each.region for each in sources.values()}))
