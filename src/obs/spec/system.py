"""The top level of a spec."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator, PrivateAttr, model_validator

from obs import catalogue
from obs.catalogue.exported import Exported, of_other_shards
from obs.catalogue.metric import Metric
from obs.ids import short_digest
from obs.redaction.address import shown_address
from obs.spec.alerts import AlertTuning, Links
from obs.spec.checks import Checks
from obs.spec.cloudwatch_metrics import clashes
from obs.spec.ha import HighAvailability
from obs.spec.maintenance import MaintenanceWindow
from obs.spec.metrics import Metrics
from obs.spec.model import Model, Name, wrong
from obs.spec.notify import Notify
from obs.spec.outputs import Outputs
from obs.spec.packs import Packs
from obs.spec.privacy import PrivacySettings
from obs.spec.report import did_you_mean
from obs.spec.shard import WHOLE, Portion
from obs.spec.slo_facts import Tiers, same_place_twice
from obs.spec.slos import Slo
from obs.spec.sources import Sources
from obs.spec.stacks import Stacks
from obs.spec.targets import Targets

_DIGEST: Final = re.compile(r"[0-9a-f]{8}")
_USUAL: Final = (
    *("acceptance", "demo", "dev", "development", "integration", "local", "preprod", "preview"),
    *("qa", "sandbox", "stage", "staging", "test", "testing", "uat"),
)
"""Environments that need no digest. One more would rename what is applied there."""


def _version(value: object) -> object:
    """Refuses what Python counts as 1."""
    if isinstance(value, bool | float):
        raise ValueError(f"{str(value).lower()} is not a version; write version: 1")
    return value


class System(Model):
    """An event-driven system: its sources, objectives, alerts and outputs."""

    version: Annotated[Literal[1], BeforeValidator(_version)]
    """Version of the spec format."""
    system: Name
    """Name of the system."""
    description: str = ""
    """One-sentence description of the system."""
    environment: Name = "production"
    """Default environment; `--env` chooses another."""
    state_dir: str = "obs-state"
    """Folder for the state file, relative to the working directory."""
    sources: Sources = Sources.default()
    """Systems that the collector polls."""
    slos: tuple[Slo, ...] = ()
    """Service level objectives."""
    maintenance: tuple[MaintenanceWindow, ...] = ()
    """Maintenance windows of all SLOs: events in them count neither as good nor as bad."""
    tiers: Tiers | None = None
    """Burn-rate alerts of all SLOs that have none of their own (default: the usual four)."""
    alerts: dict[Name, AlertTuning] = {}
    """Overrides of built-in alerts, by alert name."""
    packs: Packs = Packs.default()
    """Packs: metrics, alerts and dashboards of the services around the event system."""
    links: Links = Links.default()
    """Links to runbooks and dashboards in alert annotations."""
    notify: Notify | None = None
    """Receivers and routes of notifications (default: no Alertmanager configuration)."""
    targets: Targets = Targets.default()
    """Settings of the systems that rules and dashboards are built for."""
    stacks: Stacks = Stacks.default()
    """Running systems to which rules and dashboards are applied."""
    checks: Checks = Checks.default()
    """Settings of `obs check`, and whether the collector runs it."""
    privacy: PrivacySettings = PrivacySettings.default()
    """Personal data and secrets in payloads and log records of services that use obs.privacy."""
    outputs: Outputs = Outputs.default()
    """Outputs of the collector."""
    ha: HighAvailability | None = None
    """High availability: one of several collectors leads (default: each polls and pushes all)."""
    _share: Portion = PrivateAttr(default=WHOLE)
    metrics: Metrics = Metrics.default()
    """Metrics to export beyond the usual ones, and not to export (default: the usual ones)."""

    @model_validator(mode="after")
    def _packs_add_metrics_and_slos(self) -> "System":
        for name, settings in self.packs.used():
            for source, metrics in settings.cloudwatch_metrics().items():
                members = self.sources.aws_members(source)
                if not members:
                    hint = did_you_mean(source, self.sources.aws)
                    raise wrong(f"no AWS source {source!r}{hint}", ("packs", name, "source"))
                for each in members:
                    each.__dict__["metrics"] += metrics  # frozen for everybody else
        self.__dict__["slos"] += tuple(slo for _, slo in self.packs.slos())
        return self

    @model_validator(mode="after")
    def _the_lease_has_its_place(self) -> "System":
        if self.ha is None:
            return self
        if problem := self.ha.lease.bind(self.sources.nats, self.sources.aws):
            at, message = problem
            raise wrong(message, ("ha", "lease", *at))
        for name, canary in self.sources.canary.items():
            if canary.eventbridge is not None and canary.eventbridge.lease is not None:
                message = "remove it: with ha only the leader publishes to EventBridge"
                raise wrong(message, ("sources", "canary", name, "eventbridge", "lease"))
        return self

    @model_validator(mode="after")
    def _named_metrics_are_told_apart(self) -> "System":
        every = (
            (f"aws.{source}.metrics[{index}]", metric)
            for source, aws in self.sources.aws.items()
            for index, metric in enumerate(aws.metrics)
        )
        for field, why in clashes(every):
            raise wrong(why, f"sources.{field}")
        return self

    @model_validator(mode="after")
    def _rules_know_no_maintenance(self) -> "System":
        by_rules = [slo for slo in self.slos if slo.by_rules]
        if self.maintenance and by_rules:
            names = ", ".join(f"{slo.service}/{slo.name}" for slo in by_rules)
            raise wrong(
                f"rules know no maintenance, so it does not hold for {names}; write it with the "
                "SLOs that the collector evaluates",
                "maintenance",
            )
        return self

    @model_validator(mode="after")
    def _tiers_are_of_slos(self) -> "System":
        if self.tiers is None:
            return self
        if (twice := same_place_twice(self.tiers)) is not None:
            message = "has the severity and the long window of an earlier one; change one of them"
            raise wrong(f"tiers[{twice}] {message}", "tiers")
        for slo in self.slos:
            for index, tier in enumerate(self.tiers):
                if slo.tiers is None and tier.long > slo.window:
                    of = f"the window of SLO {slo.service}/{slo.name}"
                    message = f"tiers[{index}].long is longer than {of}; give that SLO tiers"
                    raise wrong(message, "tiers")
        with_tiers = (each.with_tiers(self.tiers) for each in self.slos)
        self.__dict__["slos"] = tuple(with_tiers)  # frozen for everybody else
        return self

    @model_validator(mode="after")
    def _what_is_published_is_exported(self) -> "System":
        if output := self.outputs.cloudwatch:
            named = catalogue.BY_NAME.keys() & output.metrics  # a glob takes what is exported
            chosen = (catalogue.BY_NAME[name] for name in sorted(named))
            for why in self.exported.lacking(chosen):
                raise wrong(f"outputs.cloudwatch publishes {why}", "metrics")
        return self

    @property
    def grafana(self) -> str | None:
        """URL of Grafana for people: links.grafana, else stacks.grafana.url, else None.

        The latter only without what may be a token: the link goes into files and alerts.
        """
        applied_to = self.stacks.grafana.url if self.stacks.grafana else ""
        public = applied_to if shown_address(applied_to) == applied_to else ""
        return self.links.grafana or public or None

    @property
    def exported(self) -> Exported:
        """The metrics that it exports."""
        chosen = self.metrics.exported
        return chosen if self.share.is_first else of_other_shards(chosen)

    @property
    def share(self) -> Portion:
        """The shard that is collected; without one, everything."""
        return self._share

    def take_share(self, share: Portion) -> None:
        """Be what is collected by a shard (`obs.spec.sharding`)."""
        self._share = share

    @property
    def named_metrics(self) -> tuple[Metric, ...]:
        """The CloudWatch metrics that it names itself, each once."""
        every = (metric for source in self.sources.aws.values() for metric in source.metrics)
        return tuple(dict.fromkeys(metric.exported_metric for metric in every))

    @property
    def named_every(self) -> Mapping[str, float]:
        """Seconds between two values of each of them, at the longest, by the metric's name."""
        found: dict[str, float] = {}
        for source in self.sources.aws.values():
            for metric in source.metrics:
                name = metric.exported_metric.name
                found[name] = max(found.get(name, 0.0), metric.period, source.poll)
        return found

    @property
    def report_zone(self) -> str:
        """Time zone of SLO reports where nothing else is asked for."""
        zones = {each.timezone for each in self.slos if each.calendar}
        return zones.pop() if len(zones) == 1 else "UTC"

    @property
    def has_collector(self) -> bool:
        """Whether there is anything to collect: not where rules evaluate all that it is for."""
        if not self.slos or not all(slo.by_rules for slo in self.slos):
            return True
        return not all(source.only_for_slos for _, _, source in self.sources.every())

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """The labels that tell its series and alerts from those of other systems."""
        return (("environment", self.environment), ("system", self.system))

    @property
    def known_as(self) -> str:
        """A name that is unique among systems and environments.

        It is the system's name, with the environment appended unless that is production. Where
        another system could have the same one, a digest follows: system a in environment b is not
        system a-b in production.
        """
        last = self.system.rpartition("-")[2]
        if self.environment == "production":
            clear = "-" not in self.system or not (last in _USUAL or _DIGEST.fullmatch(last))
            whole = self.system if clear else f"{self.system}-{self.environment}"
        else:
            clear = self.environment in _USUAL
            whole = f"{self.system}-{self.environment}"
        return whole if clear else f"{whole}-{self._digest}"

    @property
    def full_name(self) -> str:
        """As known_as, with every environment in it.

        The digest is there only where the environment's name has a hyphen, so that it is not clear
        where it begins.
        """
        whole = f"{self.system}-{self.environment}"
        clear = "-" not in self.environment and not _DIGEST.fullmatch(self.environment)
        return whole if clear else f"{whole}-{self._digest}"

    @property
    def _digest(self) -> str:
        return short_digest("\0".join((self.system, self.environment)))
