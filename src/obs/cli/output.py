"""How commands print: tables for people, JSON for programs."""

import json
import re
from collections.abc import Sequence
from typing import Final

from obs.difference import printable

_CONTROL: Final = re.compile(r"[\x7f-\x9f\u2028\u2029]")  # what JSON lets through


def table(rows: Sequence[Sequence[str]], *, indent: int = 0) -> str:
    """Rows as aligned columns, without a line end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(" " * indent + line for line in lines)


def json_text(value: object) -> str:
    """JSON as every command prints it: indented, and the same bytes for the same value."""
    return _escaped(json.dumps(value, indent=2, ensure_ascii=False))


def json_line(value: object) -> str:
    """JSON on one line, whatever a reader takes for the end of one."""
    return _escaped(json.dumps(value, ensure_ascii=False))


def _escaped(written: str) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 source`, `2 sources`."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def safe(text: str) -> str:
    """The text for a terminal: control characters of others spelt out, lines as they are."""
    return "\n".join(map(printable, text.split("\n")))
