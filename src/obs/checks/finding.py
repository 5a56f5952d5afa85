"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum

FindingRows = tuple[tuple[str, ...], ...]


class Outcome(StrEnum):
    """What became of one look at one resource, the least severe first."""

    SKIPPED = "skipped"
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One resource and how it is. `advice`: what to do, a command or a change a line."""

    resource: str
    outcome: Outcome
    what: str
    advice: str = ""


def right(resource: str, what: str) -> CheckFinding:
    """The resource is as it should be."""
    return CheckFinding(resource, Outcome.PASSED, what)


def wrong(resource: str, what: str, *advice: str) -> CheckFinding:
    """The resource is not ready for production."""
    return CheckFinding(resource, Outcome.FAILED, what, "\n".join(advice))


def doubtful(resource: str, what: str, *advice: str) -> CheckFinding:
    """The resource works, or may: somebody should look at it."""
    return CheckFinding(resource, Outcome.WARNED, what, "\n".join(advice))


def skipped(resource: str, why: str, *advice: str) -> CheckFinding:
    """Not looked at."""
    return CheckFinding(resource, Outcome.SKIPPED, why, "\n".join(advice))


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. `unasked`: none of what it asks answered."""

    check: str
    question: str
    findings: tuple[CheckFinding, ...]
    rows: FindingRows = ()
    unasked: bool = False

    @property
    def outcome(self) -> Outcome:
        """The most severe of its findings."""
        order = list(Outcome)
        return max(
            (finding.outcome for finding in self.findings),
            key=order.index,
            default=Outcome.SKIPPED,
        )
