"""Environments: the overlay of each, applied to the rest of the spec."""

from collections.abc import Mapping
from contextlib import suppress

from obs.spec.expand import expand_text
from obs.spec.merge import overlay
from obs.spec.report import Problem, did_you_mean, problem_at
from obs.spec.sources import SOURCE_KINDS
from obs.spec.system import System
from obs.spec.tree import Fields, Scalar, child, is_empty, locate, without

MOST_ENVIRONMENTS = 100
_TOP_ONLY = ("version", "environment", "environments")


def overlays_of(whole: Fields, problems: list[Problem]) -> dict[str, Fields]:
    """The overlays by environment; adds to `problems` what is not a mapping."""
    node = whole.fields.get("environments")
    if node is None or is_empty(node):
        return {}
    if not isinstance(node, Fields):
        problems.append(
            problem_at(node.place, "write a mapping of environment names to their overrides")
        )
        return {}
    if len(node.fields) > MOST_ENVIRONMENTS:  # the whole spec is validated in each
        message = f"has {len(node.fields)} entries; write at most {MOST_ENVIRONMENTS}"
        problems.append(problem_at(node.place, message))
        return {}
    overlays: dict[str, Fields] = {}
    for name, over in node.fields.items():
        if isinstance(over, Fields):
            overlays[name] = _overlay_only(over, problems)
        elif is_empty(over):
            overlays[name] = Fields(over.place)
        else:
            problems.append(problem_at(over.place, "write a mapping of the fields to override"))
    return overlays


def _overlay_only(over: Fields, problems: list[Problem]) -> Fields:
    for key in _TOP_ONLY:
        if key in over.keys:
            problems.append(
                problem_at(over.keys[key], "is allowed only at the top level of the spec")
            )
            over = without(over, key)
    return over


def own_environment(tree: Fields, variables: Mapping[str, str]) -> str:
    """The environment that the spec names, or the default; validated later."""
    node = tree.fields.get("environment")
    if isinstance(node, Scalar) and isinstance(node.value, str):
        with suppress(LookupError, ValueError):
            return expand_text(node.value, variables)
    return str(System.model_fields["environment"].default)


def empty_sources(tree: Fields) -> list[Problem]:
    """Problems of sources without fields; only in an overlay does that remove a source."""
    sources = tree.fields.get("sources")
    kinds = [child(sources, kind) for kind in SOURCE_KINDS] if sources is not None else []
    return [
        problem_at(node.place, "this source has no fields; add them or remove the source")
        for kind in kinds
        if isinstance(kind, Fields)
        for node in kind.fields.values()
        if is_empty(node)
    ]


def unknown_environment(whole: Fields, env: str, known: Mapping[str, Fields]) -> Problem:
    """The problem to report for an environment that the spec does not define."""
    choices = ", ".join(known) or "none"
    hint = did_you_mean(env, known) or f"; environments: {choices}"
    return problem_at(locate(whole, ("environments",)), f"no environment {env!r}{hint}")


def laid_over(under: Fields, over: Fields, name: str | None, problems: list[Problem]) -> Fields:
    """The tree of one environment; `name` None keeps the name in the spec."""
    tree = overlay(under, over, problems)
    if name is None:
        return tree
    place = locate(tree, ("environment",))
    return Fields(tree.place, {**tree.fields, "environment": Scalar(place, name)}, tree.keys)
