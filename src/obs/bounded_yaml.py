"""YAML of others, read within limits: size, values with those that aliases repeat, and depth.

A text of a few hundred bytes can stand for billions of values; nothing here grows with more than
the limits allow. What is refused is one line, as in `yaml_syntax`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from obs.yaml_syntax import ERRORS, SyntaxProblem, syntax_problem, too_deep

if TYPE_CHECKING or not hasattr(yaml, "CSafeLoader"):
    _Loader = yaml.SafeLoader
else:
    from yaml.cyaml import CParser

    class _Loader(Composer, CParser, SafeConstructor, Resolver):
        """The parser of libyaml, with the composer in Python, which can be stopped."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)


_LONGEST_NUMBER: Final = 100  # characters; a long one takes minutes to convert
_CONVERTED: Final = ("int", "float", "timestamp")


@dataclass(frozen=True, slots=True)
class YamlLimits:
    """At most: characters of the text, values in it, and levels."""

    characters: int = 16_000_000
    values: int = 200_000
    levels: int = 100


class UnreadableYaml(ValueError):  # noqa: N818  says what it is
    """A text that is not YAML, or is beyond a limit; `line` from 1, None where unknown."""

    def __init__(self, problem: SyntaxProblem) -> None:
        super().__init__(problem.message)
        self.line = problem.line


def load_yaml(text: str, limits: YamlLimits) -> Any:
    """The value of a text with one document, None where it has none. Raises UnreadableYaml."""
    with _Reading(text, limits) as reader:
        node = reader.get_single_node()
        return None if node is None else reader.construct_document(node)


def load_all_yaml(text: str, limits: YamlLimits) -> list[Any]:
    """The value of each document of a text. Raises UnreadableYaml."""
    with _Reading(text, limits) as reader:
        return list(_each(reader))


def compose_yaml(text: str, limits: YamlLimits) -> yaml.Node | None:
    """The tree of nodes, with their lines, of a text with one document. Raises UnreadableYaml."""
    with _Reading(text, limits, marked=True) as reader:
        node: yaml.Node | None = reader.get_single_node()
        return node


def compose_all_yaml(text: str, limits: YamlLimits) -> list[yaml.Node]:
    """The tree of nodes, with their lines, of each document of a text. Raises UnreadableYaml."""
    with _Reading(text, limits, marked=True) as reader:
        nodes: list[yaml.Node] = []
        while reader.check_node():
            nodes += filter(None, [reader.get_node()])
        return nodes


def _each(reader: "_Bounded") -> Iterator[Any]:
    while reader.check_node():
        yield reader.construct_document(reader.get_node())


class _BeyondLimit(Exception):  # noqa: N818  says what is the case
    """The message says which."""


class _Bounded(_Loader):
    """Counts values while it composes nodes. `marked`: nodes keep their places, which cost most."""

    def __init__(self, text: str, limits: YamlLimits, *, marked: bool) -> None:
        super().__init__(text)
        self._limits = limits
        self._marked = marked
        self._values = 0
        self._level = 0
        self._repeated: dict[str, tuple[int, int]] = {}  # values and levels by anchor
        self._deepest = 0  # level below the node that is composed

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            # One that refers to a node it is in has no size: it is refused as any unknown one.
            values, levels = self._repeated.get(event.anchor or "", (0, 0))
            if not values:
                self.anchors.pop(event.anchor, None)
            self._grow(values, line)
            self._reach(self._level + levels, line)
            return super().compose_node(parent, index)
        before, deepest = self._values, self._deepest
        self._grow(1, line)
        self._level += 1
        self._deepest = 0
        self._reach(self._level, line)
        node = super().compose_node(parent, index)
        if isinstance(node, yaml.ScalarNode):
            self._check_number(node, line)
        if node is not None and not self._marked:
            node.start_mark = node.end_mark = None
        anchor = getattr(event, "anchor", None)
        if anchor:
            self._repeated[anchor] = (self._values - before, self._deepest - self._level + 1)
        self._level -= 1
        self._deepest = max(deepest, self._deepest)
        return node

    def _grow(self, values: int, line: int | None) -> None:
        self._values += values
        if self._values > self._limits.values:
            most = f"{self._limits.values:,}".replace(",", " ")
            raise _BeyondLimit(SyntaxProblem(line, f"holds more than {most} values; split it"))

    def _reach(self, level: int, line: int | None) -> None:
        self._deepest = max(self._deepest, level)
        if level > self._limits.levels:
            raise _BeyondLimit(SyntaxProblem(line, too_deep(self._limits.levels)))

    def _check_number(self, node: yaml.ScalarNode, line: int | None) -> None:
        kind = node.tag.rpartition(":")[2]
        if kind in _CONVERTED and len(node.value) > _LONGEST_NUMBER:
            raise _BeyondLimit(SyntaxProblem(line, "holds a number that is too long"))


class _Reading:
    """Context manager: a reader of the text, whose errors become UnreadableYaml."""

    def __init__(self, text: str, limits: YamlLimits, *, marked: bool = False) -> None:
        self._text = text
        self._limits = limits
        self._marked = marked

    def __enter__(self) -> _Bounded:
        if len(self._text) > self._limits.characters:
            most = self._limits.characters / 1_000_000
            message = f"is longer than {most:g} million characters; split it"
            raise UnreadableYaml(SyntaxProblem(None, message))
        try:
            return _Bounded(self._text, self._limits, marked=self._marked)
        except ERRORS as error:
            raise self._unreadable(error) from None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _BeyondLimit):
            raise UnreadableYaml(error.args[0]) from None
        if isinstance(error, (*ERRORS, TypeError)):
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> UnreadableYaml:
        return UnreadableYaml(syntax_problem(self._text, error, deepest=self._limits.levels))
