"""What the pages need to know of a system."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from obs.catalogue import slo
from obs.catalogue.exported import Exported
from obs.catalogue.metric import Metric
from obs.dashboards.thresholds import Thresholds, thresholds_of
from obs.spec.quantity import format_duration
from obs.spec.slos import Slo
from obs.spec.source import SourceSpec
from obs.spec.system import System

USUAL_SCRAPE: Final = 15.0
"""Seconds between two scrapes, unless Grafana's data source says otherwise."""


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A system as its dashboards show it; `known_as` is unique to its environment.

    `nats_poll`, `aws_poll` and `slo_poll` (of both) are the longest intervals between two polls, as
    durations: no panel draws points closer than that. None where Prometheus usually scrapes less
    often than the source is polled. `dead_letters`: a NATS source reports dead letters.
    `groups` of NATS clusters are collected, and `events` counted by connections. `labels` are those
    of all its series and alerts, `exported` its metrics. `aws_services` are watched beside rules,
    and `named` are the CloudWatch metrics that the spec names itself, each with a new value in as
    many seconds as `named_every` says. `origins` are labels
    of sources of which there are several that may hold objects of the same name: accounts and
    regions of AWS. `work_queues`: an AWS source watches work queues, or reads the causes of
    dead letters. `slo_objects`: an SLO is one over many objects. `slo_teams`: one has a team.
    `slo_labels` are those that the spec gives to SLOs, team and owner first. `probes`: something is
    probed, every `probe_poll`. `canaries`: some are published, and looked for every `canary_poll`.
    `ha`: of several collectors one leads.
    """

    system: str
    environment: str
    known_as: str
    thresholds: Thresholds
    nats: bool
    aws: bool
    slos: bool
    dead_letters: bool
    groups: frozenset[str]
    nats_poll: str | None
    aws_poll: str | None
    slo_poll: str | None
    labels: tuple[tuple[str, str], ...]
    exported: Exported
    events: frozenset[str] = frozenset()
    aws_services: frozenset[str] = frozenset()
    named: tuple[Metric, ...] = ()
    named_every: Mapping[str, float] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()
    work_queues: bool = False
    slo_objects: bool = False
    slo_teams: bool = False
    slo_labels: tuple[str, ...] = ()
    probes: bool = False
    probe_poll: str | None = None
    canaries: bool = False
    canary_poll: str | None = None
    ha: bool = False

    @property
    def of_slo(self) -> tuple[str, ...]:
        """The labels that tell SLOs apart, general ones first."""
        return ("slo_service", "slo", *self.slo_identity[2:])

    @property
    def slo_identity(self) -> tuple[str, ...]:
        """The same in the order of the catalogue."""
        return (*slo.SLO, *((slo.OBJECT,) if self.slo_objects else ()))


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
        slo_teams=any(each.team for each in system.slos),
        slo_labels=_labels(system.slos),
        slo_objects=any(each.sli.measured.each for each in system.slos),
        dead_letters=any(source.every_connection for source in nats),
        groups=frozenset(group for source in nats for group in source.collect),
        nats_poll=_longest(nats),
        aws_poll=_longest(aws),
        slo_poll=_longest(source for *_, source in system.sources.every()),
        labels=system.labels,
        exported=system.exported,
        work_queues=any(each.work_globs or each.dead_letter_causes for each in aws),
        events=frozenset(
            event
            for source in nats
            for connection in source.every_connection
            for event in connection.events
        ),
        aws_services=frozenset(service for source in aws for service in source.watches),
        named=tuple(_without_packs(system)),
        named_every=system.named_every,
        origins=frozenset(kind for kind in ("aws", "probe") if len(system.sources.of(kind)) > 1),
        probes=bool(system.sources.probe),
        probe_poll=_longest(system.sources.probe.values()),
        canaries=bool(system.sources.canary),
        canary_poll=_longest(system.sources.canary.values()),
        ha=system.ha is not None,
    )


def _without_packs(system: System) -> Iterator[Metric]:
    """The CloudWatch metrics that the spec names, but for those that pages of packs show."""
    used = (settings.cloudwatch_metrics() for _, settings in system.packs.used())
    shown = {
        each.exported_metric.name for of in used for metrics in of.values() for each in metrics
    }
    yield from (metric for metric in system.named_metrics if metric.name not in shown)


def _labels(slos: Iterable[Slo]) -> tuple[str, ...]:
    found = {label for each in slos for label, _ in each.info_labels}
    first = [label for label in ("team", "owner") if label in found]
    return (*first, *sorted(found.difference(first)))


def _longest(sources: Iterable[SourceSpec]) -> str | None:
    poll = max((source.poll for source in sources), default=0.0)
    return format_duration(poll) if poll > USUAL_SCRAPE else None
