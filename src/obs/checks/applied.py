"""Rules, dashboards and notification routes that run are the ones that the spec builds."""

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
"""What puts the stack right; Grafana has the dashboards, Prometheus a check of its own."""


_EXTRAS: Final = {"amp": "aws", "grafana": "dashboards"}


def require_extras(stacks: Sequence[str]) -> None:
    """Raises MissingExtra where one of these stacks needs an extra that is not installed."""
    for stack in stacks:
        if stack in _EXTRAS:
            require_extra(_EXTRAS[stack], f"stacks.{stack}")


def stacks_of(system: System) -> tuple[str, ...]:
    """The stacks that the spec says are there."""
    return tuple(name for name in COMMANDS if getattr(system.stacks, name) is not None)


def judge(stack: str, steps: Sequence[PlanStep]) -> Iterator[CheckFinding]:
    """Nothing would have to be done."""
    kept = sum(step.action is Action.KEEP for step in steps)
    for step in steps:
        if step.action is not Action.KEEP:
            yield _judge(step, COMMANDS[stack])
    if kept == len(steps):
        yield right(stack, f"as built: {kept}")


def _judge(step: PlanStep, command: str) -> CheckFinding:
    at = f"{step.kind} {step.name}"
    match step.action:
        case Action.CREATE:
            return wrong(at, "is built, and is not there", command)
        case Action.FOREIGN:
            return wrong(
                at,
                f"somebody else has one of this name: {step.why}",
                "rename or remove it, then:",
                command,
            )
        case Action.DELETE:
            return doubtful(at, "is left over: the spec does not build it any more", command)
        case _:
            changed = [line for line in step.diff if line[:1] in "+-" and line[:3] not in _HEADS]
            more = "" if len(changed) <= _SHOWN else f" and {len(changed) - _SHOWN} lines more"
            told = " ".join(" ".join(changed[:_SHOWN]).split())
            return wrong(at, f"is not as it is built: {told}{more}", command)


_HEADS: Final = ("+++", "---")
