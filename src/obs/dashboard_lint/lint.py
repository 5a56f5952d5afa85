"""Applies the rules and waivers to dashboards."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from obs.dashboard_lint.finding import LintFinding, Severity, order
from obs.dashboard_lint.model import Dashboard
from obs.dashboard_lint.rules import ALL
from obs.dashboard_lint.subject import OUR_TAG, Knowledge, subject
from obs.dashboard_lint.waivers import (
    LINTER_FILE,
    OWN_FILE,
    Waived,
    Waiver,
    applied,
    our_own,
    read_waivers,
    unused,
)
from obs.spec.report import Problem


@dataclass(frozen=True, slots=True)
class Report:
    """All findings in order, and those that are waived."""

    findings: tuple[LintFinding, ...]
    waived: tuple[Waived, ...]

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)


def lint(
    dashboards: Sequence[Dashboard],
    knowledge: Knowledge,
    waivers: dict[str, tuple[Waiver, ...]] | None = None,
    unreadable: Sequence[Problem] = (),
) -> Report:
    """The findings in all dashboards; `waivers` are those for the dashboards of each file.

    A file that cannot be read is a finding, too.
    """
    knowledge = replace(
        knowledge, uids=_files(dashboards, "uid"), titles=_files(dashboards, "title")
    )
    waivers = waivers or {}
    findings = [_unreadable(problem) for problem in unreadable]
    waived: list[Waived] = []
    used: set[Waiver] = set()
    for dashboard in dashboards:
        ours = our_own() if OUR_TAG in dashboard.tags else ()
        chosen = (*waivers.get(dashboard.file, ()), *ours)
        for left, waiver in applied(_found(dashboard, knowledge), dashboard, chosen):
            if waiver is not None:
                used.add(waiver)
            if isinstance(left, Waived):
                waived.append(left)
            else:
                findings.append(left)
    findings += unused(_each_once(waivers.values()), used, dashboards)
    findings.sort(key=order)
    waived.sort(key=lambda each: order(each.finding))
    return Report(tuple(findings), tuple(waived))


def waivers_for(
    dashboards: Sequence[Dashboard], paths: Sequence[Path], chosen: Path | None
) -> dict[str, tuple[Waiver, ...]]:
    """The waivers of each dashboard by its file: the chosen ones, else those in its folder, in
    the folders above it among `paths` (the arguments of the command), and in the current one.

    Raises InvalidSpec.
    """
    if chosen is not None:
        own = read_waivers(chosen)
        return {each.file: own for each in dashboards}
    known: dict[Path, tuple[Waiver, ...]] = {}
    result = {}
    for dashboard in dashboards:
        folder = Path(dashboard.file.partition("[")[0]).parent
        above = [each for each in paths if each.is_dir() and folder.is_relative_to(each)]
        found: dict[Waiver, None] = {}
        for place in dict.fromkeys((folder, *above, Path())):
            if place not in known:
                known[place] = tuple(_beside(place))
            found.update(dict.fromkeys(known[place]))
        result[dashboard.file] = tuple(found)
    return result


def _beside(folder: Path) -> Iterator[Waiver]:
    for name in (OWN_FILE, LINTER_FILE):
        if (folder / name).is_file():
            yield from read_waivers(folder / name)


def _found(dashboard: Dashboard, knowledge: Knowledge) -> Iterator[tuple[LintFinding, int | None]]:
    parsed = subject(dashboard, knowledge)
    for rule in ALL:
        for remark in rule.check(parsed):
            panel, target = remark.panel, remark.target
            finding = LintFinding(
                dashboard.file,
                dashboard.title,
                panel.title if panel else "",
                panel.id if panel else None,
                target.ref if target else "",
                rule.name,
                remark.severity or rule.severity,
                remark.message,
            )
            yield finding, target.index if target else None


def _unreadable(problem: Problem) -> LintFinding:
    where = f"{problem.file}:{problem.line}" if problem.line else problem.file
    return LintFinding(where, "", "", None, "", "readable-file", Severity.ERROR, problem.message)


def _files(dashboards: Sequence[Dashboard], field: str) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for dashboard in dashboards:
        files.setdefault(getattr(dashboard, field), []).append(dashboard.file)
    return files


def _each_once(groups: Iterable[tuple[Waiver, ...]]) -> list[Waiver]:
    return list(dict.fromkeys(waiver for group in groups for waiver in group))
