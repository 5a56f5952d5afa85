"""What is to be done so that what is there becomes what is wanted."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from obs.artifacts import yaml_text


class Change(StrEnum):
    """What is to be done with one thing."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    KEEP = "keep"
    FOREIGN = "foreign"
    """It is wanted, and somebody else has one of its name: it is left alone."""


TO_DO = frozenset((Change.CREATE, Change.CHANGE, Change.DELETE))

Content = Any
"""A text, or a document of what JSON knows. The same on both sides where nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the spec builds."""

    kind: str
    name: str
    content: Content


@dataclass(frozen=True, slots=True)
class Present:
    """What is there. `foreign` says why it is none of ours; it is empty where it is."""

    kind: str
    name: str
    content: Content
    foreign: str = ""


@dataclass(frozen=True, slots=True)
class PlanStep:
    """What is to be done with the thing of this kind and name; `why` it is left alone."""

    verdict: Change
    kind: str
    name: str
    diff: tuple[str, ...] = ()
    why: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is about."""
        return self.kind, self.name


def plan(wanted: Sequence[Wanted], present: Sequence[Present]) -> tuple[PlanStep, ...]:
    """Steps in the order of what is wanted; then what is to be deleted, as it is listed.

    What is somebody else's and not wanted is in no step.
    """
    there = {(each.kind, each.name): each for each in present}
    keys = {(each.kind, each.name) for each in wanted}
    steps = [_step(each, there.get((each.kind, each.name))) for each in wanted]
    steps += [
        PlanStep(Change.DELETE, each.kind, each.name)
        for each in present
        if not each.foreign and (each.kind, each.name) not in keys
    ]
    return tuple(steps)


def to_do(steps: Sequence[PlanStep]) -> tuple[PlanStep, ...]:
    """The steps that change something."""
    return tuple(step for step in steps if step.verdict in TO_DO)


def is_as_wanted(steps: Sequence[PlanStep]) -> bool:
    """Whether all that is wanted is there, and is ours."""
    return all(step.verdict is Change.KEEP for step in steps)


def projected(found: Content, wanted: Content) -> Content:
    """What was found without the fields that nobody wants to say anything about.

    Servers add fields and defaults. Lists keep their length: an item more is a difference.
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
        return PlanStep(Change.CREATE, *key)
    if present.foreign:
        return PlanStep(Change.FOREIGN, *key, why=present.foreign)
    if present.content == wanted.content:
        return PlanStep(Change.KEEP, *key)
    return PlanStep(Change.CHANGE, *key, diff=diff(present.content, wanted.content))


def diff(before: Content, after: Content) -> tuple[str, ...]:
    """A unified diff, line by line."""
    return tuple(
        difflib.unified_diff(_lines(before), _lines(after), "there", "wanted", lineterm="", n=2)
    )


def _lines(content: Content) -> list[str]:
    return (content if isinstance(content, str) else yaml_text(content)).splitlines()
