"""Rules that Grafana evaluates: the alerting provisioning API sets whole groups."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers import grafana
from obs.clients.http import without_user
from obs.clients.rest import Rest, document, segment
from obs.ids import rule_uid
from obs.spec.quantity import parse_duration
from obs.spec.stacks import GrafanaStack
from obs.spec.system import System
from obs.stacks.answers import fields, items, text, understood
from obs.stacks.grafana import FOLDER, GRAFANA, Folder, create_folder, find_folder, read
from obs.stacks.plan import Action, PlanStep, Present, Wanted, changing_steps, plan, projected
from obs.stacks.rules import seconds
from obs.stacks.stack import Done

KIND: Final = "rule group"
_RULES: Final = "/api/v1/provisioning/alert-rules"
_BY_API: Final = "api"
"""Provenance of rules set by this API, which cannot be edited in the browser."""
_OURS: Final = "obs-"

GrafanaRuleDocument = dict[str, Any]


class GrafanaRules:
    """The rule groups of one system, in one folder of one Grafana."""

    def __init__(
        self,
        system: System,
        stack: GrafanaStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._labels = {"system": system.system, "environment": system.environment}
        built = grafana.groups(tuned_alerts(system), system)
        self._groups = {group["name"]: _api_group(group) for group in built}
        self._title = system.targets.grafana.folder or system.system
        self._rest = Rest(stack, pause=pause)
        self._folder = Folder(rule_uid("folder", self._title), self._title, exists=False)

    @property
    def where(self) -> str:
        """The address of Grafana, and the folder."""
        return f"{without_user(self._rest.url)}, folder {self._title}"

    def plan(self) -> tuple[PlanStep, ...]:
        """A step for the folder, and one for each group. Own groups elsewhere are deleted."""
        self._folder = find_folder(self._rest, self._folder.uid, self._title)
        wanted = [self._folder.wanted()] if self._groups else []
        wanted += [
            Wanted(KIND, self._name(name), _comparable(group))
            for name, group in self._groups.items()
        ]
        return plan(wanted, [*self._folder.present(), *self._present()])

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """One request for each step. Deletions first: rule uids are unique over all folders."""
        todo = changing_steps(steps)
        for step in sorted(todo, key=lambda step: step.action is not Action.DELETE):
            folder, _, name = step.name.partition("/")
            if step.kind == FOLDER:
                create_folder(self._rest, self._folder)
            elif step.action is Action.DELETE:
                self._rest.send("DELETE", _group_path(folder, name))
            else:
                self._put(name)
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _name(self, group: str) -> str:
        return f"{self._folder.uid}/{group}"

    def _put(self, name: str) -> None:
        group = self._groups[name]
        place = {"folderUID": self._folder.uid, "ruleGroup": name}
        whole = {
            **group,
            "folderUid": self._folder.uid,
            "rules": [{**rule, **place} for rule in group["rules"]],
        }
        self._rest.send("PUT", _group_path(self._folder.uid, name), document=whole)

    def _present(self) -> list[Present]:
        """The groups with a wanted name, and all that this owner has."""
        groups: dict[tuple[str, str], list[GrafanaRuleDocument]] = {}
        found = read(self._rest, _RULES)
        with understood(self._rest, _RULES, GRAFANA):
            for each in items(found):
                rule = _rule(fields(each))
                groups.setdefault((rule["folderUID"], rule["ruleGroup"]), []).append(rule)
        return [
            self._present_group(folder, name, rules)
            for (folder, name), rules in sorted(groups.items())
            if (folder == self._folder.uid and name in self._groups) or not self._foreign(rules)
        ]

    def _present_group(self, folder: str, name: str, rules: list[GrafanaRuleDocument]) -> Present:
        key = f"{folder}/{name}"
        if folder != self._folder.uid or name not in self._groups:
            return Present(KIND, key, None)
        foreign = self._foreign(rules)
        if foreign:
            return Present(KIND, key, None, foreign)
        path = _group_path(folder, name)
        there = document(self._rest.get(path), f"{without_user(self._rest.url)}{path}")
        wanted = _comparable(self._groups[name])
        with understood(self._rest, path, GRAFANA):
            return Present(KIND, key, projected(_comparable(fields(there)), wanted))

    def _foreign(self, rules: Sequence[GrafanaRuleDocument]) -> str:
        for rule in rules:
            provenance = rule.get("provenance") or "the browser"
            if provenance != _BY_API:
                return f"has the rule {rule['title']!r} set by {provenance}; rename the group"
            labels = rule.get("labels") or {}
            if not rule["uid"].startswith(_OURS) or any(
                labels.get(key) != value for key, value in self._labels.items()
            ):
                return f"has the rule {rule['title']!r} that obs did not make; rename the group"
        return ""


def _rule(found: GrafanaRuleDocument) -> GrafanaRuleDocument:
    """What is read of a rule in the list. Raises TypeError and KeyError."""
    return {
        **{name: text(found[name]) for name in ("folderUID", "ruleGroup", "title", "uid")},
        "provenance": text(found.get("provenance") or ""),
        "labels": fields(found.get("labels")),
    }


def _group_path(folder: str, name: str) -> str:
    return f"/api/v1/provisioning/folder/{segment(folder)}/rule-groups/{segment(name)}"


def _api_group(group: Mapping[str, Any]) -> GrafanaRuleDocument:
    """A group in the form of the API."""
    return {
        "title": group["name"],
        "interval": int(parse_duration(group["interval"])),
        "rules": [_api_rule(rule, group["orgId"]) for rule in group["rules"]],
    }


def _api_rule(rule: Mapping[str, Any], org: int) -> GrafanaRuleDocument:
    """A rule in the form of the API, in which annotations link it to its panel."""
    found = dict(rule)
    panel = {
        "__dashboardUid__": found.pop("dashboardUid"),
        "__panelId__": str(found.pop("panelId")),
    }
    evaluations = found.pop("missing_series_evals_to_resolve", None)
    return {
        **found,
        **({"missingSeriesEvalsToResolve": evaluations} if evaluations is not None else {}),
        "annotations": {**rule["annotations"], **panel},
        "isPaused": False,
        "orgID": org,
    }


def _comparable(group: Mapping[str, Any]) -> GrafanaRuleDocument:
    """A group in comparable form: durations in seconds, without names that its place implies."""
    return {
        "title": group["title"],
        "interval": group["interval"],
        "rules": [_comparable_rule(fields(rule)) for rule in items(group["rules"])],
    }


def _comparable_rule(rule: Mapping[str, Any]) -> GrafanaRuleDocument:
    found = {key: value for key, value in rule.items() if key != "orgID"}
    return {**found, "for": seconds(rule["for"])}
