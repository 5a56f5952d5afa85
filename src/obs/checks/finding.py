"""What a check finds."""

from dataclasses import dataclass
from enum import StrEnum

from obs.spec.named import MissingName

FindingRows = tuple[tuple[str, ...], ...]


class Outcome(StrEnum):
    """The outcome for one resource, the least severe first."""

    SKIPPED = "skipped"
    PASSED = "passed"
    ACCEPTED = "accepted"
    WARNED = "warned"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """One resource and its state. `advice`: what to do, one command or change a line.

    `unanswered`: nothing is known of it, because a system did not answer.
    """

    resource: str
    outcome: Outcome
    what: str
    advice: str = ""
    unanswered: bool = False


def right(resource: str, what: str) -> CheckFinding:
    """The resource is as it should be."""
    return CheckFinding(resource, Outcome.PASSED, what)


def wrong(resource: str, what: str, *advice: str) -> CheckFinding:
    """The resource is not ready for production."""
    return CheckFinding(resource, Outcome.FAILED, what, "\n".join(advice))


def doubtful(resource: str, what: str, *advice: str) -> CheckFinding:
    """The resource may work, but needs attention."""
    return CheckFinding(resource, Outcome.WARNED, what, "\n".join(advice))


def not_there(missing: MissingName) -> CheckFinding:
    """What the spec names does not exist; a glob may stand for what is created later."""
    named = missing.named
    advice = f"create this {named.kind}, or correct {named.path}"
    return (doubtful if named.is_glob else wrong)(named.label, str(missing), advice)


def skipped(resource: str, why: str, *advice: str) -> CheckFinding:
    """The resource was not checked."""
    return CheckFinding(resource, Outcome.SKIPPED, why, "\n".join(advice))


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. `unanswered`: none of the systems it reads answered."""

    check: str
    question: str
    findings: tuple[CheckFinding, ...]
    rows: FindingRows = ()
    unanswered: bool = False

    @property
    def outcome(self) -> Outcome:
        """The most severe of its findings."""
        order = list(Outcome)
        return max(
            (finding.outcome for finding in self.findings),
            key=order.index,
            default=Outcome.SKIPPED,
        )
