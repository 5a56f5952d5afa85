"""JSON with a line for each entry, so that a diff shows which entry changed, and little else."""

from typing import Any, Final

import msgspec

encoded: Final = msgspec.json.Encoder().encode
"""A value as JSON in UTF-8, without spaces."""


def json_lines(document: dict[str, Any], depth: int) -> str:
    """The document, with the entries of its first `depth` levels on lines of their own.

    Always the same bytes. Values that are JSON already may be in it as msgspec.Raw.
    """
    return _lines(document, depth, "") + "\n"


def _lines(value: object, depth: int, indent: str) -> str:
    deeper = indent + " "
    match value:
        case dict() if value and depth:
            lines = [
                f"{deeper}{_text(key)}: {_lines(below, depth - 1, deeper)}"
                for key, below in value.items()
            ]
            return _block("{", lines, f"{indent}}}")
        case list() if value and depth:
            lines = [f"{deeper}{_lines(below, depth - 1, deeper)}" for below in value]
            return _block("[", lines, f"{indent}]")
        case _:
            return _text(value)


def _block(start: str, lines: list[str], end: str) -> str:
    return "\n".join((start, ",\n".join(lines), end))


def _text(value: object) -> str:
    return encoded(value).decode()
