"""Rule groups that fit the limits of a ruler, which allows a number of groups and of rules in each.

An SLO's recording rules are a group of their own where that fits. Where it does not, groups hold
several SLOs, and where that is not enough either, they are filled: the rules of some SLOs are then
in two groups, and their burn rates may lag by one evaluation more.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from obs.alerts.recording import recording_groups
from obs.alerts.slo_names.tools import named_groups
from obs.alerts.slo_rules import slo_groups
from obs.alerts.tuning import tuned_alerts
from obs.alerts.writers.prometheus import rule_files
from obs.spec.stacks import MimirStack
from obs.spec.system import System

Group = dict[str, Any]

_BEGIN: Final = re.compile("-slo-(?:recording|rules|names)-")
_LARGEST: Final = 100
"""Rules that share a group where the ruler has no limit: they are evaluated one after the other."""


@dataclass(frozen=True, slots=True)
class RulerLimits:
    """Groups of a tenant, and rules of a group; 0: no limit."""

    groups: int
    rules: int

    @staticmethod
    def of(stack: MimirStack) -> "RulerLimits":
        """The limits of the tenant, as the spec has them."""
        return RulerLimits(stack.max_groups, stack.max_rules_per_group)

    def allow(self, groups: int) -> bool:
        """Whether a tenant can have so many groups and change them.

        Rulers count a group that is changed as one more: at the limit, none can be changed.
        """
        return not self.groups or groups < self.groups


def fitted(
    alerting: Sequence[Group], recording: Sequence[Group], limits: RulerLimits, others: int = 0
) -> list[Group]:
    """The groups, no larger than the ruler allows, and fewer where they would be too many.

    The tenant has `others` already. They may still be too many: see `RulerLimits.allow`.
    """
    alerts = [part for group in alerting for part in _split(group, limits.rules)]
    for recorded in _ever_fewer(recording, limits.rules):
        groups = [*alerts, *recorded]
        if limits.allow(len(groups) + others):
            break
    return groups


def advice(system: System, *, recording: bool) -> Iterator[str]:
    """What to say where the groups do not fit a ruler as they are built; `recording`: these too."""
    stack = system.stacks.mimir
    alerting = [
        group
        for document in rule_files(tuned_alerts(system), system).values()
        for group in document["groups"]
    ]
    if stack is not None:
        limits = RulerLimits.of(stack)
        recorded = recording_groups(system) if stack.recording else []
        groups = fitted(alerting, [*recorded, *slo_groups(system), *named_groups(system)], limits)
        if not limits.allow(len(groups)):
            yield too_many(len(groups), 0, limits)
    elif recording:
        limits = RulerLimits.of(MimirStack(url="http://mimir"))
        slos = (*recording_groups(system), *slo_groups(system), *named_groups(system))
        number = len(alerting) + len(slos)
        if not limits.allow(number):
            yield (
                f"these are {number} rule groups, and a tenant of Mimir or Cortex may have "
                f"{limits.groups} unless its limits are raised; `obs alerts apply --target mimir` "
                "makes fewer of them"
            )


def too_many(groups: int, others: int, limits: RulerLimits) -> str:
    """That so many groups do not fit beside those of others, and what helps."""
    beside = f" beside {others} of others" if others else ""
    size = f" of at most {limits.rules} rules" if limits.rules else ""
    return (
        f"{groups} rule groups{size} do not fit{beside}: the ruler allows {limits.groups} a "
        "tenant, and counts a group that is changed as one more; raise "
        "ruler_max_rule_groups_per_tenant or "
        "ruler_max_rules_per_rule_group of the tenant, and stacks.mimir.max_groups or "
        "max_rules_per_group to the same"
    )


def _split(group: Group, most: int) -> Iterator[Group]:
    rules = group["rules"]
    size = most or len(rules)
    for number, start in enumerate(range(0, len(rules), size), 1):
        suffix = f"-part-{number}" if number > 1 else ""
        yield {**group, "name": f"{group['name']}{suffix}", "rules": rules[start : start + size]}


def _ever_fewer(groups: Sequence[Group], most: int) -> Iterator[list[Group]]:
    """The rules in as many groups, in fewer, and in as few as possible."""
    split = [part for group in groups for part in _split(group, most)]
    yield split
    if groups:
        name = _BEGIN.split(groups[0]["name"])[0] + "-slo-recording"
        yield _packed(split, most or _LARGEST, name)
        rules = [{**group, "rules": [rule]} for group in groups for rule in group["rules"]]
        yield _packed(rules, most or _LARGEST, name)


def _packed(groups: Sequence[Group], most: int, name: str) -> list[Group]:
    """Groups with the rules of as many as fit, in their order, of groups evaluated as often."""
    packed: list[Group] = []
    for group in groups:
        last = packed[-1] if packed else {}
        same = packed and last.get("interval") == group.get("interval")
        if not same or len(last["rules"]) + len(group["rules"]) > most:
            packed.append({**group, "name": f"{name}-{len(packed) + 1}", "rules": []})
        packed[-1]["rules"] += group["rules"]
    return packed
