"""The top level of a spec."""

import re
from typing import Annotated, Final, Literal

from pydantic import BeforeValidator

from obs.ids import short_digest
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
