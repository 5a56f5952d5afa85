"""What a rule found, where, and how to correct it."""

from dataclasses import dataclass
from enum import StrEnum

from obs.difference import printable


class Severity(StrEnum):
    """error: the dashboard shows something wrong or nothing; warning: it could be improved."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One mistake. `panel` and `target` are empty where it concerns the whole dashboard."""

    file: str
    dashboard: str
    panel: str
    panel_id: int | None
    target: str
    rule: str
    severity: Severity
    message: str

    def __str__(self) -> str:
        where = f"{self.file}: "
        if self.panel or self.panel_id is not None:
            number = "" if self.panel_id is None else f" ({self.panel_id})"
            target = f" {self.target}" if self.target else ""
            where += f'panel "{self.panel}"{number}{target}: '
        kind = "" if self.severity is Severity.ERROR else f" ({self.severity})"
        return printable(f"{where}{self.rule}{kind}: {self.message}")


def order(finding: LintFinding) -> tuple[str, str, str, int, str, str, str]:
    """The sort key of findings: by file, whole dashboards first, then panels."""
    return (
        finding.file,
        finding.dashboard,
        finding.panel,
        finding.panel_id or 0,
        finding.target,
        finding.rule,
        finding.message,
    )
