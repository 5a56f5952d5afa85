"""What `obs alerts apply` and `obs dashboards apply` share: plan, confirmation, changes."""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from obs import spans
from obs.cli.arguments import format_argument, spec_arguments
from obs.cli.output import counted, json_text, safe
from obs.cli.terminal import coloured, diff_coloured, is_quiet, note, say
from obs.errors import DONE, FOUND, BadInput, ObsError

if TYPE_CHECKING:
    from obs.stacks.plan import PlanStep
    from obs.stacks.stack import Stack

_WORDS: Final = {
    "create": "to create",
    "change": "to change",
    "delete": "to delete",
    "keep": "unchanged",
    "foreign": "not owned by obs, skipped",
}


def apply_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of an apply command, except --target."""
    spec_arguments(parser)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if anything differs"
    )
    parser.add_argument("--yes", action="store_true", help="apply without confirmation")
    format_argument(parser)


@dataclass
class _Report:
    """The plan of one stack, and which of its steps are done."""

    target: str
    where: str
    steps: Sequence["PlanStep"]
    done: list["PlanStep"] = field(default_factory=list)

    def facts(self) -> dict[str, Any]:
        done = {step.key for step in self.done}
        return {
            "target": self.target,
            "where": self.where,
            "steps": [
                {
                    "verdict": str(step.action),
                    "kind": step.kind,
                    "name": step.name,
                    "done": step.key in done,
                    **({"diff": list(step.diff)} if step.diff else {}),
                    **({"why": step.why} if step.why else {}),
                }
                for step in self.steps
            ],
        }


def run(
    arguments: argparse.Namespace,
    stacks: Sequence[tuple[str, "Stack"]],
    failures: Mapping[str, BadInput] = MappingProxyType({}),
) -> int:
    """Plans for all stacks, confirms, applies; returns the exit code.

    `failures` says by target why it has no stack. Raises BadInput with all of them at the end.
    """
    code = _run(arguments, stacks, failures) if stacks else DONE
    if failures:
        raise BadInput("\n".join(map(str, failures.values())))
    return code


def _run(
    arguments: argparse.Namespace,
    stacks: Sequence[tuple[str, "Stack"]],
    failures: Mapping[str, BadInput],
) -> int:
    from obs.stacks.plan import changing_steps, is_as_wanted

    with ExitStack() as opened:
        for _, stack in stacks:
            opened.enter_context(closing(stack))
        reports = [_planned(target, stack) for target, stack in stacks]
        as_text = arguments.format == "text"
        if as_text:
            for target, why in failures.items():
                print(safe(f"{target}: not applied: {str(why).splitlines()[0]}"))
            for report in reports:
                if not (is_quiet() and is_as_wanted(report.steps)):
                    print(_plan_text(report))
        todo = [step for report in reports for step in changing_steps(report.steps)]
        try:
            if todo and not arguments.check:
                if not (arguments.yes or _confirmed(todo, stacks, reports)):
                    return FOUND
                for (_, stack), report in zip(stacks, reports, strict=True):
                    with spans.step(f"apply {report.target}", {"obs.target": report.target}):
                        _apply(stack, report, loud=as_text)
        finally:
            if not as_text:
                failed = [
                    {"target": target, "failed": str(why).splitlines(), "steps": []}
                    for target, why in failures.items()
                ]
                print(json_text([*(report.facts() for report in reports), *failed]))
    if arguments.check:
        return DONE if all(is_as_wanted(report.steps) for report in reports) else FOUND
    return FOUND if any(step.why for report in reports for step in report.steps) else DONE


def _planned(target: str, stack: "Stack") -> _Report:
    with spans.step(f"plan {target}", {"obs.target": target}):
        return _Report(target, stack.where, stack.plan())


def _apply(stack: "Stack", report: _Report, *, loud: bool) -> None:
    from obs.stacks.plan import changing_steps

    todo = changing_steps(report.steps)
    if not todo:
        return

    def done(step: "PlanStep") -> None:
        report.done.append(step)
        if loud:
            did = f"{report.target}: {_DONE[str(step.action)]} {step.kind} {step.name}"
            say(safe(did))

    try:
        stack.apply(report.steps, done)
    except (ObsError, KeyboardInterrupt) as error:
        first = "correct this, then " if _is_refused(error) else ""
        print(
            f"{report.target}: stopped after {len(report.done)} of {counted(len(todo), 'step')}; "
            f"{first}run the command again to continue",
            file=sys.stderr,
        )
        raise


def _is_refused(error: BaseException) -> bool:
    """Whether the next run would be refused for the same reason."""
    from obs.clients.rest import RequestRejected

    if isinstance(error, RequestRejected):
        return error.status in range(400, 500) and error.status not in (409, 412, 429)
    return isinstance(error, BadInput)


_COLOURS: Final = {"create": "green", "change": "yellow", "delete": "red"}
_DONE: Final = {"create": "created", "change": "changed", "delete": "deleted"}


def _confirmed(
    todo: Sequence["PlanStep"], stacks: Sequence[tuple[str, "Stack"]], reports: Sequence[_Report]
) -> bool:
    """Whether the user at the terminal confirms. Raises BadInput without a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput(
            f"{counted(len(todo), 'step')} to apply and no terminal to confirm at; give --yes"
        )
    print(f"Apply {counted(len(todo), 'step')}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        note("nothing was changed")
        return False
    if [stack.plan() for _, stack in stacks] != [report.steps for report in reports]:
        raise ObsError("the stack has changed since the plan was shown; run the command again")
    return True


def _plan_text(report: _Report) -> str:
    counts = Counter(str(step.action) for step in report.steps)
    summary = ", ".join(f"{counts[each]} {words}" for each, words in _WORDS.items() if counts[each])
    lines = [safe(f"{report.target} ({report.where}): {summary or 'no resources'}")]
    for step in report.steps:
        if step.action == "keep":
            continue
        why = f": {step.why}" if step.why else ""
        did = coloured(f"{step.action:<8}", _COLOURS.get(str(step.action), "grey"))
        lines.append(f"  {did}{safe(f'{step.kind} {step.name}{why}')}")
        lines += [f"    {diff_coloured(safe(line))}" for line in step.diff]
    return "\n".join(lines)
