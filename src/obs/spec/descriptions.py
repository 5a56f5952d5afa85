"""What the models say of their fields: the text below each, read only where it is shown.

Pydantic would read the sources of all models at every start, which takes a quarter of it.
"""

import ast
import inspect
import sys
from functools import lru_cache
from pathlib import Path

from obs.spec.model import Model


def descriptions(model: type[Model]) -> dict[str, str]:
    """The description by field, those of fields that it inherits among them."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Model):
            found.update(_of_module(base.__module__).get(base.__name__, {}))
    return found


def models() -> dict[str, type[Model]]:
    """All models by name."""
    found: dict[str, type[Model]] = {}
    todo: list[type[Model]] = [Model]
    while todo:
        one = todo.pop()
        found[one.__name__] = one
        todo += one.__subclasses__()
    return found


@lru_cache
def _of_module(name: str) -> dict[str, dict[str, str]]:
    path = sys.modules[name].__file__
    assert path is not None
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    classes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return {each.name: _of_class(each) for each in classes}


def _of_class(found: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in zip(found.body, found.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }
