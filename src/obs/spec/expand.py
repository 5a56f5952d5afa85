"""`${NAME}` and `${NAME:-default}` in the values of a spec; `$${` writes a literal `${`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from obs.redaction.address import remember_variable
from obs.spec.report import Problem, problem_at
from obs.spec.tree import Fields, FilePlace, Items, Node, Path, Scalar

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^}]*)\}|\$\{")
_VARIABLE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


class UndefinedVariable(LookupError):  # noqa: N818  names the condition
    """A variable that has neither a value nor a default."""


def expand_text(text: str, variables: Mapping[str, str]) -> str:
    """The text with its references replaced; a default also replaces an empty variable.

    Raises UndefinedVariable, and ValueError for a malformed reference.
    """

    def value(match: re.Match[str]) -> str:
        if match.group() == "$${":
            return "${"
        reference = _VARIABLE.fullmatch(match.group(1) or "")
        if reference is None:
            raise ValueError(
                f"{match.group()} is not a valid reference; write ${{NAME}} or ${{NAME:-default}}, "
                "and $${ for a literal ${"
            )
        name, default = reference.groups()
        if variables.get(name) or (default is None and name in variables):
            remember_variable(name, variables[name])
            return variables[name]
        if default is None:
            raise UndefinedVariable(name)
        return default

    return _REFERENCE.sub(value, text)


@dataclass(frozen=True, slots=True)
class Expanded:
    """A tree after expansion; `undefined` maps places of values to the variable that is not set."""

    tree: Fields
    undefined: Mapping[FilePlace, str]
    problems: tuple[Problem, ...]


def expand(
    tree: Fields, variables: Mapping[str, str], is_secret: Callable[[Path], bool]
) -> Expanded:
    """The tree with every value expanded, except secrets, which are read when they are used."""
    expansion = _Expansion(variables, is_secret)
    fields = expansion.fields(tree, ())
    return Expanded(fields, expansion.undefined, tuple(expansion.problems))


class _Expansion:
    def __init__(self, variables: Mapping[str, str], is_secret: Callable[[Path], bool]) -> None:
        self.undefined: dict[FilePlace, str] = {}
        self.problems: list[Problem] = []
        self._variables = variables
        self._is_secret = is_secret

    def fields(self, node: Fields, path: Path) -> Fields:
        return replace(
            node,
            fields={key: self._node(below, (*path, key)) for key, below in node.fields.items()},
        )

    def _node(self, node: Node, path: Path) -> Node:
        if isinstance(node, Fields):
            return self.fields(node, path)
        if isinstance(node, Items):
            items = [self._node(item, (*path, index)) for index, item in enumerate(node.items)]
            return replace(node, items=tuple(items))
        if not isinstance(node.value, str) or "${" not in node.value or self._is_secret(path):
            return node
        return self._scalar(node, node.value)

    def _scalar(self, node: Scalar, text: str) -> Scalar:
        try:
            # An empty expansion is a field left empty, so that `${PROFILE:-}` may be optional.
            return replace(node, value=expand_text(text, self._variables) or None)
        except UndefinedVariable as error:
            self.undefined[node.place] = str(error)
        except ValueError as error:
            self.problems.append(problem_at(node.place, str(error)))
        return node
