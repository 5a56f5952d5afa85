"""The ruler of Mimir or Cortex: one namespace for each system, whose groups are set one by one."""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from obs import catalogue
from obs.alerts import slo_rules
from obs.alerts.ruler_limits import RulerLimits, fitted, too_many
from obs.alerts.slo_names import tools
from obs.artifacts import yaml_text
from obs.bounded_yaml import load_yaml
from obs.clients.http import without_user
from obs.clients.rest import RequestRejected, Rest, segment
from obs.errors import BadInput
from obs.spec.stacks import MimirStack
from obs.spec.system import System
from obs.stacks.answers import YAML, fields, items, text, texts, understood
from obs.stacks.loaded_rules import is_of
from obs.stacks.plan import Action, PlanStep, Present, Wanted, changing_steps, plan
from obs.stacks.rules import owner, rule_documents, seconds
from obs.stacks.stack import Done

KIND: Final = "rule group"
MARK: Final = "managed_by"
"""Annotation of our alert rules. Recording rules have none, but names that only obs uses."""

_TENANT: Final = "X-Scope-OrgID"
_DURATIONS: Final = ("for", "keep_firing_for", "interval")
_LIMIT: Final = re.compile(r"(?P<rules>rules per )?rule groups? limit \(limit: (?P<limit>\d+) ")
"""What Mimir and Cortex say where a limit of the tenant is exceeded."""

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
        self._system = system
        self._namespace = f"obs-{system.full_name}"
        self._old_namespace = f"obs-{system.system}-{system.environment}"
        self._stale: dict[str, str] = {}
        documents = rule_documents(system, recording=stack.recording)
        self._recording = [
            group
            for name in ("recording", slo_rules.NAME, tools.NAME)
            for group in documents.pop(name, {"groups": []})["groups"]
        ]
        self._alerting = [group for each in documents.values() for group in each["groups"]]
        self._limits = RulerLimits.of(stack)
        self._groups: dict[str, Group] = {}
        self._deletions_first = False
        self._root = stack.path
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
        """One step for each group of the namespace.

        Raises BadInput where the tenant cannot have that many groups beside those of others.
        """
        whole = self._tenant_groups()
        present = [
            Present(KIND, group["name"], _comparable(group), self._foreign(group))
            for group in whole.get(self._namespace, [])
        ]
        number = sum(map(len, whole.values()))
        others = number - sum(not each.foreign for each in present)
        groups = fitted(self._alerting, self._recording, self._limits, others)
        present += self._left_behind(whole)
        self._groups = {group["name"]: _with_mark(group, self._mark) for group in groups}
        wanted = [Wanted(KIND, name, _comparable(group)) for name, group in self._groups.items()]
        steps = plan(wanted, present)
        counts = Counter(step.action for step in steps)
        if counts[Action.CREATE] + counts[Action.CHANGE] and not self._limits.allow(
            len(groups) - counts[Action.FOREIGN] + others
        ):
            where = without_user(self._rest.url)
            raise BadInput(f"{where}: {too_many(len(groups), others, self._limits)}")
        # Other than a gap in between, a deletion that comes last does no harm where there is room.
        self._deletions_first = not self._limits.allow(number + counts[Action.CREATE])
        return steps

    def apply(self, steps: Sequence[PlanStep], done: Done) -> None:
        """One request for each group."""
        todo = list(changing_steps(steps))
        if self._deletions_first:
            todo.sort(key=lambda step: step.action is not Action.DELETE)
        for step in todo:
            if step.name in self._stale:
                old = f"{self._root}/{segment(self._old_namespace)}"
                self._rest.send("DELETE", f"{old}/{segment(self._stale[step.name])}")
            elif step.action is Action.DELETE:
                self._rest.send("DELETE", f"{self._path}/{segment(step.name)}")
            else:
                self._set(self._groups[step.name])
            done(step)

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def _set(self, group: Group) -> None:
        try:
            self._rest.send("POST", self._path, text=yaml_text(group), idempotent=True)
        except RequestRejected as error:
            if found := _LIMIT.search(str(error)):
                field = "max_rules_per_group" if found["rules"] else "max_groups"
                raise BadInput(
                    f"{error}; write stacks.mimir.{field}: {found['limit']}, the limit of this "
                    "tenant, or raise it"
                ) from None
            raise

    def _tenant_groups(self) -> dict[str, list[Group]]:
        """All groups of the tenant, by namespace: they count together."""
        answer = self._rest.find(self._root)
        if answer is None:
            return {}
        with understood(self._rest, self._root, "a ruler"):
            whole = load_yaml(answer.body.decode(), YAML)
            return {
                str(name): [_group(fields(each)) for each in items(groups)]
                for name, groups in (whole or {}).items()
            }

    def _left_behind(self, whole: Mapping[str, list[Group]]) -> list[Present]:
        """Groups in the namespace of older versions of obs, which another system may share."""
        if self._old_namespace == self._namespace:
            return []
        self._stale = {
            f"{self._old_namespace}/{group['name']}": group["name"]
            for group in whole.get(self._old_namespace, [])
            if all(self._was_ours(rule) for rule in group["rules"])
        }
        return [Present(KIND, name, None) for name in self._stale]

    def _was_ours(self, rule: Mapping[str, Any]) -> bool:
        return _is_ours(rule, self._mark) and ("alert" in rule or is_of(rule, self._system))

    def _foreign(self, group: Group) -> str:
        if all(_is_ours(rule, self._mark) for rule in group["rules"]):
            return ""
        return (
            f"has rules without the annotation {MARK}: {self._mark}; rename the group, or delete it"
        )


def _group(found: Group) -> Group:
    """A group of the ruler, what is read of it of its type. Raises TypeError and KeyError."""
    rules = [fields(rule) for rule in items(found["rules"])]
    for rule in rules:
        for name in ("labels", "annotations"):
            texts(rule.get(name))
    return {**found, "name": text(found["name"]), "rules": rules}


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
    record = rule.get("record")
    return record in catalogue.RECORDED.keys() | slo_rules.RECORDS or tools.is_named(str(record))


def _comparable(group: Group) -> Group:
    """A group in comparable form: without empty fields, durations in seconds."""
    return {**_plain(group), "rules": [_plain(rule) for rule in group["rules"]]}


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in sorted(fields.items()) if value not in (None, "", {}, [])}
    if "expr" in found:
        found["expr"] = "\n".join(map(str.rstrip, str(found["expr"]).strip().splitlines()))
    for key in _DURATIONS:
        if key in found:
            found[key] = seconds(found[key])
    return {key: value for key, value in found.items() if value != 0.0}
