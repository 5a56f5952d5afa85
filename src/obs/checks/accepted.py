"""Findings that the spec accepts, each with its reason."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from obs.checks.finding import CheckFinding, Outcome
from obs.errors import BadInput
from obs.spec.checks import AcceptedFinding
from obs.spec.globs import matches
from obs.spec.report import did_you_mean
from obs.spec.system import System

_BAD: Final = (Outcome.WARNED, Outcome.FAILED)


def accepted(accept: Iterable[AcceptedFinding], check: str, finding: CheckFinding) -> CheckFinding:
    """The finding; as accepted where one of `accept` covers it."""
    if finding.outcome not in _BAD:
        return finding
    for each in accept:
        if each.check == check and matches(finding.resource, (each.resource,)):
            what = f"{finding.what} (accepted: {each.reason})"
            return replace(finding, outcome=Outcome.ACCEPTED, what=what, advice="")
    return finding


def verify(system: System, checks: Collection[str]) -> None:
    """Raises BadInput where the spec accepts findings of a check that does not exist."""
    for number, each in enumerate(system.checks.accept):
        if each.check not in checks:
            hint = did_you_mean(each.check, checks) or "; see `obs check --list`"
            raise BadInput(f"checks.accept[{number}].check: no check is named {each.check}{hint}")
