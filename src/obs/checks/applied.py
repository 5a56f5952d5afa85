"""Rules, dashboards and notification routes in the stacks match what the spec builds."""

from collections.abc import Iterator, Sequence
from typing import Final

from obs.checks.finding import CheckFinding, doubtful, right, wrong
from obs.extras import require_extra
from obs.spec.system import System
from obs.stacks.plan import Action, PlanStep

_SHOWN: Final = 6  # lines of a difference

COMMANDS: Final = {
    "alertmanager": "obs alerts apply --target alertmanager",
    "mimir": "obs alerts apply --target mimir",
    "amp": "obs alerts apply --target amp",
    "grafana": "obs dashboards apply --target grafana",
}
"""The command that applies the spec to a stack; Prometheus has a separate check."""


_EXTRAS: Final = {"amp": "aws", "grafana": "dashboards"}


def require_extras(stacks: Sequence[str]) -> None:
    """Raises MissingExtra where one of these stacks needs an extra that is not installed."""
    for stack in stacks:
        if stack in _EXTRAS:
            require_extra(_EXTRAS[stack], f"stacks.{stack}")


def stacks_of(system: System) -> tuple[str, ...]:
    """The stacks that the spec names."""
    return tuple(name for name in COMMANDS if getattr(system.stacks, name) is not None)


def judge(stack: str, steps: Sequence[PlanStep]) -> Iterator[CheckFinding]:
    """Applying would change nothing."""
    kept = sum(step.action is Action.KEEP for step in steps)
    for step in steps:
        if step.action is not Action.KEEP:
            yield _judge(step, COMMANDS[stack])
    if kept == len(steps):
        yield right(stack, f"up to date: {kept}")


def _judge(step: PlanStep, command: str) -> CheckFinding:
    at = f"{step.kind} {step.name}"
    match step.action:
        case Action.CREATE:
            return wrong(at, "is missing: the spec builds it", command)
        case Action.FOREIGN:
            return wrong(
                at,
                f"the name is taken: {step.why}",
                "rename or remove it, then:",
                command,
            )
        case Action.DELETE:
            return doubtful(at, "is obsolete: the spec no longer builds it", command)
        case _:
            changed = [line for line in step.diff if line[:1] in "+-" and line[:3] not in _HEADS]
            more = "" if len(changed) <= _SHOWN else f" and {len(changed) - _SHOWN} more lines"
            difference = " ".join(" ".join(changed[:_SHOWN]).split())
            return wrong(at, f"differs from the spec: {difference}{more}", command)


_HEADS: Final = ("+++", "---")
