"""Accepted exceptions: findings that a file waives, with the reason.

Our file has a list `waivers` of `rule`, `reason`, and where it applies: `dashboard` (title or
uid), `panel` (title or id) and `target` (letter or number from 0), with * and ?. The file `.lint`
of dashboard-linter is read as well.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import yaml

from obs.bounded_yaml import UnreadableYaml, YamlLimits, compose_yaml
from obs.dashboard_lint.finding import LintFinding, Severity
from obs.dashboard_lint.model import Dashboard
from obs.dashboard_lint.rules import BY_NAME
from obs.dashboards.json_values import Json, mapping, mappings
from obs.files import MEGABYTE, UnreadableFile, read_file
from obs.spec.report import InvalidSpec, Problem, did_you_mean

OWN_FILE: Final = ".obs-lint.yaml"
LINTER_FILE: Final = ".lint"
_LARGEST_FILE: Final = 1 * MEGABYTE
_YAML: Final = YamlLimits(values=50_000, levels=20)
_FIELDS: Final = ("rule", "reason", "dashboard", "panel", "target")
_UNUSED: Final = "waiver-rule"
_OF_LOKI: Final = ("target-logql-rule", "target-logql-auto-rule")
_OF_ALERTS: Final = "alert-"  # mixtool's rules, which share the file


@dataclass(frozen=True, slots=True)
class Waiver:
    """Findings of a rule that are accepted, or are only warnings (`lowers`).

    Empty patterns match everything. `line` is 0 for those that obs contains. `of_linter`: it is in
    dashboard-linter's file, for that program as much as for this one.
    """

    file: str
    line: int
    rule: str
    reason: str
    dashboard: str = ""
    panel: str = ""
    target: str = ""
    lowers: bool = False
    of_linter: bool = False

    def applies_to(self, dashboard: Dashboard) -> bool:
        """Whether it applies to this dashboard."""
        return _matches(self.dashboard, dashboard.title, dashboard.uid)

    def covers(self, finding: LintFinding, index: int | None) -> bool:
        """Whether it applies to this finding in its dashboard; `index` is the target's, from 0.

        dashboard-linter applies an entry for a panel to findings on the whole dashboard as well.
        """
        if self.of_linter:
            panel = not finding.panel or _matches(self.panel, finding.panel)
            return panel and (index is None or _matches(self.target, str(index)))
        return _matches(self.panel, finding.panel, str(finding.panel_id)) and _matches(
            self.target, finding.target, str(index)
        )


@dataclass(frozen=True, slots=True)
class Waived:
    """A waived finding, and why."""

    finding: LintFinding
    reason: str


def _matches(pattern: str, *names: str) -> bool:
    return not pattern or any(name == pattern or fnmatchcase(name, pattern) for name in names)


def applied(
    findings: Iterable[tuple[LintFinding, int | None]],
    dashboard: Dashboard,
    waivers: Sequence[Waiver],
) -> Iterator[tuple[LintFinding | Waived, Waiver | None]]:
    """Each finding after the waivers, and the waiver that applied to it.

    Each finding comes with the index of its target in the panel, None without a target.
    """
    by_rule: dict[str, list[Waiver]] = {}
    for waiver in waivers:
        if waiver.applies_to(dashboard):
            by_rule.setdefault(waiver.rule, []).append(waiver)
    for finding, index in findings:
        matching = [each for each in by_rule.get(finding.rule, ()) if each.covers(finding, index)]
        if not matching:
            yield finding, None
            continue
        waiver = min(matching, key=lambda each: each.lowers)
        if waiver.lowers:
            yield replace(finding, severity=Severity.WARNING), waiver
        else:
            yield Waived(finding, waiver.reason), waiver


def unused(
    waivers: Iterable[Waiver], used: set[Waiver], dashboards: Sequence[Dashboard]
) -> Iterator[LintFinding]:
    """A warning for each waiver that applied to no finding, although its dashboard was checked.

    Those of dashboard-linter's file may be for findings that only that program has; there, a rule
    that neither has is reported.
    """
    for waiver in waivers:
        here = any(waiver.applies_to(each) for each in dashboards)
        if waiver.of_linter and waiver.rule not in BY_NAME:
            message = f"no rule {waiver.rule}{did_you_mean(waiver.rule, BY_NAME)}"
        elif waiver.of_linter:
            continue
        else:
            message = f"the waiver of {waiver.rule} matches no finding; remove it"
        if waiver.line and here and waiver not in used:
            where = f"{waiver.file}:{waiver.line}"
            yield LintFinding(where, "", "", None, "", _UNUSED, Severity.WARNING, message)


@cache
def our_own() -> tuple[Waiver, ...]:
    """The waivers for the dashboards that obs builds."""
    written = files("obs.dashboards").joinpath("waivers.yaml").read_text(encoding="utf-8")
    waivers, problems = _ours("obs", _tree("obs", written))
    if problems:
        raise InvalidSpec(problems)
    return tuple(replace(waiver, line=0) for waiver in waivers)


def read_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file, ours or one of dashboard-linter. Raises InvalidSpec."""
    try:
        tree = _tree(str(path), read_file(path, _LARGEST_FILE).decode("utf-8"))
    except UnicodeDecodeError:
        raise InvalidSpec([Problem(str(path), None, "", "is not UTF-8 text")]) from None
    except UnreadableFile as refused:
        raise InvalidSpec([Problem(str(path), None, "", str(refused))]) from None
    if "waivers" not in tree and ("exclusions" in tree or "warnings" in tree or not tree):
        return tuple(_of_linter(str(path), tree))
    waivers, problems = _ours(str(path), tree)
    if problems:
        raise InvalidSpec(problems)
    return tuple(waivers)


