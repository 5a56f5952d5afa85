"""A spec file as a tree in which every value has its file, line and path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Path of a value: keys of mappings and indices of lists, from the top."""

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a value was written: file, line (from 1) and path in that file."""

    file: str
    line: int
    path: Path


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar. A field with the value None counts as left out."""

    place: FilePlace
    value: Value


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: FilePlace
    items: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping; `keys` has the place of each key."""

    place: FilePlace
    fields: Mapping[str, "Node"] = field(default_factory=dict)
    keys: Mapping[str, FilePlace] = field(default_factory=dict)


Node = Scalar | Items | Fields


def path_text(path: Path) -> str:
    """The path as text, for example `slos[0].objective`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            key = step if step.isprintable() else repr(step)
            text += f".{key}" if text else key
    return text


def plain(node: Node) -> object:
    """The tree as dicts, lists and scalars, without empty fields."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key: plain(value) for key, value in node.fields.items() if not is_empty(value)}


def is_empty(node: Node) -> bool:
    """Whether the node is a field without a value."""
    return isinstance(node, Scalar) and node.value is None


def child(node: Node, step: str | int) -> Node | None:
    """The node one step down, None if it does not exist."""
    if isinstance(node, Fields) and isinstance(step, str):
        return node.fields.get(step)
    if isinstance(node, Items) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def locate(node: Node, path: Path) -> FilePlace:
    """Where `path` was written; for a missing value, where it would belong."""
    for depth, step in enumerate(path):
        below = child(node, step)
        if below is None:
            return FilePlace(node.place.file, node.place.line, node.place.path + path[depth:])
        node = below
    return node.place


def locate_key(node: Node, path: Path) -> FilePlace:
    """Where the last key of `path` was written."""
    parent: Node | None = node
    for step in path[:-1]:
        parent = child(parent, step) if parent is not None else None
    key = path[-1] if path else None
    if isinstance(parent, Fields) and isinstance(key, str) and key in parent.keys:
        return parent.keys[key]
    return locate(node, path)


def scalars(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """All scalars with their paths."""
    if isinstance(node, Scalar):
        yield path, node
    elif isinstance(node, Items):
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))
    else:
        for key, value in node.fields.items():
            yield from scalars(value, (*path, key))


def without(node: Fields, key: str) -> Fields:
    """The mapping without the field `key`."""
    return Fields(
        node.place,
        {name: value for name, value in node.fields.items() if name != key},
        {name: place for name, place in node.keys.items() if name != key},
    )
