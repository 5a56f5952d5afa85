"""Runs checks; a failure to read affects only the check that it belongs to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from obs import spans
from obs.checks.accepted import accepted
from obs.checks.check import Check
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, CheckResult, FindingRows, Outcome, skipped, wrong
from obs.errors import DONE, FOUND, UNAVAILABLE, BadInput, SourceError
from obs.extras import MissingExtra
from obs.spec.composites import sources_of
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System


def run(
    system: System,
    checks: Sequence[Check[Any]],
    context: Callable[[System], CheckContext] = CheckContext,
) -> list[CheckResult]:
    """What each check found, in their order."""
    with context(system) as opened:
        return [_result(check, system, opened) for check in checks]


def outcomes(results: Sequence[CheckResult]) -> dict[str, bool]:
    """Whether each check found nothing that fails; skipped ones are left out."""
    return {
        result.check: result.outcome is not Outcome.FAILED
        for result in results
        if result.outcome is not Outcome.SKIPPED
    }


def part_of(system: System, kinds: Collection[str]) -> System:
    """The system with the sources of these kinds only, and the SLOs that are measured there."""
    others: dict[str, object] = {kind: {} for kind in SOURCE_KINDS if kind not in kinds}
    sources = system.sources.model_copy(update=others)
    names = {name for _, name, _ in sources.every()}
    every = {(slo.service, slo.name): slo for slo in system.slos}
    slos = tuple(
        slo for key, slo in every.items() if all(each in names for each in sources_of(key, every))
    )
    return system.model_copy(update={"sources": sources, "slos": slos})


def exit_code(results: Sequence[CheckResult], *, strict: bool = False) -> int:
    """3 where no system answered, 1 where something failed, else 0.

    `strict`: a warning counts as a failure.
    """
    executed = [result for result in results if result.outcome is not Outcome.SKIPPED]
    if executed and all(result.unanswered for result in executed):
        return UNAVAILABLE
    bad = {Outcome.FAILED, Outcome.WARNED} if strict else {Outcome.FAILED}
    return FOUND if any(result.outcome in bad for result in results) else DONE


def _result(check: Check[Any], system: System, context: CheckContext) -> CheckResult:
    subjects = check.subjects(system)
    if not subjects:
        return CheckResult(check.name, check.question, (skipped(system.system, check.absent),))
    with spans.step(f"check {check.name}", {"obs.check": check.name}) as span:
        result = _found(check, system, context, subjects)
        span.note("obs.outcome", str(result.outcome))
        return result


def _found(
    check: Check[Any], system: System, context: CheckContext, subjects: Sequence[str]
) -> CheckResult:
    findings: list[CheckFinding] = []
    rows: FindingRows = ()
    answered = False
    for subject in subjects:
        try:
            facts = check.read(context, subject)
            found = check.judge(system, subject, facts)
            findings += [accepted(system.checks.accept, check.name, each) for each in found]
        except SourceError as error:
            advice = check.advise(system, subject, error) if check.advise else ""
            findings.append(_unreadable(subject, error, advice))
            continue
        except MissingExtra:  # of obs itself, and so of every check
            raise
        except BadInput as error:  # a file or a secret that is needed to read
            findings.append(wrong(subject, str(error), "correct it, or the spec"))
            continue
        answered = True
        if check.rows is not None:
            rows += check.rows(system, facts)
    every = tuple(findings) or (skipped(system.system, "nothing to check"),)
    return CheckResult(check.name, check.question, every, rows, unanswered=not answered)


def _unreadable(subject: str, error: SourceError, own: str) -> CheckFinding:
    """A system that cannot be read counts as not ready. `own`: the advice of the check, if any."""
    advice = {
        "auth": "grant the credentials of `obs check` read access to this",
        "connection": "check that it runs, and its address in the spec",
        "timeout": "check that it runs, and its address in the spec",
    }
    found = wrong(
        subject, f"could not be read: {error}", own or advice.get(error.reason, "see its log")
    )
    return replace(found, unanswered=error.reason != "auth")