class _Lines(dict[str, Any]):
    """A mapping with its line."""

    line = 1


def _tree(file: str, written: str) -> Json:
    try:
        node = compose_yaml(written, _YAML)
    except UnreadableYaml as error:
        raise InvalidSpec([Problem(file, error.line, "", str(error))]) from None
    tree = _value(node) if node is not None else {}
    if not isinstance(tree, dict):
        raise InvalidSpec([Problem(file, 1, "", "is not a mapping; write a list under waivers:")])
    return tree


def _value(node: yaml.Node) -> Any:
    """A node's value: texts, lists, and mappings with their lines."""
    if isinstance(node, yaml.MappingNode):
        fields = _Lines()
        fields.line = node.start_mark.line + 1
        for key, value in node.value:
            fields[str(key.value)] = below = _value(value)
            if isinstance(below, _Lines):
                below.line = key.start_mark.line + 1
        return fields
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return "" if node.tag.endswith(":null") else str(node.value)


def _line(tree: Mapping[str, Any]) -> int:
    return tree.line if isinstance(tree, _Lines) else 1


def _ours(file: str, tree: Json) -> tuple[list[Waiver], list[Problem]]:
    waivers: list[Waiver] = []
    problems = [
        Problem(file, 1, key, "unknown field; write a list under waivers:")
        for key in tree
        if key != "waivers"
    ]
    listed = tree.get("waivers")
    if not isinstance(listed, list) or len(mappings(listed)) != len(listed):
        hint = "write a list of rule and reason, for example - {rule: panel-id-rule, reason: …}"
        return [], [*problems, Problem(file, 1, "waivers", hint)]
    for index, fields in enumerate(mappings(listed)):
        wrong = list(_problems(file, fields, f"waivers[{index}]"))
        problems += wrong
        if not wrong:
            waivers.append(_waiver(file, fields))
    return waivers, problems


def _waiver(file: str, fields: Json) -> Waiver:
    rule, reason, dashboard, panel, target = (str(fields.get(key, "")) for key in _FIELDS)
    return Waiver(file, _line(fields), rule, reason, dashboard, panel, target)


def _problems(file: str, fields: Json, path: str) -> Iterator[Problem]:
    line = _line(fields)
    for key, value in fields.items():
        if key not in _FIELDS:
            hint = did_you_mean(key, _FIELDS) or f"; fields are {', '.join(_FIELDS)}"
            yield Problem(file, line, f"{path}.{key}", f"unknown field{hint}")
        elif not isinstance(value, str):
            yield Problem(file, line, f"{path}.{key}", "is not text")
    rule = fields.get("rule")
    if not rule:
        yield Problem(file, line, f"{path}.rule", "is missing")
    elif isinstance(rule, str) and rule not in BY_NAME:
        hint = did_you_mean(rule, BY_NAME) or "; see `obs dashboards lint --list`"
        yield Problem(file, line, f"{path}.rule", f"no rule {rule}{hint}")
    if not fields.get("reason"):
        yield Problem(
            file, line, f"{path}.reason", "is missing; state why the finding is acceptable"
        )


def _of_linter(file: str, tree: Json) -> Iterator[Waiver]:
    """The waivers in dashboard-linter's file, save those of rules that are known not to be here."""
    for section, lowers in (("exclusions", False), ("warnings", True)):
        for rule, entries in mapping(tree.get(section)).items():
            if rule in _OF_LOKI or rule.startswith(_OF_ALERTS):
                continue
            line = _line(entries) if entries else _line(mapping(tree.get(section)))
            why = str(mapping(entries).get("reason") or "")
            whole = Waiver(file, line, rule, why, lowers=lowers, of_linter=True)
            listed = mappings(mapping(entries).get("entries"))
            if not listed:
                yield whole
            for each in listed:
                yield replace(
                    whole,
                    line=_line(each),
                    reason=str(each.get("reason") or why),
                    dashboard=_literal(each.get("dashboard")),
                    panel=_literal(each.get("panel")),
                    target=_literal(each.get("targetIdx")),
                )


def _literal(value: object) -> str:
    """A pattern that matches this text only."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in str(value or ""))
