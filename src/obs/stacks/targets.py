"""The stacks that the rules and dashboards of a system can be applied to."""

from collections.abc import Callable
from typing import Final, TypeVar

from obs.errors import BadInput
from obs.spec.report import did_you_mean
from obs.spec.system import System
from obs.stacks.alertmanager import AlertmanagerRouting
from obs.stacks.amp import Amp
from obs.stacks.cloudwatch import CloudWatchAlarms
from obs.stacks.grafana_rules import GrafanaRules
from obs.stacks.prometheus import PrometheusRules
from obs.stacks.ruler import Ruler
from obs.stacks.stack import Stack

Section = TypeVar("Section")
Opened = Callable[[System], list[Stack]]


def alert_stacks(system: System, target: str) -> list[Stack]:
    """The stacks of a target; several where the spec has several AWS accounts.

    Raises BadInput for an unknown target, one without an address in the spec, or invalid rules.
    """
    check_target(target)
    return ALERTS[target](system)


def check_target(target: str) -> None:
    """Raises BadInput for an unknown target of alert rules."""
    if target not in ALERTS:
        hint = did_you_mean(target, ALERTS) or f"; choose from {', '.join(ALERTS)}"
        raise BadInput(f"--target {target}: unknown target{hint}")


def dashboard_stacks(system: System, target: str) -> list[Stack]:
    """As alert_stacks, for dashboards."""
    if target != "grafana":
        raise BadInput(f"--target {target}: unknown target; the only target is grafana")
    from obs.stacks.grafana_dashboards import GrafanaDashboards  # noqa: PLC0415  needs grafanalib

    return [GrafanaDashboards(system, _section(system.stacks.grafana, "grafana", "url and token"))]


def _prometheus(system: System) -> list[Stack]:
    stack = _section(system.stacks.prometheus, "prometheus", "url and rules_dir")
    return [PrometheusRules(system, stack)]


def _alertmanager(system: System) -> list[Stack]:
    stack = _section(system.stacks.alertmanager, "alertmanager", "url and config_file")
    return [AlertmanagerRouting(system, stack)]


def _mimir(system: System) -> list[Stack]:
    return [Ruler(system, _section(system.stacks.mimir, "mimir", "url and tenant"))]


def _amp(system: System) -> list[Stack]:
    return [Amp(system, _section(system.stacks.amp, "amp", "workspace and region"))]


def _grafana(system: System) -> list[Stack]:
    return [GrafanaRules(system, _section(system.stacks.grafana, "grafana", "url and token"))]


def _cloudwatch(system: System) -> list[Stack]:
    if not system.sources.aws:
        raise BadInput("--target cloudwatch: the spec has no AWS source")
    return [CloudWatchAlarms(system, aws) for aws in sorted(system.sources.aws)]


def _section(stack: Section | None, target: str, fields: str) -> Section:
    if stack is None:
        raise BadInput(
            f"--target {target}: the spec does not configure it; add stacks.{target} with {fields}"
        )
    return stack


ALERTS: Final[dict[str, Opened]] = {
    "prometheus": _prometheus,
    "mimir": _mimir,
    "amp": _amp,
    "grafana": _grafana,
    "alertmanager": _alertmanager,
    "cloudwatch": _cloudwatch,
}
"""The targets of alert rules."""
