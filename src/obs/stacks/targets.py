"""Which stacks the rules of a system can be applied to."""

from collections.abc import Callable
from typing import Final

from obs.errors import BadInput
from obs.spec.report import did_you_mean
from obs.spec.system import System
from obs.stacks.prometheus import Prometheus
from obs.stacks.stack import Stack

Opened = Callable[[System], list[Stack]]


def alert_stacks(system: System, target: str) -> list[Stack]:
    """The stacks of a target; more than one where the spec has several accounts.

    Raises BadInput where there is no such target, the spec does not say where it is, or what is
    built for it is not sound.
    """
    if target not in ALERTS:
        hint = did_you_mean(target, ALERTS) or f"; there are {', '.join(ALERTS)}"
        raise BadInput(f"--target {target}: there is no such target{hint}")
    return ALERTS[target](system)


def _prometheus(system: System) -> list[Stack]:
    stack = system.stacks.prometheus
    if stack is None:
        raise _unknown("prometheus", "url and rules_dir")
    return [Prometheus(system, stack)]


def _unknown(target: str, fields: str) -> BadInput:
    return BadInput(
        f"--target {target}: the spec does not say where it is; add stacks.{target} with {fields}"
    )


ALERTS: Final[dict[str, Opened]] = {
    "prometheus": _prometheus,
}
"""Targets of alert rules."""
