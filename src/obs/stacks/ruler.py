"""The ruler of Mimir or Cortex: one namespace for each system, whose groups are set one by one."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import yaml

from obs import catalogue
from obs.artifacts import yaml_text
from obs.clients.http import without_user
from obs.clients.rest import Rest, segment
from obs.errors import SourceError
from obs.spec.stacks import MimirStack
from obs.spec.system import System
from obs.stacks.plan import Action, PlanStep, Present, Wanted, changing_steps, plan
from obs.stacks.rules import owner, rule_documents, seconds
from obs.stacks.stack import Done

KIND: Final = "rule group"
MARK: Final = "managed_by"
"""Annotation of our alert rules. Recording rules have none, but names that only obs uses."""

_TENANT: Final = "X-Scope-OrgID"
_DURATIONS: Final = ("for", "keep_firing_for", "interval")

Group = dict[str, Any]


class Ruler:
    """The rule groups of one system in the ruler of one tenant."""

    def __init__(
        self,
        system: System,
        stack: MimirStack,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._mark = f"obs {owner(system)}"
        self._namespace = f"obs-{system.system}-{system.environment}"
        self._groups = {
            group["name"]: _with_mark(group, self._mark)
            for document in rule_documents(system, recording=stack.recording).values()
            for group in document["groups"]
        }
        self._path = f"{stack.path}/{segment(self._namespace)}"
        self._tenant = stack.tenant
        headers = {_TENANT: stack.tenant} if stack.tenant else {}
        self._rest = Rest(stack, headers=headers, pause=pause)

    @property
    def where(self) -> str:
        """The address of the ruler, the tenant and the namespace."""
        tenant = f", tenant {self._tenant}" if self._tenant else ""
        return f"{without_user(self._rest.url)}{tenant}, namespace {self._namespace}"

    def plan(self) -> tuple[PlanStep, ...]:
        """One step for each group of the namespace."""
        wanted = [Wanted(KIND, name, _comparable(group)) for name, group in self._groups.items()]
        there = [
            Present(KIND, group["name"], _comparable(group), self._foreign(group))
            for group in self._present_groups()
        ]
        return plan(wanted, there)

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """One request for each group."""
        for step in changing_steps(steps):
            if step.action is Action.DELETE:
                self._rest.send("DELETE", f"{self._path}/{segment(step.name)}")
            else:
                text = yaml_text(self._groups[step.name])
                self._rest.send("POST", self._path, text=text, idempotent=True)
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _present_groups(self) -> list[Group]:
        answer = self._rest.find(self._path)
        if answer is None:
            return []
        try:
            whole = yaml.load(answer.body, Loader=yaml.CSafeLoader) or {}
            groups = whole.get(self._namespace, [])
            return [{**group, "rules": [dict(rule) for rule in group["rules"]]} for group in groups]
        except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError):
            where = f"{without_user(self._rest.url)}{self._path}"
            raise SourceError("decode", f"{where}: not a response of a ruler") from None

    def _foreign(self, group: Group) -> str:
        if all(_is_ours(rule, self._mark) for rule in group["rules"]):
            return ""
        return (
            f"has rules without the annotation {MARK}: {self._mark}; rename the group, or delete it"
        )


def _with_mark(group: Group, mark: str) -> Group:
    rules = [
        {**rule, "annotations": {**rule.get("annotations", {}), MARK: mark}}
        if "alert" in rule
        else rule
        for rule in group["rules"]
    ]
    return {**group, "rules": rules}


def _is_ours(rule: Mapping[str, Any], mark: str) -> bool:
    if rule.get("alert"):
        return bool((rule.get("annotations") or {}).get(MARK) == mark)
    return rule.get("record") in catalogue.RECORDED


def _comparable(group: Group) -> Group:
    """A group in comparable form: without empty fields, durations in seconds."""
    return {**_plain(group), "rules": [_plain(rule) for rule in group["rules"]]}


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in sorted(fields.items()) if value not in (None, "", {}, [])}
    for key in _DURATIONS:
        if key in found:
            found[key] = seconds(found[key])
    return {key: value for key, value in found.items() if value != 0.0}
