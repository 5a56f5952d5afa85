"""YAML files of others as trees that know the line of each value."""

import pathlib
from typing import Final

import yaml

from obs.bounded_yaml import UnreadableYaml, YamlLimits, compose_all_yaml
from obs.errors import BadInput
from obs.files import UnreadableFile, read_file
from obs.spec.parse import read_scalar
from obs.spec.report import Problem, both_places
from obs.spec.tree import Fields, FilePlace, Items, Node, Path, Scalar

_LIMITS: Final = YamlLimits(characters=4_000_000, values=200_000, levels=50)
_MOST_BYTES: Final = 4_000_000
_MERGE: Final = "<<"


class Unreadable(Exception):  # noqa: N818  says what it is
    """A file that is no YAML, or beyond a limit."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def documents(file: str, text: str) -> tuple[list[Fields], list[Problem]]:
    """The documents of a file that are mappings, and what is odd about it.

    Documents without content are left out. Raises Unreadable.
    """
    try:
        nodes = compose_all_yaml(text, _LIMITS)
    except UnreadableYaml as error:
        raise Unreadable(Problem(file, error.line, "", str(error))) from None
    reader = _Reader(file)
    found = []
    for node in nodes:
        tree = reader.node(node, ())
        if isinstance(tree, Fields):
            found.append(tree)
        elif not (isinstance(tree, Scalar) and tree.value is None):
            reader.problems.append(Problem(file, tree.place.line, "", "is no mapping; left out"))
    return found, reader.problems


def read_documents(path: pathlib.Path) -> tuple[list[Fields], list[Problem]]:
    """The documents of a file. Raises BadInput where it cannot be read."""
    file = str(path)
    try:
        return documents(file, read_file(path, _MOST_BYTES).decode("utf-8-sig"))
    except UnreadableFile as error:
        raise BadInput(f"{file}: {error}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: is not UTF-8 text; save it as UTF-8") from None
    except Unreadable as error:
        raise BadInput(str(error.problem)) from None


class _Reader:
    """The values of one file, as the core schema of YAML 1.2 has them: `no` and `on` are text."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self._file = file

    def node(self, node: yaml.Node, path: Path) -> Node:
        place = FilePlace(self._file, node.start_mark.line + 1, path)
        if isinstance(node, yaml.MappingNode):
            return self._fields(node, place)
        if isinstance(node, yaml.SequenceNode):
            items = (self.node(item, (*path, index)) for index, item in enumerate(node.value))
            return Items(place, tuple(items))
        text = str(node.value)
        quoted = isinstance(node, yaml.ScalarNode) and node.style
        return Scalar(place, text if quoted else read_scalar(text))

    def _fields(self, node: yaml.MappingNode, place: FilePlace) -> Fields:
        fields: dict[str, Node] = {}
        keys: dict[str, FilePlace] = {}
        merged: list[Fields] = []
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            at = FilePlace(self._file, key.start_mark.line + 1, (*place.path, name))
            if name == _MERGE:
                merged += self._merged(value, place.path)
            elif name in fields:
                message = both_places(at, keys[name])
                self.problems.append(Problem(self._file, at.line, name, message))
            else:
                keys[name], fields[name] = at, self.node(value, at.path)
        for other in merged:
            fields = {**other.fields, **fields}
            keys = {**other.keys, **keys}
        return Fields(place, fields, keys)

    def _merged(self, node: yaml.Node, path: Path) -> list[Fields]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        trees = (self.node(each, path) for each in nodes if isinstance(each, yaml.MappingNode))
        return [tree for tree in trees if isinstance(tree, Fields)]
