"""The AWS sources of a spec that one identity reads: a policy is for one identity."""

from obs.errors import BadInput
from obs.iam.arns import ANY_ACCOUNT, ArnPlace
from obs.spec.aws import AwsSource
from obs.spec.report import did_you_mean
from obs.spec.system import System

Sources = dict[str, AwsSource]


def sources_of(system: System, name: str | None = None) -> Sources:
    """The AWS sources that sign in the same way; `name` selects one where there are several ways.

    Raises BadInput where there is none, or the choice is ambiguous.
    """
    known = system.sources.aws
    if not known:
        raise BadInput("the spec has no AWS source, so it needs no IAM policy")
    if name is not None:
        if name not in known:
            hint = did_you_mean(name, known) or f"; choose from {', '.join(known)}"
            raise BadInput(f"--source {name}: no AWS source of that name{hint}")
        return {name: known[name]}
    ways = {(each.profile, each.role_arn) for each in known.values()}
    if len(ways) > 1:
        raise BadInput(
            "the AWS sources use different credentials and need separate policies; "
            f"choose one with --source: {', '.join(known)}"
        )
    return dict(known)


def places(sources: Sources, account: str | None) -> list[ArnPlace]:
    """Region and account of each source; without an account, that of the source's role."""
    return list(dict.fromkeys(place(each, account) for each in sources.values()))


def place(source: AwsSource, account: str | None) -> ArnPlace:
    """Region and account of a source."""
    from_role = source.role_arn.split(":")[4] if source.role_arn else ANY_ACCOUNT
    return ArnPlace(source.region, account or from_role)


def regions(sources: Sources) -> tuple[str, ...]:
    """The regions of these sources."""
    return tuple(sorted({each.region for each in sources.values()}))
