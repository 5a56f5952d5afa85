"""Which functions, topics, … of an account a source watches."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from obs.clients.aws import AwsClient
from obs.clients.aws_limits import all_within
from obs.errors import SourceError
from obs.snapshot.aws_services import Resource
from obs.sources.aws.services.kind import Listing
from obs.sources.aws.services.kinds import KINDS, watched
from obs.spec.aws import AwsSource
from obs.spec.globs import is_plain, matches, plain_names

_log = logging.getLogger(__name__)

Names = Mapping[str, tuple[str, ...] | None]
"""All names of each kind that the spec names objects of; None where they could not be listed."""


@dataclass(frozen=True, slots=True)
class FoundResources:
    """The resources to watch, sorted, and how many targets and globs were left out by reason."""

    found: tuple[Resource, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)
    names: Names = field(default_factory=dict)


def find_resources(
    client: AwsClient,
    spec: AwsSource,
    target_arns: Iterable[str],
    home: str,
    takes: Callable[[Resource, Sequence[str]], bool] = lambda resource, globs: True,
) -> FoundResources:
    """What the spec names, and what the rules' targets are where it watches those.

    `takes` says which of those that globs match are chosen by their tags, where their kind has any.
    `home` is `region:account`: a target elsewhere has no metrics here. Only kinds of which the spec
    names objects are listed. A service that does not list its objects leaves the others working:
    those named in full are watched, globs are left out.
    """
    found: set[Resource] = set()
    left_out: Counter[str] = Counter()
    names: dict[str, tuple[str, ...] | None] = {}
    for kind in watched(spec):
        globs = kind.globs(spec)
        if kind.listing is None:
            found.add(Resource(kind.key))
        elif globs:
            listed = names[kind.key] = _listed(client, kind.listing, spec.timeout)
            chosen = _chosen(globs, listed)
            named = (Resource(kind.key, name) for name in chosen)
            found.update(one for one in named if not kind.tag_type or takes(one, globs))
            if listed is None:
                left_out["unlisted"] += sum(not is_plain(glob) for glob in globs)
    for resource, place in _targeted(spec, target_arns):
        if place == home:
            found.add(resource)
        else:
            left_out["elsewhere"] += 1
    return FoundResources(tuple(sorted(found)), +left_out, names)


def named_resources(spec: AwsSource) -> tuple[Resource, ...]:
    """The resources that the spec names in full."""
    return tuple(
        Resource(kind.key, name)
        for kind in watched(spec)
        for name in (plain_names(kind.globs(spec)) if kind.listing else ("",))
    )


def list_named(client: AwsClient, spec: AwsSource) -> Names:
    """All names of the kinds that the spec names objects of."""
    return {
        kind.key: _listed(client, kind.listing, spec.timeout)
        for kind in watched(spec)
        if kind.listing is not None and kind.globs(spec)
    }


def _listed(client: AwsClient, listing: Listing, seconds: float) -> tuple[str, ...] | None:
    """All names, None where the service does not list them in full within these seconds."""
    try:
        with all_within(seconds):
            return tuple(client.names(*listing))
    except SourceError as error:
        _log.warning("%s; what the spec names in full is watched, globs are left out", error)
        return None


def _chosen(globs: Sequence[str], listed: Sequence[str] | None) -> Iterable[str]:
    if listed is None:
        return plain_names(globs)
    return (name for name in listed if matches(name, globs))


def _targeted(spec: AwsSource, arns: Iterable[str]) -> Iterator[tuple[Resource, str]]:
    """The resources that are targets, each with its region and account."""
    if spec.targets:
        for arn in sorted(set(arns)):
            for kind in KINDS:
                if name := kind.targeted(arn):
                    yield Resource(kind.key, name), ":".join(arn.split(":")[3:5])
