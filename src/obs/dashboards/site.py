"""What the pages need to know of a system."""

from dataclasses import dataclass

from obs.dashboards.limits import Limits, limits_of
from obs.spec.quantity import format_duration
from obs.spec.system import System


@dataclass(frozen=True, slots=True)
class Site:
    """A system as its dashboards see it.

    `nats_poll`, `aws_poll` and `slo_poll` (of both) are the longest intervals between two polls, as
    durations: no panel draws points closer than that. `dead_letters`: some NATS source tells them.
    """

    system: str
    environment: str
    limits: Limits
    nats: bool
    aws: bool
    slos: bool
    dead_letters: bool
    nats_poll: str
    aws_poll: str
    slo_poll: str


def site_of(system: System) -> Site:
    """The site of a system."""
    nats, aws = system.sources.nats.values(), system.sources.aws.values()
    return Site(
        system=system.system,
        environment=system.environment,
        limits=limits_of(system),
        nats=bool(nats),
        aws=bool(aws),
        slos=bool(system.slos),
        dead_letters=any(source.connection for source in nats),
        nats_poll=format_duration(max((source.poll for source in nats), default=15)),
        aws_poll=format_duration(max((source.poll for source in aws), default=60)),
        slo_poll=format_duration(max((source.poll for source in (*nats, *aws)), default=60)),
    )
