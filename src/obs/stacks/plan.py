"""The steps that turn the present objects of a stack into the wanted ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from obs.artifacts import yaml_text
from obs.difference import unified
from obs.redaction.settings import without_settings


class Action(StrEnum):
    """The action on one object."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    KEEP = "keep"
    FOREIGN = "foreign"
    """Wanted, but another owner has an object of that name: no change is made."""


CHANGING = frozenset((Action.CREATE, Action.CHANGE, Action.DELETE))

Content = Any
"""A text, or a JSON document. Equal contents need no change."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object that the spec builds."""

    kind: str
    name: str
    content: Content


@dataclass(frozen=True, slots=True)
class Present:
    """An object of the stack. `foreign` says why it is not this owner's; empty where it is."""

    kind: str
    name: str
    content: Content
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """The action on the object of this kind and name; `why` a foreign one is not changed."""

    action: Action
    kind: str
    name: str
    diff: tuple[str, ...] = ()
    why: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name of the object."""
        return self.kind, self.name


def plan(wanted: Sequence[Wanted], present: Sequence[Present]) -> tuple[PlanStep, ...]:
    """A step for each wanted object, in their order; then the deletions, in the order of `present`.

    Objects of other owners that are not wanted have no step.
    """
    there = {(each.kind, each.name): each for each in present}
    keys = {(each.kind, each.name) for each in wanted}
    steps = [_step(each, there.get((each.kind, each.name))) for each in wanted]
    steps += [
        PlanStep(Action.DELETE, each.kind, each.name)
        for each in present
        if not each.foreign and (each.kind, each.name) not in keys
    ]
    return tuple(steps)


def changing_steps(steps: Sequence[PlanStep]) -> tuple[PlanStep, ...]:
    """The steps that change something."""
    return tuple(step for step in steps if step.action in CHANGING)


def is_as_wanted(steps: Sequence[PlanStep]) -> bool:
    """Whether every wanted object is present, up to date and this owner's."""
    return all(step.action is Action.KEEP for step in steps)


def projected(found: Content, wanted: Content) -> Content:
    """The found content reduced to the fields of the wanted one.

    Servers add fields and defaults. Lists are not shortened: an extra item is a difference.
    """
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return {key: projected(found[key], wanted[key]) for key in wanted if key in found}
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        return [
            projected(item, wanted[place]) if place < len(wanted) else item
            for place, item in enumerate(found)
        ]
    return found


def _step(wanted: Wanted, present: Present | None) -> PlanStep:
    key = wanted.kind, wanted.name
    if present is None:
        return PlanStep(Action.CREATE, *key)
    if present.foreign:
        return PlanStep(Action.FOREIGN, *key, why=present.foreign)
    if present.content == wanted.content:
        return PlanStep(Action.KEEP, *key)
    return PlanStep(Action.CHANGE, *key, diff=diff(present.content, wanted.content))


def diff(before: Content, after: Content) -> tuple[str, ...]:
    """A unified diff, line by line, without the secrets of whoever configured what is there."""
    lines = unified(_lines(before), _lines(after), ("there", "wanted"), around=2)
    return tuple(map(without_settings, lines))


def _lines(content: Content) -> list[str]:
    text = content if isinstance(content, str) else yaml_text(_ordered(content))
    return text.splitlines()


def _ordered(content: Content) -> Content:
    """The content with sorted fields: servers return them in an order of their own."""
    if isinstance(content, Mapping):
        return {key: _ordered(content[key]) for key in sorted(content, key=str)}
    if isinstance(content, list | tuple):
        return [_ordered(item) for item in content]
    return content
