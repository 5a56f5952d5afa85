"""What the pages need to know of a system."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from obs.dashboards.thresholds import Thresholds, thresholds_of
from obs.spec.aws import AwsSource
from obs.spec.nats import NatsSource
from obs.spec.quantity import format_duration
from obs.spec.system import System

USUAL_SCRAPE: Final = 15.0
"""Seconds between two scrapes, unless Grafana's data source says otherwise."""


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A system as its dashboards show it; `known_as` is unique to its environment.

    `nats_poll`, `aws_poll` and `slo_poll` (of both) are the longest intervals between two polls, as
    durations: no panel draws points closer than that. None where Prometheus usually scrapes less
    often than the source is polled. `dead_letters`: a NATS source reports dead letters.
    `labels` are those of all its series and alerts.
    """

    system: str
    environment: str
    known_as: str
    thresholds: Thresholds
    nats: bool
    aws: bool
    slos: bool
    dead_letters: bool
    nats_poll: str | None
    aws_poll: str | None
    slo_poll: str | None
    labels: tuple[tuple[str, str], ...]


def build_context_of(system: System) -> BuildContext:
    """What the pages need to know of this system."""
    nats, aws = system.sources.nats.values(), system.sources.aws.values()
    return BuildContext(
        system=system.system,
        environment=system.environment,
        known_as=system.known_as,
        thresholds=thresholds_of(system),
        nats=bool(nats),
        aws=bool(aws),
        slos=bool(system.slos),
        dead_letters=any(source.every_connection for source in nats),
        nats_poll=_longest(nats),
        aws_poll=_longest(aws),
        slo_poll=_longest((*nats, *aws)),
        labels=system.labels,
    )


def _longest(sources: Iterable[NatsSource | AwsSource]) -> str | None:
    poll = max((source.poll for source in sources), default=0.0)
    return format_duration(poll) if poll > USUAL_SCRAPE else None
