"""The top level of a spec."""

from typing import Literal

from obs.redaction.address import shown_address
from obs.spec.alerts import AlertTuning, Links
from obs.spec.checks import Checks
from obs.spec.model import Model, Name
from obs.spec.notify import Notify
from obs.spec.outputs import Outputs
from obs.spec.slos import Slo
from obs.spec.sources import Sources
from obs.spec.stacks import Stacks
from obs.spec.targets import Targets


class System(Model):
    """An event-driven system: its sources, objectives, alerts and outputs."""

    version: Literal[1]
    """Version of the spec format."""
    system: Name
    """Name of the system."""
    description: str = ""
    """One-sentence description of the system."""
    environment: Name = "production"
    """Default environment; `--env` chooses another."""
    state_dir: str = "obs-state"
    """Folder for the state file, relative to the working directory."""
    sources: Sources = Sources()
    """Systems that the collector polls."""
    slos: tuple[Slo, ...] = ()
    """Service level objectives."""
    alerts: dict[Name, AlertTuning] = {}
    """Overrides of built-in alerts, by alert name."""
    links: Links = Links()
    """Links to runbooks and dashboards in alert annotations."""
    notify: Notify | None = None
    """Receivers and routes of notifications (default: no Alertmanager configuration)."""
    targets: Targets = Targets()
    """Settings of the systems that rules and dashboards are built for."""
    stacks: Stacks = Stacks()
    """Running systems to which rules and dashboards are applied."""
    checks: Checks = Checks()
    """Settings of `obs check`, and whether the collector runs it."""
    outputs: Outputs = Outputs()
    """Outputs of the collector."""

    @property
    def grafana(self) -> str | None:
        """URL of Grafana for people: links.grafana, else stacks.grafana.url, else None.

        The latter only without what may be a token: the link goes into files and alerts.
        """
        applied_to = self.stacks.grafana.url if self.stacks.grafana else ""
        public = applied_to if shown_address(applied_to) == applied_to else ""
        return self.links.grafana or public or None

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """The labels that tell its series and alerts from those of other systems."""
        return (("environment", self.environment), ("system", self.system))

    @property
    def known_as(self) -> str:
        """A name that is unique among systems and environments.

        It is the system's name, with the environment appended unless that is production.
        """
        production = self.environment == "production"
        return self.system if production else f"{self.system}-{self.environment}"
