"""YAML text to a tree with places. Scalars are read as YAML 1.2 does: `no` and `on` are text."""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from obs.spec.report import Problem, both_places, problem_at
from obs.spec.tree import Fields, FilePlace, Items, Node, Path, Scalar, Value
from obs.yaml_syntax import ERRORS, syntax_problem, too_deep

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST: Final = 50
_LARGEST: Final = 500_000  # values, those that aliases repeat included
_STRING_TAGS: Final = ("!", "tag:yaml.org,2002:str")
_INT: Final = re.compile(r"[-+]?[0-9]{1,30}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,4})?")
_WORDS: Final[dict[str, Value]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def parse(
    file: str, text: str, *, kind: str = "spec", first: str = "version: 1"
) -> tuple[Fields | None, list[Problem]]:
    """The tree of one file and what is wrong with its YAML; no tree where it cannot be read.

    `kind` of file, and the `first` line that one has.
    """
    builder = _Builder(file, kind, first)
    try:
        tree = builder.document(_events(file, text))
    except _UnusableError as error:
        return None, [*builder.problems, error.problem]
    return tree, builder.problems


class _UnusableError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _events(file: str, text: str) -> Iterator[yaml.Event]:
    """The parser's events. Raises _UnusableError, never an error of the YAML library."""
    line = 1  # where reading stopped, for errors without a place
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            line = _line(event)
            if isinstance(event, yaml.ScalarEvent):
                event.value.encode()  # raises on lone surrogates, which escapes can write
            yield event
    except ERRORS as error:
        found = syntax_problem(text, error, deepest=_DEEPEST)
        raise _UnusableError(Problem(file, found.line or line, "", found.message)) from None


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


class _Builder:
    """Turns the parser's events into nodes, remembering anchors and problems."""

    def __init__(self, file: str, kind: str, first: str) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._kind = kind
        self._first = first
        self._anchors: dict[str, tuple[Node, int, int]] = {}
        """By name: the node, how many values it is, and how many levels are below it."""
        self._size = 0
        self._reached = 0  # the deepest level of the node that is being read

    def document(self, events: Iterator[yaml.Event]) -> Fields | None:
        tree: Node | None = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._unusable(event, "a second YAML document; write one a file")
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, events, (), _line(event))
        if tree is None or (isinstance(tree, Scalar) and tree.value is None):
            message = f"is empty; a {self._kind} begins with {self._first}"
            raise _UnusableError(Problem(self._file, None, "", message))
        if not isinstance(tree, Fields):
            found = "a list" if isinstance(tree, Items) else "a single value"
            right = f"a {self._kind} is a mapping that begins with {self._first}"
            message = f"is {found}; {right}"
            raise _UnusableError(Problem(self._file, tree.place.line, "", message))
        return tree

    def _unusable(self, event: yaml.Event, message: str) -> _UnusableError:
        return _UnusableError(Problem(self._file, _line(event), "", message))

    def _node(self, event: yaml.Event, events: Iterator[yaml.Event], path: Path, line: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        before, reached = self._size, self._reached
        self._reached = len(path)
        self._grow(1, event)
        if len(path) > _DEEPEST:
            raise self._unusable(event, too_deep(_DEEPEST))
        place = FilePlace(self._file, line, path)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(place, self._value(event, place))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._items(events, place)
        else:
            node = self._fields(events, place)
        anchor = getattr(event, "anchor", None)
        if anchor:
            below = self._reached - len(path)
            self._anchors[anchor] = (node, self._size - before, below)
        self._reached = max(self._reached, reached)
        return node

    def _grow(self, size: int, event: yaml.Event) -> None:
        self._size += size
        if self._size > _LARGEST:
            raise self._unusable(
                event, f"more than {_LARGEST} values; split the system into several specs"
            )

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Node:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise self._unusable(event, f"*{event.anchor} refers to no anchor above it")
        node, size, below = known
        self._grow(size, event)
        if len(path) + below > _DEEPEST:
            raise self._unusable(event, too_deep(_DEEPEST))
        self._reached = max(self._reached, len(path) + below)
        return node

    def _items(self, events: Iterator[yaml.Event], place: FilePlace) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            path = (*place.path, len(items))
            items.append(self._node(event, events, path, _line(event)))
        return Items(place, tuple(items))

    def _fields(self, events: Iterator[yaml.Event], place: FilePlace) -> Fields:
        fields: dict[str, Node] = {}
        keys: dict[str, FilePlace] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._unusable(event, "a key must be a single word")
            key = event.value
            at = FilePlace(self._file, _line(event), (*place.path, key))
            value = next(events)
            single = isinstance(value, yaml.ScalarEvent) and value.value
            line = _line(value) if single else at.line
            node = self._node(value, events, at.path, line)
            if key in keys:
                self.problems.append(problem_at(at, both_places(at, keys[key])))
            else:
                keys[key], fields[key] = at, node
        return Fields(place, fields, keys)

    def _value(self, event: yaml.ScalarEvent, place: FilePlace) -> Value:
        if event.tag is None:
            return read_scalar(event.value) if event.implicit[0] else event.value
        if event.tag not in _STRING_TAGS:
            self.problems.append(problem_at(place, "YAML tags are not used here; remove it"))
        return event.value


def read_scalar(text: str) -> Value:
    """The value of an unquoted scalar by the core schema of YAML 1.2."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
