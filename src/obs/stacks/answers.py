"""What servers answer, when it is not what their programs answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from obs.bounded_yaml import UnreadableYaml, YamlLimits
from obs.clients.http import without_user
from obs.clients.rest import Rest
from obs.errors import SourceError

YAML: Final = YamlLimits()
_ODD: Final = (LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError)
"""What reading a document of an unexpected shape raises."""


@contextmanager
def understood(rest: Rest, path: str, program: str) -> Iterator[None]:
    """Reads a response of this program: one of another shape becomes SourceError("decode")."""
    try:
        yield
    except UnreadableYaml as error:
        raise SourceError("decode", f"{_where(rest, path)}: its YAML {error}") from None
    except _ODD:
        where = _where(rest, path)
        raise SourceError("decode", f"{where}: not a response of {program}") from None


def _where(rest: Rest, path: str) -> str:
    return f"{without_user(rest.url)}{path}"


def text(value: object) -> str:
    """The value, where it is a text. Raises TypeError, as the others here do."""
    if not isinstance(value, str):
        raise TypeError
    return value


def fields(value: object) -> dict[str, Any]:
    """The value, where it is an object; no fields where it is null."""
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise TypeError
    return value


def texts(value: object) -> dict[str, str]:
    """As fields, where each has a text."""
    return {key: text(each) for key, each in fields(value).items()}


def items(value: object) -> list[Any]:
    """The value, where it is a list; no items where it is null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError
    return value


def number(value: object) -> float:
    """The value, where it is a number; 0 where it is null."""
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)
