"""The whole spec of one system."""

from typing import Literal

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
    """One event-driven system: what it consists of, what it promises, where numbers go."""

    version: Literal[1]
    """Version of the spec format."""
    system: Name
    """The system's name."""
    description: str = ""
    """What the system is, in a sentence for people."""
    environment: Name = "production"
    """The environment this spec describes; `--env` chooses another."""
    state_dir: str = "obs-state"
    """Folder of the state file; relative to the working directory."""
    sources: Sources = Sources()
    """The systems that the collector polls."""
    slos: tuple[Slo, ...] = ()
    """What is promised to the users of the system."""
    alerts: dict[Name, AlertTuning] = {}
    """Alerts that are to be different from how obs has them, by their name."""
    links: Links = Links()
    """Addresses that alerts carry, of runbooks and dashboards."""
    notify: Notify | None = None
    """Whom alerts reach, for Alertmanager; nobody is said where left out."""
    targets: Targets = Targets()
    """What alert rules are built for, where it is not as usual."""
    stacks: Stacks = Stacks()
    """The running systems that rules and dashboards are applied to."""
    checks: Checks = Checks()
    """What `obs check` looks at besides, and whether the collector runs it."""
    outputs: Outputs = Outputs()
    """Where the collector's numbers go."""

    @property
    def grafana(self) -> str | None:
        """Where people find Grafana: the link, or else where dashboards are applied to."""
        applied_to = self.stacks.grafana.url if self.stacks.grafana else None
        return self.links.grafana or applied_to

    @property
    def known_as(self) -> str:
        """What tells it from other systems and its other environments where they share a place.

        Its name, and the environment unless that is production.
        """
        production = self.environment == "production"
        return self.system if production else f"{self.system}-{self.environment}"
