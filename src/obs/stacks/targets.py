"""Which stacks the rules of a system can be applied to."""

from collections.abc import Callable
from typing import Final, TypeVar

from obs.errors import BadInput
from obs.spec.report import did_you_mean
from obs.spec.system import System
from obs.stacks.alertmanager import Alertmanager
from obs.stacks.amp import Amp
from obs.stacks.cloudwatch import CloudWatch
from obs.stacks.grafana_rules import GrafanaRules
from obs.stacks.prometheus import Prometheus
from obs.stacks.ruler import Ruler
from obs.stacks.stack import Stack

Section = TypeVar("Section")
Opened = Callable[[System], list[Stack]]


def alert_stacks(system: System, target: str) -> list[Stack]:
    """The stacks of a target; more than one where the spec has several accounts.

    Raises BadInput where there is no such target, the spec does not say where it is, or what is
    built for it is not sound.
    """
    if target not in ALERTS:
        hint = did_you_mean(target, ALERTS) or f"; choose from {', '.join(ALERTS)}"
        raise BadInput(f"--target {target}: unknown target{hint}")
    return ALERTS[target](system)


def dashboard_stacks(system: System, target: str) -> list[Stack]:
    """As alert_stacks, for dashboards."""
    if target != "grafana":
        raise BadInput(f"--target {target}: unknown target; the only target is grafana")
    from obs.stacks.grafana_dashboards import GrafanaDashboards  # noqa: PLC0415  needs grafanalib

    return [GrafanaDashboards(system, _said(system.stacks.grafana, "grafana", "url and token"))]


def _prometheus(system: System) -> list[Stack]:
    stack = _said(system.stacks.prometheus, "prometheus", "url and rules_dir")
    return [Prometheus(system, stack)]


def _alertmanager(system: System) -> list[Stack]:
    stack = _said(system.stacks.alertmanager, "alertmanager", "url and config_file")
    return [Alertmanager(system, stack)]


def _mimir(system: System) -> list[Stack]:
    return [Ruler(system, _said(system.stacks.mimir, "mimir", "url and tenant"))]


def _amp(system: System) -> list[Stack]:
    return [Amp(system, _said(system.stacks.amp, "amp", "workspace and region"))]


def _grafana(system: System) -> list[Stack]:
    return [GrafanaRules(system, _said(system.stacks.grafana, "grafana", "url and token"))]


def _cloudwatch(system: System) -> list[Stack]:
    if not system.sources.aws:
        raise BadInput("--target cloudwatch: the spec has no AWS source")
    return [CloudWatch(system, aws) for aws in sorted(system.sources.aws)]


def _said(stack: Section | None, target: str, fields: str) -> Section:
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
"""Targets of alert rules."""
