"""Merges spec files into one tree, and applies an environment's overlay to it."""

from collections.abc import Sequence

from obs.spec.report import Problem, both_places, did_you_mean, problem_at
from obs.spec.tree import Fields, Items, Node, Scalar, child

NAMED_LISTS = ("slos",)
"""Lists of named items: several files add items, an overlay changes items by name."""

_IN_EVERY_PART = ("version", "system")
"""Fields that several files may repeat with the same value."""


def merge_parts(parts: Sequence[Fields], problems: list[Problem]) -> Fields:
    """The parts merged into one tree; a field that two of them have is added to `problems`."""
    whole = parts[0]
    for part in parts[1:]:
        whole = _join_fields(whole, part, problems)
    return whole


def _join_fields(first: Fields, second: Fields, problems: list[Problem]) -> Fields:
    fields = dict(first.fields)
    for key, node in second.fields.items():
        fields[key] = _join(key, fields[key], node, problems) if key in fields else node
    return Fields(first.place, fields, {**second.keys, **first.keys})


def _join(key: str, first: Node, second: Node, problems: list[Problem]) -> Node:
    if isinstance(first, Fields) and isinstance(second, Fields):
        return _join_fields(first, second, problems)
    if key in NAMED_LISTS and isinstance(first, Items) and isinstance(second, Items):
        return Items(first.place, first.items + second.items)
    if not (key in _IN_EVERY_PART and _same(first, second)):
        problems.append(problem_at(second.place, both_places(second.place, first.place)))
    return first


def _same(first: Node, second: Node) -> bool:
    return isinstance(first, Scalar) and isinstance(second, Scalar) and first.value == second.value


def overlay(under: Fields, over: Fields, problems: list[Problem]) -> Fields:
    """`over` applied to `under`: mappings are merged deeply, items of named lists by name, other
    values replaced. A field without a value removes the field in `under`.
    """
    fields = dict(under.fields)
    for key, node in over.fields.items():
        below = fields.get(key)
        if isinstance(below, Fields) and isinstance(node, Fields):
            fields[key] = overlay(below, node, problems)
        elif key in NAMED_LISTS and isinstance(below, Items) and isinstance(node, Items):
            fields[key] = _overlay_items(below, node, problems)
        else:
            fields[key] = node
    return Fields(under.place, fields, {**under.keys, **over.keys})


def _overlay_items(under: Items, over: Items, problems: list[Problem]) -> Items:
    items = list(under.items)
    for change in over.items:
        matching = [
            (index, item)
            for index, item in enumerate(under.items)
            if isinstance(item, Fields) and _is_about(change, item)
        ]
        if len(matching) > 1:
            message = "several have this name; add the service"
            problems.append(problem_at(change.place, message))
        elif matching and isinstance(change, Fields):
            index, item = matching[0]
            items[index] = overlay(item, change, problems)
        elif isinstance(change, Fields) and "sli" not in change.fields:
            problems.append(problem_at(change.place, _unknown_name(change, under)))
        else:
            items.append(change)
    return Items(under.place, tuple(items))


def _unknown_name(change: Fields, under: Items) -> str:
    names = [str(_value(item, "name")) for item in under.items]
    return f"no entry has this name{did_you_mean(str(_value(change, 'name')), names)}"


def _is_about(change: Node, item: Fields) -> bool:
    name, service = _value(change, "name"), _value(change, "service")
    return (
        name is not None
        and name == _value(item, "name")
        and service in (None, _value(item, "service"))
    )


def _value(node: Node, key: str) -> object:
    found = child(node, key)
    return found.value if isinstance(found, Scalar) else None
