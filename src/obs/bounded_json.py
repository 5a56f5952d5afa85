"""JSON of others, read within limits: size, values and depth.

A few million brackets cost a hundred times their size once they are lists.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, Final

MOST_VALUES: Final = 1_000_000  # by commas and brackets, those in texts included
MOST_LEVELS: Final = 100


class UnreadableJson(ValueError):  # noqa: N818  says what it is
    """A text that is not JSON, or is beyond a limit; `line` from 1, None where unknown."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


Pairs = Callable[[list[tuple[str, Any]]], Any]
"""Makes an object of its names and values."""


def load_json(text: str | bytes, *, values: int = MOST_VALUES, pairs: Pairs | None = None) -> Any:
    """The value of a text. Raises UnreadableJson; `pairs` may do so, too."""
    if _commas_and_brackets(text) > values:
        raise UnreadableJson(f"holds more than {values} values")
    try:
        found = json.loads(text, object_pairs_hook=pairs)
    except UnreadableJson:
        raise
    except json.JSONDecodeError as error:
        raise UnreadableJson(f"is not valid JSON: {error.msg}", error.lineno) from None
    except UnicodeDecodeError:
        raise UnreadableJson("is not valid JSON: not UTF-8 text") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise UnreadableJson("holds a number that is too long") from None
    level = [found]
    for _ in range(MOST_LEVELS + 1):
        level = [one for each in level if isinstance(each, dict | list) for one in _inner(each)]
        if not level:
            return found
    raise _too_deep()


def _commas_and_brackets(text: str | bytes) -> int:
    if isinstance(text, str):
        return sum(map(text.count, ",[{"))
    return sum(map(text.count, (b",", b"[", b"{")))


def _inner(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _too_deep() -> UnreadableJson:
    return UnreadableJson(f"is nested deeper than {MOST_LEVELS} levels")
