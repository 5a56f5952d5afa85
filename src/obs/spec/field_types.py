"""The types that the models expect at a path, for error messages."""

from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from obs.spec.model import Model
from obs.spec.secret import VariableSecret
from obs.spec.system import System
from obs.spec.tree import Path


def expected(path: Path, root: Any = System) -> Any:
    """The type at `path` without `| None`; None if the models have no such path."""
    kind: Any = root
    for step in path:
        kind = _below(kind, step)
        if kind is None:
            return None
    return kind


def is_secret(path: Path) -> bool:
    """Whether the value at `path` is the environment variable of a secret."""
    return expected(path) is VariableSecret


def is_model(kind: Any) -> bool:
    """Whether a type is a mapping with fixed fields."""
    return isinstance(kind, type) and issubclass(kind, Model)


def field_names(path: Path, root: Any = System) -> tuple[str, ...]:
    """The field names of the model at `path`; empty if there is no model."""
    kind = expected(path, root)
    names = tuple(_fields(kind)) if is_model(kind) else ()
    return names if path or root is not System else (*names, "environments")


def _fields(kind: type[Model]) -> dict[str, FieldInfo]:
    """The fields by their names in a spec."""
    return {info.alias or name: info for name, info in kind.model_fields.items()}


def _below(kind: Any, step: str | int) -> Any:
    if is_model(kind):
        info = _fields(kind).get(str(step))
        return _bare(info.annotation) if info else None
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is dict and isinstance(step, str):
        return _bare(arguments[1])
    if origin is tuple and isinstance(step, int):
        return _bare(arguments[0])
    return None


def _bare(kind: Any) -> Any:
    """The type without Annotated and without `| None`."""
    while True:
        if get_origin(kind) is Annotated:
            kind = get_args(kind)[0]
        elif get_origin(kind) in (Union, UnionType):
            kind = next(choice for choice in get_args(kind) if choice is not NoneType)
        else:
            return kind
