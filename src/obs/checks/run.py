"""Runs checks: reads, judges, and keeps a failure to read within the check it belongs to."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from obs.checks.check import Check
from obs.checks.context import CheckContext
from obs.checks.finding import CheckFinding, CheckResult, FindingRows, Outcome, skipped, wrong
from obs.errors import DONE, FOUND, UNAVAILABLE, BadInput, SourceError
from obs.extras import MissingExtra
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
    """Whether each check found nothing that fails; those that were skipped are left out."""
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
    slos = tuple(slo for slo in system.slos if slo.sli.measured.source in names)
    return system.model_copy(update={"sources": sources, "slos": slos})


def exit_code(results: Sequence[CheckResult], *, strict: bool = False) -> int:
    """3 where nothing that was asked answered, 1 where something failed, else 0.

    `strict`: a warning counts as a failure.
    """
    asked = [result for result in results if result.outcome is not Outcome.SKIPPED]
    if asked and all(result.unasked for result in asked):
        return UNAVAILABLE
    bad = {Outcome.FAILED, Outcome.WARNED} if strict else {Outcome.FAILED}
    return FOUND if any(result.outcome in bad for result in results) else DONE


def _result(check: Check[Any], system: System, context: CheckContext) -> CheckResult:
    subjects = check.subjects(system)
    if not subjects:
        return CheckResult(check.name, check.question, (skipped(system.system, check.absent),))
    findings: list[CheckFinding] = []
    rows: FindingRows = ()
    answered = False
    for subject in subjects:
        try:
            facts = check.read(context, subject)
            findings += check.judge(system, subject, facts)
        except SourceError as error:
            findings.append(_unasked(subject, error))
            continue
        except MissingExtra:  # of obs itself, and so of every check
            raise
        except BadInput as error:  # a file or a secret that is needed to read
            findings.append(wrong(subject, str(error), "change it, or the spec"))
            continue
        answered = True
        if check.rows is not None:
            rows += check.rows(system, facts)
    found = tuple(findings) or (skipped(system.system, "there is nothing to look at"),)
    return CheckResult(check.name, check.question, found, rows, unasked=not answered)


def _unasked(subject: str, error: SourceError) -> CheckFinding:
    """Readiness that cannot be seen is not readiness."""
    advice = {
        "auth": "give the credentials that `obs check` runs with the right to read this",
        "connection": "see that it runs, and that its address in the spec is right",
        "timeout": "see that it runs, and that its address in the spec is right",
    }
    return wrong(
        subject, f"could not be asked: {error}", advice.get(error.reason, "see its own log")
    )
