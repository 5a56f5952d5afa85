"""All questions of `obs doctor`, in the order in which they are shown."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from obs.checks.check import Check
from obs.checks.finding import CheckFinding, CheckResult, Outcome, wrong
from obs.doctor.installation import judge_installation, read_installation
from obs.doctor.lease import advise as advise_on_lease
from obs.doctor.lease import judge_lease, places, read_lease
from obs.doctor.machine import (
    judge_files,
    judge_folder,
    judge_port,
    read_files,
    read_folder,
    read_port,
)
from obs.doctor.polled import poll_check
from obs.doctor.receivers import advise, judge_receiver, read_receiver, receivers
from obs.errors import DONE, FOUND, UNAVAILABLE
from obs.sources.kinds import KINDS
from obs.spec.system import System

_INSTALLATION: Final = "Is everything installed that the spec needs?"


def _of_kinds() -> Iterator[Check[Any]]:
    for kind in KINDS:
        if find_spec(f"obs.checks.{kind.key}") and find_spec(f"obs.checks.{kind.key}.reach"):
            yield from import_module(f"obs.checks.{kind.key}.reach").REACH
        else:
            yield poll_check(kind)


def _listening(system: System) -> tuple[str, ...]:
    return (system.outputs.web.listen,) if system.has_collector else ()


CHECKS: Final[tuple[Check[Any], ...]] = (
    Check(
        "installation",
        _INSTALLATION,
        lambda system: ("obs",),
        "",
        read=lambda context, name: read_installation(),
        judge=lambda system, name, found: judge_installation(system, found),
    ),
    *_of_kinds(),
    Check(
        "receivers",
        "Do the receivers of metrics, and the stacks, accept connections?",
        lambda system: tuple(receivers(system)),
        "the spec pushes to nothing, and has no stacks with an address",
        read=lambda context, name: read_receiver(context.system, name),
        judge=lambda system, name, address: judge_receiver(name, address),
        advise=advise,
    ),
    Check(
        "lease",
        "Can the collector keep the lease, and who holds it?",
        places,
        "the spec has no ha: a collector runs alone",
        read=lambda context, name: read_lease(context.system),
        judge=lambda system, name, found: judge_lease(name, found),
        advise=advise_on_lease,
    ),
    Check(
        "listen",
        "Can the collector listen where the spec says?",
        _listening,
        "the spec has nothing that a collector is for",
        read=lambda context, name: read_port(context.system),
        judge=judge_port,
    ),
    Check(
        "state",
        "Can the collector keep its state?",
        lambda system: (system.state_dir,),
        "",
        read=lambda context, name: read_folder(Path(name)),
        judge=lambda system, name, found: judge_folder(name, found),
    ),
    Check(
        "files",
        "May the collector open enough files?",
        lambda system: ("open files",),
        "",
        read=lambda context, name: read_files(),
        judge=lambda system, name, limit: judge_files(limit),
    ),
)


def without_spec() -> list[CheckResult]:
    """What can be said where there is no spec."""
    none: tuple[CheckFinding, ...] = (
        wrong("spec", "there is no spec here", "obs init --nats http://localhost:8222", "obs demo"),
    )
    return [
        CheckResult(
            "installation", _INSTALLATION, tuple(judge_installation(None, read_installation()))
        ),
        CheckResult("spec", "Is there a spec?", none),
    ]


def told_once(results: Sequence[CheckResult]) -> list[CheckResult]:
    """The results without what an earlier one says of the same resource: that it does not answer,
    which every question to it finds."""
    told: set[tuple[str, str]] = set()
    kept: list[CheckResult] = []
    for result in results:
        new = tuple(each for each in result.findings if (each.resource, each.what) not in told)
        told |= {(each.resource, each.what) for each in new}
        if new:
            kept.append(replace(result, findings=new))
    return kept


def exit_code(results: Sequence[CheckResult]) -> int:
    """3 where a system did not answer, 1 where something else is wrong, else 0."""
    if any(finding.unanswered for result in results for finding in result.findings):
        return UNAVAILABLE
    return FOUND if any(result.outcome is Outcome.FAILED for result in results) else DONE
